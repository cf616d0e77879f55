// What a rule of combination is: a pure function of vectors in a given order, computed with + - * / and sqrt on float64 in
// one order of operations, so that every member and every browser gets the same bits. Rules know no codec.

export interface Vectors {
  readonly count: number
  readonly parameters: number
  /** Euclidean norms, by position. */
  readonly norms: readonly number[]
  /** Relative weights, positive, by position; all 1 where members count alike. */
  readonly weights: readonly number[]
  /** out[at + i - from] = value of parameter i of vector k. */
  read(k: number, from: number, to: number, out: Float64Array, at: number): void
  /** Positions that speak of every parameter in [from, to), ascending; null: all. Constant within a block of BLOCK. */
  covering(from: number): readonly number[] | null
}

/** Rules work block by block; coverage changes only from block to block. */
export const BLOCK = 4096

export interface Combination {
  readonly direction: Float64Array
  /** Positions of vectors left out because they are far too large. */
  readonly outsized: readonly number[]
}

export type Rule = (vectors: Vectors) => Combination
