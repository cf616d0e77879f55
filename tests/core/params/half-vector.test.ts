// Rounding and bits of whole vectors against the careful conversion of single values.
import { describe, expect, test } from 'vitest'
import { createRng } from '../../../src/core/num/rng.ts'
import { readHalves, roundToHalf, writeHalves } from '../../../src/core/params/half-vector.ts'
import { fromHalfBits, toHalfBits } from '../../../src/core/params/half.ts'

const LARGEST = 65504

/** What half.ts says, but for infinities, NaN and the negative zero, which a state has none of. */
function slowly(value: number): number {
  if (Number.isNaN(value)) return 0
  const half = fromHalfBits(toHalfBits(value))
  return Math.max(-LARGEST, Math.min(LARGEST, half)) + 0
}

function mismatches(values: Float32Array): number[] {
  const rounded = values.slice()
  roundToHalf(rounded)
  return [...values].filter((value, i) => !Object.is(rounded[i], slowly(value)))
}

describe('roundToHalf', () => {
  test('every half stays what it is, and so do the points between neighbours and just beside them', () => {
    const values: number[] = []
    for (let bits = 0; bits < 0x7c00; bits++) {
      const value = fromHalfBits(bits)
      const middle = (value + (bits === 0x7bff ? 65536 : fromHalfBits(bits + 1))) / 2
      for (const x of [value, middle, middle * (1 + 2 ** -22), middle * (1 - 2 ** -22)]) values.push(x, -x)
    }
    expect(mismatches(Float32Array.from(values))).toEqual([])
  })

  test('every exponent of float32, seeded fractions', () => {
    const seed = 'half-vector'
    const rng = createRng(seed)
    const words = new Uint32Array(200_000)
    for (let i = 0; i < words.length; i++) words[i] = rng.below(2 ** 32)
    for (let exponent = 0; exponent < 256; exponent++) {
      words[2 * exponent] = exponent << 23
      words[2 * exponent + 1] = ((exponent << 23) | 0x80000000) >>> 0
    }
    expect(mismatches(new Float32Array(words.buffer)), `seed ${seed}`).toEqual([])
  })

  test('a part of a longer buffer is all that changes', () => {
    const values = new Float32Array(4).fill(1 / 3)
    roundToHalf(values.subarray(1, 3))
    const rounded = fromHalfBits(toHalfBits(1 / 3))
    expect([...values]).toEqual([Math.fround(1 / 3), rounded, rounded, Math.fround(1 / 3)])
  })
})

describe('bits', () => {
  test('all finite halves are written as their bits, low byte first, and read back', () => {
    const patterns = Array.from({ length: 0x10000 }, (_, bits) => bits).filter(
      bits => (bits & 0x7fff) < 0x7c00 && bits !== 0x8000,
    )
    const values = Float32Array.from(patterns, fromHalfBits)
    const bytes = new Uint8Array(3 + 2 * values.length)
    writeHalves(values, bytes, 3)
    expect(patterns.filter((bits, i) => bits !== bytes[3 + 2 * i]! + 256 * bytes[4 + 2 * i]!)).toEqual([])
    expect(readHalves(bytes, 3, values.length)).toEqual(values)
  })

  test.each([0x8000, 0x7c00, 0xfc00, 0x7e00, 0x7c01, 0xffff])(
    '%i is the bits of no value of a state',
    bits => {
      expect(readHalves(Uint8Array.of(0, 0x3c, bits & 255, bits >> 8), 0, 2)).toBeUndefined()
    },
  )
})
