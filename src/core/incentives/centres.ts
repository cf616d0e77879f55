// The third stage: how much data each computing centre would like to hold. Two rules: 'nash' solves the centres' own contest
// for what owners pay, R = lambda rho sum V (own derivation); 'linearTarget' is what the published code amounts to, a straight line
// from the largest offered volume for the cheapest centre to the smallest for the dearest. The targets are the centres'
// preferences in matching.ts. The published sigma is called unitCost: it multiplies the cost; speed is a term of its own.
import { efforts, openContest } from './contest.ts'
import {
  checkCount,
  checkIds,
  checkNumber,
  firstRefusal,
  granted,
  NOT_NEGATIVE,
  POSITIVE,
  refused,
} from './refusal.ts'
import type { Outcome, Refusal } from './refusal.ts'

export type CentreRule = 'linearTarget' | 'nash'

export interface Centre {
  readonly id: string
  /** sigma: cost per unit of data, times epsilon. */
  readonly unitCost: number
  /** What owners prefer, higher first. The published code uses sigma for this too. */
  readonly speed: number
}

export interface CentrePrices {
  readonly lambda: number
  readonly rho: number
  readonly epsilon: number
}

export interface CentreForecast {
  readonly id: string
  /** Volume that the centre would like to hold, in the unit of the volumes. */
  readonly target: number
  /** lambda rho V d / D - epsilon sigma d. */
  readonly utility: number
}

export const MAX_CENTRES = 200

/** `volumes`: what each owner that takes part offers. In the order of the centres. */
export function centreTargets(
  rule: CentreRule,
  centres: readonly Centre[],
  volumes: readonly number[],
  prices: CentrePrices,
): Outcome<readonly CentreForecast[]> {
  const refusal = firstRefusal(
    () => checkCount('centres', centres.length, rule === 'nash' ? 2 : 1, MAX_CENTRES),
    () => checkCount('volumes', volumes.length, 1, Infinity),
    () => checkIds(centres.map(({ id }) => id)),
    () => firstRefusal(...centres.map(centre => () => checkCentre(centre))),
    () =>
      firstRefusal(
        ...volumes.map((volume, i) => () => checkNumber('volume', String(i), volume, NOT_NEGATIVE)),
      ),
    () =>
      firstRefusal(
        ...Object.entries(prices).map(
          ([name, price]) =>
            () =>
              checkNumber(name, '', price, POSITIVE),
        ),
      ),
  )
  if (refusal !== null) return refused(refusal)
  const wanted = rule === 'nash' ? nashTargets(centres, volumes, prices) : linearTargets(centres, volumes)
  const total = wanted.reduce((sum, d) => sum + d, 0)
  return granted(
    centres.map(({ id }, m) => ({
      id,
      target: wanted[m]!,
      utility: centreUtility(centres, volumes, prices, m, wanted[m]!, total - wanted[m]!),
    })),
  )
}

/** What one centre gets from holding `volume` when the others hold `others` together. */
export function centreUtility(
  centres: readonly Centre[],
  volumes: readonly number[],
  { lambda, rho, epsilon }: CentrePrices,
  centre: number,
  volume: number,
  others: number,
): number {
  const prize = lambda * rho * volumes.reduce((sum, v) => sum + v, 0)
  const held = volume + others
  return (held > 0 ? (prize * volume) / held : 0) - epsilon * centres[centre]!.unitCost * volume
}

export function checkCentre({ id, unitCost, speed }: Centre): Refusal | null {
  return firstRefusal(
    () => checkNumber('unitCost', id, unitCost, POSITIVE),
    () => checkNumber('speed', id, speed, NOT_NEGATIVE),
  )
}

function nashTargets(centres: readonly Centre[], volumes: readonly number[], prices: CentrePrices): number[] {
  const { lambda, rho, epsilon } = prices
  const prize = lambda * rho * volumes.reduce((sum, v) => sum + v, 0)
  return efforts(
    openContest(centres.map(({ unitCost }) => ({ cost: epsilon * unitCost, cap: Infinity }))),
    prize,
  )
}

/** Equal costs leave nothing to order by: each would like the mean. */
function linearTargets(centres: readonly Centre[], volumes: readonly number[]): number[] {
  const costs = centres.map(({ unitCost }) => unitCost)
  const [cheapest, dearest] = [Math.min(...costs), Math.max(...costs)]
  const [least, most] = [Math.min(...volumes), Math.max(...volumes)]
  if (cheapest === dearest) {
    const mean = volumes.reduce((sum, v) => sum + v, 0) / volumes.length
    return costs.map(() => mean)
  }
  return costs.map(cost => least + ((most - least) * (dearest - cost)) / (dearest - cheapest))
}
