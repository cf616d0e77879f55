// Does a higher reward raise quality, and not only quantity? Five owners who can curate their data at a cost, rewards from a quarter of the
// sponsor's best to all of it. An extension: in the published model reported quality never responds.
import {
  curationGain,
  solveCurated,
  type CuratedEquilibrium,
  type CuratedOffer,
} from '../../core/incentives/endogenous.ts'
import { PAPER_TERMS } from '../../core/incentives/offers.ts'
import { granted, idOf } from './markets.ts'

export interface ResponsePoint {
  /** In relation to the best reward. */
  readonly part: number
  readonly reward: number
  readonly meanQuality: number
  readonly meanAmount: number
  readonly lowestUtility: number
  /** The most that an owner gains by any other quality and amount. */
  readonly gain: number
}

const OWNERS = 5
const PARTS: readonly number[] = [0.25, 0.5, 0.75, 1]
const GRID = 400

/** Curation costs 0.4 to 1, quality without curation 0.5. */
export function responseStudy(): readonly ResponsePoint[] {
  const offers = Array.from({ length: OWNERS }, (_, n): CuratedOffer => ({
    id: idOf(n),
    quality: 0.5,
    curationCost: 0.4 + (0.6 * n) / (OWNERS - 1),
  }))
  const best = bestReward(offers)
  return PARTS.map(part => {
    const reward = part * best
    const solved = granted(solveCurated(PAPER_TERMS, offers, reward))
    const { owners } = solved.equilibrium
    return {
      part,
      reward,
      meanQuality: mean(solved.qualities),
      meanAmount: mean(owners.map(({ amount }) => amount)),
      lowestUtility: Math.min(...solved.utilities),
      gain: Math.max(...offers.map((_, n) => curationGain(PAPER_TERMS, offers, solved, n, GRID))),
    }
  })
}

/** From a grid: the sponsor's utility jumps wherever an owner is priced out by others who curate more, so it has many peaks. */
function bestReward(offers: readonly CuratedOffer[]): number {
  const rewards = Array.from({ length: 100 }, (_, i) => ((i + 1) * PAPER_TERMS.alpha) / 200)
  const utilities = rewards.map(reward => sponsorUtility(granted(solveCurated(PAPER_TERMS, offers, reward))))
  return rewards[utilities.indexOf(Math.max(...utilities))]!
}

function sponsorUtility({ equilibrium }: CuratedEquilibrium): number {
  return equilibrium.sponsorUtility
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
