// One block of parameters of several vectors, laid out for rules: the values, and where every vector has a single magnitude
// in the block (one-bit updates do) also that magnitude and the signs as bits, by which trimming needs no sorting and inner
// products count bits. Found out from the values, so rules stay free of codecs.
import { BLOCK, type Vectors } from './rule.ts'

/** Words of 32 signs in a block. */
export const SIGN_WORDS = BLOCK / 32

export class Block {
  /** Values of the j-th vector loaded, from j * BLOCK on. */
  readonly values: Float64Array
  /** Of the j-th vector; meaningful where `pack` returned true. */
  readonly magnitudes: Float64Array
  /** Bit i of word j * SIGN_WORDS + w: parameter 32 w + i of the j-th vector is negative. Meaningful like magnitudes. */
  readonly signs: Uint32Array

  /** Room for so many vectors. */
  constructor(vectors: number) {
    this.values = new Float64Array(vectors * BLOCK)
    this.magnitudes = new Float64Array(vectors)
    this.signs = new Uint32Array(vectors * SIGN_WORDS)
  }

  /** Parameters from to to of the vectors at these positions. */
  load(vectors: Vectors, positions: readonly number[], from: number, to: number): void {
    for (let j = 0; j < positions.length; j++) vectors.read(positions[j]!, from, to, this.values, j * BLOCK)
  }

  /** Fills magnitudes and signs of the first `count` vectors loaded; false where one of them has no single magnitude. */
  pack(count: number, size: number): boolean {
    for (let j = 0; j < count; j++) if (!this.packSigns(j, size)) return false
    return true
  }

  private packSigns(j: number, size: number): boolean {
    const { values, signs } = this
    const start = j * BLOCK
    const magnitude = Math.abs(values[start]!)
    this.magnitudes[j] = magnitude
    for (let from = 0, word = j * SIGN_WORDS; from < size; from += 32, word++) {
      const end = Math.min(32, size - from)
      let bits = 0
      for (let i = 0; i < end; i++) {
        const value = values[start + from + i]!
        if (Math.abs(value) !== magnitude) return false
        bits |= Number(value < 0) << i
      }
      signs[word] = bits
    }
    return true
  }
}

/** Positions of `kept` that speak of the block from `from`. Both ascending. */
export function speakers(vectors: Vectors, kept: readonly number[], from: number): readonly number[] {
  const covering = vectors.covering(from)
  if (covering === null) return kept
  const isCovering = new Set(covering)
  return kept.filter(k => isCovering.has(k))
}
