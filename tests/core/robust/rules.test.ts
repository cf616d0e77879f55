import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createMasked } from '../../../src/core/compress/masked.ts'
import { createOneBit } from '../../../src/core/compress/one-bit.ts'
import { createSparse } from '../../../src/core/compress/sparse.ts'
import type { RuleName } from '../../../src/core/ledger/entry.ts'
import { createRng, shuffle } from '../../../src/core/num/rng.ts'
import { BLOCK, type Vectors } from '../../../src/core/robust/rule.ts'
import { ruleOf } from '../../../src/core/robust/rules.ts'
import { OUTSIZED, trimCount } from '../../../src/core/robust/screen.ts'
import { plainCenteredClip, plainClip, plainKrum, plainNearestMedian, plainTrim } from './plain.ts'
import { normOf, vectorsOf, vectorsSaid, type Said } from './vectors.ts'

const RULES = ['clip-trim', 'clip-mean', 'multi-krum', 'nearest-median', 'centered-clip', 'mean'] as const
const ROBUST = RULES.filter(name => name !== 'mean')

function noise(seed: string, count: number, middle = 0): Float32Array {
  const rng = createRng(seed)
  return Float32Array.from({ length: count }, () => middle + rng.normal())
}

const mix = (name: RuleName, vectors: Vectors, trusted = true) => ruleOf(name, { trusted })(vectors)

/** Payloads of different sizes and, with `masked`, some by the round's mask. */
function said(seed: string, count: number, parameters: number, masked: boolean, round = 3): Said[] {
  const [whole, narrow] = [createOneBit(parameters), createMasked(parameters)]
  return Array.from({ length: count }, (_, k) => {
    const codec = masked && k % 3 === 1 ? narrow : whole
    const error = noise(`${seed} ${k}`, parameters, 0.3).map(value => value * (1 + (k % 4)))
    return { codec, payload: codec.encode(error, round), round, weight: 1 + ((7 * k) % 5) }
  })
}

/** What a set of vectors says as rows, null where one does not speak. */
function rowsOf(vectors: Vectors): (number | null)[][] {
  return Array.from({ length: vectors.count }, (_, k) => {
    const row = new Float64Array(vectors.parameters)
    vectors.read(k, 0, vectors.parameters, row, 0)
    return Array.from(row, (value, i) => {
      const covering = vectors.covering(BLOCK * Math.floor(i / BLOCK))
      return covering === null || covering.includes(k) ? value : null
    })
  })
}

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

describe('coordinate-wise rules are, bit for bit, what their definitions say', () => {
  const same = (name: 'clip-trim' | 'clip-mean' | 'mean', vectors: Vectors, trusted: boolean): void => {
    const { direction, outsized } = mix(name, vectors, trusted)
    const trim = (count: number): number => (name === 'clip-trim' ? trimCount(count, trusted) : 0)
    const plain = plainTrim(rowsOf(vectors), {
      norms: vectors.norms,
      weights: vectors.weights,
      clip: name !== 'mean',
      trim,
    })
    expect(outsized).toEqual(plain.outsized)
    if (new Set(vectors.weights).size === 1) expect([...direction]).toEqual(plain.direction.map(v => v + 0))
    else plain.direction.forEach((value, i) => expect(direction[i]).toBeCloseTo(value, 9))
  }

  test.each(['clip-trim', 'clip-mean', 'mean'] as const)('%s', name => {
    for (const count of [1, 4, 9]) {
      for (const masked of [false, true]) {
        const payloads = said(`plain ${count}`, count, BLOCK + 45, masked)
        for (const trusted of [false, true]) {
          same(name, vectorsSaid(payloads.map(one => ({ ...one, weight: 3 }))), trusted)
          same(name, vectorsSaid(payloads), trusted)
        }
      }
    }
  })

  test('values that have no common magnitude take the other way', () => {
    for (const weights of [Array<number>(7).fill(1), [1, 2, 3, 4, 5, 6, 7]]) {
      const rows = weights.map((_, k) => noise(`any ${k}`, 300, k))
      same('clip-trim', vectorsOf(rows, weights), true)
    }
  })

  test('one other value in a block changes that coordinate only', () => {
    const vectors = vectorsSaid(said('ways', 9, BLOCK, false))
    const uneven: Vectors = {
      ...vectors,
      read(k, from, to, out, at) {
        vectors.read(k, from, to, out, at)
        if (k === 2) out[at + 70 - from] = 0
      },
    }
    const [one, other] = [mix('clip-trim', vectors).direction, mix('clip-trim', uneven).direction]
    expect([...one.keys()].filter(i => one[i] !== other[i] && i !== 70)).toEqual([])
  })
})

describe('vector-level rules are what their definitions say', () => {
  const rows = Array.from({ length: 11 }, (_, k) => noise(`level ${k}`, 200, k > 8 ? -3 : 0.5 + 0.05 * k))
  const plain = rows.map(row => [...row])
  const near = (direction: Float64Array, wanted: readonly number[]): void =>
    wanted.forEach((value, i) => expect(direction[i]).toBeCloseTo(value, 8))

  test('multi-krum', () => near(mix('multi-krum', vectorsOf(rows)).direction, plainKrum(plainClip(plain))))
  test('nearest-median', () =>
    near(mix('nearest-median', vectorsOf(rows)).direction, plainNearestMedian(plainClip(plain), 16)))
  test('centered-clip', () =>
    near(mix('centered-clip', vectorsOf(rows)).direction, plainCenteredClip(plain, 5)))

  test('inner products by counting signs are those of the numbers', () => {
    const payloads = said('count', 10, 2 * BLOCK + 37, false)
    const clipped = plainClip(rowsOf(vectorsSaid(payloads)) as number[][])
    near(mix('multi-krum', vectorsSaid(payloads)).direction, plainKrum(clipped))
  })

  test('with masks, blocks that the same members speak of are decided by themselves', () => {
    const payloads = said('regions', 12, 5 * BLOCK, true)
    const vectors = vectorsSaid(payloads)
    const isShared = (i: number): boolean => vectors.covering(BLOCK * Math.floor(i / BLOCK)) === null
    const { direction } = mix('multi-krum', vectors)
    const limit = vectors.norms.toSorted((a, b) => a - b)[5]!
    const clipped = rowsOf(vectors).map((row, k) =>
      row.map(value => value && value * Math.min(1, limit / vectors.norms[k]!)),
    )
    for (const shared of [true, false]) {
      const places = [...direction.keys()].filter(i => isShared(i) === shared)
      const region = clipped.map(row => places.map(i => row[i]!)).filter(row => !row.includes(null as never))
      expect(region.length).toBe(shared ? 12 : 8)
      near(
        Float64Array.from(places, i => direction[i]!),
        plainKrum(region),
      )
    }
  })
})

describe.each(RULES)('%s', name => {
  test('equal vectors give themselves, zeros give zeros, nothing gives nothing', () => {
    const row = noise('equal', 100)
    for (const count of [1, 2, 3, 4, 7]) {
      const { direction } = mix(name, vectorsOf(Array.from({ length: count }, () => row)), false)
      row.forEach((value, i) => expect(direction[i]).toBeCloseTo(value, 6))
    }
    const zeros = mix(name, vectorsOf(Array.from({ length: 6 }, () => new Float32Array(50)))).direction
    expect(zeros.every(value => value === 0)).toBe(true)
    const none = { ...vectorsOf([row]), count: 0, norms: [], weights: [] }
    expect(mix(name, none)).toEqual({ direction: new Float64Array(100), outsized: [] })
  })

  const runs = name === 'clip-trim' ? 1000 : 100
  test(`${runs} permutations and duplications of one set, ordered by author: the same bits`, () => {
    const payloads = said('permuted', 9, BLOCK + 40, true).map((one, k) => ({
      author: `member ${k}`,
      ...one,
    }))
    const rng = createRng(`permutations of ${name}`)
    const rule = ruleOf(name, { trusted: false })
    const first = rule(vectorsSaid(payloads))
    const others = vectorsSaid(said('between', 4, 300, false))
    for (let run = 0; run < runs; run++) {
      const arriving = shuffle([...payloads, ...payloads.filter(() => rng.next() < 0.5)], rng)
      const set = new Map(arriving.map(one => [one.author, one]))
      const inOrder = [...set.values()].sort((a, b) => (a.author < b.author ? -1 : 1))
      if (run % 100 === 0) rule(others)
      const { direction, outsized } = rule(vectorsSaid(inOrder))
      if (direction.some((value, i) => !Object.is(value, first.direction[i]))) throw new Error(`run ${run}`)
      expect(outsized).toEqual(first.outsized)
    }
  })

  test('the order of authors moves no more than the last bits', () => {
    const payloads = said('order', 10, 300, false).map(one => ({ ...one, weight: 1 }))
    const [one, other] = [
      mix(name, vectorsSaid(payloads)).direction,
      mix(name, vectorsSaid(payloads.toReversed())).direction,
    ]
    one.forEach((value, i) => expect(other[i]).toBeCloseTo(value, 10))
  })

  test('sparse vectors: the direction is a finite one along the honest mean', () => {
    const codec = createSparse(3 * BLOCK)
    const centre = noise('sparse', codec.parameters)
    const payloads = Array.from({ length: 8 }, (_, k) => {
      const error = noise(`sparse ${k}`, codec.parameters).map((value, i) => 0.2 * value + centre[i]!)
      return { codec, payload: codec.encode(error, 0), round: 0, weight: 1 }
    })
    const { direction } = mix(name, vectorsSaid(payloads))
    let along = 0
    direction.forEach((value, i) => (along += value * centre[i]!))
    // A quarter of what is sent is the same for all; trimming takes away most of the rest.
    expect(along / normOf(direction) / normOf(centre)).toBeGreaterThan(0.1)
  })
})

describe('attackers', () => {
  const centre = noise('centre', 500, 0.2)
  const honest = Array.from({ length: 8 }, (_, k) =>
    noise(`honest ${k}`, 500).map((value, i) => 0.5 * value + centre[i]!),
  )
  const truth = centre.map((_, i) => honest.reduce((sum, row) => sum + row[i]!, 0) / honest.length)
  const off = (direction: Float64Array): number =>
    normOf(direction.map((value, i) => value - truth[i]!)) / normOf(truth)
  const attack = (size: number): Float32Array[] => [
    ...honest,
    ...[0, 1].map(() => truth.map(value => value * size)),
  ]

  test.each(ROBUST)('%s: sign flips, scaling and what is just not outsized do little harm', name => {
    for (const size of [-1, -3, 1e6, -1e6, 45, -45]) {
      const { direction, outsized } = mix(name, vectorsOf(attack(size)), false)
      expect(off(direction)).toBeLessThan(0.55)
      expect(outsized).toEqual(Math.abs(size) > OUTSIZED ? [8, 9] : [])
    }
  })

  test('control: the plain mean goes where the liars want', () => {
    expect(off(mix('mean', vectorsOf(attack(-1e6))).direction)).toBeGreaterThan(1e5)
    expect(mix('mean', vectorsOf(attack(-1e6))).outsized).toEqual([])
  })

  test('of what is left out the rest shows no trace', () => {
    for (const name of ROBUST) {
      const { direction } = mix(name, vectorsOf(attack(-1e6)))
      expect([...direction]).toEqual([...mix(name, vectorsOf(honest)).direction])
    }
  })

  test('up to f liars of honest size never move a coordinate beyond the honest range', () => {
    const values = (count: number, size: number) =>
      fc.array(fc.double({ min: -size, max: size, noNaN: true }), { minLength: count, maxLength: count })
    fc.assert(
      fc.property(values(8, 1), values(2, 1e3), (sound, liars) => {
        // A padding coordinate gives all vectors one norm, so that only trimming is at work.
        const rows = [...sound, ...liars].map(value => [value, Math.sqrt(1e7 - value * value)])
        const moved = mix('clip-trim', vectorsOf(rows), false).direction[0]!
        expect(moved).toBeGreaterThanOrEqual(Math.min(...sound) - 1e-9)
        expect(moved).toBeLessThanOrEqual(Math.max(...sound) + 1e-9)
      }),
    )
  })

  test('nobody weighs more than twice the median', () => {
    const rows = [
      [1, 0],
      [1, 0],
      [0, 1],
    ]
    expect([...mix('clip-mean', vectorsOf(rows, [10, 10, 1e9])).direction]).toEqual([0.5, 0.5])
    expect([...mix('clip-mean', vectorsOf(rows, [10, 10, 20])).direction]).toEqual([0.5, 0.5])
    expect([...mix('clip-mean', vectorsOf(rows, [5, 5, 5])).direction]).toEqual([2 / 3, 1 / 3])
  })
})
