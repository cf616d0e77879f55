// Training and held-out samples of own pictures: by a seeded split, or as the files themselves say. Either way no sample
// stands on both sides, not even as a copy.
import { contentKey } from './content-key.ts'
import type { Dataset } from './dataset.ts'
import { DataError } from './error.ts'
import { TEST_SHARE } from './limits.ts'
import { balancedOrder, splitStratified } from './order.ts'

export interface HeldOut {
  readonly train: Dataset
  readonly test: Dataset
  /** Training samples left out because they equal a held-out one. */
  readonly leaked: number
}

/** `given`: the files' own held-out samples. Throws DataError 'too-few-samples'. */
export function holdOut(data: Dataset, given: Dataset | null, seed: string, leastSamples: number): HeldOut {
  const classes = data.classes.length
  const keys = sampleKeys(data)
  const distinct = new Set(keys).size
  if (data.y.length < leastSamples || distinct < (given ? 1 : 2))
    throw new DataError('too-few-samples', {
      expected: leastSamples,
      found: Math.min(data.y.length, distinct),
    })
  if (!given) {
    const split = splitStratified(data.y, classes, keys, TEST_SHARE, seed)
    return { train: pick(data, split.train), test: pick(data, split.test), leaked: 0 }
  }
  const secret = new Set(sampleKeys(given))
  const kept = balancedOrder(data.y, classes).filter(i => !secret.has(keys[i]!))
  if (kept.length === 0) throw new DataError('too-few-samples', { expected: leastSamples, found: 0 })
  return {
    train: pick(data, kept),
    test: pick(given, balancedOrder(given.y, classes)),
    leaked: data.y.length - kept.length,
  }
}

function sampleKeys({ x, y }: Dataset): number[] {
  const size = x.length / Math.max(1, y.length)
  return Array.from(y, (_, i) => contentKey(x, i * size, (i + 1) * size))
}

/** The samples of a data set at some indices, in that order. */
export function pick(data: Dataset, indices: Uint32Array): Dataset {
  const size = data.x.length / Math.max(1, data.y.length)
  const x =
    data.x instanceof Uint8Array
      ? new Uint8Array(indices.length * size)
      : new Float32Array(indices.length * size)
  indices.forEach((from, to) => x.set(data.x.subarray(from * size, (from + 1) * size), to * size))
  return { ...data, x, y: Uint16Array.from(indices, i => data.y[i]!) }
}
