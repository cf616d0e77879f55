// Whether the data look like the room's: the population stability index, sum (p - q) ln (p / q) over bins that hold equal
// parts of the reference. The reference is weighted to the data's mix of classes, so that a member who holds few classes does
// not pass for one whose pictures are different; the mix itself has an index of its own. By chance alone the index is about
// (bins - 1)(1/n + 1/m) (Yurdakul 2018), which is taken off; what chance explains counts as no drift.
import type { Dataset } from '../dataset.ts'

const BINS = 10
const LEAST_PER_BIN = 10
/** Blocks a side whose brightness stands for a picture; features of a table that are looked at. */
const BLOCKS = 4
const MOST_FEATURES = 64
/** The largest of many indices is high by chance: it counts from so many standard deviations of one on. */
const CHANCE = 4
const LEAST_SAMPLES = 20

export interface Drift {
  /** Of the feature that drifts most; 0 where chance explains it. */
  readonly index: number
  readonly labelIndex: number
  readonly examined: number
}

/** Null where either side has too few samples, or they share no class. */
export function measureDrift(
  data: Dataset,
  rows: Uint32Array,
  reference: Dataset,
  referenceRows: Uint32Array,
): Drift | null {
  const wanted = countLabels(data, rows)
  const there = countLabels(reference, referenceRows)
  const shared = (label: number): boolean => wanted[label]! > 0 && there[label]! > 0
  const own = rows.filter(row => shared(data.y[row]!))
  const other = referenceRows.filter(row => shared(reference.y[row]!))
  if (own.length < LEAST_SAMPLES || other.length < LEAST_SAMPLES) return null
  const weights = Float64Array.from(
    other,
    row => wanted[reference.y[row]!]! / there[reference.y[row]!]! / own.length,
  )
  // Weights that differ count for fewer samples (Kish 1965).
  const effective = 1 / weights.reduce((sum, weight) => sum + weight * weight, 0)
  const bins = Math.max(2, Math.min(BINS, Math.floor(Math.min(own.length, effective) / LEAST_PER_BIN)))
  const noise = 1 / own.length + 1 / effective
  let index = 0
  for (const look of looksOf(data.shape)) {
    const found = stability(valuesOf(data, own, look), valuesOf(reference, other, look), weights, bins)
    const chance = (found.bins - 1) * noise
    if (found.index > chance + CHANCE * Math.sqrt(2 * (found.bins - 1)) * noise)
      index = Math.max(index, found.index - chance)
  }
  return { index, labelIndex: mixIndex(wanted, there), examined: own.length }
}

/** Positions of a sample whose mean is looked at. */
type Look = readonly number[]

function looksOf(shape: readonly number[]): Look[] {
  const [height = 1, width = 1, channels = 1] = shape
  if (shape.length === 1) {
    const stride = Math.max(1, height / MOST_FEATURES)
    return Array.from({ length: Math.min(MOST_FEATURES, height) }, (_, i) => [Math.floor(i * stride)])
  }
  const looks = Array.from({ length: BLOCKS * BLOCKS }, (): number[] => [])
  for (let i = 0; i < height * width * channels; i++) {
    const pixel = Math.floor(i / channels)
    const row = Math.floor((Math.floor(pixel / width) * BLOCKS) / height)
    looks[row * BLOCKS + Math.floor(((pixel % width) * BLOCKS) / width)]!.push(i)
  }
  return looks.filter(look => look.length > 0)
}

function valuesOf({ x, shape }: Dataset, rows: Uint32Array, look: Look): Float64Array {
  const features = shape.reduce((product, extent) => product * extent, 1)
  const scale = (x instanceof Uint8Array ? 1 / 255 : 1) / look.length
  return Float64Array.from(rows, row => {
    let sum = 0
    for (const i of look) sum += x[row * features + i]!
    return sum * scale
  })
}

/** `reference` has a weight for each value, summing to 1. Equal values stay in one bin, so there may be fewer. */
function stability(
  values: Float64Array,
  reference: Float64Array,
  weights: Float64Array,
  most: number,
): { readonly index: number; readonly bins: number } {
  const order = [...reference.keys()].sort((a, b) => reference[a]! - reference[b]!)
  const edges: number[] = []
  let passed = 0
  for (const i of order) {
    passed += weights[i]!
    const due = (edges.length + 1) / most
    if (passed >= due && edges.length < most - 1 && reference[i]! > (edges.at(-1) ?? -Infinity))
      edges.push(reference[i]!)
  }
  const binOf = (value: number): number => {
    let [low, high] = [0, edges.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (value <= edges[middle]!) high = middle
      else low = middle + 1
    }
    return low
  }
  const p = new Float64Array(edges.length + 1)
  const q = new Float64Array(edges.length + 1)
  for (const value of values) p[binOf(value)]! += 1 / values.length
  reference.forEach((value, i) => (q[binOf(value)]! += weights[i]!))
  return { index: indexOf(p, q, 0.5 / values.length, 0.5 / reference.length), bins: p.length }
}

/** `least...`: what an empty bin counts for. */
function indexOf(p: Float64Array, q: Float64Array, leastP: number, leastQ: number): number {
  return p.reduce((sum, value, i) => {
    const [one, other] = [Math.max(value, leastP), Math.max(q[i]!, leastQ)]
    return sum + (one - other) * Math.log(one / other)
  }, 0)
}

function countLabels({ y, classes }: Dataset, rows: Uint32Array): Float64Array {
  const counts = new Float64Array(classes.length)
  for (const row of rows) counts[y[row]!]!++
  return counts
}

function mixIndex(own: Float64Array, other: Float64Array): number {
  const [n, m] = [own, other].map(counts => counts.reduce((sum, count) => sum + count, 0)) as [number, number]
  const index = indexOf(
    own.map(count => count / n),
    other.map(count => count / m),
    0.5 / n,
    0.5 / m,
  )
  return Math.max(0, index - (own.length - 1) * (1 / n + 1 / m))
}
