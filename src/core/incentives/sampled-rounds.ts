// From some rounds of a run to all of them: what an owner contributed to those that were looked at, with a 95 % interval for what
// was not. Rounds are taken for a random sample without replacement (Cochran, Sampling Techniques, 1977, eq. 2.11 to 2.15).
import { studentQuantile } from './shapley.ts'

export interface RoundValue {
  readonly value: number
  /** Of a 95 % interval; 0 where exact. */
  readonly halfWidth: number
}

/** @param rounds that the total is about, at least as many as were looked at */
export function totalOver(sampled: readonly RoundValue[], rounds: number): RoundValue {
  const count = sampled.length
  if (count === 0) return { value: 0, halfWidth: 0 }
  const scale = Math.max(1, rounds / count)
  const mean = sampled.reduce((sum, { value }) => sum + value, 0) / count
  const value = scale * count * mean
  const within = scale * Math.hypot(...sampled.map(({ halfWidth }) => halfWidth))
  if (scale === 1) return { value, halfWidth: within }
  // One round tells nothing of how much rounds differ.
  if (count === 1) return { value, halfWidth: Math.hypot(within, value) }
  const squares = sampled.reduce((sum, one) => sum + (one.value - mean) ** 2, 0)
  const error = Math.sqrt((squares / (count - 1) / count) * (1 - 1 / scale))
  return { value, halfWidth: Math.hypot(within, scale * count * studentQuantile(count) * error) }
}
