// Does anybody gain by doing something else? Scans a grid of other decisions for each of the three roles, everybody else staying (for
// the sponsor: everybody else answering). In an equilibrium no gain is positive, but for rounding. Independent of the solver:
// it uses the parties' utilities only.
import {
  centreTargets,
  centreUtility,
  type Centre,
  type CentrePrices,
} from '../../core/incentives/centres.ts'
import {
  ownerUtility,
  sponsorUtility,
  type Equilibrium,
  type Market,
} from '../../core/incentives/equilibrium.ts'
import { capOf } from '../../core/incentives/offers.ts'

const GRID = 400

/** The most that any owner gains by another amount of data. */
export function ownerGain(market: Market, { reward, total, owners }: Equilibrium): number {
  const most = Math.max(...owners.map(({ amount }) => amount))
  let gain = -Infinity
  owners.forEach(({ contribution, utility }, n) => {
    const others = total - contribution
    const cap = capOf(market.offers[n]!)
    const top = cap < Infinity ? cap : Math.max(1, 4 * most)
    for (let i = 0; i <= GRID; i++)
      gain = Math.max(gain, ownerUtility(market, reward, n, (top * i) / GRID, others) - utility)
  })
  return gain
}

/** The most that the sponsor gains by another reward, up to three times the equilibrium's (or alpha, in a closed market). */
export function sponsorGain(market: Market, equilibrium: Equilibrium | null): number {
  const top = equilibrium ? 3 * equilibrium.reward : market.terms.alpha
  const utility = equilibrium?.sponsorUtility ?? 0
  let gain = -Infinity
  for (let i = 0; i <= GRID; i++) gain = Math.max(gain, sponsorUtility(market, (top * i) / GRID) - utility)
  return gain
}

/** The most that any centre gains by another volume, under the rule 'nash'. */
export function centreGain(
  centres: readonly Centre[],
  volumes: readonly number[],
  prices: CentrePrices,
): number {
  const answer = centreTargets('nash', centres, volumes, prices)
  if (!answer.ok) return NaN
  const forecasts = answer.value
  const held = forecasts.reduce((sum, { target }) => sum + target, 0)
  const top = 3 * Math.max(...forecasts.map(({ target }) => target))
  let gain = -Infinity
  forecasts.forEach(({ target, utility }, m) => {
    for (let i = 0; i <= GRID; i++) {
      const other = centreUtility(centres, volumes, prices, m, (top * i) / GRID, held - target)
      gain = Math.max(gain, other - utility)
    }
  })
  return gain
}
