// Fits of made-up curves whose law is known, and what is refused or warned of. Measured curves: scaling-glyph.test.ts.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { doublingWorth, fitScaling, marketValue } from '../../../src/core/economics/scaling-fit.ts'
import type { ScalingFit, ScalingPoint, ScalingWarning } from '../../../src/core/economics/scaling-records.ts'
import { accuracyAt } from '../../../src/core/economics/scaling-laws.ts'
import { twoSidedT } from '../../../src/core/economics/student.ts'
import { createRng } from '../../../src/core/num/rng.ts'

const SIZES = [50, 100, 200, 400, 800, 1_600, 3_200]
const CHANCE = 0.1

function fitted(points: readonly ScalingPoint[], chance = CHANCE): ScalingFit {
  const outcome = fitScaling(points, chance)
  if (!outcome.ok) throw new Error(outcome.refusal.kind)
  return outcome.fit
}
const curve = (accuracy: (n: number) => number, sizes = SIZES): ScalingPoint[] =>
  sizes.map(samples => ({ samples, accuracy: accuracy(samples) }))
const kinds = ({ warnings }: { readonly warnings: readonly ScalingWarning[] }) =>
  warnings.map(({ kind }) => kind)

it("Student's t has its tabled values", () => {
  const tabled = { 1: 12.7062, 2: 4.30265, 3: 3.18245, 5: 2.57058, 10: 2.22814, 30: 2.04227, 200: 1.9719 }
  for (const [degrees, t] of Object.entries(tabled))
    expect(twoSidedT(0.95, Number(degrees))).toBeCloseTo(t, 4)
  expect(twoSidedT(0.99, 4)).toBeCloseTo(4.60409, 4)
})

it('each law is recovered from its own points and chosen by AIC', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.02, max: 0.1, noNaN: true }),
      fc.double({ min: 0.1, max: 0.8, noNaN: true }),
      fc.double({ min: 0.7, max: 0.95, noNaN: true }),
      (b, gamma, ceiling) => {
        const log = fitted(curve(n => 0.05 + b * Math.log(n)))
        expect(log.chosen).toBe(0)
        expect(log.slope.b).toBeCloseTo(b, 10)
        expect(log.doubling.chosenPoints).toBeCloseTo(100 * b * Math.LN2, 8)
        expect(log.doubling.logPoints).toBeCloseTo(100 * b * Math.LN2, 8)
        const power = fitted(curve(n => 1 - 0.9 * (n / 50) ** -gamma))
        const powerLaw = power.laws[1].law
        expect(powerLaw.law === 'power' && powerLaw.gamma).toBeCloseTo(gamma, 4)
        expect(power.chosen).toBe(1)
        const saturating = fitted(curve(n => ceiling - 0.6 * (n / 50) ** -gamma))
        const law = saturating.laws[2].law
        expect(saturating.chosen).toBe(2)
        expect(law.law === 'saturating' && law.ceiling).toBeCloseTo(ceiling, 3)
        expect(accuracyAt(law, 6_400)).toBeCloseTo(ceiling - 0.6 * 128 ** -gamma, 4)
      },
    ),
    { seed: 421, numRuns: 60 },
  )
})

it('the market form is recovered, and alpha * G = v * b', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.02, max: 0.12, noNaN: true }),
      fc.double({ min: 5, max: 400, noNaN: true }),
      fc.double({ min: 0.1, max: 50, noNaN: true }),
      (b, n0, v) => {
        const fit = fitted(curve(n => CHANCE + b * Math.log1p(n / n0)))
        expect(fit.market.base).toBe(CHANCE)
        expect(fit.market.b / b).toBeCloseTo(1, 4)
        expect(fit.market.n0 / n0).toBeCloseTo(1, 3)
        const value = marketValue(fit, v)!
        expect(value.alpha * value.growthScale).toBeCloseTo(v * 100 * fit.market.b, 8)
        expect(value.unitSamples).toBe(fit.market.n0)
        expect(doublingWorth(fit, v).credits).toBeCloseTo(v * fit.doubling.chosenPoints, 8)
      },
    ),
    { seed: 422, numRuns: 60 },
  )
})

it('order and unit do not matter: points may come in any order', () => {
  const points = curve(n => 0.07 * Math.log(n) - 0.05 + 0.01 * Math.sin(n))
  expect(fitted([...points].reverse())).toEqual(fitted(points))
  const scaled = fitted(points.map(({ samples, accuracy }) => ({ samples: 10 * samples, accuracy })))
  expect(scaled.slope.b).toBeCloseTo(fitted(points).slope.b, 10)
  expect(scaled.market.n0 / fitted(points).market.n0).toBeCloseTo(10, 3)
})

it('the interval of b holds the truth in 95 of 100 cases', () => {
  const rng = createRng('interval')
  const runs = 400
  let inside = 0
  for (let run = 0; run < runs; run++) {
    const x = SIZES.map(Math.log)
    const fit = fitted(
      SIZES.map((samples, i) => ({ samples, accuracy: 0.2 + 0.05 * x[i]! + 0.01 * rng.normal() })),
    )
    if (fit.slope.low <= 0.05 && fit.slope.high >= 0.05) inside++
  }
  expect(inside / runs).toBeGreaterThan(0.92)
  expect(inside / runs).toBeLessThan(0.98)
})

it('warns where a fit should not be trusted, and stays silent where it may be', () => {
  const log = (n: number): number => 0.05 + 0.07 * Math.log(n)
  expect(kinds(fitted(curve(log)))).toEqual([])
  expect(kinds(fitted(curve(log, [50, 100, 200, 400])))).toContain('few-points')
  expect(kinds(fitted(curve(log, [100, 120, 140, 160, 180])))).toEqual(['short-range'])
  const rng = createRng('flat')
  expect(kinds(fitted(curve(() => 0.5 + 0.02 * rng.normal())))).toContain('flat')
  const easy = fitted(curve(n => 0.95 - 2 * n ** -0.9))
  expect(kinds(easy)).toContain('concave')
  expect(kinds(easy)).toContain('ceiling')
  expect(easy.doubling.chosenPoints).toBeLessThan(easy.doubling.logPoints)
  expect(kinds(fitted(curve(n => 0.1 + n / 4_000)))).toContain('convex')
  const wild = SIZES.map((samples, i) => ({ samples, accuracy: i % 2 ? 0.8 : 0.2 + 0.05 * i }))
  expect(kinds(fitted(wild))).toContain('poor-fit')
})

it('extremes give numbers, never NaN', () => {
  const numbers = (value: unknown): number[] =>
    typeof value === 'number'
      ? [value]
      : typeof value === 'object' && value !== null
        ? Object.values(value).flatMap(numbers)
        : []
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          samples: fc.oneof(fc.integer({ min: 1, max: 1e6 }), fc.constantFrom(1, 1e12)),
          accuracy: fc.oneof(fc.constantFrom(0, 1, 0.5), fc.double({ min: 0, max: 1, noNaN: true })),
        }),
        { minLength: 3, maxLength: 12 },
      ),
      fc.constantFrom(0, 0.1, 0.5),
      (points, chance) => {
        const outcome = fitScaling(points, chance)
        if (!outcome.ok) {
          expect(outcome.refusal.kind).toBe('too-few')
          return
        }
        expect(numbers(outcome.fit).filter(value => !Number.isFinite(value))).toEqual([])
        expect(kinds(outcome.fit).length).toBeLessThan(9)
      },
    ),
    { seed: 423, numRuns: 150 },
  )
})

it.each([
  [[], 0.1, { kind: 'too-few', count: 0, least: 3 }],
  [curve(() => 0.5, [9, 9, 9, 10]), 0.1, { kind: 'too-few', count: 2, least: 3 }],
  [curve(() => NaN), 0.1, { kind: 'bad-point', index: 0 }],
  [curve(n => (n > 60 ? 1.2 : 0.5)), 0.1, { kind: 'bad-point', index: 1 }],
  [curve(() => 0.5, [1, 2, -4]), 0.1, { kind: 'bad-point', index: 2 }],
  [curve(() => 0.5, [1, 2, Infinity]), 0.1, { kind: 'bad-point', index: 2 }],
  [curve(() => 0.5), NaN, { kind: 'bad-chance', value: NaN }],
  [curve(() => 0.5), 1, { kind: 'bad-chance', value: 1 }],
])('refuses by kind (%#)', (points, chance, refusal) => {
  expect(fitScaling(points, chance)).toEqual({ ok: false, refusal })
})

it('a curve that levels off keeps a usable market form, from what comes for free', () => {
  const accuracies = [0.612, 0.718, 0.8, 0.845, 0.876, 0.899, 0.921, 0.939]
  const fit = fitted(accuracies.map((accuracy, i) => ({ samples: 50 * 2 ** i, accuracy })))
  expect(fit.market.base).toBeGreaterThan(0.5)
  expect(fit.market.n0).toBe(50)
  expect(fit.market.r2).toBeGreaterThan(0.8)
  expect(marketValue(fit, 1)).not.toBeNull()
})

it('no market where accuracy does not grow', () => {
  expect(marketValue(fitted(curve(() => 0.05)), 1)).toBeNull()
})
