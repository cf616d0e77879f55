// Everything wrong that people or the wire may hand to the market, with the refusal that each must get. One list for test and bench: a
// case that throws, or that is let through, is a fault.
import { centreTargets } from '../../core/incentives/centres.ts'
import { solveCurated } from '../../core/incentives/endogenous.ts'
import { acceptContribution, lockReward } from '../../core/incentives/escrow.ts'
import { answerReward, openMarket, solveMarket } from '../../core/incentives/equilibrium.ts'
import { matchMarket } from '../../core/incentives/matching.ts'
import { PAPER_TERMS, type MarketTerms, type OwnerOffer } from '../../core/incentives/offers.ts'
import type { Outcome, Refusal } from '../../core/incentives/refusal.ts'
import { EMPTY_MATCH, stepMatch, type MatchEvent } from '../../core/incentives/rematching.ts'
import { settle, type MeasuredOwner } from '../../core/incentives/settlement.ts'
import { measureShapley } from '../../core/incentives/shapley-driver.ts'
import { granted, PAPER_PRICES } from './markets.ts'

export interface BadInput {
  readonly name: string
  readonly refusal: Refusal['kind']
  run(): Outcome<unknown>
}

const PAIR: readonly OwnerOffer[] = [
  { id: 'a', quality: 0.9 },
  { id: 'b', quality: 1 },
]
const CENTRE = { id: 'c', unitCost: 1, speed: 1 }
const MEASURED: MeasuredOwner = {
  id: 'a',
  contribution: 1n,
  reportedMillionths: 900_000,
  measuredMillionths: 900_000,
}

const solve = (terms: Partial<MarketTerms>, offers: readonly OwnerOffer[] = PAIR): Outcome<unknown> => {
  const market = openMarket({ ...PAPER_TERMS, ...terms }, offers)
  return market.ok ? solveMarket(market.value) : market
}
const withQuality = (quality: number): Outcome<unknown> => solve({}, [PAIR[0]!, { id: 'b', quality }])
const answer = (reward: number): Outcome<unknown> =>
  answerReward(granted(openMarket(PAPER_TERMS, PAIR)), reward)
const step = (event: MatchEvent): Outcome<unknown> => stepMatch(EMPTY_MATCH, event, PAPER_PRICES)
const shapley = (players: number, value: number, cancelled = false): Outcome<unknown> =>
  measureShapley(
    players,
    () => value,
    { seed: 's', tolerance: 0, permutations: 5, halfWidth: 0 },
    { cancelled: () => cancelled },
  )

export const BAD_INPUTS: readonly BadInput[] = [
  { name: 'quality NaN', refusal: 'not-finite', run: () => withQuality(NaN) },
  { name: 'quality infinite', refusal: 'not-finite', run: () => withQuality(Infinity) },
  { name: 'quality negative', refusal: 'out-of-range', run: () => withQuality(-0.1) },
  { name: 'quality zero', refusal: 'out-of-range', run: () => withQuality(0) },
  { name: 'quality above 1', refusal: 'out-of-range', run: () => withQuality(1.01) },
  { name: 'nobody', refusal: 'too-few', run: () => solve({}, []) },
  { name: 'one owner', refusal: 'too-few', run: () => solve({}, [PAIR[0]!]) },
  {
    name: '201 owners',
    refusal: 'too-many',
    run: () =>
      solve(
        {},
        Array.from({ length: 201 }, (_, n) => ({ id: String(n), quality: 1 })),
      ),
  },
  { name: 'one identity twice', refusal: 'duplicate-id', run: () => solve({}, [PAIR[0]!, PAIR[0]!]) },
  {
    name: 'the same data under two identities',
    refusal: 'duplicate-data',
    run: () =>
      solve(
        {},
        PAIR.map(offer => ({ ...offer, dataRoot: 'ab' })),
      ),
  },
  {
    name: 'a cap of zero',
    refusal: 'out-of-range',
    run: () => solve({}, [PAIR[0]!, { id: 'b', quality: 1, cap: 0 }]),
  },
  {
    name: 'a cap NaN',
    refusal: 'not-finite',
    run: () => solve({}, [PAIR[0]!, { id: 'b', quality: 1, cap: NaN }]),
  },
  {
    name: 'less than one sample',
    refusal: 'out-of-range',
    run: () => solve({}, [PAIR[0]!, { id: 'b', quality: 1, samplesPerUnit: 0.5 }]),
  },
  { name: 'alpha NaN', refusal: 'not-finite', run: () => solve({ alpha: NaN }) },
  { name: 'alpha negative', refusal: 'out-of-range', run: () => solve({ alpha: -1 }) },
  { name: 'alpha too small to open a market', refusal: 'market-closed', run: () => solve({ alpha: 2 }) },
  { name: 'a price of zero', refusal: 'out-of-range', run: () => solve({ rho: 0 }) },
  { name: 'a floor of everything', refusal: 'out-of-range', run: () => solve({ floor: 1 }) },
  {
    name: 'growth that shrinks',
    refusal: 'out-of-range',
    run: () => solve({ growth: { law: 'log', scale: -1 } }),
  },
  {
    name: 'growth that is not concave',
    refusal: 'out-of-range',
    run: () => solve({ growth: { law: 'power', scale: 1, exponent: 1.5 } }),
  },
  { name: 'a negative reward', refusal: 'out-of-range', run: () => answer(-1) },
  { name: 'a reward NaN', refusal: 'not-finite', run: () => answer(NaN) },
  {
    name: 'a reward for which nobody brings a sample',
    refusal: 'reward-too-small',
    run: () => {
      const offers = PAIR.map(offer => ({ ...offer, samplesPerUnit: 100 }))
      return answerReward(granted(openMarket(PAPER_TERMS, offers)), 1e-3)
    },
  },
  {
    name: 'curation for nothing',
    refusal: 'out-of-range',
    run: () =>
      solveCurated(
        PAPER_TERMS,
        PAIR.map(offer => ({ ...offer, curationCost: 0 })),
        1,
      ),
  },
  { name: 'no centres', refusal: 'too-few', run: () => centreTargets('linearTarget', [], [1], PAPER_PRICES) },
  {
    name: 'one centre in a contest',
    refusal: 'too-few',
    run: () => centreTargets('nash', [CENTRE], [1], PAPER_PRICES),
  },
  {
    name: 'sigma NaN',
    refusal: 'not-finite',
    run: () => centreTargets('linearTarget', [{ ...CENTRE, unitCost: NaN }], [1], PAPER_PRICES),
  },
  {
    name: 'a volume negative',
    refusal: 'out-of-range',
    run: () => matchMarket([{ id: 'a', volume: -1 }], [CENTRE], [1]),
  },
  {
    name: 'one centre twice',
    refusal: 'duplicate-id',
    run: () => matchMarket([{ id: 'a', volume: 1 }], [CENTRE, CENTRE], [1, 1]),
  },
  {
    name: 'a target too few',
    refusal: 'too-few',
    run: () => matchMarket([{ id: 'a', volume: 1 }], [CENTRE], []),
  },
  { name: 'a stranger leaves', refusal: 'unknown-id', run: () => step({ type: 'owner-leaves', id: 'x' }) },
  {
    name: 'a price of NaN',
    refusal: 'not-finite',
    run: () => step({ type: 'priced', reward: NaN, volumes: new Map() }),
  },
  { name: 'an order to measure nobody', refusal: 'too-few', run: () => shapley(0, 1) },
  { name: 'a utility NaN', refusal: 'not-finite', run: () => shapley(3, NaN) },
  { name: 'a utility infinite, sampled', refusal: 'not-finite', run: () => shapley(12, Infinity) },
  { name: 'cancelled', refusal: 'cancelled', run: () => shapley(3, 1, true) },
  { name: 'a reward below zero', refusal: 'out-of-range', run: () => settle(-1n, [MEASURED]) },
  { name: 'an owner paid twice', refusal: 'duplicate-id', run: () => settle(1n, [MEASURED, MEASURED]) },
  {
    name: 'measured quality NaN',
    refusal: 'not-finite',
    run: () => settle(1n, [{ ...MEASURED, measuredMillionths: NaN }]),
  },
  {
    name: 'measured quality above 1',
    refusal: 'out-of-range',
    run: () => settle(1n, [{ ...MEASURED, measuredMillionths: 1e6 + 1 }]),
  },
  {
    name: 'a replayed report',
    refusal: 'duplicate-id',
    run: () =>
      acceptContribution(granted(acceptContribution(granted(lockReward(10n)), 'a', 1, 5n)), 'a', 1, 5n),
  },
]

/** Cases that throw or get another answer than the refusal named. */
export function badInputFaults(): string[] {
  return BAD_INPUTS.flatMap(({ name, refusal, run }) => {
    try {
      const outcome = run()
      if (outcome.ok) return [`${name}: let through`]
      return outcome.refusal.kind === refusal ? [] : [`${name}: refused as ${outcome.refusal.kind}`]
    } catch (error) {
      return [`${name}: ${String(error)}`]
    }
  })
}
