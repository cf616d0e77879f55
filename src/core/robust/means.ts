// Means of screened vectors, coordinate by coordinate: weighted, and trimmed (Yin et al. 2018). A coordinate is combined
// over the vectors that speak of it. Sums run in one fixed order: by position, or by value where something is trimmed.
import { Block, SIGN_WORDS, speakers } from './block.ts'
import { BLOCK, type Vectors } from './rule.ts'
import { trimCount, type Screened } from './screen.ts'

/** Mean of factor times value, weighted by the screened weights. */
export function meanOf(vectors: Vectors, screened: Screened): Float64Array {
  return trimmedMeanOf(vectors, screened, () => 0)
}

/** As meanOf, after the f highest and f lowest of a coordinate are left out; f by the number that speak of it. */
export function clipTrim(vectors: Vectors, screened: Screened, trusted: boolean): Float64Array {
  return trimmedMeanOf(vectors, screened, count => trimCount(count, trusted))
}

function trimmedMeanOf(
  vectors: Vectors,
  screened: Screened,
  trimOf: (count: number) => number,
): Float64Array {
  const direction = new Float64Array(vectors.parameters)
  const block = new Block(screened.kept.length)
  for (let from = 0; from < vectors.parameters; from += BLOCK) {
    const to = Math.min(vectors.parameters, from + BLOCK)
    const positions = speakers(vectors, screened.kept, from)
    if (positions.length === 0) continue
    const factors = Float64Array.from(positions, k => screened.factors[k]!)
    const { weights: all } = screened
    const weights = all && Float64Array.from(positions, k => all[k]!)
    const out = direction.subarray(from, to)
    block.load(vectors, positions, from, to)
    const trim = trimOf(positions.length)
    if (trim === 0) addUp(out, block, factors, weights)
    else if (block.pack(positions.length, to - from)) trimEven(out, block, factors, weights, trim)
    else trimAny(out, block, factors, weights, trim)
    if (positions.length < screened.kept.length) {
      const part = weightOf(positions, all) / weightOf(screened.kept, all)
      for (let i = 0; i < out.length; i++) out[i]! *= part
    }
  }
  return direction
}

/** Who speaks of a block in every fourth round says four rounds' worth then; were the others not the fewer in between, their
 * classes would count for more. */
function weightOf(positions: readonly number[], weights: Float64Array | null): number {
  if (weights === null) return positions.length
  let total = 0
  for (const k of positions) total += weights[k]!
  return total
}

function addUp(out: Float64Array, block: Block, factors: Float64Array, weights: Float64Array | null): void {
  const { values } = block
  let total = 0
  for (let j = 0; j < factors.length; j++) {
    const weight = weights === null ? 1 : weights[j]!
    const factor = weights === null ? factors[j]! : factors[j]! * weight
    const start = j * BLOCK
    for (let i = 0; i < out.length; i++) out[i]! += values[start + i]! * factor
    total += weight
  }
  for (let i = 0; i < out.length; i++) out[i]! /= total
}

/**
 * Every vector is plus or minus one magnitude: sorted once per block, a column in order is its negatives from the largest
 * magnitude down, then the others up. The same sums in the same order as trimAny.
 */
function trimEven(
  out: Float64Array,
  block: Block,
  factors: Float64Array,
  weights: Float64Array | null,
  trim: number,
): void {
  const count = factors.length
  const sizes = factors.map((factor, j) => block.magnitudes[j]! * factor)
  const places = Array.from({ length: count }, (_, j) => j)
  const up = Int32Array.from(places).sort((a, b) => sizes[a]! - sizes[b]! || a - b)
  const down = Int32Array.from(places).sort((a, b) => sizes[b]! - sizes[a]! || a - b)
  const [upSizes, downSizes] = [
    Float64Array.from(up, j => sizes[j]!),
    Float64Array.from(down, j => -sizes[j]!),
  ]
  const upWeights = weights && Float64Array.from(up, j => weights[j]!)
  const downWeights = weights && Float64Array.from(down, j => weights[j]!)
  const [upWords, downWords] = [new Uint32Array(count), new Uint32Array(count)]
  const column = new Float64Array(count)
  const columnWeights = new Float64Array(weights ? count : 0)
  for (let from = 0, word = 0; from < out.length; from += 32, word++) {
    for (let j = 0; j < count; j++) {
      upWords[j] = block.signs[up[j]! * SIGN_WORDS + word]!
      downWords[j] = block.signs[down[j]! * SIGN_WORDS + word]!
    }
    const end = Math.min(32, out.length - from)
    for (let i = 0; i < end; i++) {
      // Written and passed over only where the sign fits: no branch that nobody can predict.
      let at = 0
      for (let j = 0; j < count; j++) {
        column[at] = downSizes[j]!
        if (downWeights) columnWeights[at] = downWeights[j]!
        at += (downWords[j]! >>> i) & 1
      }
      for (let j = 0; j < count && at < count; j++) {
        column[at] = upSizes[j]!
        if (upWeights) columnWeights[at] = upWeights[j]!
        at += ~(upWords[j]! >>> i) & 1
      }
      out[from + i] = middleOf(column, weights && columnWeights, trim)
    }
  }
}

function trimAny(
  out: Float64Array,
  block: Block,
  factors: Float64Array,
  weights: Float64Array | null,
  trim: number,
): void {
  const count = factors.length
  const column = new Float64Array(count)
  const columnWeights = new Float64Array(weights ? count : 0)
  for (let i = 0; i < out.length; i++) {
    for (let j = 0; j < count; j++) {
      // Columns are short, so insertion beats the general sort; equal values stay in the order of positions.
      const value = block.values[j * BLOCK + i]! * factors[j]!
      let at = j
      for (; at > 0 && column[at - 1]! > value; at--) {
        column[at] = column[at - 1]!
        if (weights) columnWeights[at] = columnWeights[at - 1]!
      }
      column[at] = value
      if (weights) columnWeights[at] = weights[j]!
    }
    out[i] = middleOf(column, weights && columnWeights, trim)
  }
}

function middleOf(column: Float64Array, weights: Float64Array | null, trim: number): number {
  const end = column.length - trim
  let sum = 0
  if (weights === null) {
    for (let j = trim; j < end; j++) sum += column[j]!
    return sum / (end - trim)
  }
  let total = 0
  for (let j = trim; j < end; j++) {
    sum += weights[j]! * column[j]!
    total += weights[j]!
  }
  return sum / total
}
