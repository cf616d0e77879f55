// The Lab's market: what it solves, settles and matches for setups of every kind, what it says where it cannot, and one step of
// each study.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MARKET_RULES, type MarketMove, type MarketSetup } from '../../src/ports/market-lab.ts'
import { lookAt } from '../../src/sim/market/look.ts'
import { reportsStudy, trainingStudy } from '../../src/sim/market/studies.ts'
import { openGlyphLab } from '../../src/sim/rdfl/training-glyph.ts'
import { remeasureStudy, togetherStudy } from '../../src/sim/rdfl/together.ts'
import { USUAL_MARKET } from '../../src/state/market-link.ts'
import { marketSetups } from '../state/market-setups.ts'

const usual = (part: Partial<MarketSetup>): MarketSetup => ({ ...USUAL_MARKET, ...part })

describe('a look at the market', () => {
  it('pays exactly the reward, pairs one with one, and never lets another reward beat the best', () => {
    fc.assert(
      fc.property(marketSetups, setup => {
        const { refusal, price, owners, match } = lookAt(setup, [])
        if (price?.best) {
          const rivals = [...price.utilities, price.random!.utility, price.fixed.utility]
          expect(Math.max(...rivals)).toBeLessThanOrEqual(price.best.utility + 1e-9)
        }
        if (owners.length === 0) {
          expect(refusal).not.toBeNull()
          return
        }
        const paid = owners.reduce((sum, owner) => sum + Math.round(1e6 * owner.settledPay), 0)
        expect(Math.abs(paid - Math.round(1e6 * price!.offered))).toBeLessThanOrEqual(1)
        for (const owner of owners) {
          expect(owner.amount).toBeGreaterThanOrEqual(0)
          expect(owner.settledPay).toBeGreaterThanOrEqual(0)
          if (owner.standing === 'priced-out') expect(owner.amount).toBe(0)
        }
        const matched = match?.owners.flatMap(({ centre }) => centre ?? []) ?? []
        expect(new Set(matched).size).toBe(matched.length)
        if (match !== null) expect(matched).toHaveLength(Math.min(match.owners.length, match.centres.length))
      }),
      { numRuns: 60 },
    )
  })

  it('is the same for the same setup, and a slider for how many moves nobody who is there', () => {
    expect(lookAt(USUAL_MARKET, [])).toEqual(lookAt(USUAL_MARKET, []))
    const qualities = (owners: number) => lookAt(usual({ owners }), []).owners.map(({ measured }) => measured)
    expect(qualities(14).slice(0, 10)).toEqual(qualities(10))
  })

  it('shows the paper’s market: ten owners of perfect data', () => {
    const { price, owners } = lookAt(usual({ spread: 0, score: 100 }), [])
    expect(price!.best!.reward).toBeCloseTo(1.388888889, 9)
    expect(price!.best!.utility).toBeCloseTo(0.638436652, 9)
    for (const { utility, settledPay, pay } of owners) {
      expect(utility).toBeCloseTo(0.013888889, 9)
      expect(settledPay).toBeCloseTo(pay, 5)
    }
  })

  it('pays an owner with wrong labels by what was measured, and fines who reports too much', () => {
    const bad = lookAt(usual({ score: 20 }), []).owners[0]!
    expect(bad.settledPay).toBeLessThan(bad.pay)
    expect(bad.fine).toBeGreaterThan(0)
    expect(bad.nextShare).toBeLessThan(bad.share)
    const gain = (part: Partial<MarketSetup>): number => {
      const { owners, reports } = lookAt(usual({ score: 100, fine: 0, ...part }), [])
      return owners.find(({ id }) => id === reports!.owner)!.settledUtility
    }
    expect(gain({ over: 5 })).toBeGreaterThan(gain({ over: 0 }))
    expect(gain({ over: 5, fine: 0.2 })).toBeLessThan(gain({ over: 0 }))
  })

  it('says what is the matter and what would open it', () => {
    expect(lookAt(usual({ owners: 1 }), []).refusal).toMatchObject({ kind: 'too-few', field: 'owners' })
    const closed = lookAt(usual({ alpha: 1 }), [])
    expect(closed.refusal?.kind).toBe('market-closed')
    // The curve still shows why: every reward costs more than it brings.
    expect(Math.max(...closed.price!.utilities)).toBe(0)
    const small = lookAt(usual({ reward: 1 }), [])
    expect(small.refusal?.kind).toBe('reward-too-small')
    expect(lookAt(usual({ rule: 'nash', centres: 1 }), [])).toMatchObject({
      refusal: { kind: 'too-few', field: 'centres' },
      match: null,
    })
    const opensAt = small.refusal?.kind === 'reward-too-small' ? small.refusal.opensAt : NaN
    const reward = Math.ceil((100 * opensAt) / small.price!.best!.reward)
    expect(lookAt(usual({ reward }), []).refusal).toBeNull()
  })
})

describe('coming and going', () => {
  const centreOf = (moves: readonly MarketMove[]) =>
    new Map(lookAt(USUAL_MARKET, moves).match!.owners.map(({ id, centre }) => [id, centre]))

  it.each(MARKET_RULES)('parts only whom somebody left, rule %s', rule => {
    const setup = usual({ rule })
    const before = lookAt(setup, []).match!
    const { match } = lookAt(setup, [{ type: 'centre-leaves', id: before.owners[2]!.centre! }])
    expect(match!.last).toMatchObject({
      made: [],
      broken: [[before.owners[2]!.id, before.owners[2]!.centre]],
    })
    for (const { id, centre } of match!.owners)
      expect(centre).toBe(
        id === before.owners[2]!.id ? null : before.owners.find(owner => owner.id === id)!.centre,
      )
  })

  it('shows data to a second centre only when the owner allows it', () => {
    const left = lookAt(USUAL_MARKET, []).match!.owners[2]!
    const gone: MarketMove[] = [{ type: 'centre-leaves', id: left.centre! }, { type: 'centre-joins' }]
    expect(centreOf(gone).get(left.id)).toBeNull()
    const allowed = lookAt(USUAL_MARKET, [...gone, { type: 'limit-raised', id: left.id }]).match!
    const owner = allowed.owners.find(({ id }) => id === left.id)!
    expect(owner).toMatchObject({ limit: 2, seenBy: [left.centre, owner.centre] })
    expect(allowed.exposuresAnew).toBeGreaterThanOrEqual(allowed.exposures)
  })

  it('keeps a price that moves little, and adopts one that moves much', () => {
    const last = (moves: MarketMove[], part = {}) => lookAt(usual(part), moves).match!.last!
    expect(last([{ type: 'owner-joins' }])).toMatchObject({ id: 'owner-011', repriced: false })
    const two = { owners: 2, centres: 2, spread: 0 }
    expect(last([{ type: 'owner-joins' }], two)).toMatchObject({ id: 'owner-003', repriced: true })
  })

  it('refuses who is not there', () => {
    const look = lookAt(USUAL_MARKET, [{ type: 'owner-leaves', id: 'owner-099' }])
    expect(look).toMatchObject({ refusal: { kind: 'unknown-id' }, match: null })
  })
})

describe('studies', () => {
  it('weigh bent reports over twenty markets, never falling back in what they tell of their progress', () => {
    const steps = reportsStudy(usual({ owners: 4, score: 100 }))
    let told = 0
    let step = steps.next()
    while (!step.done) {
      expect(step.value).toBeGreaterThanOrEqual(told)
      told = step.value
      step = steps.next()
    }
    expect(told).toBeLessThan(1)
    const outcome = step.value
    if (!outcome.ok) throw new Error(outcome.refusal.kind)
    const { byMeasure, fined, highestFine } = outcome.value
    expect(byMeasure[5]).toBeGreaterThan(0)
    expect(fined[5]).toBeLessThan(byMeasure[5]!)
    expect(highestFine).toBeGreaterThan(0)
  })

  it('refuse a market that never opens', () => {
    expect(reportsStudy(usual({ alpha: 0.5 })).next()).toMatchObject({
      done: true,
      value: { ok: false, refusal: { kind: 'market-closed' } },
    })
  })

  it('train in steps that can be left between any two', () => {
    const steps = trainingStudy(USUAL_MARKET)
    const first = [steps.next(), steps.next(), steps.next()].map(({ value }) => value)
    expect(first.every(value => typeof value === 'number' && value < 0.2)).toBe(true)
    steps.return(undefined as never)
    expect(steps.next().done).toBe(true)
  })

  it('R6, R8 on generated digits: five gain together, and 70 % wrong labels lose their share', async () => {
    const digits = (kind: 'A' | 'B') => (wrong: readonly number[], samples: number, seed: string) =>
      openGlyphLab(kind, wrong, samples, seed)
    const { gains } = await togetherStudy(digits('B'), 300, 20, ['short'])
    expect(Math.min(...gains.flat())).toBeGreaterThanOrEqual(2)
    const { wide, narrow } = await remeasureStudy(digits('A'), ['short'])
    expect(Math.max(...wide, ...narrow)).toBeLessThanOrEqual(0.6)
  })
})
