// The codec of lent compute: every message comes back as it went, and nothing else is let in.
import { describe, expect, it, test } from 'vitest'
import { SHARD } from '../../src/core/privacy/sealed-shard.ts'
import { createRng } from '../../src/core/num/rng.ts'
import { decodeLending, encodeLending, LEND_LIMITS, type LendMessage } from '../../src/protocol/lending.ts'
import { decodeMessage, encodeMessage } from '../../src/protocol/messages.ts'

const hash = 'ab'.repeat(32)
const values = Float32Array.of(0, -1.5, 3e-8, 65504, 1 / 3, -2e10)
const job = 0xfffffffe

const messages: LendMessage[] = [
  {
    type: 'open',
    job,
    mode: 'split',
    contract: hash,
    start: 'cd'.repeat(32),
    batchSize: 32,
    optimizer: 'adam',
    keepMoments: true,
    learningRate: 0.001,
    proximal: 0.25,
    corrected: true,
    coarse: true,
  },
  {
    type: 'open',
    job: 0,
    mode: 'paired',
    contract: hash,
    start: hash,
    batchSize: LEND_LIMITS.batch,
    optimizer: 'sgd',
    keepMoments: false,
    learningRate: 0,
    proximal: 0,
    corrected: false,
    coarse: false,
  },
  { type: 'need', job },
  { type: 'params', job, what: 'start', total: 6, offset: 0, values },
  { type: 'params', job, what: 'correction', total: 100, offset: 94, values },
  { type: 'params', job, what: 'result', total: LEND_LIMITS.parameters, offset: 7, values },
  { type: 'ready', job },
  { type: 'forward', job, step: 1, count: 2, values },
  { type: 'outputs', job, step: 0xffffffff, values },
  { type: 'gradient', job, step: 3, values },
  { type: 'backprop', job, step: 4, values },
  { type: 'finish', job, steps: 20 },
  { type: 'done', job, steps: 20, flop: 2n ** 63n },
  { type: 'cancel', job },
  ...(
    [
      'paused',
      'no-contract',
      'busy',
      'bad-request',
      'not-allowed',
      'stale',
      'failed',
      'unproven',
      'bad-shard',
      'no-shard',
    ] as const
  ).map(reason => ({ type: 'refuse', job, reason }) as const),
  { type: 'greet', job, contract: hash, key: new Uint8Array(32).fill(7) },
  { type: 'welcome', job, key: new Uint8Array(32).fill(8), signature: new Uint8Array(64).fill(9) },
  { type: 'prove', job, signature: new Uint8Array(64).fill(9), sizeBytes: SHARD.mostBytes },
  { type: 'take', job, next: 3 },
  { type: 'losses', job, step: 7, values },
]

describe('messages of lent compute', () => {
  test.each(messages.map(message => [message.type, message] as const))('%s comes back', (_type, message) => {
    expect(decodeLending(encodeLending(message))).toEqual(message)
    const carried = encodeMessage({ type: 'lend', message, coarse: false })
    expect(decodeMessage(carried)).toEqual({ type: 'lend', message, coarse: false })
  })

  test.each(messages.map(message => [message.type, message] as const))(
    '%s is refused cut short or with more behind it',
    (_type, message) => {
      const whole = encodeLending(message)
      const ends = new Set([whole.length - 1, whole.length + 1, ...Array.from({ length: 12 }, (_, i) => i)])
      for (const length of ends) {
        if (length === whole.length) continue
        const bytes = new Uint8Array(length)
        bytes.set(whole.subarray(0, length))
        const read = decodeLending(bytes)
        // Fewer whole values are another message of that type; anything else is none.
        if (read && 'values' in read && 'values' in message)
          expect(read.values.length).toBeLessThan(message.values.length)
        else expect(read).toBeUndefined()
      }
    },
  )

  it('carries the numbers of samples, and the last chunk whatever its length', () => {
    const sealed = Uint8Array.from({ length: 17 }, (_, i) => i)
    for (const message of [
      { type: 'work', job, step: 9, indices: Int32Array.of(0, 5, 0x7fffffff) },
      { type: 'shard', job, index: 2, total: 3, sealed },
    ] as const) {
      const bytes = encodeLending(message)
      expect(decodeLending(bytes)).toEqual(message)
      // A tag and nothing under it is no chunk.
      expect(decodeLending(bytes.subarray(0, bytes.length - 1))).toBeUndefined()
    }
  })

  it('takes chunks before the last only when they are full', () => {
    const full = new Uint8Array(SHARD.chunkBytes + 16).fill(5)
    for (const [size, isTaken] of [
      [full.length, true],
      [full.length - 1, false],
    ] as const) {
      const sent = { type: 'shard', job, index: 1, total: 3, sealed: full.subarray(0, size) } as const
      const read = decodeLending(encodeLending(sent))
      expect(read?.type === 'shard' && Buffer.compare(read.sealed, sent.sealed) === 0).toBe(isTaken)
    }
  })

  it('refuses handovers beyond the limits', () => {
    const chunk = { type: 'shard', job, index: 0, total: 1, sealed: new Uint8Array(20) } as const
    const far = SHARD.mostBytes / SHARD.chunkBytes + 1
    for (const message of [
      { type: 'prove', job, signature: new Uint8Array(64), sizeBytes: SHARD.mostBytes + 1 },
      { type: 'prove', job, signature: new Uint8Array(64), sizeBytes: 0 },
      { ...chunk, total: 2 },
      { ...chunk, index: 1 },
      { ...chunk, index: far - 1, total: far },
      { ...chunk, sealed: new Uint8Array(SHARD.chunkBytes + 17) },
      { type: 'work', job, step: 1, indices: Int32Array.of(-1) },
      { type: 'work', job, step: 1, indices: new Int32Array(LEND_LIMITS.indices + 1) },
      { type: 'losses', job, step: 1, values: new Float32Array(LEND_LIMITS.workSteps + 1) },
    ] as const)
      expect(decodeLending(encodeLending(message))).toBeUndefined()
  })

  it('carries scaled bytes to half a step of the largest in a block of 256', () => {
    const rng = createRng('scaled bytes')
    for (const [scale, count] of [
      [1e-12, 300],
      [1e-3, 256],
      [1, 257],
      [1e20, 1],
      [1, 1_024],
    ] as const) {
      const sent = Float32Array.from({ length: count }, (_, i) => scale * (i < 256 ? 1 : 1e-4) * rng.normal())
      const message = { type: 'backprop', job, step: 1, values: sent } as const
      const bytes = encodeLending(message, true)
      if (count > 1) expect(bytes.length).toBeLessThan(0.3 * encodeLending(message).length)
      const read = decodeLending(bytes)
      const got = read && 'values' in read ? read.values : new Float32Array()
      expect(got.length).toBe(count)
      for (let from = 0; from < count; from += 256) {
        const block = sent.subarray(from, from + 256)
        const largest = block.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
        block.forEach((value, i) =>
          expect(Math.abs(got[from + i]! - value)).toBeLessThanOrEqual((1.0001 * largest) / 254),
        )
      }
    }
    const zeros = encodeLending({ type: 'backprop', job, step: 1, values: new Float32Array(3) }, true)
    expect(decodeLending(zeros)).toMatchObject({ values: new Float32Array(3) })
  })

  it('refuses scaled bytes that end behind a scale, or hold nothing', () => {
    const whole = encodeLending({ type: 'backprop', job, step: 1, values: new Float32Array(300) }, true)
    expect(decodeLending(whole)).toBeDefined()
    // 44 values of the second block and its scale: without any of them the scale stands alone.
    for (const cut of [44, 45, 46, 47, 48 + 256]) expect(decodeLending(whole.slice(0, -cut))).toBeUndefined()
    expect(decodeLending(whole.slice(0, -48))).toBeDefined()
  })

  it('does not make a number of what is none', () => {
    for (const bad of [NaN, Infinity, -Infinity]) {
      for (const coarse of [true, false]) {
        const bytes = encodeLending(
          { type: 'outputs', job, step: 1, values: Float32Array.of(1, bad) },
          coarse,
        )
        const read = decodeLending(bytes)
        expect(read && 'values' in read && read.values.every(Number.isFinite)).toBe(false)
      }
    }
  })

  it('refuses what is beyond its limits before it allocates', () => {
    const head = encodeLending({ type: 'params', job, what: 'start', total: 6, offset: 0, values })
    const view = new DataView(head.buffer)
    for (const [total, offset] of [
      [LEND_LIMITS.parameters + 1, 0],
      [5, 0],
      [6, 1],
      [6, 0xffffffff],
    ] as const) {
      view.setUint32(7, total)
      view.setUint32(11, offset)
      expect(decodeLending(head)).toBeUndefined()
    }
    const piece = new Float32Array(LEND_LIMITS.piece + 1)
    expect(
      decodeLending(
        encodeLending({ type: 'params', job, what: 'start', total: 1e6, offset: 0, values: piece }),
      ),
    ).toBeUndefined()
    const many = new Float32Array(LEND_LIMITS.values + 1)
    expect(decodeLending(encodeLending({ type: 'outputs', job, step: 1, values: many }))).toBeUndefined()
    for (const count of [0, 4, LEND_LIMITS.batch + 1])
      expect(decodeLending(encodeLending({ type: 'forward', job, step: 1, count, values }))).toBeUndefined()
    const first = messages[0]
    if (first?.type !== 'open') throw new Error('the first is an open')
    for (const change of [{ batchSize: 0 }, { batchSize: 5_000 }, { learningRate: NaN }, { proximal: -1 }])
      expect(decodeLending(encodeLending({ ...first, ...change }))).toBeUndefined()
  })

  it('survives 20,000 mutations: undefined, or a message that encodes again', () => {
    const seed = 'lend fuzz'
    const rng = createRng(seed)
    let read = 0
    const small = messages.filter(message => encodeLending(message).length < 1_024)
    for (let i = 0; i < 20_000; i++) {
      const message = small[rng.below(small.length)]!
      const bytes = encodeLending(message, rng.next() < 0.5 && message.type !== 'params').slice()
      for (let n = rng.below(4); n >= 0; n--) bytes[rng.below(bytes.length)] = rng.below(256)
      const length = rng.next() < 0.2 ? rng.below(bytes.length + 1) : bytes.length
      const got = decodeLending(bytes.subarray(0, length))
      if (!got) continue
      read++
      // Bytes, not values: NaN may stand in a message, and comparing bytes is quick.
      const again = encodeLending(got)
      const back = decodeLending(again)
      expect(back && Buffer.compare(encodeLending(back), again), seed).toBe(0)
    }
    expect(read).toBeGreaterThan(1_000)
  })
})
