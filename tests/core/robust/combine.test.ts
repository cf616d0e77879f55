import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { combine, OUTSIZED, trimCount, type PackedVector } from '../../../src/core/robust/combine.ts'

function pack(values: readonly number[]): PackedVector {
  return {
    norm: Math.sqrt(values.reduce((sum, value) => sum + value * value, 0)),
    valueAt: i => values[i]!,
    addTo: (out, factor) => values.forEach((value, i) => (out[i]! += factor * value)),
  }
}

const mix = (vectors: number[][], trusted = true) => combine(vectors.map(pack), vectors[0]!.length, trusted)

describe('trimCount', () => {
  test.each([
    [1, true, 0],
    [3, false, 0],
    [4, true, 0],
    [4, false, 1],
    [5, true, 1],
    [9, false, 1],
    [10, false, 2],
    [50, true, 10],
  ])('%i updates, trusted %s: %i', (updates, trusted, f) => expect(trimCount(updates, trusted)).toBe(f))
})

describe('combine', () => {
  test('equal norms and no trimming: the plain mean', () => {
    expect([
      ...mix([
        [1, 0],
        [0, 1],
      ]).direction,
    ]).toEqual([0.5, 0.5])
  })

  test('longer vectors are clipped to the median norm', () => {
    expect([
      ...mix([
        [1, 0],
        [0, 1],
        [4, 0],
      ]).direction,
    ]).toEqual([2 / 3, 1 / 3])
  })

  test('five or more lose their extremes in every coordinate', () => {
    const { direction } = mix([
      [1, 1],
      [1, 1],
      [1, 1],
      [1, 1],
      [-1, -1],
    ])
    expect([...direction]).toEqual([1, 1])
  })

  test('a vector fifty times the median is left out and named; the rest is as if it had not come', () => {
    const honest = [
      [1, 0],
      [0.9, 0.1],
      [1, 0.1],
    ]
    const size = 1.1 * OUTSIZED
    const { direction, outsized } = mix([...honest, [size, size]])
    expect(outsized).toEqual([3])
    expect([...direction]).toEqual([...mix(honest).direction])
  })

  test('control: the plain mean follows a scaled liar, this one does not', () => {
    const honest = Array.from({ length: 8 }, (_, i) => [1 + 0.01 * i, 1])
    const liars = [
      [-1e6, -1e6],
      [-1e6, -1e6],
    ]
    const all = [...honest, ...liars]
    const plain = all.reduce((sum, [x]) => sum + x! / all.length, 0)
    expect(plain).toBeLessThan(-1e5)
    expect(mix(all).direction[0]).toBeGreaterThan(0.9)
  })

  test('up to f liars of honest size never move a coordinate beyond the honest range', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 8, maxLength: 8 }),
        fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 2, maxLength: 2 }),
        (honest, liars) => {
          // A padding coordinate gives all vectors one norm, so that only trimming is at work.
          const padded = [...honest, ...liars].map(value => [value, Math.sqrt(1e7 - value * value)])
          const value = mix(padded, false).direction[0]!
          expect(value).toBeGreaterThanOrEqual(Math.min(...honest) - 1e-9)
          expect(value).toBeLessThanOrEqual(Math.max(...honest) + 1e-9)
        },
      ),
    )
  })

  test('nothing but zeros gives zeros', () =>
    expect([
      ...mix([
        [0, 0],
        [0, 0],
      ]).direction,
    ]).toEqual([0, 0]))
})
