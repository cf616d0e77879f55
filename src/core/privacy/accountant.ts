// What repeated Gaussian noise costs in privacy: Rényi differential privacy (RDP) of one round, composed over rounds,
// told as (epsilon, delta). A sampling rate below one is for sums in which nobody can tell who took part; a room's updates
// are signed, so its members account with rate 1. Screens read these numbers; nothing that members must agree on does.
import type { PrivacyTerms } from '../ledger/entry.ts'

/** Orders that are searched for the smallest epsilon; the fine ones matter when epsilon is large, the coarse when small. */
export const ORDERS: readonly number[] = [
  ...Array.from({ length: 40 }, (_, i) => 1 + (i + 1) / 40),
  ...Array.from({ length: 90 }, (_, i) => 2 + (i + 1) / 10),
  ...Array.from({ length: 53 }, (_, i) => i + 12),
  ...[72, 80, 96, 112, 128, 160, 192, 256, 320, 384, 512, 768, 1024, 2048, 4096],
]

export interface Spent {
  readonly rounds: number
  readonly delta: number
  /** Against who would tell a member's update from noise around no change at all. Infinity when there is no bound. */
  readonly epsilon: number
  /** Against who would tell any data of the member from any other: changes may then lie 2 C apart. */
  readonly epsilonAnyData: number
}

/**
 * RDP of order alpha > 1 of one Gaussian mechanism over a Poisson sample; sigma is the standard deviation over the
 * sensitivity. Rate 1: alpha / (2 sigma^2) (Mironov 2017, Proposition 7). Else log(A_alpha) / (alpha - 1) of Mironov,
 * Talwar and Zhang 2019, section 3.3: a binomial sum for integer orders, quadrature of its equation for the others.
 */
export function gaussianRdp(order: number, sigma: number, rate = 1): number {
  if (rate === 0) return 0
  if (sigma === 0 || order === Infinity) return Infinity
  if (rate === 1) return order / (2 * sigma * sigma)
  const logA = Number.isInteger(order) ? logBinomial(order, sigma, rate) : logIntegral(order, sigma, rate)
  return Math.max(0, logA) / (order - 1)
}

/** Log of sum over k of C(alpha, k) (1 - q)^(alpha - k) q^k exp((k^2 - k) / (2 sigma^2)). */
function logBinomial(order: number, sigma: number, rate: number): number {
  let logChoose = 0
  let total = -Infinity
  for (let k = 0; k <= order; k++) {
    if (k > 0) logChoose += Math.log((order - k + 1) / k)
    const term =
      logChoose + (order - k) * Math.log1p(-rate) + k * Math.log(rate) + (k * k - k) / (2 * sigma * sigma)
    total = logAdd(total, term)
  }
  return total
}

/**
 * Log of E over z ~ N(0, sigma^2) of (1 - q + q exp((2 z - 1) / (2 sigma^2)))^alpha, by the trapezoidal rule. The
 * integrand is analytic in a strip of half-width pi sigma^2 and decays like a Gaussian, so the rule's error falls
 * exponentially with 1 / step (Trefethen and Weideman 2014, theorem 5.1): below e^-39 with the step chosen here.
 */
function logIntegral(order: number, sigma: number, rate: number): number {
  const step = Math.min(sigma / 8, (sigma * sigma) / 2)
  const reach = 12 * sigma
  const count = Math.ceil((order + 2 * reach) / step)
  let total = -Infinity
  for (let i = 0; i <= count; i++) {
    const z = -reach + i * step
    const ratio = logAdd(Math.log1p(-rate), Math.log(rate) + (2 * z - 1) / (2 * sigma * sigma))
    total = logAdd(total, order * ratio - (z * z) / (2 * sigma * sigma))
  }
  return total + Math.log(step / (sigma * Math.sqrt(2 * Math.PI)))
}

function logAdd(a: number, b: number): number {
  if (a === -Infinity) return b
  const [high, low] = a > b ? [a, b] : [b, a]
  return high + Math.log1p(Math.exp(low - high))
}

/**
 * 'classic': epsilon = rdp + log(1 / delta) / (alpha - 1) (Mironov 2017, Proposition 3). 'improved': Canonne, Kamath and
 * Steinke 2020, Proposition 12, which takes log(alpha / (alpha - 1)) and log(alpha) / (alpha - 1) off that.
 */
export type Conversion = 'classic' | 'improved'

/** The smallest epsilon that the orders prove for a delta, and the order that proved it. */
export function epsilonOf(
  orders: readonly number[],
  rdp: readonly number[],
  delta: number,
  conversion: Conversion = 'improved',
): { readonly epsilon: number; readonly order: number } {
  let best = { epsilon: Infinity, order: orders[0] ?? 2 }
  orders.forEach((order, i) => {
    const spent = rdp[i]!
    let epsilon = spent - Math.log(delta) / (order - 1)
    if (conversion === 'improved') epsilon += Math.log1p(-1 / order) - Math.log(order) / (order - 1)
    // The total variation distance is at most sqrt(1 - e^-KL), and KL at most any RDP (Bretagnolle and Huber 1979).
    if (delta * delta + Math.expm1(-spent) >= 0) epsilon = 0
    // The improved bound can fall below zero, which says no more than zero.
    epsilon = Math.max(0, epsilon)
    if (epsilon < best.epsilon) best = { epsilon, order }
  })
  return best
}

/** RDP adds up over mechanisms, also when each is chosen after seeing what the ones before gave (Mironov 2017, Proposition 1). */
export function composedRdp(
  orders: readonly number[],
  parts: readonly { readonly sigma: number; readonly rate: number; readonly times: number }[],
): number[] {
  return orders.map(order =>
    parts.reduce(
      (sum, { sigma, rate, times }) => sum + (times === 0 ? 0 : times * gaussianRdp(order, sigma, rate)),
      0,
    ),
  )
}

/**
 * What one member has spent after as many rounds of clipped and noised changes. Each round is one Gaussian mechanism over all
 * data of the member, of sensitivity C (the change of a round against no change) or 2 C (against that of other data). No
 * amplification: everybody sees who published in which round.
 */
export function epsilonAfter(rounds: number, terms: Extract<PrivacyTerms, { type: 'noise' }>): Spent {
  const delta = Number(`1e-${terms.deltaExponent}`)
  const sigma = terms.noiseMilli / 1000
  const spend = (noise: number): number =>
    rounds === 0
      ? 0
      : epsilonOf(ORDERS, composedRdp(ORDERS, [{ sigma: noise, rate: 1, times: rounds }]), delta).epsilon
  return { rounds, delta, epsilon: spend(sigma), epsilonAnyData: spend(sigma / 2) }
}
