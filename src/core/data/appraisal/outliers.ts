// Samples far from the rest: their distance from the centre of their class is more than four deviations above the mean
// distance of that class, or, in a table, a continuous value is more than four deviations from its mean.
import type { Dataset } from '../dataset.ts'
import { momentsOf } from './survey.ts'

const FAR = 4
/** Features with fewer different values than this are no measurements: their rare values are no outliers. */
const CONTINUOUS = 10

export function countOutliers(data: Dataset, rows: Uint32Array, features: number): number {
  const far = new Uint8Array(rows.length)
  markFarFromClass(data, rows, features, far)
  if (data.shape.length === 1) markFarValues(data, rows, features, far)
  return far.reduce((sum, one) => sum + one, 0)
}

function markFarFromClass(
  { x, y, classes }: Dataset,
  rows: Uint32Array,
  features: number,
  far: Uint8Array,
): void {
  const counts = new Uint32Array(classes.length)
  const centres = new Float64Array(classes.length * features)
  for (const row of rows) {
    const to = y[row]! * features
    counts[y[row]!]!++
    for (let f = 0; f < features; f++) centres[to + f]! += x[row * features + f]!
  }
  for (let i = 0; i < centres.length; i++) centres[i]! /= Math.max(1, counts[Math.floor(i / features)]!)
  const distances = Float64Array.from(rows, row => {
    const centre = y[row]! * features
    let sum = 0
    for (let f = 0; f < features; f++) sum += (x[row * features + f]! - centres[centre + f]!) ** 2
    return Math.sqrt(sum)
  })
  const mean = new Float64Array(classes.length)
  const variance = new Float64Array(classes.length)
  rows.forEach((row, i) => (mean[y[row]!]! += distances[i]! / counts[y[row]!]!))
  rows.forEach((row, i) => (variance[y[row]!]! += (distances[i]! - mean[y[row]!]!) ** 2 / counts[y[row]!]!))
  rows.forEach((row, i) => {
    const label = y[row]!
    if (distances[i]! - mean[label]! > FAR * Math.sqrt(variance[label]!) && variance[label]! > 0) far[i] = 1
  })
}

function markFarValues({ x }: Dataset, rows: Uint32Array, features: number, far: Uint8Array): void {
  const { mean, deviation } = momentsOf(x, rows, features)
  for (let f = 0; f < features; f++) {
    const values = new Set<number>()
    for (const row of rows) {
      values.add(x[row * features + f]!)
      if (values.size > CONTINUOUS) break
    }
    if (values.size <= CONTINUOUS) continue
    rows.forEach((row, i) => {
      if (Math.abs(x[row * features + f]! - mean[f]!) > FAR * deviation[f]!) far[i] = 1
    })
  }
}
