// Samples that are nearly the same: MinHash (Broder 1997) with one permutation a band (Li, Owen & Zhang 2012) finds candidates,
// Jaccard similarity of their sets of (feature, level) of at least NEAR_JACCARD decides. A pair at the threshold is found with
// probability 0.89, one at 0.9 with 0.999 (bands of 8, 12 of them). In wide data levels that most samples share in a feature,
// like a picture's background, are left out of the sets: they would make everything alike.
import { createRng } from '../../num/rng.ts'
import type { Dataset } from '../dataset.ts'
import { NEAR_JACCARD } from './records.ts'
import { momentsOf } from './survey.ts'

const BANDS = 12
const BAND_ROWS = 8
/** Of each bucket of a band the newest few are compared with: bounds the cost where everything is alike. */
const COMPARED = 8
const PICTURE_LEVELS = 8
const TABLE_LEVELS = 64
/** From so many features on, common levels are left out; how many samples tell which they are. */
const WIDE = 64
const COMMON_SAMPLES = 1_000
const LEFT_OUT = 255

/** How many of the rows (all distinct) are nearly an earlier one. */
export function countNear(data: Dataset, rows: Uint32Array, features: number, seed: string): number {
  const levels = data.shape.length > 1 ? PICTURE_LEVELS : TABLE_LEVELS
  const sets = quantise(data, rows, features, levels)
  if (features >= WIDE) leaveOutCommon(sets, rows.length, features, levels)
  const tables = Array.from({ length: BANDS }, (_, band) =>
    createBand(features * levels, rows.length, `${seed}/band/${band}`),
  )
  let near = 0
  const keys = new Int32Array(BANDS)
  const tokens = new Int32Array(features)
  for (let i = 0; i < rows.length; i++) {
    const from = i * features
    let count = 0
    for (let f = 0; f < features; f++)
      if (sets[from + f] !== LEFT_OUT) tokens[count++] = f * levels + sets[from + f]!
    if (count === 0) continue
    const seen: number[] = []
    let found = false
    for (let band = 0; band < BANDS && !found; band++) {
      const table = tables[band]!
      keys[band] = table.keyOf(tokens, count)
      for (const other of table.bucket(keys[band]!)) {
        if (seen.includes(other)) continue
        seen.push(other)
        if (jaccard(sets, from, other * features, features) < NEAR_JACCARD) continue
        found = true
        break
      }
    }
    if (found) near++
    else tables.forEach((table, band) => table.add(keys[band]!, i))
  }
  return near
}

function quantise({ x }: Dataset, rows: Uint32Array, features: number, levels: number): Uint8Array {
  const sets = new Uint8Array(rows.length * features)
  if (x instanceof Uint8Array) {
    const width = 256 / levels
    rows.forEach((row, i) => {
      for (let f = 0; f < features; f++) sets[i * features + f] = x[row * features + f]! / width
    })
    return sets
  }
  // Four deviations to either side of the mean.
  const { mean, deviation } = momentsOf(x, rows, features)
  const scale = deviation.map(value => (value > 0 ? levels / (8 * value) : 0))
  rows.forEach((row, i) => {
    for (let f = 0; f < features; f++) {
      const level = Math.floor((x[row * features + f]! - mean[f]!) * scale[f]!) + levels / 2
      sets[i * features + f] = Math.max(0, Math.min(levels - 1, level))
    }
  })
  return sets
}

function leaveOutCommon(sets: Uint8Array, count: number, features: number, levels: number): void {
  const stride = Math.max(1, Math.floor(count / COMMON_SAMPLES))
  const looked = Math.ceil(count / stride)
  const counts = new Uint32Array(features * levels)
  for (let i = 0; i < count; i += stride)
    for (let f = 0; f < features; f++) counts[f * levels + sets[i * features + f]!]!++
  for (let i = 0; i < count; i++)
    for (let f = 0; f < features; f++) {
      const at = i * features + f
      if (2 * counts[f * levels + sets[at]!]! > looked) sets[at] = LEFT_OUT
    }
}

interface Band {
  /** Of the first `count` of these tokens, feature * levels + level. */
  keyOf(present: Int32Array, count: number): number
  bucket(key: number): number[]
  add(key: number, row: number): void
}

/** One random order of all (feature, level), cut into BAND_ROWS bins; the least of each bin makes the band's key. */
function createBand(tokens: number, rows: number, seed: string): Band {
  const rng = createRng(seed)
  const bins = Uint8Array.from({ length: tokens }, () => rng.below(BAND_ROWS))
  const ranks = Float64Array.from({ length: tokens }, () => rng.next())
  const least = new Float64Array(BAND_ROWS)
  const winner = new Int32Array(BAND_ROWS)
  const slots = 1 << Math.ceil(Math.log2(Math.max(2, 2 * rows)))
  /** Newest row of each slot plus one, and the row before it. */
  const heads = new Int32Array(slots)
  const before = new Int32Array(rows)
  const keys = new Int32Array(rows)
  return {
    keyOf(present, count) {
      least.fill(2)
      winner.fill(-1)
      for (let i = 0; i < count; i++) {
        const token = present[i]!
        const bin = bins[token]!
        if (ranks[token]! < least[bin]!) {
          least[bin] = ranks[token]!
          winner[bin] = token
        }
      }
      let key = 0x811c9dc5
      for (let bin = 0; bin < BAND_ROWS; bin++) {
        // An empty bin borrows from the next that is not (Shrivastava & Li 2014).
        let from = bin
        for (let i = 1; i < BAND_ROWS && winner[from] === -1; i++) from = (bin + i) % BAND_ROWS
        key = Math.imul(key ^ winner[from]!, 0x01000193)
        key ^= key >>> 15
      }
      return key
    },
    bucket(key) {
      const found: number[] = []
      let steps = 0
      for (
        let at = heads[key & (slots - 1)]!;
        at > 0 && steps < 4 * COMPARED;
        at = before[at - 1]!, steps++
      ) {
        if (keys[at - 1] === key) found.push(at - 1)
        if (found.length === COMPARED) break
      }
      return found
    },
    add(key, row) {
      keys[row] = key
      before[row] = heads[key & (slots - 1)]!
      heads[key & (slots - 1)] = row + 1
    },
  }
}

function jaccard(sets: Uint8Array, a: number, b: number, features: number): number {
  let [shared, all] = [0, 0]
  for (let f = 0; f < features; f++) {
    const [one, other] = [sets[a + f]!, sets[b + f]!]
    if (one === other) {
      if (one === LEFT_OUT) continue
      shared++
      all++
    } else all += one === LEFT_OUT || other === LEFT_OUT ? 1 : 2
  }
  return shared / all
}
