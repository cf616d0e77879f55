// Shapley values: the axioms, games with known values, sampling, truncation, cancellation.
import { describe, expect, test } from 'vitest'
import { measureShapley, sumRounds } from '../../../src/core/incentives/shapley-driver.ts'
import type { ShapleyOptions } from '../../../src/core/incentives/shapley.ts'
import { createRng, shuffle } from '../../../src/core/num/rng.ts'
import { granted } from '../../../src/sim/rdfl/markets.ts'
import { scanShapley } from '../../../src/sim/rdfl/scans.ts'

const OPTIONS: ShapleyOptions = { seed: 'test', tolerance: 0, permutations: 100, halfWidth: 0 }

/** Any game: a value for each coalition. */
function randomGame(players: number, seed: string): (coalition: readonly number[]) => number {
  const rng = createRng(seed)
  const worth = Array.from({ length: 2 ** players }, () => rng.normal())
  return coalition => worth[coalition.reduce((mask, n) => mask + 2 ** n, 0)]!
}

describe('exact, up to eight players', () => {
  test('efficiency: the values add up to v(all) - v(none), in 100 random games', () => {
    for (let seed = 0; seed < 100; seed++) {
      const players = 1 + (seed % 8)
      const game = randomGame(players, `efficiency/${seed}`)
      const { values, exact } = granted(measureShapley(players, game, OPTIONS))
      const whole = game([...Array(players).keys()]) - game([])
      expect(exact).toBe(true)
      expect(Math.abs(values.reduce((a, b) => a + b, 0) - whole), `seed ${seed}`).toBeLessThan(1e-12)
    }
  })

  test('the definition: the mean over all orders', () => {
    const game = randomGame(5, 'definition')
    const { values, evaluations } = granted(measureShapley(5, game, OPTIONS))
    const sums = [0, 0, 0, 0, 0]
    const orders = permutations([0, 1, 2, 3, 4])
    for (const order of orders) {
      order.forEach((player, i) => {
        const before = order.slice(0, i).sort((a, b) => a - b)
        const after = order.slice(0, i + 1).sort((a, b) => a - b)
        sums[player] = sums[player]! + (game(after) - game(before)) / orders.length
      })
    }
    values.forEach((value, n) => expect(value).toBeCloseTo(sums[n]!, 12))
    expect(evaluations).toBe(32)
  })

  test('symmetry and the null player', () => {
    const game = (coalition: readonly number[]): number => {
      const pair = coalition.filter(n => n < 2).length
      return pair ** 2 + (coalition.includes(2) ? 3 : 0)
    }
    const { values } = granted(measureShapley(4, game, OPTIONS))
    expect(values[0]).toBeCloseTo(values[1]!, 12)
    expect(values[2]).toBeCloseTo(3, 12)
    expect(values[3]).toBeCloseTo(0, 12)
  })

  test('a round that gained less than the tolerance costs two evaluations', () => {
    const { values, evaluations } = granted(
      measureShapley(4, coalition => 0.001 * coalition.length, { ...OPTIONS, tolerance: 0.01 }),
    )
    expect(evaluations).toBe(2)
    values.forEach(value => expect(value).toBeCloseTo(0.001, 12))
  })
})

describe('sampled, above eight players', () => {
  const additive = (coalition: readonly number[]): number => coalition.reduce((sum, n) => sum + n, 0)

  test('an additive game is exact from the first order on, with intervals of no width', () => {
    const { values, halfWidths, exact } = granted(measureShapley(12, additive, OPTIONS))
    expect(exact).toBe(false)
    values.forEach((value, n) => expect(value).toBeCloseTo(n, 10))
    halfWidths.forEach(width => expect(width).toBeLessThan(1e-9))
  })

  test('stops once the intervals are narrow enough, not before 20 orders', () => {
    const { permutations: drawn } = granted(measureShapley(12, additive, { ...OPTIONS, halfWidth: 0.1 }))
    expect(drawn).toBe(20)
  })

  test('a null player gets nothing; equal players the same within their intervals; the sum is exact', () => {
    const game = (coalition: readonly number[]): number => Math.sqrt(coalition.filter(n => n !== 9).length)
    const { values, halfWidths } = granted(measureShapley(10, game, { ...OPTIONS, permutations: 400 }))
    expect(values[9]).toBe(0)
    expect(values.reduce((a, b) => a + b, 0)).toBeCloseTo(3, 12)
    for (let n = 1; n < 9; n++)
      expect(Math.abs(values[n]! - values[0]!)).toBeLessThan(2 * (halfWidths[n]! + halfWidths[0]!))
  })

  test('games with known values: nine intervals in ten or more hold the value, the sum is exact with truncation too', () => {
    const { exactError, efficiencyError, covered, truncated } = scanShapley(20, 'coverage')
    expect(exactError).toBeLessThan(1e-9)
    expect(efficiencyError).toBeLessThan(1e-9)
    expect(covered).toBeGreaterThan(0.9)
    expect(truncated).toBeLessThan(0.8)
  })

  test('the same seed gives the same values', () => {
    const game = randomGame(9, 'nine')
    const run = () => granted(measureShapley(9, game, OPTIONS)).values
    expect(run()).toEqual(run())
    expect(granted(measureShapley(9, game, { ...OPTIONS, seed: 'other' })).values).not.toEqual(run())
  })
})

test('cancelled between two evaluations; progress never falls', () => {
  for (const players of [6, 12]) {
    let asked = 0
    const seen: number[] = []
    const outcome = measureShapley(players, coalition => (asked++, coalition.length), OPTIONS, {
      cancelled: () => asked === 10,
      onProgress: ({ done }) => seen.push(done),
    })
    expect(outcome).toEqual({ ok: false, refusal: { kind: 'cancelled' } })
    expect(asked).toBe(10)
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
  }
})

test('coalitions are asked once each and name their members in order', () => {
  const seen = new Set<string>()
  granted(
    measureShapley(
      10,
      coalition => {
        const name = coalition.join()
        expect(seen.has(name), name).toBe(false)
        seen.add(name)
        expect([...coalition].sort((a, b) => a - b)).toEqual(coalition)
        return shuffle([...coalition], createRng(1)).length
      },
      OPTIONS,
    ),
  )
})

test('rounds add up, their errors in quadrature', () => {
  const one = { values: [1, 2], halfWidths: [3, 0], exact: false, evaluations: 5, permutations: 2 }
  const two = { values: [10, 20], halfWidths: [4, 1], exact: true, evaluations: 6, permutations: 0 }
  expect(granted(sumRounds([one, two]))).toEqual({
    values: [11, 22],
    halfWidths: [5, 1],
    exact: false,
    evaluations: 11,
    permutations: 2,
  })
  expect(sumRounds([])).toMatchObject({ refusal: { kind: 'too-few' } })
  expect(sumRounds([one, { ...two, values: [1] }])).toMatchObject({ refusal: { kind: 'out-of-range' } })
})

function permutations(items: readonly number[]): number[][] {
  if (items.length <= 1) return [[...items]]
  return items.flatMap((item, i) =>
    permutations([...items.slice(0, i), ...items.slice(i + 1)]).map(rest => [item, ...rest]),
  )
}
