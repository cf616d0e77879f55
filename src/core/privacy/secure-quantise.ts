// Real changes as integers modulo 2^32 and back, so that masked vectors add without error. With n members a coordinate has
// floor((2^31 - 1) / n) levels on either side of zero: the sum of all never wraps, and the sum of integers is exact.

export function levels(members: number): number {
  return Math.floor(0x7fffffff / members)
}

/** Coordinates are clipped to [-bound, bound] and rounded to the nearest level; what is not a number counts as 0. */
export function quantise(values: Float32Array, bound: number, members: number): Uint32Array {
  const scale = levels(members) / bound
  const out = new Uint32Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    out[i] = Number.isNaN(value) ? 0 : Math.round(Math.min(bound, Math.max(-bound, value)) * scale)
  }
  return out
}

/** The sum in the caller's units. `members` is the number that quantise was given, not how many contributed. */
export function dequantiseSum(sum: Uint32Array, bound: number, members: number): Float64Array {
  const unit = bound / levels(members)
  return Float64Array.from(sum, word => (word | 0) * unit)
}
