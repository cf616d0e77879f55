import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addOneBit,
  checkOneBit,
  CHUNK,
  decodeOneBit,
  encodeOneBit,
  oneBitBytes,
  oneBitNorm,
} from '../../../src/core/compress/one-bit.ts'
import { createRng } from '../../../src/core/num/rng.ts'

function noise(seed: string, count: number, size = 1): Float32Array {
  const rng = createRng(seed)
  return Float32Array.from({ length: count }, () => size * rng.normal())
}

describe('one-bit codec', () => {
  test('size follows from the parameter count alone', () => {
    expect(oneBitBytes(101_770)).toBe(2 * 25 + 12_722)
    for (const count of [1, 7, 8, 9, CHUNK - 1, CHUNK, CHUNK + 1]) {
      expect(encodeOneBit(noise('size', count)).length).toBe(oneBitBytes(count))
    }
  })

  test('a known vector has known bytes', () => {
    // mean magnitude 1.5 = 0x3e00 in half precision; negative at positions 1 and 8.
    const error = Float32Array.of(1, -2, 1, 2, 1, 2, 1, 2, -1.5)
    expect([...encodeOneBit(error)]).toEqual([0x3e, 0x00, 0b0000_0010, 0b0000_0001])
    expect([...error]).toEqual([-0.5, -0.5, -0.5, 0.5, -0.5, 0.5, -0.5, 0.5, 0])
  })

  test('what was said and what is still owed add up to what was meant', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.integer({ min: 1, max: 10_000 }),
        fc.double({ min: 1e-4, max: 1e3, noNaN: true }),
        (seed, count, size) => {
          const meant = noise(seed, count, size)
          const residual = meant.slice()
          const said = decodeOneBit(encodeOneBit(residual), count)
          for (let i = 0; i < count; i++) {
            expect(Math.abs(said[i]! + residual[i]! - meant[i]!)).toBeLessThanOrEqual(
              1e-6 * (Math.abs(meant[i]!) + Math.abs(said[i]!)),
            )
          }
        },
      ),
      { numRuns: 50 },
    )
  })

  test('error feedback: over many rounds what was said approaches what was meant; without it, it never does', () => {
    const meant = noise('feedback', 5_000)
    const residual = new Float32Array(meant.length)
    const [fed, forgetful] = [new Float64Array(meant.length), new Float64Array(meant.length)]
    const rounds = 400
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < meant.length; i++) residual[i]! += meant[i]!
      addOneBit(fed, encodeOneBit(residual), 1 / rounds)
      addOneBit(forgetful, encodeOneBit(meant.slice()), 1 / rounds)
    }
    const error = (said: Float64Array): number =>
      Math.hypot(...said.map((value, i) => value - meant[i]!)) / Math.hypot(...meant)
    expect(error(fed)).toBeLessThan(0.15)
    expect(error(forgetful)).toBeGreaterThan(0.5)
  })

  test('the norm needs no decoding', () => {
    const payload = encodeOneBit(noise('norm', 9_000))
    const decoded = decodeOneBit(payload, 9_000)
    expect(oneBitNorm(payload, 9_000)).toBeCloseTo(
      Math.sqrt(decoded.reduce((sum, value) => sum + value * value, 0)),
      6,
    )
  })

  test('magnitudes beyond half precision are held at its end, and zeros stay zeros', () => {
    const huge = Float32Array.of(1e30, -1e30)
    expect(checkOneBit(encodeOneBit(huge), 2)).toBeNull()
    const zero = new Float32Array(10)
    expect([...decodeOneBit(encodeOneBit(zero), 10)].every(value => value === 0)).toBe(true)
  })
})

describe('payloads from outside', () => {
  const payload = encodeOneBit(noise('outside', 4_100))

  test('a sound one passes', () => expect(checkOneBit(payload, 4_100)).toBeNull())

  test.each([
    ['short', payload.subarray(1)],
    ['long', Uint8Array.of(...payload, 0)],
    ['empty', new Uint8Array(0)],
  ])('%s: wrong length', (_, bytes) => expect(checkOneBit(bytes, 4_100)).toBe('wrong-length'))

  test.each([
    ['infinity', 0x7c00],
    ['NaN', 0x7e01],
    ['minus infinity', 0xfc00],
    ['a negative magnitude', 0xbc00],
  ])('%s as a scale: not finite', (_, bits) => {
    for (const chunk of [0, 1]) {
      const bad = payload.slice()
      new DataView(bad.buffer).setUint16(2 * chunk, bits)
      expect(checkOneBit(bad, 4_100)).toBe('not-finite')
    }
  })

  test('unused bits must be zero, so that an update has one encoding', () => {
    const bad = payload.slice()
    bad[bad.length - 1]! |= 0x80
    expect(checkOneBit(bad, 4_100)).toBe('wrong-length')
  })
})
