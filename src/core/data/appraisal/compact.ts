// Samples as small float64 rows for the appraisal's own learner: few features whatever the data are, so that its cost is
// bounded. Pictures are averaged over blocks; wide tables are hashed with signs (Weinberger et al. 2009).
import { createRng } from '../../num/rng.ts'
import type { Dataset } from '../dataset.ts'

/** Features that the learner sees at most. */
const MOST_FEATURES = 128

export interface Rows {
  /** Row-major, rows * features. */
  readonly x: Float64Array
  readonly features: number
}

/** How values become features; the same for data and reference. */
export interface Compaction {
  readonly features: number
  /** Value i goes to feature into[i] with this weight. */
  readonly into: Int32Array
  readonly weight: Float64Array
}

export function planCompaction(shape: readonly number[], seed: string): Compaction {
  const values = shape.reduce((product, extent) => product * extent, 1)
  const [height = 1, width = 1, channels = 1] = shape
  if (values <= MOST_FEATURES) return plan(values, values, i => [i, 1])
  if (shape.length < 2) {
    const rng = createRng(`${seed}/compact`)
    return plan(values, MOST_FEATURES, () => [rng.below(MOST_FEATURES), rng.next() < 0.5 ? -1 : 1])
  }
  // Channels are averaged too: what is judged is the shape.
  let side = 1
  const blocks = (extent: number): number => Math.ceil(extent / side)
  while (blocks(height) * blocks(width) > MOST_FEATURES) side++
  return plan(values, blocks(height) * blocks(width), i => {
    const pixel = Math.floor(i / channels)
    const [row, column] = [Math.floor(pixel / width), pixel % width]
    return [Math.floor(row / side) * blocks(width) + Math.floor(column / side), 1 / (side * side * channels)]
  })
}

function plan(values: number, features: number, place: (i: number) => readonly [number, number]): Compaction {
  const into = new Int32Array(values)
  const weight = new Float64Array(values)
  for (let i = 0; i < values; i++) [into[i], weight[i]] = place(i) as [number, number]
  return { features, into, weight }
}

export function compact(
  { x }: Dataset,
  rows: ArrayLike<number>,
  { features, into, weight }: Compaction,
): Rows {
  const out = new Float64Array(rows.length * features)
  const size = into.length
  for (let row = 0; row < rows.length; row++) {
    const from = rows[row]! * size
    const to = row * features
    for (let i = 0; i < size; i++) {
      const value = x[from + i]!
      if (value !== 0) out[to + into[i]!]! += weight[i]! * value
    }
  }
  return { x: out, features }
}

/**
 * Scales both by the first one's centre and spread, in place: features that hardly vary are not blown up, and no value is
 * further out than 10.
 */
export function standardise(rows: Rows, others: Rows | null): void {
  const { x, features } = rows
  const count = Math.max(1, x.length / features)
  const mean = new Float64Array(features)
  const spread = new Float64Array(features)
  for (let i = 0; i < x.length; i++) mean[i % features]! += x[i]! / count
  for (let i = 0; i < x.length; i++) spread[i % features]! += (x[i]! - mean[i % features]!) ** 2 / count
  const typical = Math.sqrt(spread.reduce((sum, value) => sum + value, 0) / features)
  const scale = spread.map(value => 1 / (Math.sqrt(value) + 0.3 * typical + 1e-12))
  for (const values of [x, others?.x ?? new Float64Array(0)])
    for (let i = 0; i < values.length; i++) {
      const z = (values[i]! - mean[i % features]!) * scale[i % features]!
      values[i] = Math.max(-10, Math.min(10, z))
    }
}
