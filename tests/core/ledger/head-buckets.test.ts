// Heads compared in parts: equal ledgers look equal, and whatever differs shows in its own bucket.
import { expect, test } from 'vitest'
import { bucketOf, BUCKETS, HeadBuckets, type Head } from '../../../src/core/ledger/head-buckets.ts'
import { encodeBase64url } from '../../../src/core/num/base64url.ts'
import type { MemberId } from '../../../src/core/num/ids.ts'
import { createRng, shuffle } from '../../../src/core/num/rng.ts'

const rng = createRng('head-buckets')
const nonce = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
const bytes = (): Uint8Array => Uint8Array.from({ length: 32 }, () => rng.below(256))
const heads: Head[] = Array.from({ length: 1000 }, () => ({
  author: encodeBase64url(bytes()) as MemberId,
  seq: rng.below(9),
  hash: Buffer.from(bytes()).toString('hex'),
}))
const filled = (from: readonly Head[]): HeadBuckets => {
  const buckets = new HeadBuckets()
  for (const head of from) buckets.set(head)
  return buckets
}

test('the same heads in any order look the same; every bucket holds its own, sorted', () => {
  const [a, b] = [filled(heads), filled(shuffle([...heads], rng))]
  expect(a.differing(b.digests(nonce))).toEqual([])
  const all = Array.from({ length: BUCKETS }, (_, bucket) => a.headsIn(bucket))
  expect(all.flat()).toHaveLength(1000)
  for (const [bucket, held] of all.entries()) {
    expect(held.every(({ author }) => bucketOf(author) === bucket)).toBe(true)
    expect(held.map(({ author }) => author)).toEqual(held.map(({ author }) => author).sort())
  }
})

test('another head, one more and one less each show in their bucket alone', () => {
  const a = filled(heads)
  for (const head of shuffle([...heads], rng).slice(0, 20)) {
    const b = filled(heads)
    b.set({ ...head, seq: head.seq + 1 })
    expect(a.differing(b.digests(nonce))).toEqual([bucketOf(head.author)])
    b.delete(head.author)
    expect(a.differing(b.digests(nonce))).toEqual([bucketOf(head.author)])
    b.set(head)
    expect(a.differing(b.digests(nonce))).toEqual([])
  }
  expect(new HeadBuckets().differing(filled([]).digests(nonce))).toEqual([])
})

test('the authors of a thousand fall into all buckets, four or so in each', () => {
  const sizes = Array.from({ length: BUCKETS }, (_, bucket) => filled(heads).headsIn(bucket).length)
  expect(Math.max(...sizes)).toBeLessThan(16)
  expect(sizes.filter(size => size === 0).length).toBeLessThan(20)
})

test('every nonce gives other digests, and each finds the difference', () => {
  const a = filled(heads)
  const b = filled(heads.slice(1))
  const one = a.digests(nonce)
  const other = a.digests(new Uint8Array(8))
  expect(one).toHaveLength(other.length)
  const same = one.subarray(8).filter((byte, i) => byte === other[8 + i]).length
  expect(same).toBeLessThan(30)
  for (const digests of [one, other]) expect(b.differing(digests)).toEqual([bucketOf(heads[0]!.author)])
})
