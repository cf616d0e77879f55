// The centres' stage under both rules.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { centreTargets } from '../../../src/core/incentives/centres.ts'
import { granted, PAPER_PRICES } from '../../../src/sim/rdfl/markets.ts'

const golden = JSON.parse(readFileSync(new URL('../../golden/incentives.json', import.meta.url), 'utf8')) as {
  ccNash: { sigma: number[]; X: number; d: number[]; U: number[] }[]
}

const centresOf = (costs: readonly number[]) =>
  costs.map((unitCost, m) => ({ id: `c${m}`, unitCost, speed: unitCost }))

test('R1: the centres’ contest against the reference vector', () => {
  for (const { sigma, X, d, U } of golden.ccNash) {
    const forecasts = granted(centreTargets('nash', centresOf(sigma), [X / 4, (3 * X) / 4], PAPER_PRICES))
    forecasts.forEach(({ target, utility }, m) => {
      expect(Math.abs(target - d[m]!)).toBeLessThanOrEqual(1e-9)
      expect(Math.abs(utility - U[m]!)).toBeLessThanOrEqual(1e-9)
    })
  }
})

test('linear targets run from the largest volume for the cheapest to the smallest for the dearest', () => {
  const forecasts = granted(
    centreTargets('linearTarget', centresOf([0.2, 1, 0.6]), [10, 30, 18], PAPER_PRICES),
  )
  expect(forecasts.map(({ target }) => target)).toEqual([30, 10, 20])
})

test('equal costs: everybody would like the mean, under both rules the same', () => {
  const linear = granted(centreTargets('linearTarget', centresOf([0.5, 0.5]), [10, 30], PAPER_PRICES))
  expect(linear.map(({ target }) => target)).toEqual([20, 20])
  const nash = granted(centreTargets('nash', centresOf([0.5, 0.5]), [10, 30], PAPER_PRICES))
  expect(nash[0]!.target).toBeCloseTo(nash[1]!.target, 12)
})

test('nobody offers anything: nobody wants anything', () => {
  const forecasts = granted(centreTargets('nash', centresOf([0.5, 0.7]), [0, 0], PAPER_PRICES))
  expect(forecasts.map(({ target, utility }) => [target, utility])).toEqual([
    [0, 0],
    [0, 0],
  ])
})
