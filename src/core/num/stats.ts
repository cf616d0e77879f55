// Small order statistics. Inputs are never modified.

/** Lower median: the element at floor((n-1)/2) of the sorted list. NaN for an empty list. */
export function lowerMedian(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** Nearest-rank quantile from below (q in [0, 1]): always one of the values. NaN for an empty list. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) return NaN
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) * q)]!
}
