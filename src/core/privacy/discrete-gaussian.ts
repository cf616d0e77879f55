// Exact samples of the discrete Gaussian on the integers with standard parameter 2^20, from uniform bits, in integers only:
// rejection from a discrete Laplace (Canonne, Kamath and Steinke 2020, algorithms 1 to 3). Gaussian noise made with floats
// leaves traces in the low bits by which values can be told apart (Mironov 2012); here no float is ever rounded. The time
// a sample takes depends on the sample: who can time single samples inside this tab is not guarded against.
import type { KeyedWords } from './keystream.ts'

/** Standard parameter in grid steps. All products below stay under 2^53, where float64 holds integers exactly. */
export const SIGMA_STEPS = 1 << 20
const SIGMA_BITS = 20

export function discreteGaussian(words: KeyedWords): number {
  for (;;) {
    const magnitude = laplaceMagnitude(words)
    const negative = (words.next() & 1) === 1
    if (negative && magnitude === 0) continue
    // Accept with exp(-(|y| - sigma)^2 / (2 sigma^2)): the algorithm with t = sigma.
    const off = magnitude - SIGMA_STEPS
    if (acceptExp(off * off, 2 * SIGMA_BITS + 1, words)) return negative ? -magnitude : magnitude
  }
}

/** |y| of a discrete Laplace of scale 2^20: x = u + 2^20 v, u uniform and kept with exp(-u / 2^20), v geometric. */
function laplaceMagnitude(words: KeyedWords): number {
  for (;;) {
    const low = words.next() >>> (32 - SIGMA_BITS)
    if (!acceptExp(low, SIGMA_BITS, words)) continue
    let high = 0
    while (acceptExp(1, 0, words)) high++
    return low + high * SIGMA_STEPS
  }
}

/** True with probability exp(-numerator / 2^bits); numerator an integer under 2^53. */
function acceptExp(numerator: number, bits: number, words: KeyedWords): boolean {
  const whole = 2 ** bits
  let rest = numerator
  while (rest >= whole) {
    if (!acceptExpBelow(whole, bits, words)) return false
    rest -= whole
  }
  return rest === 0 || acceptExpBelow(rest, bits, words)
}

/**
 * For gamma = numerator / 2^bits <= 1: draw Bernoulli(gamma / k), k = 1, 2, ... until one fails; the index of the failure is
 * odd with probability exp(-gamma) (Canonne et al., algorithm 1, after von Neumann).
 */
function acceptExpBelow(numerator: number, bits: number, words: KeyedWords): boolean {
  let k = 1
  while (oneIn(k, words) && below(numerator, bits, words)) k++
  return (k & 1) === 1
}

/** True with probability 1 / k exactly. */
function oneIn(k: number, words: KeyedWords): boolean {
  if (k === 1) return true
  const limit = 2 ** 32 - (2 ** 32 % k)
  for (;;) {
    const word = words.next()
    if (word < limit) return word % k === 0
  }
}

/** True with probability numerator / 2^bits exactly; bits at most 53. */
function below(numerator: number, bits: number, words: KeyedWords): boolean {
  if (numerator === 2 ** bits) return true
  if (bits <= 32) return words.next() >>> (32 - bits) < numerator
  const lowScale = 2 ** (bits - 32)
  const high = Math.floor(numerator / lowScale)
  const word = words.next()
  // The first 32 bits decide, save once in 2^32 times.
  if (word !== high) return word < high
  return words.next() >>> (64 - bits) < numerator - high * lowScale
}
