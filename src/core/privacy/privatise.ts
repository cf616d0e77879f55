// What leaves a tab in a room with noise: the change of a local job, clipped to the L2 norm C and blurred by Gaussian noise
// of standard deviation noiseMilli / 1000 * C in every coordinate. Clipped values are cut towards zero to a grid of
// sigma / 2^20 and the noise is an exact discrete Gaussian on that grid, so the guarantee does not rest on how floats
// round. Everything after the sum on the grid only reads its result.
import type { PrivacyTerms } from '../ledger/entry.ts'
import { discreteGaussian, SIGMA_STEPS } from './discrete-gaussian.ts'
import { KeyedWords } from './keystream.ts'

export type NoiseTerms = Extract<PrivacyTerms, { type: 'noise' }>

/**
 * Scales a change onto the grid: integers whose L2 norm is at most `limit` grid steps. Cutting towards zero makes no
 * coordinate larger, so the norm is the sensitivity and no allowance for rounding is needed. NaN and infinities become 0.
 */
export function clipToGrid(change: Float64Array, step: number, limit: number): Float64Array {
  let sum = 0
  for (let i = 0; i < change.length; i++) {
    const value = change[i]! / step
    sum += Number.isFinite(value) ? value * value : 0
  }
  // A part in 10^9 less than the limit: more than what summing a billion squares in float64 can lose.
  const allowed = limit * (1 - 1e-9)
  const norm = Math.sqrt(sum)
  const factor = norm > allowed ? allowed / norm : 1
  return change.map(raw => {
    const value = Math.trunc((raw / step) * factor)
    return Number.isFinite(value) ? value : 0
  })
}

/**
 * start + clip(params - start) + noise, as a new array. `start` must be known to others or itself the outcome of noise
 * (theta, or theta less the residual of earlier noised changes). `randomBytes` is the machine's source of true chance;
 * 32 bytes are taken and stretched. A head of one's own is no part of these vectors.
 */
export function privatise(
  start: Float32Array,
  params: Float32Array,
  terms: NoiseTerms,
  randomBytes: (count: number) => Uint8Array,
): Float32Array {
  const step = (terms.clipMicro / 1e6) * (terms.noiseMilli / 1000) * (1 / SIGMA_STEPS)
  const limit = SIGMA_STEPS / (terms.noiseMilli / 1000)
  const change = new Float64Array(start.length)
  for (let i = 0; i < start.length; i++) change[i] = params[i]! - start[i]!
  const clipped = clipToGrid(change, step, limit)
  const words = new KeyedWords(randomBytes(32))
  const out = new Float32Array(start.length)
  for (let i = 0; i < start.length; i++) out[i] = start[i]! + step * (clipped[i]! + discreteGaussian(words))
  return out
}
