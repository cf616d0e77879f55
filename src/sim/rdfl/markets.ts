// Markets to try things on: the paper's settings, and random ones of every kind that the terms allow. All from a seed.
import type { Centre, CentrePrices } from '../../core/incentives/centres.ts'
import type { GrowthLaw } from '../../core/incentives/growth.ts'
import { openMarket, type Market } from '../../core/incentives/equilibrium.ts'
import { rescaleQuality, type MarketTerms, type OwnerOffer } from '../../core/incentives/offers.ts'
import type { Outcome } from '../../core/incentives/refusal.ts'
import type { Rng } from '../../core/num/rng.ts'

export const PAPER_PRICES: CentrePrices = { lambda: 1, rho: 1, epsilon: 1 }

/** For experiments whose input is right by construction: a refusal is a fault of the experiment. */
export function granted<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(`refused: ${JSON.stringify(outcome.refusal)}`)
  return outcome.value
}

export function idOf(n: number): string {
  return `owner-${String(n).padStart(3, '0')}`
}

/** N owners of equal, perfect data: what the paper's "IID" file for MNIST holds. */
export function equalOwners(count: number): OwnerOffer[] {
  return Array.from({ length: count }, (_, n) => ({ id: idOf(n), quality: 1 }))
}

/**
 * Owners whose noise has a severity in [0, 0.1]; quality 1 - severity^2, rescaled to [0.9, 1] over the owners. Sizes are equal, or
 * geometric (p = 0.2) in units of their mean: nobody can bring more than it has.
 */
export function noisyOwners(rng: Rng, count: number, sizes: 'equal' | 'geometric'): OwnerOffer[] {
  const qualities = rescaleQuality(
    Array.from({ length: count }, () => 1 - (0.1 * rng.next()) ** 2),
    0.9,
  )
  const drawn = qualities.map(() =>
    sizes === 'equal' ? 1 : 1 + Math.floor(Math.log(1 - rng.next()) / Math.log(0.8)),
  )
  const mean = drawn.reduce((sum, size) => sum + size, 0) / count
  return qualities.map((quality, n) => ({ id: idOf(n), quality, cap: drawn[n]! / mean }))
}

/** Any number of owners, qualities, caps, prices and laws of growth. */
export function randomMarket(rng: Rng, most: number): Market {
  const between = (low: number, high: number): number => low + (high - low) * rng.next()
  const count = 2 + rng.below(most - 1)
  const worst = between(0.05, 0.99)
  const caps = rng.below(4)
  const laws: readonly GrowthLaw[] = [
    { law: 'log', scale: between(0.2, 2) },
    { law: 'log', scale: 0.5 },
    { law: 'power', scale: between(0.2, 2), exponent: between(0.2, 0.8) },
    { law: 'saturating', scale: between(0.2, 2), exponent: between(0.3, 3) },
  ]
  const terms: MarketTerms = {
    alpha: Math.exp(between(Math.log(0.5), Math.log(50))),
    growth: laws[rng.below(laws.length)]!,
    lambda: between(0.3, 3),
    rho: between(0.3, 3),
    floor: rng.below(3) === 0 ? 0.05 : 0,
  }
  const offers = Array.from({ length: count }, (_, n) => ({
    id: idOf(n),
    quality: between(worst, 1),
    cap: caps === 0 || (caps === 3 && rng.below(4) === 0) ? Infinity : caps === 1 ? 1 : between(0.005, 1),
  }))
  return granted(openMarket(terms, offers))
}

export function randomCentres(rng: Rng, count: number): Centre[] {
  return Array.from({ length: count }, (_, m) => {
    const sigma = 0.1 + 0.9 * rng.next()
    return { id: `centre-${String(m).padStart(3, '0')}`, unitCost: sigma, speed: sigma }
  })
}
