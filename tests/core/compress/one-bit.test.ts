import { describe, expect, test } from 'vitest'
import { BLOCK } from '../../../src/core/compress/codec.ts'
import { oneBitBytes } from '../../../src/core/compress/one-bit.ts'
import { addOneBit, decodeOneBit, encodeOneBit } from '../../tools/one-bit.ts'
import { createRng } from '../../../src/core/num/rng.ts'

function noise(seed: string, count: number, size = 1): Float32Array {
  const rng = createRng(seed)
  return Float32Array.from({ length: count }, () => size * rng.normal())
}

describe('one-bit codec', () => {
  test('size follows from the parameter count alone', () => {
    expect(oneBitBytes(101_770)).toBe(2 * 25 + 12_722)
    for (const count of [1, 7, 8, 9, BLOCK - 1, BLOCK, BLOCK + 1]) {
      expect(encodeOneBit(noise('size', count)).length).toBe(oneBitBytes(count))
    }
  })

  test('a known vector has known bytes', () => {
    // mean magnitude 1.5 = 0x3e00 in half precision; negative at positions 1 and 8.
    const error = Float32Array.of(1, -2, 1, 2, 1, 2, 1, 2, -1.5)
    expect([...encodeOneBit(error)]).toEqual([0x3e, 0x00, 0b0000_0010, 0b0000_0001])
    expect([...error]).toEqual([-0.5, -0.5, -0.5, 0.5, -0.5, 0.5, -0.5, 0.5, 0])
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

  test('magnitudes beyond half precision are held at its end, and zeros stay zeros', () => {
    const huge = Float32Array.of(1e30, -1e30)
    expect([...decodeOneBit(encodeOneBit(huge), 2)]).toEqual([65504, -65504])
    const zero = new Float32Array(10)
    expect([...decodeOneBit(encodeOneBit(zero), 10)].every(value => value === 0)).toBe(true)
  })
})
