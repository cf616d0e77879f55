import { describe, expect, it } from 'vitest'
import { createRng } from '../../../src/core/num/rng.ts'
import { fromHalfBits, toHalfBits } from '../../../src/core/params/half.ts'

describe('half precision', () => {
  it('round-trips all 65,536 bit patterns (every NaN becomes the quiet one)', () => {
    let wrong = 0
    for (let bits = 0; bits < 65536; bits++) {
      const isNaNPattern = (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0
      if (toHalfBits(fromHalfBits(bits)) !== (isNaNPattern ? 0x7e00 : bits)) wrong++
    }
    expect(wrong).toBe(0)
  })

  it.each([
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65519.999, 0x7bff],
    [65520, 0x7c00],
    [-Infinity, 0xfc00],
    [NaN, 0x7e00],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [2 ** -25 * 1.0000001, 0x0001],
    [2 ** -14, 0x0400],
    [2 ** -14 - 2 ** -26, 0x0400],
    [1 / 3, 0x3555],
    [2 ** -1074, 0x0000],
  ])('encodes %f', (value, bits) => {
    expect(toHalfBits(value)).toBe(bits)
  })

  it('rounds midpoints between neighbours to the even one', () => {
    let wrong = 0
    for (let bits = 0; bits < 0x7bff; bits++) {
      const middle = (fromHalfBits(bits) + fromHalfBits(bits + 1)) / 2
      if (toHalfBits(middle) !== (bits % 2 === 0 ? bits : bits + 1)) wrong++
    }
    expect(wrong).toBe(0)
  })

  it('picks the nearest half', () => {
    const seed = 'half-nearest'
    const rng = createRng(seed)
    for (let i = 0; i < 20_000; i++) {
      const x = rng.normal() * 2 ** (rng.below(40) - 28)
      const bits = toHalfBits(x)
      const error = Math.abs(fromHalfBits(bits) - x)
      for (const other of [bits - 1, bits + 1]) {
        const neighbour = fromHalfBits(other & 0xffff)
        if (Number.isFinite(neighbour))
          expect(error, `seed ${seed}`).toBeLessThanOrEqual(Math.abs(neighbour - x))
      }
    }
  })
})
