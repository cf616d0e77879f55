// The three laws of scaling, fitted by least squares on accuracy itself so that they compare by one criterion. Everything is
// linear once the exponent is given; the exponent is found on a logarithmic grid and refined by golden section.
import type { LawFit, ScalingLaw, ScalingPoint } from './scaling-records.ts'

/** gamma of the power laws: from nearly logarithmic to a step. */
const GAMMAS = { least: 0.01, most: 4 } as const
/** Sums of squares below this are rounding. */
const NO_ERROR = 1e-14

export function accuracyAt(law: ScalingLaw, samples: number): number {
  switch (law.law) {
    case 'log':
      return law.a + law.b * Math.log(samples)
    case 'power':
      return 1 - law.c * samples ** -law.gamma
    case 'saturating':
      return law.ceiling - law.c * samples ** -law.gamma
  }
  law satisfies never
  throw new RangeError('unknown law of scaling')
}

export function fitLaws(points: readonly ScalingPoint[]): [LawFit, LawFit, LawFit] {
  return [
    judge(logLaw(points), points, 2),
    judge(powerLaw(points), points, 2),
    judge(saturatingLaw(points), points, 3),
  ]
}

export interface Line {
  readonly intercept: number
  readonly slope: number
  /** Sum of squared residuals, of squared deviations of y, and of x. */
  readonly sse: number
  readonly syy: number
  readonly sxx: number
}

/** Ordinary least squares; a flat line where x does not vary. */
export function fitLine(x: readonly number[], y: readonly number[]): Line {
  const [mx, my] = [mean(x), mean(y)]
  let [sxx, sxy, syy] = [0, 0, 0]
  for (let i = 0; i < x.length; i++) {
    sxx += (x[i]! - mx) ** 2
    sxy += (x[i]! - mx) * (y[i]! - my)
    syy += (y[i]! - my) ** 2
  }
  const slope = sxx > 0 ? sxy / sxx : 0
  const intercept = my - slope * mx
  const sse = y.reduce((sum, value, i) => sum + (value - intercept - slope * x[i]!) ** 2, 0)
  return { intercept, slope, sse, syy, sxx }
}

/** Where `cost` is least: on a grid of `steps` between the ends (evenly in the logarithm), then by golden section. */
export function leastOf(cost: (x: number) => number, first: number, last: number, steps: number): number {
  const [from, to] = [Math.log(first), Math.log(last)]
  const at = (k: number): number => from + ((to - from) * k) / steps
  const value = (log: number): number => cost(Math.exp(log))
  let [best, least] = [0, Infinity]
  for (let k = 0; k <= steps; k++) {
    const now = value(at(k))
    if (now < least) [best, least] = [k, now]
  }
  const ratio = (Math.sqrt(5) - 1) / 2
  let [low, high] = [at(Math.max(0, best - 1)), at(Math.min(steps, best + 1))]
  let [left, right] = [high - ratio * (high - low), low + ratio * (high - low)]
  let [atLeft, atRight] = [value(left), value(right)]
  for (let i = 0; i < 40; i++)
    if (atLeft <= atRight) {
      ;[high, right, atRight] = [right, left, atLeft]
      left = high - ratio * (high - low)
      atLeft = value(left)
    } else {
      ;[low, left, atLeft] = [left, right, atRight]
      right = low + ratio * (high - low)
      atRight = value(right)
    }
  return Math.exp((low + high) / 2)
}

function logLaw(points: readonly ScalingPoint[]): ScalingLaw {
  const { intercept, slope } = fitLine(
    points.map(({ samples }) => Math.log(samples)),
    points.map(({ accuracy }) => accuracy),
  )
  return { law: 'log', a: intercept, b: slope }
}

function powerLaw(points: readonly ScalingPoint[]): ScalingLaw {
  const at = (gamma: number): ScalingLaw => ({ law: 'power', gamma, c: factorBelow(1, gamma, points) })
  return at(leastOf(gamma => errorOf(at(gamma), points), GAMMAS.least, GAMMAS.most, 60))
}

/** No ceiling above 1 and no error that grows: at those ends the law becomes the power law, or a constant. */
function saturatingLaw(points: readonly ScalingPoint[]): ScalingLaw {
  const accuracies = points.map(({ accuracy }) => accuracy)
  const at = (gamma: number): ScalingLaw => {
    const { intercept, slope } = fitLine(
      points.map(({ samples }) => samples ** -gamma),
      accuracies,
    )
    if (slope > 0) return { law: 'saturating', gamma, ceiling: mean(accuracies), c: 0 }
    return intercept <= 1
      ? { law: 'saturating', gamma, ceiling: intercept, c: -slope }
      : { law: 'saturating', gamma, ceiling: 1, c: factorBelow(1, gamma, points) }
  }
  return at(leastOf(gamma => errorOf(at(gamma), points), GAMMAS.least, GAMMAS.most, 60))
}

/** Least-squares c of ceiling - c n^-gamma. */
function factorBelow(ceiling: number, gamma: number, points: readonly ScalingPoint[]): number {
  let [above, below] = [0, 0]
  for (const { samples, accuracy } of points) {
    const basis = samples ** -gamma
    above += (ceiling - accuracy) * basis
    below += basis * basis
  }
  return Math.max(0, above / below)
}

function errorOf(law: ScalingLaw, points: readonly ScalingPoint[]): number {
  return points.reduce((sum, { samples, accuracy }) => sum + (accuracy - accuracyAt(law, samples)) ** 2, 0)
}

/** AIC = n ln(SSE / n) + 2k with k counting the variance too, and 2k(k + 1) / (n - k - 1) for few points. */
function judge(law: ScalingLaw, points: readonly ScalingPoint[], parameters: number): LawFit {
  const n = points.length
  const k = parameters + 1
  const sse = errorOf(law, points)
  const middle = mean(points.map(({ accuracy }) => accuracy))
  const total = points.reduce((sum, { accuracy }) => sum + (accuracy - middle) ** 2, 0)
  const r2 = total > NO_ERROR ? 1 - sse / total : 0
  const aic =
    n - k - 1 > 0 ? n * Math.log(Math.max(sse, NO_ERROR) / n) + 2 * k + (2 * k * (k + 1)) / (n - k - 1) : null
  return { law, r2, aic }
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
