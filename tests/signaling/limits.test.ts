import { describe, expect, it } from 'vitest'
import {
  addressKey,
  createAddressBook,
  createBucket,
  DEFAULT_LIMITS,
  takeTokens,
} from '../../signaling/limits.ts'

describe('token buckets', () => {
  const spec = { capacity: 3, perSecond: 2 }

  it('give their capacity at once, then their rate', () => {
    const bucket = createBucket(spec, 0)
    expect([1, 2, 3, 4].map(() => takeTokens(bucket, spec, 0, 1))).toEqual([true, true, true, false])
    expect(takeTokens(bucket, spec, 499, 1)).toBe(false)
    expect(takeTokens(bucket, spec, 500, 1)).toBe(true)
    expect(takeTokens(bucket, spec, 500, 1)).toBe(false)
  })

  it('never hold more than their capacity, and take nothing when they cannot give all', () => {
    const bucket = createBucket(spec, 0)
    expect(takeTokens(bucket, spec, 1_000_000, 4)).toBe(false)
    expect(takeTokens(bucket, spec, 1_000_000, 3)).toBe(true)
  })

  it('gain nothing from a clock that goes backwards', () => {
    const bucket = createBucket(spec, 1000)
    takeTokens(bucket, spec, 1000, 3)
    expect(takeTokens(bucket, spec, 0, 1)).toBe(false)
  })
})

describe('addresses', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    [undefined, 'unknown'],
  ])('%s counts as %s', (address, key) => {
    expect(addressKey(address)).toBe(key)
  })

  it('are forgotten when they have no socket and full buckets again', () => {
    const book = createAddressBook(DEFAULT_LIMITS)
    const record = book.get('192.0.2.7', 0)
    record.sockets = 1
    takeTokens(record.frames, DEFAULT_LIMITS.addressFrames, 0, 2_000)
    book.sweep(60_000)
    expect(book.size).toBe(1)
    record.sockets = 0
    takeTokens(record.frames, DEFAULT_LIMITS.addressFrames, 60_000, 2_000)
    book.sweep(60_500)
    expect(book.size).toBe(1)
    book.sweep(61_000)
    expect(book.size).toBe(0)
  })

  it('share one record when there are too many of them', () => {
    const book = createAddressBook({ ...DEFAULT_LIMITS, maxAddresses: 100 })
    const records = Array.from({ length: 1000 }, (_, i) => book.get(`192.0.2.${i}`, 0))
    expect(book.size).toBe(100)
    expect(new Set(records).size).toBe(101)
  })
})
