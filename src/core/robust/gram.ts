// Inner products of whole vectors, from which vector-level rules derive every distance. Blocks that the same vectors speak
// of form a region, and each region is decided by itself: in it everyone covers everything, so nothing has to be scaled or
// guessed. Without masks there is one region. Where vectors have one magnitude per block, products count equal signs.
import { Block, SIGN_WORDS, speakers } from './block.ts'
import { BLOCK, type Vectors } from './rule.ts'

export interface Region {
  /** Positions that speak of it, ascending. */
  readonly positions: readonly number[]
  /** First parameters of its blocks. */
  readonly blocks: number[]
}

/** Regions in the order of their first blocks; blocks that nobody speaks of are in none. */
export function regionsOf(vectors: Vectors, kept: readonly number[]): readonly Region[] {
  const regions = new Map<string, Region>()
  for (let from = 0; from < vectors.parameters; from += BLOCK) {
    const positions = speakers(vectors, kept, from)
    if (positions.length === 0) continue
    const key = positions.join()
    const region = regions.get(key) ?? { positions, blocks: [] }
    region.blocks.push(from)
    regions.set(key, region)
  }
  return [...regions.values()]
}

/** Row-major, symmetric, by place in region.positions; of vectors times their factors. */
export function gramOf(vectors: Vectors, region: Region, factors: Float64Array): Float64Array {
  const { positions } = region
  const count = positions.length
  const gram = new Float64Array(count * count)
  const block = new Block(count)
  const filled = new Filled(count)
  for (const from of region.blocks) {
    const to = Math.min(vectors.parameters, from + BLOCK)
    block.load(vectors, positions, from, to)
    if (block.pack(count, to - from)) addEven(gram, block, count, to - from)
    else addAny(gram, block, count, to - from, filled)
  }
  for (let a = 0; a < count; a++) {
    for (let b = 0; b <= a; b++) {
      const product = gram[a * count + b]! * factors[positions[a]!]! * factors[positions[b]!]!
      gram[a * count + b] = product
      gram[b * count + a] = product
    }
  }
  return gram
}

/** out = sum of coefficient times factor times vector in the region's blocks; coefficients by place. */
export function addRegion(
  out: Float64Array,
  vectors: Vectors,
  region: Region,
  factors: Float64Array,
  coefficients: Float64Array,
): void {
  const values = new Float64Array(BLOCK)
  for (const from of region.blocks) {
    const to = Math.min(vectors.parameters, from + BLOCK)
    region.positions.forEach((k, place) => {
      const factor = coefficients[place]! * factors[k]!
      if (factor === 0) return
      vectors.read(k, from, to, values, 0)
      for (let i = from; i < to; i++) out[i]! += factor * values[i - from]!
    })
  }
}

/** <a, b> = |a| |b| (equal signs - different signs). The lower triangle only. */
function addEven(gram: Float64Array, block: Block, count: number, size: number): void {
  const { magnitudes, signs } = block
  const words = Math.ceil(size / 32)
  for (let a = 0; a < count; a++) {
    for (let b = 0; b <= a; b++) {
      let different = 0
      for (let w = 0; w < words; w++) {
        different += bitsIn(signs[a * SIGN_WORDS + w]! ^ signs[b * SIGN_WORDS + w]!)
      }
      gram[a * count + b]! += magnitudes[a]! * magnitudes[b]! * (size - 2 * different)
    }
  }
}

/** Where each vector of a block is not zero: sparse ones are, nearly everywhere. */
class Filled {
  readonly indices: Uint16Array
  readonly counts: Uint16Array

  constructor(vectors: number) {
    this.indices = new Uint16Array(vectors * BLOCK)
    this.counts = new Uint16Array(vectors)
  }

  find(values: Float64Array, count: number, size: number): void {
    for (let j = 0; j < count; j++) {
      const start = j * BLOCK
      let found = 0
      for (let i = 0; i < size; i++) if (values[start + i] !== 0) this.indices[start + found++] = i
      this.counts[j] = found
    }
  }
}

function addAny(gram: Float64Array, block: Block, count: number, size: number, filled: Filled): void {
  const { values } = block
  const { indices, counts } = filled
  filled.find(values, count, size)
  for (let a = 0; a < count; a++) {
    for (let b = 0; b <= a; b++) {
      const [fewer, other] = counts[a]! <= counts[b]! ? [a * BLOCK, b * BLOCK] : [b * BLOCK, a * BLOCK]
      const end = fewer + Math.min(counts[a]!, counts[b]!)
      let sum = 0
      for (let at = fewer; at < end; at++) {
        const i = indices[at]!
        sum += values[fewer + i]! * values[other + i]!
      }
      gram[a * count + b]! += sum
    }
  }
}

/** Bits set in a word of 32, by adding neighbouring fields. */
function bitsIn(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
