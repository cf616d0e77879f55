import { describe, expect, it } from 'vitest'
import { discreteGaussian, SIGMA_STEPS } from '../../../src/core/privacy/discrete-gaussian.ts'
import { KeyedWords } from '../../../src/core/privacy/keystream.ts'
import { clipToGrid, privatise } from '../../../src/core/privacy/privatise.ts'
import { createRng } from '../../../src/core/num/rng.ts'

const key = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)
const norm = (values: ArrayLike<number>): number =>
  Math.sqrt(Array.from(values).reduce((sum, v) => sum + v * v, 0))

describe('keystream', () => {
  it('is ChaCha20: RFC 8439, appendix A.1, vectors 1 and 2', () => {
    const words = new KeyedWords(key(0))
    const block = Array.from({ length: 32 }, () => words.next())
    expect(block[0]).toBe(0xade0b876)
    expect(block[15]).toBe(0x8665eeb2)
    expect(block[16]).toBe(0xbee7079f)
  })

  it('goes on over the end of a batch', () => {
    const words = new KeyedWords(key(7))
    const first = Array.from({ length: 40_000 }, () => words.next())
    expect(new Set(first).size).toBeGreaterThan(39_990)
  })
})

describe('discrete Gaussian', () => {
  it('has the moments and the tails of a normal with standard deviation 2^20', () => {
    const words = new KeyedWords(key(42))
    const count = 200_000
    let mean = 0
    let square = 0
    let fourth = 0
    const beyond = [0, 0, 0]
    for (let i = 0; i < count; i++) {
      const z = discreteGaussian(words) / SIGMA_STEPS
      mean += z / count
      square += (z * z) / count
      fourth += z ** 4 / count
      for (const k of [0, 1, 2]) if (Math.abs(z) > k + 1) beyond[k]!++
    }
    // Five standard errors each.
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(count))
    expect(Math.abs(square - 1)).toBeLessThan(5 * Math.sqrt(2 / count))
    expect(Math.abs(fourth - 3)).toBeLessThan(5 * Math.sqrt(96 / count))
    ;[0.3173105, 0.0455003, 0.0026998].forEach((p, k) =>
      expect(Math.abs(beyond[k]! / count - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / count)),
    )
  })

  it('fills the low bits evenly', () => {
    const words = new KeyedWords(key(9))
    const cells = new Array<number>(16).fill(0)
    for (let i = 0; i < 32_000; i++) cells[discreteGaussian(words) & 15]!++
    const chiSquare = cells.reduce((sum, seen) => sum + (seen - 2000) ** 2 / 2000, 0)
    expect(chiSquare).toBeLessThan(44.3) // 15 degrees of freedom, 1 in 10,000
  })
})

describe('clipping', () => {
  it.each([1, 2, 3, 4, 5])('never leaves the ball, whatever comes (seed %d)', seed => {
    const rng = createRng(`clip/${seed}`)
    const change = Float64Array.from({ length: 5000 }, () => (rng.next() - 0.5) * 10 ** (8 * rng.next() - 4))
    for (const limit of [1048, 2 ** 20, 2 ** 30]) {
      const clipped = clipToGrid(change, 1e-6, limit)
      expect(clipped.every(Number.isInteger)).toBe(true)
      expect(norm(clipped)).toBeLessThanOrEqual(limit)
    }
  })

  it('leaves a small change as it is, to the grid', () => {
    const clipped = clipToGrid(Float64Array.from([3, -4.5, 0.5]), 1, 100)
    expect(Array.from(clipped, value => value + 0)).toEqual([3, -4, 0])
  })

  it('takes what is not finite for nothing', () => {
    expect(Array.from(clipToGrid(Float64Array.from([NaN, Infinity, -Infinity, 2]), 1, 10))).toEqual([
      0, 0, 0, 2,
    ])
  })
})

describe('privatise', () => {
  const terms = { type: 'noise', clipMicro: 2_000_000, noiseMilli: 500, deltaExponent: 5 } as const
  const size = 20_000
  const start = Float32Array.from({ length: size }, (_, i) => Math.sin(i))
  const far = start.map((value, i) => value + (i % 2 ? 3 : -3))

  it('moves by the clip norm in the direction of the change, with noise of the promised size', () => {
    let along = 0
    const noise: number[] = []
    const rounds = 20
    for (let round = 0; round < rounds; round++) {
      const out = privatise(start, far, terms, () => key(round))
      for (let i = 0; i < size; i++) {
        const moved = out[i]! - start[i]!
        along += ((i % 2 ? 1 : -1) * moved) / Math.sqrt(size) / rounds
        noise.push(moved - ((i % 2 ? 1 : -1) * 2) / Math.sqrt(size))
      }
    }
    // The projection of the noise on one direction has standard deviation sigma = 1.
    expect(Math.abs(along - 2)).toBeLessThan(5 / Math.sqrt(rounds))
    expect(Math.abs(norm(noise) / Math.sqrt(noise.length) - 1)).toBeLessThan(
      5 * Math.sqrt(1 / (2 * noise.length)),
    )
  })

  it('takes its noise from the bytes it is given and from nothing else', () => {
    const one = privatise(start, far, terms, () => key(1))
    expect(privatise(start, far, terms, () => key(1))).toEqual(one)
    expect(privatise(start, far, terms, () => key(2))).not.toEqual(one)
  })

  it('a job that ended in numbers that are none gives noise only', () => {
    const out = privatise(
      start,
      start.map(() => NaN),
      terms,
      () => key(4),
    )
    expect(out.every(Number.isFinite)).toBe(true)
  })
})
