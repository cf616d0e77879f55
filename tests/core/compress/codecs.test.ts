import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BLOCK, type Codec } from '../../../src/core/compress/codec.ts'
import { createMasked } from '../../../src/core/compress/masked.ts'
import { createOneBit, oneBitBytes } from '../../../src/core/compress/one-bit.ts'
import { createSparse } from '../../../src/core/compress/sparse.ts'
import { toHalfBits } from '../../../src/core/params/half.ts'
import { createRng } from '../../../src/core/num/rng.ts'

const CODECS = [
  ['one bit', createOneBit],
  ['masked', createMasked],
  ['sparse', createSparse],
] as const

function noise(seed: string, count: number, size = 1): Float32Array {
  const rng = createRng(seed)
  return Float32Array.from({ length: count }, () => size * rng.normal())
}

function decode(codec: Codec, payload: Uint8Array, round: number): Float64Array {
  const out = new Float64Array(codec.parameters).fill(NaN)
  codec.read(payload, round, 0, codec.parameters, out, 0)
  return out
}

const counts = fc.oneof(
  fc.integer({ min: 1, max: 5 * BLOCK + 70 }),
  fc.constantFrom(1, 7, 8, 9, 63, 64, 65, BLOCK - 1, BLOCK, BLOCK + 1, 4 * BLOCK, 5 * BLOCK + 1),
)
const rounds = fc.integer({ min: 0, max: 2 ** 31 })

describe.each(CODECS)('%s', (_, create) => {
  test('what was said and what is still owed add up to what was meant; a payload has the length of its round', () => {
    fc.assert(
      fc.property(
        fc.string(),
        counts,
        rounds,
        fc.double({ min: 1e-4, max: 1e3, noNaN: true }),
        (seed, count, round, size) => {
          const codec = create(count)
          const meant = noise(seed, count, size)
          const owed = meant.slice()
          const payload = codec.encode(owed, round)
          expect(payload.length).toBe(codec.payloadBytes(round))
          expect(codec.check(payload, round)).toBeNull()
          const said = decode(codec, payload, round)
          let worst = 0
          for (let i = 0; i < count; i++) {
            const gap = Math.abs(said[i]! + owed[i]! - meant[i]!)
            worst = Math.max(worst, gap / (Math.abs(meant[i]!) + Math.abs(said[i]!) || 1))
          }
          expect(worst).toBeLessThan(1e-6)
          const square = said.reduce((sum, value) => sum + value * value, 0)
          expect(codec.norm(payload, round)).toBeCloseTo(Math.sqrt(square), 3)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('any range reads as it does in the whole, and nothing beside it is touched', () => {
    fc.assert(
      fc.property(counts, rounds, fc.nat(), fc.nat(), (count, round, a, b) => {
        const codec = create(count)
        const payload = codec.encode(noise('range', count), round)
        const whole = decode(codec, payload, round)
        const [from, to] = [a % (count + 1), b % (count + 1)].sort((x, y) => x - y) as [number, number]
        const out = new Float64Array(to - from + 5).fill(7)
        codec.read(payload, round, from, to, out, 3)
        expect(out.subarray(3, 3 + to - from)).toEqual(whole.subarray(from, to))
        expect([...out.subarray(0, 3), ...out.subarray(3 + to - from)]).toEqual([7, 7, 7, 7, 7])
      }),
      { numRuns: 60 },
    )
  })

  test('blocks that a round does not cover are silent and stay owed', () => {
    const count = 9 * BLOCK + 100
    const codec = create(count)
    const meant = noise('silent', count)
    for (let round = 0; round < 9; round++) {
      const owed = meant.slice()
      const said = decode(codec, codec.encode(owed, round), round)
      for (let block = 0; block < 10; block++) {
        const [from, to] = [block * BLOCK, (block + 1) * BLOCK]
        const isSilent = said.subarray(from, to).every(value => value === 0)
        expect(isSilent).toBe(!codec.covers(round, block))
        if (isSilent) expect(owed.subarray(from, to)).toEqual(meant.subarray(from, to))
      }
    }
  })

  test('error feedback: the mean of what is said approaches what is meant', () => {
    const meant = noise('feedback', 5 * BLOCK)
    const codec = create(meant.length)
    const owed = new Float32Array(meant.length)
    const fed = new Float64Array(meant.length)
    const rounds = 600
    for (let round = 0; round < rounds; round++) {
      // All of the residual here: what is forgotten on the way never arrives.
      for (let i = 0; i < meant.length; i++) owed[i]! += meant[i]!
      const said = decode(codec, codec.encode(owed, round), round)
      for (let i = 0; i < meant.length; i++) fed[i]! += said[i]! / rounds
    }
    let [gap, whole] = [0, 0]
    for (let i = 0; i < meant.length; i++) {
      gap += (fed[i]! - meant[i]!) ** 2
      whole += meant[i]! ** 2
    }
    expect(Math.sqrt(gap / whole)).toBeLessThan(0.15)
  })

  test('extremes: zeros say nothing, magnitudes beyond half precision are held at its end', () => {
    const count = 2 * BLOCK + 10
    const codec = create(count)
    expect(decode(codec, codec.encode(new Float32Array(count), 0), 0).every(value => value === 0)).toBe(true)
    const payload = codec.encode(new Float32Array(count).fill(-1e30), 0)
    expect(codec.check(payload, 0)).toBeNull()
    expect(decode(codec, payload, 0).every(value => value === 0 || value === -65504)).toBe(true)
  })

  test('payloads of another length are none', () => {
    const codec = create(3 * BLOCK + 5)
    const payload = codec.encode(noise('length', codec.parameters), 1)
    for (const bytes of [payload.subarray(1), Uint8Array.of(...payload, 0), new Uint8Array(0)]) {
      expect(codec.check(bytes, 1)).toBe('wrong-length')
    }
  })

  test('whatever bytes pass the check read as finite numbers of one norm', () => {
    const codec = create(2 * BLOCK + 77)
    let passed = 0
    fc.assert(
      fc.property(
        fc.string(),
        fc.nat(3),
        fc.array(fc.tuple(fc.nat(), fc.nat(255))),
        (seed, round, changes) => {
          const payload = codec.encode(noise(seed, codec.parameters), round)
          for (const [at, byte] of changes) payload[at % payload.length] = byte
          if (codec.check(payload, round) !== null) return
          passed++
          const said = decode(codec, payload, round)
          const norm = codec.norm(payload, round)
          expect(norm).toBeLessThanOrEqual(65504 * Math.sqrt(codec.parameters))
          expect(Math.sqrt(said.reduce((sum, value) => sum + value * value, 0)) / (norm || 1)).toBeCloseTo(
            norm ? 1 : 0,
            9,
          )
        },
      ),
      { numRuns: 100 },
    )
    expect(passed).toBeGreaterThan(5)
  })

  test('no parameters, no codec', () => {
    for (const count of [0, -1, 1.5, NaN]) expect(() => create(count)).toThrow(RangeError)
  })
})

describe('signs', () => {
  test('one bit: the payload of profile A', () => {
    const codec = createOneBit(9)
    // mean magnitude 1.5 = 0x3e00 in half precision; negative at positions 1 and 8.
    const error = Float32Array.of(1, -2, 1, 2, 1, 2, 1, 2, -1.5)
    expect([...codec.encode(error, 5)]).toEqual([0x3e, 0x00, 0b0000_0010, 0b0000_0001])
    expect([...error]).toEqual([-0.5, -0.5, -0.5, 0.5, -0.5, 0.5, -0.5, 0.5, 0])
    expect(createOneBit(101_770).payloadBytes(3)).toBe(oneBitBytes(101_770))
  })

  test('minus zero is no negative number', () => {
    expect(createOneBit(2).encode(Float32Array.of(-0, -1), 0)[2]).toBe(2)
  })

  test('masked: every block speaks once in K rounds, K = min(4, blocks)', () => {
    for (const blocks of [1, 2, 3, 4, 5, 25]) {
      const codec = createMasked(blocks * BLOCK)
      const cycle = Math.min(4, blocks)
      for (let block = 0; block < blocks; block++) {
        const spoken = Array.from({ length: 3 * cycle }, (_, round) => round).filter(round =>
          codec.covers(round, block),
        )
        expect(spoken.length).toBe(3)
        expect((spoken[0]! + block) % cycle).toBe(0)
      }
    }
    expect([0, 1, 2, 3].map(round => createMasked(101_770).payloadBytes(round))).toEqual([
      // 25 blocks, the last of 3,466 parameters, which speaks in rounds 0, 4, ...
      7 * 2 + 6 * 512 + 434,
      6 * 2 + 6 * 512,
      6 * 2 + 6 * 512,
      6 * 2 + 6 * 512,
    ])
  })

  test.each(CODECS.slice(0, 2))('%s: scales and unused bits from outside', (_, create) => {
    const codec = create(4 * BLOCK + 3)
    const payload = codec.encode(noise('outside', codec.parameters), 0)
    for (const [bits, fault] of [
      [0x7c00, 'not-finite'],
      [0x7e01, 'not-finite'],
      [0xfc00, 'not-finite'],
      [0xbc00, 'not-canonical'],
      [0x8000, 'not-canonical'],
    ] as const) {
      for (const at of [0, 2]) {
        const bad = payload.slice()
        new DataView(bad.buffer).setUint16(at, bits)
        expect(codec.check(bad, 0)).toBe(fault)
      }
    }
    const bad = payload.slice()
    bad[bad.length - 1]! |= 8
    expect(codec.check(bad, 0)).toBe('not-canonical')
  })
})

describe('sparse', () => {
  test('its size: 116 bytes per block of 4096', () => {
    expect(createSparse(BLOCK).payloadBytes(0)).toBe(116)
    expect(createSparse(101_770).payloadBytes(0)).toBe(24 * 116 + 4 + Math.ceil((55 * 14) / 8))
    expect(createSparse(101_770).carry).toBe(0.95)
  })

  test('the largest are sent; of equal ones those with the smaller index', () => {
    const error = new Float32Array(BLOCK).fill(0.5)
    for (let k = 0; k < 10; k++) error[4000 - 3 * k] = k % 2 ? -4 : 4
    const codec = createSparse(BLOCK)
    const said = decode(codec, codec.encode(error, 0), 0)
    const sent = [...said.keys()].filter(i => said[i] !== 0)
    expect(sent).toEqual([
      ...Array.from({ length: 54 }, (_, i) => i),
      ...Array.from({ length: 10 }, (_, k) => 3973 + 3 * k),
    ])
    expect(said[0]).toBe(0.5)
    expect([said[4000], said[3997]]).toEqual([4, -4])
    expect(error[4000]).toBe(0)
  })

  test('a known block has known bytes', () => {
    const error = new Float32Array(100)
    error[3] = 2
    error[99] = -8
    const codec = createSparse(100)
    // low 2 = 0x4000, high 8 = 0x4800; 3 + - low: 000000000011 0 0; 99 - high: 000001100011 1 1; four bits unused.
    expect([...codec.encode(error, 0)]).toEqual([
      0x40, 0x00, 0x48, 0x00, 0b0000_0000, 0b0011_0000, 0b0001_1000, 0b1111_0000,
    ])
  })

  test('scales, order and unused bits from outside', () => {
    const codec = createSparse(BLOCK + 100)
    const payload = codec.encode(noise('outside', codec.parameters), 0)
    const spoiled = (change: (bytes: Uint8Array, view: DataView) => void) => {
      const bad = payload.slice()
      change(bad, new DataView(bad.buffer))
      return codec.check(bad, 0)
    }
    expect(spoiled((_, view) => view.setUint16(0, 0x7c00))).toBe('not-finite')
    expect(spoiled((_, view) => view.setUint16(2, 0x7e00))).toBe('not-finite')
    expect(spoiled((_, view) => view.setUint16(116, 0x8001))).toBe('not-canonical')
    expect(spoiled((_, view) => view.setUint16(0, toHalfBits(60000)))).toBe('not-canonical')
    // The first two indices of the first block become 0, then the last one of the second 127 where 100 end.
    expect(spoiled(bytes => bytes.fill(0, 4, 8))).toBe('not-canonical')
    expect(spoiled(bytes => bytes.fill(0xff, 116 + 5, 116 + 7))).toBe('not-canonical')
    expect(spoiled(bytes => (bytes[bytes.length - 1]! |= 1))).toBe('not-canonical')
  })
})
