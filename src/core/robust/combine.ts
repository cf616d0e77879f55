// Byzantine-robust combination of one-bit updates (gossip.md step 6): clip every vector to the median norm, then a
// coordinate-wise trimmed mean (Yin et al. 2018). Pure: only + - * / sqrt on float64 in the order given, so every member
// that holds the same updates in the same order gets the same bits.

/** One update as the combiner needs it: per-chunk magnitudes and signs stay packed. */
export interface PackedVector {
  readonly norm: number
  /** Magnitude of coordinate i before clipping, sign included. */
  readonly valueAt: (index: number) => number
  readonly addTo: (out: Float64Array, factor: number) => void
}

export interface Combination {
  readonly direction: Float64Array
  /** Positions of vectors left out as outsized. */
  readonly outsized: readonly number[]
}

/** A vector this many times the median norm is no honest update: it is left out and named, not only clipped. */
export const OUTSIZED = 50

/** f of gossip.md step 6: 20 % of five or more; one of four where members do not know each other; else none. */
export function trimCount(updates: number, trusted: boolean): number {
  if (updates >= 5) return Math.floor(0.2 * updates)
  return updates === 4 && !trusted ? 1 : 0
}

/**
 * Clipped, trimmed mean of the vectors. Direction is all zero when nothing is left.
 * @param trusted see trimCount
 */
export function combine(vectors: readonly PackedVector[], parameters: number, trusted: boolean): Combination {
  const reference = lowerMedianOf(vectors.map(vector => vector.norm))
  const outsized: number[] = []
  const kept: PackedVector[] = []
  vectors.forEach((vector, position) => {
    if (vectors.length >= 3 && vector.norm > OUTSIZED * reference) outsized.push(position)
    else kept.push(vector)
  })
  const direction = new Float64Array(parameters)
  if (kept.length === 0) return { direction, outsized }
  const limit = lowerMedianOf(kept.map(vector => vector.norm))
  const factors = kept.map(vector => (vector.norm > limit ? limit / vector.norm : 1))
  const trim = trimCount(kept.length, trusted)
  if (trim === 0) {
    kept.forEach((vector, k) => vector.addTo(direction, factors[k]!))
    for (let i = 0; i < parameters; i++) direction[i] = direction[i]! / kept.length
    return { direction, outsized }
  }
  const column = new Float64Array(kept.length)
  const rest = kept.length - 2 * trim
  for (let i = 0; i < parameters; i++) {
    for (let k = 0; k < kept.length; k++) column[k] = kept[k]!.valueAt(i) * factors[k]!
    insertionSort(column)
    let sum = 0
    for (let k = trim; k < kept.length - trim; k++) sum += column[k]!
    direction[i] = sum / rest
  }
  return { direction, outsized }
}

/** Columns are short (one value per update), so insertion beats the general sort. No NaN can occur here. */
function insertionSort(values: Float64Array): void {
  for (let i = 1; i < values.length; i++) {
    const value = values[i]!
    let j = i - 1
    while (j >= 0 && values[j]! > value) {
      values[j + 1] = values[j]!
      j--
    }
    values[j + 1] = value
  }
}

function lowerMedianOf(norms: readonly number[]): number {
  const sorted = [...norms].sort((a, b) => a - b)
  return sorted[(sorted.length - 1) >> 1] ?? 0
}
