import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PartitionScheme } from '../../../src/core/data/dataset.ts'
import { logGamma, type Part, partition, partSize } from '../../../src/core/data/partition.ts'
import { createRng } from '../../../src/core/num/rng.ts'

const scheme: fc.Arbitrary<PartitionScheme> = fc.oneof(
  fc.constant({ type: 'iid' } as const),
  fc.integer({ min: 1, max: 100_000 }).map(alphaMilli => ({ type: 'dirichlet', alphaMilli }) as const),
  fc.integer({ min: 1, max: 12 }).map(classesPerPart => ({ type: 'classes', classesPerPart }) as const),
)
const counts = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 12 })
const parts = fc.integer({ min: 1, max: 20 })

const held = (part: Part): number[] =>
  part.flatMap((range, label) => (range.end > range.start ? [label] : []))
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** Marks every sample that a part holds; fails on a second mark or one out of bounds. */
function owners(dealt: readonly Part[], classCounts: readonly number[]): number[][] {
  const marks = classCounts.map(count => new Array<number>(count).fill(-1))
  dealt.forEach((part, index) => {
    expect(part).toHaveLength(classCounts.length)
    part.forEach(({ start, end }, label) => {
      expect(start).toBeGreaterThanOrEqual(0)
      expect(end).toBeGreaterThanOrEqual(start)
      expect(end).toBeLessThanOrEqual(classCounts[label]!)
      if (marks[label]!.slice(start, end).some(mark => mark >= 0))
        throw new Error(`class ${label} dealt twice`)
      marks[label]!.fill(index, start, end)
    })
  })
  return marks
}

describe('partition', () => {
  it('deals disjoint ranges within bounds, and every sample of the classes it covers', () => {
    fc.assert(
      fc.property(scheme, fc.string(), counts, parts, (kind, seed, classCounts, n) => {
        const dealt = partition(kind, seed, classCounts, n, 0)
        expect(dealt).toHaveLength(n)
        const marks = owners(dealt, classCounts)
        const covered = marks.map(line => line.every(mark => mark >= 0))
        const complete = kind.type !== 'classes' || n * kind.classesPerPart >= classCounts.length
        for (const [label, line] of marks.entries()) {
          if (complete) expect(covered[label]).toBe(true)
          else expect(covered[label] || line.every(mark => mark < 0)).toBe(true)
        }
        if (kind.type === 'classes')
          for (const part of dealt) expect(held(part).length).toBeLessThanOrEqual(kind.classesPerPart)
      }),
      { numRuns: 300 },
    )
  })

  it('gives the same parts for the same seed, and keeps each within partSamples', () => {
    fc.assert(
      fc.property(
        scheme,
        fc.string(),
        counts,
        parts,
        fc.integer({ min: 1, max: 300 }),
        (kind, seed, cs, n, limit) => {
          const full = partition(kind, seed, cs, n, 0)
          const capped = partition(kind, seed, cs, n, limit)
          expect(partition(kind, seed, cs, n, limit)).toEqual(capped)
          for (const [i, part] of capped.entries()) {
            expect(partSize(part)).toBe(Math.min(limit, partSize(full[i]!)))
            // Thinned alike: within one sample of the proportional share, or the one that keeps a class alive.
            const share = partSize(part) / Math.max(1, partSize(full[i]!))
            const classesHeld = held(full[i]!).length
            for (const [label, range] of part.entries()) {
              const whole = full[i]![label]!
              expect(range.start).toBe(whole.start)
              const exact = (whole.end - whole.start) * share
              expect(Math.abs(range.end - range.start - exact)).toBeLessThan(1 + classesHeld)
            }
            if (limit >= classesHeld) expect(held(part)).toEqual(held(full[i]!))
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('deals IID parts that differ by at most one sample a class', () => {
    fc.assert(
      fc.property(fc.string(), counts, parts, (seed, classCounts, n) => {
        const dealt = partition({ type: 'iid' }, seed, classCounts, n, 0)
        for (const label of classCounts.keys()) {
          const sizes = dealt.map(part => part[label]!.end - part[label]!.start)
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
        }
      }),
    )
  })

  it('leaves no Dirichlet part without samples when there are enough', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.string(), counts, parts, (alphaMilli, seed, cs, n) => {
        const least = Math.min(10, Math.floor(sum(cs) / n))
        for (const part of partition({ type: 'dirichlet', alphaMilli }, seed, cs, n, 0))
          expect(partSize(part)).toBeGreaterThanOrEqual(least)
      }),
    )
  })
})

describe('the schemes on ten classes', () => {
  const ten = new Array<number>(10).fill(6000)

  it('gives four parts two or three whole digits each, all ten covered', () => {
    for (let seed = 0; seed < 50; seed++) {
      const dealt = partition({ type: 'classes', classesPerPart: 3 }, `seed ${seed}`, ten, 4, 0)
      expect(dealt.map(part => held(part).length).sort()).toEqual([2, 2, 3, 3])
      expect(dealt.flatMap(held).sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    }
  })

  it('shares classes when the parts have room for them', () => {
    const dealt = partition({ type: 'classes', classesPerPart: 2 }, 'room', ten, 10, 0)
    expect(dealt.map(part => held(part).length)).toEqual(new Array(10).fill(2))
    const holders = ten.map((_, label) => dealt.filter(part => held(part).includes(label)).length)
    expect(sum(holders)).toBe(20)
    expect(Math.min(...holders)).toBeGreaterThanOrEqual(1)
    expect(Math.max(...holders)).toBeLessThanOrEqual(3)
  })

  it('covers only some classes when there is no room for all', () => {
    const dealt = partition({ type: 'classes', classesPerPart: 2 }, 'few', ten, 3, 0)
    expect(new Set(dealt.flatMap(held)).size).toBe(6)
  })

  it('caps a part evenly over its digits', () => {
    const [first] = partition({ type: 'classes', classesPerPart: 3 }, 'cap', ten, 4, 600)
    const sizes = first!.map(range => range.end - range.start).filter(size => size > 0)
    expect(sum(sizes)).toBe(600)
    expect(new Set(sizes).size).toBe(1)
  })

  it('gets more uneven as alpha falls', () => {
    const largestShare = (alphaMilli: number): number => {
      let total = 0
      for (let seed = 0; seed < 40; seed++)
        for (const part of partition({ type: 'dirichlet', alphaMilli }, `s${seed}`, ten, 5, 0))
          total += Math.max(...part.map(range => range.end - range.start)) / partSize(part)
      return total / 200
    }
    const [even, mild, strong] = [largestShare(100_000), largestShare(1000), largestShare(100)]
    expect(even).toBeLessThan(0.13)
    expect(mild).toBeGreaterThan(even!)
    expect(strong).toBeGreaterThan(mild!)
  })

  it('refuses counts and parameters that make no sense', () => {
    expect(() => partition({ type: 'iid' }, '', ten, 0, 0)).toThrow(RangeError)
    expect(() => partition({ type: 'iid' }, '', [1.5], 1, 0)).toThrow(RangeError)
    expect(() => partition({ type: 'iid' }, '', ten, 1, -1)).toThrow(RangeError)
    expect(() => partition({ type: 'dirichlet', alphaMilli: 0 }, '', ten, 1, 0)).toThrow(RangeError)
    expect(() => partition({ type: 'classes', classesPerPart: 0 }, '', ten, 1, 0)).toThrow(RangeError)
  })
})

describe('logGamma', () => {
  // Mean and variance of Gamma(shape, 1) are both `shape`; four standard errors of 20,000 draws.
  it.each([0.3, 1, 2.5, 20])('draws Gamma(%d) with the right mean and variance', shape => {
    const rng = createRng(`gamma ${shape}`)
    const n = 20_000
    const draws = Array.from({ length: n }, () => Math.exp(logGamma(rng, shape)))
    const mean = sum(draws) / n
    const variance = sum(draws.map(draw => (draw - mean) ** 2)) / n
    expect(Math.abs(mean - shape)).toBeLessThan(4 * Math.sqrt(shape / n))
    // Fourth central moment of Gamma(k, 1): 3k^2 + 6k.
    expect(Math.abs(variance - shape)).toBeLessThan(4 * Math.sqrt((2 * shape ** 2 + 6 * shape) / n))
  })

  it('stays finite where the draw itself underflows', () => {
    const rng = createRng('tiny')
    for (let i = 0; i < 100; i++) expect(Number.isFinite(logGamma(rng, 0.0005))).toBe(true)
  })
})
