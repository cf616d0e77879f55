// The sponsor's and the owners' stages: reference vectors, the closed form against a search, caps, laws of growth, what opens a market.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { efforts, openContest } from '../../../src/core/incentives/contest.ts'
import {
  answerReward,
  openMarket,
  solveMarket,
  sponsorUtility,
  type Market,
} from '../../../src/core/incentives/equilibrium.ts'
import {
  PAPER_TERMS,
  rescaleQuality,
  type MarketTerms,
  type OwnerOffer,
} from '../../../src/core/incentives/offers.ts'
import { createRng } from '../../../src/core/num/rng.ts'
import { granted, idOf } from '../../../src/sim/rdfl/markets.ts'

interface Golden {
  stackelberg: {
    f: number[]
    alpha: number
    eta: number
    Q: number
    kappa: number
    active: number
    x: number[]
    q: number[]
    Un: number[]
    Us: number
  }[]
  cappedFollowers: { eta: number; f: number[]; cap: number; q: number[]; Q: number; x: number[] }
}
const golden = JSON.parse(
  readFileSync(new URL('../../golden/incentives.json', import.meta.url), 'utf8'),
) as Golden

function offersOf(qualities: readonly number[], more: Partial<OwnerOffer> = {}): OwnerOffer[] {
  return qualities.map((quality, n) => ({ id: idOf(n), quality, ...more }))
}

function marketOf(offers: readonly OwnerOffer[], terms: Partial<MarketTerms> = {}): Market {
  return granted(openMarket({ ...PAPER_TERMS, ...terms }, offers))
}

describe('R1: the closed form against the reference vectors, to 1e-9', () => {
  for (const [i, vector] of golden.stackelberg.entries()) {
    test(`market ${i}, ${vector.f.length} owners`, () => {
      const market = marketOf(offersOf(vector.f), { alpha: vector.alpha })
      const solved = granted(solveMarket(market))
      expect(market.contest.active).toHaveLength(vector.active)
      const close = (ours: number, theirs: number): void =>
        expect(Math.abs(ours - theirs)).toBeLessThanOrEqual(1e-9)
      close(solved.reward, vector.eta)
      close(solved.total, vector.Q)
      close(solved.kappa, vector.kappa)
      close(solved.sponsorUtility, vector.Us)
      solved.owners.forEach((owner, n) => {
        close(owner.amount, vector.x[n]!)
        close(owner.contribution, vector.q[n]!)
        close(owner.utility, vector.Un[n]!)
      })
    })
  }

  test('owners at their caps', () => {
    const { eta, f, cap, q, Q, x } = golden.cappedFollowers
    const answer = granted(answerReward(marketOf(offersOf(f, { cap })), eta))
    expect(answer.total).toBeCloseTo(Q, 9)
    answer.owners.forEach((owner, n) => {
      expect(owner.contribution).toBeCloseTo(q[n]!, 9)
      expect(owner.amount).toBeCloseTo(x[n]!, 9)
      expect(owner.standing).toBe('capped')
    })
  })
})

test('an owner without caps gets reward * share^2, and the log law has the reward alpha G - 1 / kappa', () => {
  const { contest, ...market } = marketOf(offersOf([0.7, 0.8, 0.95, 1], { cap: Infinity }), { alpha: 8 })
  const solved = granted(solveMarket({ contest, ...market }))
  expect(solved.reward).toBeCloseTo(4 - 1 / contest.kappa, 12)
  for (const { share, utility } of solved.owners) expect(utility).toBeCloseTo(solved.reward * share ** 2, 12)
})

/** Bisection for sum q_n(Q) = Q, as the source document describes: slow, and shares no step with the solver. */
function totalBySearch(contestants: readonly { cost: number; cap: number }[], prize: number): number {
  const supply = (total: number): number =>
    contestants.reduce(
      (sum, { cost, cap }) => sum + Math.min(cap, Math.max(0, total * (1 - (cost * total) / prize))),
      0,
    )
  let low = 1e-12
  let high = prize / Math.min(...contestants.map(({ cost }) => cost))
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2
    if (supply(middle) / middle > 1) low = middle
    else high = middle
  }
  return low
}

test('total effort with caps equals a search, through every stretch of 200 random contests', () => {
  for (let seed = 0; seed < 200; seed++) {
    const rng = createRng(`caps/${seed}`)
    const contestants = Array.from({ length: 2 + rng.below(30) }, () => ({
      cost: 0.5 + 2 * rng.next(),
      cap: rng.below(4) === 0 ? Infinity : 0.01 + 0.3 * rng.next(),
    }))
    const contest = openContest(contestants)
    const ends = contest.stretches.map(({ prizeFrom }) => prizeFrom)
    const prizes = [0.01, ...ends.slice(1), ...ends.map(prize => 1.01 * prize + 0.001), 50]
    for (const prize of prizes) {
      const total = efforts(contest, prize).reduce((a, b) => a + b, 0)
      const found = totalBySearch(contestants, prize)
      expect(Math.abs(total - found), `seed ${seed}, prize ${prize}`).toBeLessThan(1e-9 * Math.max(1, found))
    }
  }
})

test('the published solver goes negative where owners must be priced out; here they bring nothing', () => {
  const qualities = Array.from({ length: 30 }, (_, n) => 0.5 + 0.5 * (n / 29))
  const solved = granted(solveMarket(marketOf(offersOf(qualities))))
  const priced = solved.owners.filter(({ standing }) => standing === 'priced-out')
  expect(priced.length).toBeGreaterThan(0)
  for (const { amount, utility } of solved.owners) {
    expect(amount).toBeGreaterThanOrEqual(0)
    expect(utility).toBeGreaterThanOrEqual(0)
  }
  for (const { amount, pay } of priced) expect([amount, pay]).toEqual([0, 0])
})

test('any concave worth of quality: each law and a function of one’s own reach the best reward of a fine grid', () => {
  const offers = offersOf([0.6, 0.8, 0.9, 1], { cap: 0.3 })
  const growths: MarketTerms['growth'][] = [
    { law: 'log', scale: 1 },
    { law: 'power', scale: 1, exponent: 0.5 },
    { law: 'saturating', scale: 2, exponent: 1.5 },
    { at: q => 1 - Math.exp(-2 * q), slope: q => 2 * Math.exp(-2 * q) },
  ]
  for (const growth of growths) {
    const market = marketOf(offers, { growth })
    const solved = granted(solveMarket(market))
    const grid = Array.from({ length: 20_000 }, (_, i) => sponsorUtility(market, (i * 10) / 20_000))
    expect(solved.sponsorUtility).toBeGreaterThanOrEqual(Math.max(...grid) - 1e-12)
    expect(solved.sponsorUtility - Math.max(...grid)).toBeLessThan(1e-4)
  }
})

test('a market that is closed says which alpha opens it, and that alpha does', () => {
  const market = marketOf(offersOf([0.9, 1, 0.95]), { alpha: 1.5 })
  const closed = solveMarket(market)
  if (closed.ok || closed.refusal.kind !== 'market-closed') throw new Error('should be closed')
  const { opensAboveAlpha } = closed.refusal
  expect(solveMarket(marketOf(offersOf([0.9, 1, 0.95]), { alpha: opensAboveAlpha }))).toMatchObject({
    ok: false,
  })
  const open = granted(solveMarket(marketOf(offersOf([0.9, 1, 0.95]), { alpha: opensAboveAlpha * 1.001 })))
  expect(open.reward).toBeGreaterThan(0)
  expect(open.sponsorUtility).toBeGreaterThan(0)
})

test('a reward too small to bring whole samples says what would bring them, and that does', () => {
  const market = marketOf(offersOf([0.9, 1, 0.95], { samplesPerUnit: 500 }))
  const small = answerReward(market, 0.001)
  if (small.ok || small.refusal.kind !== 'reward-too-small') throw new Error('should be too small')
  const { opensAt } = small.refusal
  expect(answerReward(market, opensAt * 0.999)).toMatchObject({ ok: false })
  const enough = granted(answerReward(market, opensAt))
  expect(enough.owners.filter(({ amount }) => amount * 500 >= 1 - 1e-9).length).toBeGreaterThanOrEqual(2)
})

test('a floor is shared by all alike, and the forecast of pay adds up to the reward', () => {
  const offers = offersOf(Array.from({ length: 10 }, (_, n) => 0.3 + 0.07 * n))
  const solved = granted(solveMarket(marketOf(offers, { alpha: 8, floor: 0.05 })))
  const paid = solved.owners.reduce((sum, { pay }) => sum + pay, 0)
  expect(paid).toBeCloseTo(solved.reward, 12)
  for (const { standing, pay } of solved.owners)
    if (standing === 'priced-out') expect(pay).toBeCloseTo((0.05 * solved.reward) / 10, 12)
})

test('evidence of any scale becomes quality: all equal is all 1, what is not a number is the worst', () => {
  expect(rescaleQuality([3, 3, 3], 0.9)).toEqual([1, 1, 1])
  expect(rescaleQuality([-2, 0, 2], 0.5)).toEqual([0.5, 0.75, 1])
  expect(rescaleQuality([NaN, 1, 2], 0.9)).toEqual([0.9, 0.9, 1])
  expect(rescaleQuality([NaN, Infinity], 0.9)).toEqual([0.9, 0.9])
})
