// What is done to activations before they leave, and how much of the inputs they still tell.
import { describe, expect, it } from 'vitest'
import { createRng } from '../../../src/core/num/rng.ts'
import {
  addNoise,
  clipNorm,
  clipRows,
  noiseWords,
  unclipGradient,
} from '../../../src/core/privacy/activations.ts'
import { reconstructionR2 } from '../../../src/core/privacy/reconstruction.ts'

const normals = (seed: string, size: number, scale = 1): Float32Array => {
  const rng = createRng(seed)
  return Float32Array.from({ length: size }, () => scale * rng.normal())
}
const key = new Uint8Array(32).fill(7)

describe('clipping activations', () => {
  it('scales rows above the limit onto it and leaves the others', () => {
    const rows = Float32Array.of(3, 4, 0.3, 0.4, 0, 0)
    expect([...clipRows(rows, 3, 2, 1)]).toEqual([5, Math.hypot(Math.fround(0.3), Math.fround(0.4)), 0])
    expect([...rows].map(value => value.toFixed(4))).toEqual([
      '0.6000',
      '0.8000',
      '0.3000',
      '0.4000',
      '0.0000',
      '0.0000',
    ])
    const whole = Float32Array.of(30, 40)
    clipRows(whole, 1, 2, 0)
    expect([...whole]).toEqual([30, 40])
  })

  it('is differentiated as it is computed: against finite differences', () => {
    const seed = 'clip gradient'
    const [count, width, limit] = [6, 9, 2.5]
    const rows = normals(seed, count * width)
    const weights = normals(`${seed} loss`, count * width)
    const lossAt = (values: Float32Array): number => {
      const copy = values.slice()
      clipRows(copy, count, width, limit)
      return copy.reduce((sum, value, i) => sum + value * weights[i]!, 0)
    }
    const clipped = rows.slice()
    const norms = clipRows(clipped, count, width, limit)
    expect([...norms].filter(norm => norm > limit).length).toBeGreaterThan(1)
    expect([...norms].filter(norm => norm < limit).length).toBeGreaterThan(0)
    const gradient = weights.slice()
    unclipGradient(gradient, clipped, norms, width, limit)
    for (let i = 0; i < rows.length; i++) {
      const [up, down] = [rows.slice(), rows.slice()]
      up[i] = up[i]! + 1e-2
      down[i] = down[i]! - 1e-2
      const step = up[i]! - down[i]!
      expect(Math.abs((lossAt(up) - lossAt(down)) / step - gradient[i]!), seed).toBeLessThan(2e-3)
    }
  })

  it('is named for 32 values and grows with the root of the width', () => {
    expect(clipNorm(3_000, 32)).toBe(3)
    expect(clipNorm(3_000, 128)).toBe(6)
    expect(clipNorm(0, 128)).toBe(0)
  })
})

describe('noise on activations', () => {
  it('is normal with the deviation asked for, and another under another key', () => {
    const values = new Float32Array(20_001)
    addNoise(values, 0.5, noiseWords(key))
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const moment = (power: number): number =>
      values.reduce((sum, value) => sum + (value / 0.5) ** power, 0) / values.length
    expect(Math.abs(mean)).toBeLessThan(0.015)
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.04)
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.3)
    const other = new Float32Array(20_001)
    addNoise(other, 0.5, noiseWords(new Uint8Array(32).fill(8)))
    expect(other[0]).not.toBe(values[0])
    const none = new Float32Array(4)
    addNoise(none, 0, noiseWords(key))
    expect([...none]).toEqual([0, 0, 0, 0])
  })
})

describe('linear reconstruction', () => {
  const [count, inputs] = [120, 12]
  const x = normals('inputs', count * inputs)
  /** Rectified random features of the inputs. */
  const features = (width: number): Float32Array => {
    const weights = normals('weights', inputs * width, 1 / Math.sqrt(inputs))
    return Float32Array.from({ length: count * width }, (_, i) => {
      let sum = 0
      for (let j = 0; j < inputs; j++)
        sum += x[Math.floor(i / width) * inputs + j]! * weights[j * width + (i % width)]!
      return Math.max(0, sum)
    })
  }
  const noisy = (sent: Float32Array, deviation: number): Float32Array => {
    const copy = sent.slice()
    addNoise(copy, deviation, noiseWords(key))
    return copy
  }

  it('finds all of what is sent as it is, and nothing in what has no part in it', () => {
    expect(reconstructionR2(x, x, count)).toBeGreaterThan(0.999)
    expect(reconstructionR2(normals('elsewhere', count * 20), x, count)).toBeLessThan(0.05)
  })

  it('falls as noise grows and as the layer narrows', () => {
    const wide = features(40)
    const byNoise = [0, 0.25, 1, 4].map(deviation => reconstructionR2(noisy(wide, deviation), x, count))
    expect(byNoise[0]).toBeGreaterThan(0.8)
    for (let i = 1; i < byNoise.length; i++) expect(byNoise[i]).toBeLessThan(byNoise[i - 1]! - 0.03)
    const byWidth = [40, 10, 3].map(width => reconstructionR2(features(width), x, count))
    for (let i = 1; i < byWidth.length; i++) expect(byWidth[i]).toBeLessThan(byWidth[i - 1]! - 0.1)
  })

  it('says that it cannot tell from few samples, or of inputs that are all the same', () => {
    expect(reconstructionR2(x.subarray(0, 5 * inputs), x.subarray(0, 5 * inputs), 5)).toBeNaN()
    expect(reconstructionR2(x, new Float32Array(count * 3).fill(2), count)).toBeNaN()
    expect(reconstructionR2(new Float32Array(count * 4), x, count)).toBe(0)
  })
})
