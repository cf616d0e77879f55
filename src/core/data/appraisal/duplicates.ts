// Samples that are equal value by value. A short key finds them, the values decide.
import { contentKey } from '../content-key.ts'
import type { Dataset } from '../dataset.ts'

export interface Duplicates {
  /** The first of each group of equal samples, in order. */
  readonly distinct: Uint32Array
  /** Copies of an earlier sample, and those among them whose label differs from that one's. */
  readonly copies: number
  readonly conflicts: number
}

export function findDuplicates({ x, y }: Dataset, rows: Uint32Array, features: number): Duplicates {
  // Keys mix whole numbers: of floats, the bits.
  const words = x instanceof Uint8Array ? x : new Uint32Array(x.buffer, x.byteOffset, x.length)
  const known = new Map<number, number[]>()
  const distinct = new Uint32Array(rows.length)
  let [firsts, copies, conflicts] = [0, 0, 0]
  for (const row of rows) {
    const key = contentKey(words, row * features, (row + 1) * features)
    const group = known.get(key)
    const original = group?.find(other => isEqual(words, row * features, other * features, features))
    if (original !== undefined) {
      copies++
      if (y[row] !== y[original]) conflicts++
      continue
    }
    if (group) group.push(row)
    else known.set(key, [row])
    distinct[firsts++] = row
  }
  return { distinct: distinct.slice(0, firsts), copies, conflicts }
}

function isEqual(words: Uint8Array | Uint32Array, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (words[a + i] !== words[b + i]) return false
  return true
}

/** Table rows with fewer companions than this in their discrete values may be told who they are (Sweeney 2002). */
export const K_ANONYMOUS = 5
/** A feature with up to so many values is discrete; coming from a category or a coarse number. */
const DISCRETE = 32

/** Rows whose combination of discrete values occurs fewer than K_ANONYMOUS times; 0 without discrete features. */
export function countSingledOut({ x }: Dataset, rows: Uint32Array, features: number): number {
  const discrete: number[] = []
  for (let i = 0; i < features; i++) {
    const values = new Set<number>()
    for (const row of rows) {
      values.add(x[row * features + i]!)
      if (values.size > DISCRETE) break
    }
    if (values.size > 1 && values.size <= DISCRETE) discrete.push(i)
  }
  if (discrete.length === 0) return 0
  const groups = new Map<number, number>()
  const values = new Uint32Array(discrete.length)
  const bits = new Uint32Array(1)
  const float = new Float32Array(bits.buffer)
  const keys = Array.from(rows, row => {
    discrete.forEach((feature, i) => {
      float[0] = x[row * features + feature]!
      values[i] = bits[0]!
    })
    return contentKey(values)
  })
  for (const key of keys) groups.set(key, (groups.get(key) ?? 0) + 1)
  return keys.filter(key => groups.get(key)! < K_ANONYMOUS).length
}
