// First look at a data set: which samples can be judged at all, what their classes are, which features say nothing.
import { createRng, shuffle } from '../../num/rng.ts'
import type { Dataset } from '../dataset.ts'

export interface Survey {
  readonly samples: number
  readonly features: number
  readonly notFinite: number
  readonly empty: number
  readonly unlabelled: number
  readonly constantFeatures: number
  /** Labelled samples per class. */
  readonly classCounts: readonly number[]
  /** Samples with a label, finite and not all zero, in their order: all that follows looks at these only. */
  readonly usable: Uint32Array
}

/** Null when the lengths do not fit each other. */
export function survey({ shape, classes, x, y }: Dataset): Survey | null {
  const features = shape.reduce((product, extent) => product * extent, 1)
  const samples = y.length
  if (!Number.isSafeInteger(features) || features < 1 || x.length !== samples * features) return null
  const classCounts = new Array<number>(classes.length).fill(0)
  const usable = new Uint32Array(samples)
  const first = new Float64Array(features)
  const varies = new Uint8Array(features)
  let [used, notFinite, empty, unlabelled] = [0, 0, 0, 0]
  for (let sample = 0; sample < samples; sample++) {
    const from = sample * features
    const label = y[sample]!
    if (label < classes.length) classCounts[label]!++
    else unlabelled++
    const state = stateOf(x, from, from + features)
    if (state === 'not-finite') notFinite++
    else if (state === 'empty' && features > 1) empty++
    else if (label < classes.length) {
      if (used === 0) for (let i = 0; i < features; i++) first[i] = x[from + i]!
      else for (let i = 0; i < features; i++) if (x[from + i] !== first[i]) varies[i] = 1
      usable[used++] = sample
    }
  }
  const varying = varies.reduce((sum, one) => sum + one, 0)
  return {
    samples,
    features,
    notFinite,
    empty,
    unlabelled,
    constantFeatures: used > 1 ? features - varying : 0,
    classCounts,
    usable: usable.slice(0, used),
  }
}

function stateOf(x: Dataset['x'], from: number, to: number): 'filled' | 'empty' | 'not-finite' {
  let filled = false
  for (let i = from; i < to; i++) {
    const value = x[i]!
    if (value === 0) continue
    if (!Number.isFinite(value)) return 'not-finite'
    filled = true
  }
  return filled ? 'filled' : 'empty'
}

/** At most `most` of the rows, drawn by the seed, in their order. */
export function drawRows(rows: Uint32Array, most: number, seed: string): Uint32Array {
  if (rows.length <= most) return rows
  return Uint32Array.from(shuffle([...rows], createRng(seed)).slice(0, most)).sort()
}

export interface Moments {
  readonly mean: Float64Array
  readonly deviation: Float64Array
}

/** Of every feature over some rows; zeros for no rows. */
export function momentsOf(x: Dataset['x'], rows: Uint32Array, features: number): Moments {
  const mean = new Float64Array(features)
  const deviation = new Float64Array(features)
  for (const row of rows) for (let i = 0; i < features; i++) mean[i]! += x[row * features + i]!
  const count = Math.max(1, rows.length)
  for (let i = 0; i < features; i++) mean[i]! /= count
  for (const row of rows)
    for (let i = 0; i < features; i++) deviation[i]! += (x[row * features + i]! - mean[i]!) ** 2
  for (let i = 0; i < features; i++) deviation[i] = Math.sqrt(deviation[i]! / count)
  return { mean, deviation }
}
