// The paper's main experiment: what the sponsor and an average owner get when the reward is the equilibrium's, drawn at random (uniform in
// half to all of it), or fixed at 1; for N = 10 .. 60 owners.
import {
  answerReward,
  openMarket,
  solveMarket,
  type Equilibrium,
  type Market,
} from '../../core/incentives/equilibrium.ts'
import { PAPER_TERMS, type OwnerOffer } from '../../core/incentives/offers.ts'
import { createRng } from '../../core/num/rng.ts'
import { equalOwners, granted, noisyOwners } from './markets.ts'
import { MNIST_IID, OTHER_IID, OWNER_COUNTS, type PricingRule } from './published.ts'

export interface PricingPoint {
  readonly owners: number
  readonly sponsor: number
  readonly meanOwner: number
}

export type PricingCurves = Readonly<Record<PricingRule, readonly PricingPoint[]>>

export type Population = 'paper' | 'equal' | 'geometric'

export interface PricingStudy {
  readonly population: Population
  /** Means over markets (and draws of the random reward). */
  readonly curves: PricingCurves
  /** Markets in which another rule beat the equilibrium, of all compared. */
  readonly compared: number
  readonly beaten: number
}

const RULES: readonly PricingRule[] = ['optimal', 'random', 'fixed']
const DRAWS = 20

export function pricingStudy(population: Population, markets: number, seed: string): PricingStudy {
  let compared = 0
  let beaten = 0
  const curves: Record<PricingRule, PricingPoint[]> = { optimal: [], random: [], fixed: [] }
  for (const owners of OWNER_COUNTS) {
    const sums = { optimal: zero(), random: zero(), fixed: zero() }
    for (let i = 0; i < markets; i++) {
      const rng = createRng(`${seed}/${population}/${owners}/${i}`)
      const market = granted(openMarket(PAPER_TERMS, ownersOf(population, owners, rng)))
      const best = granted(solveMarket(market))
      const rivals: [PricingRule, Equilibrium][] = [['fixed', granted(answerReward(market, 1))]]
      // One draw in each stratum: the mean over so few draws is then that of the distribution.
      for (let draw = 0; draw < DRAWS; draw++) {
        const part = 0.5 + (0.5 * (draw + rng.next())) / DRAWS
        rivals.push(['random', granted(answerReward(market, part * best.reward))])
      }
      note(sums.optimal, best)
      for (const [rule, rival] of rivals) {
        note(sums[rule], rival)
        compared++
        if (rival.sponsorUtility > best.sponsorUtility + 1e-12) beaten++
      }
    }
    for (const rule of RULES) {
      const { sponsor, owner, count } = sums[rule]
      curves[rule].push({ owners, sponsor: sponsor / count, meanOwner: owner / count })
    }
  }
  return { population, curves, compared, beaten }
}

interface Sums {
  sponsor: number
  owner: number
  count: number
}

function zero(): Sums {
  return { sponsor: 0, owner: 0, count: 0 }
}

function note(sums: Sums, equilibrium: Equilibrium): void {
  sums.sponsor += equilibrium.sponsorUtility
  sums.owner += meanOwnerUtility(equilibrium)
  sums.count++
}

function ownersOf(population: Population, count: number, rng: ReturnType<typeof createRng>): OwnerOffer[] {
  return population === 'paper' ? equalOwners(count) : noisyOwners(rng, count, population)
}

function meanOwnerUtility({ owners }: Equilibrium): number {
  return owners.reduce((sum, { utility }) => sum + utility, 0) / owners.length
}

function paperMarket(owners: number): Market {
  return granted(openMarket(PAPER_TERMS, equalOwners(owners)))
}

export interface SavedComparison {
  /** Largest difference of the sponsor's utility at the equilibrium, N = 10 .. 60. */
  readonly sponsor: number
  /** Of sponsor and mean owner under the fixed reward, whose input is exact. */
  readonly fixed: number
  /** Of the sponsor's utility under the authors' random rewards, which follow from their owners' utilities; without N = 60. */
  readonly random: number
  /** Of the mean owner's utility at the equilibrium, for N = 20 .. 60 and for N = 10. */
  readonly meanOwner: number
  readonly meanOwnerOfTen: number
  /** By how much the authors' search missed the best reward, at most. */
  readonly rewardError: number
}

/** Our figures against the saved ones for MNIST with equal owners, where the input is known. */
export function compareWithSaved(): SavedComparison {
  const result = { sponsor: 0, fixed: 0, random: 0, meanOwner: 0, meanOwnerOfTen: 0, rewardError: 0 }
  const widen = (field: keyof typeof result, one: number, other: number): void => {
    result[field] = Math.max(result[field], Math.abs(one - other))
  }
  OWNER_COUNTS.forEach((count, i) => {
    const market = paperMarket(count)
    const best = granted(solveMarket(market))
    const { optimal, random, fixed } = MNIST_IID
    widen('sponsor', best.sponsorUtility, optimal.sponsor[i]!)
    widen(count === 10 ? 'meanOwnerOfTen' : 'meanOwner', meanOwnerUtility(best), optimal.meanOwner[i]!)
    // Equal owners get reward / N^2 each, so a saved utility tells the reward that was paid.
    widen('rewardError', best.reward, optimal.meanOwner[i]! * count ** 2)
    const one = granted(answerReward(market, 1))
    widen('fixed', one.sponsorUtility, fixed.sponsor[i]!)
    widen('fixed', meanOwnerUtility(one), fixed.meanOwner[i]!)
    const drawn = granted(answerReward(market, random.meanOwner[i]! * count ** 2))
    if (count !== 60) widen('random', drawn.sponsorUtility, random.sponsor[i]!)
  })
  return result
}

export interface SavedOrder {
  readonly cells: number
  readonly optimalFirst: number
  readonly randomBeforeFixed: number
}

/** How often the authors' own figures keep the order optimal >= random >= fixed. */
export function savedOrder(): SavedOrder {
  const tables = [
    { optimal: MNIST_IID.optimal.sponsor, random: MNIST_IID.random.sponsor, fixed: MNIST_IID.fixed.sponsor },
    ...Object.values(OTHER_IID),
  ]
  const cells = tables.flatMap(({ optimal, random, fixed }) =>
    optimal.map((value, i) => ({ optimal: value, random: random[i]!, fixed: fixed[i]! })),
  )
  return {
    cells: cells.length,
    optimalFirst: cells.filter(({ optimal, random, fixed }) => optimal >= Math.max(random, fixed)).length,
    randomBeforeFixed: cells.filter(({ random, fixed }) => random >= fixed).length,
  }
}
