// R3: a fingerprint of what a model computes, not of its weights: logits on 500 public noise inputs, as log-softmax, with
// the mean of every input and the mean of every class taken out. Permuting hidden units changes nothing, little noise
// changes little. Two models are called one lineage when their fingerprints correlate more than independent runs of the
// same task and model do; that threshold must be measured (calibrate), it is not known beforehand.
// Finds copies, continuations and averages. Does not find a student taught by a teacher's outputs: see docs/detectors.md.
import type { ReferenceModel } from '../../model/reference/model.ts'
import { createRng } from '../../num/rng.ts'
import type { SameFunctionFinding, UncalibratedFinding } from './findings.ts'

export const NOISE_INPUTS = 500
/** Public: everybody probes with the same noise. */
const NOISE_SEED = 'yoriai functional fingerprint 1'
/** Inputs at once: bounds the model's workspace. */
const CHUNK = 100

/** NOISE_INPUTS times classes values of length 1 in all; zeros for a model that ignores its input. */
export type Fingerprint = Float64Array

/** Standard normal values, [NOISE_INPUTS, sampleSize]. */
export function publicNoise(sampleSize: number): Float32Array {
  const rng = createRng(NOISE_SEED)
  return Float32Array.from({ length: NOISE_INPUTS * sampleSize }, () => rng.normal())
}

/** `noise` can be kept for many fingerprints of one sample size. */
export function fingerprint(
  model: ReferenceModel,
  params: Float32Array,
  noise: Float32Array = publicNoise(model.sampleSize),
): Fingerprint {
  const { classes, sampleSize } = model
  const print = new Float64Array(NOISE_INPUTS * classes)
  for (let start = 0; start < NOISE_INPUTS; start += CHUNK) {
    const count = Math.min(CHUNK, NOISE_INPUTS - start)
    const inputs = noise.subarray(start * sampleSize, (start + count) * sampleSize)
    print.set(model.logits(params, inputs, count).subarray(0, count * classes), start * classes)
  }
  // Log-softmax subtracts one number from a row of logits, and so does the mean of the row: after centring they are equal.
  for (let row = 0; row < NOISE_INPUTS; row++) centre(print, row * classes, 1, classes)
  for (let column = 0; column < classes; column++) centre(print, column, classes, NOISE_INPUTS)
  let norm = 0
  for (const value of print) norm += value * value
  if (norm === 0) return print
  const scale = 1 / Math.sqrt(norm)
  return print.map(value => value * scale)
}

function centre(values: Float64Array, from: number, stride: number, count: number): void {
  let mean = 0
  for (let i = 0, at = from; i < count; i++, at += stride) mean += values[at]! / count
  for (let i = 0, at = from; i < count; i++, at += stride) values[at] = values[at]! - mean
}

/** In [-1, 1]; NaN for models with non-finite outputs. Throws RangeError for models of different shape. */
export function correlate(a: Fingerprint, b: Fingerprint): number {
  if (a.length !== b.length) throw new RangeError(`fingerprints of ${a.length} and ${b.length} values`)
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

/**
 * Threshold from correlations of pairs that are known to be independent: the smallest of them that at most the given share
 * exceeds. Throws RangeError for too few pairs to speak of that share.
 */
export function calibrate(independent: readonly number[], falsePositives = 0.01): number {
  if (independent.length * falsePositives < 1)
    throw new RangeError(`${independent.length} pairs are too few for a rate of ${falsePositives}`)
  const sorted = [...independent].sort((a, b) => b - a)
  return sorted[Math.floor(independent.length * falsePositives)]!
}

/** All pairs of a list of fingerprints. */
export function correlatePairs(prints: readonly Fingerprint[]): readonly number[] {
  return prints.flatMap((a, i) => prints.slice(0, i).map(b => correlate(a, b)))
}

export interface Comparison {
  readonly first: string
  readonly second: string
  readonly correlation: number
  /** Of this task and model; null where nobody measured it. */
  readonly threshold: number | null
}

/** Null while the correlation is what independent runs have. */
export function checkComparison(comparison: Comparison): SameFunctionFinding | UncalibratedFinding | null {
  const { first, second, correlation, threshold } = comparison
  // A correlation that is no number belongs to a model that does not compute: nothing to compare.
  if (threshold === null || Number.isNaN(correlation))
    return { rule: 'R3', severity: 'note', kind: 'uncalibrated', first, second, correlation }
  return correlation > threshold
    ? { rule: 'R3', severity: 'alert', kind: 'same-function', first, second, correlation, threshold }
    : null
}
