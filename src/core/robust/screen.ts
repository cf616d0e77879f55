// What every rule does before it combines: leave out vectors that are far too large to be anybody's honest work, clip the
// others to the median norm (medclip of gossip.md), and cap the weights that members report of themselves.
import type { Vectors } from './rule.ts'

/** A vector this many times the median norm is no honest update: it is left out and named, not only clipped. */
export const OUTSIZED = 50
/** Sample counts are self-reported: nobody weighs more than this many times the median. */
const WEIGHT_CAP = 2

export interface Screened {
  /** Positions that are left, ascending. */
  readonly kept: readonly number[]
  readonly outsized: readonly number[]
  /** By position: what a vector is multiplied by, at most 1; 0 for those left out. */
  readonly factors: Float64Array
  /** By position, capped; null where all of `kept` weigh the same. */
  readonly weights: Float64Array | null
}

/** f of gossip.md step 6: 20 % of five or more; one of four where members do not know each other; else none. */
export function trimCount(updates: number, trusted: boolean): number {
  if (updates >= 5) return Math.floor(0.2 * updates)
  return updates === 4 && !trusted ? 1 : 0
}

/** Leaves out the outsized of three or more; factors are 1 unless `clip`. */
export function screen(vectors: Vectors, clip: boolean): Screened {
  const { count, norms } = vectors
  const reference = lowerMedianOf(norms)
  const kept: number[] = []
  const outsized: number[] = []
  for (let k = 0; k < count; k++) (count >= 3 && norms[k]! > OUTSIZED * reference ? outsized : kept).push(k)
  const limit = lowerMedianOf(kept.map(k => norms[k]!))
  const factors = new Float64Array(count)
  for (const k of kept) factors[k] = clip && norms[k]! > limit ? limit / norms[k]! : 1
  return { kept, outsized, factors, weights: cappedWeights(vectors, kept) }
}

/** Nobody is left out, nothing is clipped. */
export function keepAll(vectors: Vectors): Screened {
  const kept = Array.from({ length: vectors.count }, (_, k) => k)
  const factors = new Float64Array(vectors.count).fill(1)
  return { kept, outsized: [], factors, weights: cappedWeights(vectors, kept) }
}

/** 0 for an empty list. */
export function lowerMedianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[(sorted.length - 1) >> 1] ?? 0
}

function cappedWeights(vectors: Vectors, kept: readonly number[]): Float64Array | null {
  const cap = WEIGHT_CAP * lowerMedianOf(kept.map(k => vectors.weights[k]!))
  const weights = Float64Array.from(vectors.weights, weight => Math.min(cap, weight))
  return kept.every(k => weights[k] === weights[kept[0]!]) ? null : weights
}
