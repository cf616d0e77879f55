// What is done to activations before they leave a tab for a lender: every sample clipped to an L2 norm, then Gaussian noise.
// Differentiated as it is computed: clipping projects the gradient, noise passes it on. This hides something, not
// everything: no guarantee is claimed, reconstruction.ts measures what is left.
import { KeyedWords } from './keystream.ts'

/** The layer that a limit is named for (mechanisms 1.6: 64 inputs to 32 values). */
const NAMED_WIDTH = 32

/**
 * The norm for a sample of `width` values: what is named for 32 values grows with the root of the width, so that each value
 * keeps the same share. One norm for all widths would starve wide layers: docs/lending.md has what it costs.
 */
export function clipNorm(clipMilli: number, width: number): number {
  return (clipMilli / 1_000) * Math.sqrt(width / NAMED_WIDTH)
}

/**
 * Scales every row of [count, width] whose norm is above `limit` down to it, in place; returns the norms as they were.
 * A limit of 0 clips nothing.
 */
export function clipRows(values: Float32Array, count: number, width: number, limit: number): Float64Array {
  const norms = new Float64Array(count)
  for (let row = 0; row < count; row++) {
    const at = row * width
    let sum = 0
    for (let i = at; i < at + width; i++) sum += values[i]! * values[i]!
    const norm = Math.sqrt(sum)
    norms[row] = norm
    if (!(limit > 0 && norm > limit)) continue
    const factor = limit / norm
    for (let i = at; i < at + width; i++) values[i] = values[i]! * factor
  }
  return norms
}

/**
 * Turns the gradient of clipped rows into that of the rows before, in place. For a row a of norm above the limit C, with
 * u = a / |a|: da = (C / |a|) (dc - u (u . dc)); others pass. `clipped` are the rows after clipping and before noise.
 */
export function unclipGradient(
  gradient: Float32Array,
  clipped: Float32Array,
  norms: Float64Array,
  width: number,
  limit: number,
): void {
  for (let row = 0; row < norms.length; row++) {
    const norm = norms[row]!
    if (!(limit > 0 && norm > limit)) continue
    const at = row * width
    let along = 0
    for (let i = at; i < at + width; i++) along += clipped[i]! * gradient[i]!
    // clipped = C u, so u (u . dc) = clipped (clipped . dc) / C^2.
    along /= limit * limit
    const factor = limit / norm
    for (let i = at; i < at + width; i++) gradient[i] = factor * (gradient[i]! - along * clipped[i]!)
  }
}

/** Adds independent normal noise of this standard deviation, in place. Box and Muller 1958, on the words of a secret key. */
export function addNoise(values: Float32Array, deviation: number, words: KeyedWords): void {
  if (!(deviation > 0)) return
  for (let i = 0; i < values.length; i += 2) {
    // (0, 1]: the logarithm needs more than nothing.
    const radius = deviation * Math.sqrt(-2 * Math.log((words.next() + 1) / 2 ** 32))
    const angle = (2 * Math.PI * words.next()) / 2 ** 32
    values[i] = values[i]! + radius * Math.cos(angle)
    if (i + 1 < values.length) values[i + 1] = values[i + 1]! + radius * Math.sin(angle)
  }
}

/** A stream of chance for addNoise. 32 bytes; one key serves one stream. */
export function noiseWords(key: Uint8Array): KeyedWords {
  return new KeyedWords(key)
}
