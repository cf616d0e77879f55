// How accuracy grows with samples, what one more doubling is worth, and whether to believe it (mechanisms 4.2; the log law is
// Sun et al. 2017, the power law Hestness et al. 2017). Points must come from measurement: nested subsets, one trainer, one
// held-out set. The market's alpha * G = v * b and its unit of data n0 follow from here (mechanisms 1.1). Pure; forecasts
// inform people and offers, no two members need agree on their bits.
import { accuracyAt, fitLaws, fitLine, leastOf, mean } from './scaling-laws.ts'
import type {
  LawFit,
  ScalingFit,
  ScalingOutcome,
  ScalingPoint,
  ScalingRefusal,
  ScalingWarning,
} from './scaling-records.ts'
import { twoSidedT } from './student.ts'

export const SCALING_LIMITS = {
  leastPoints: 3,
  mostPoints: 1_000,
  mostSamples: 1e12,
} as const

/** Fewer points, a smaller range or a worse fit are warned of. */
const MIN_POINTS = 5
const MIN_RANGE = 8
const MIN_R2 = 0.9
/** Points of accuracy by which laws may differ on the next doubling, and below which nothing is left to gain. */
const MAX_DIFFERENCE = 2
const MIN_LEFT = 1
/** A law whose criterion is so much worse has no support (Burnham & Anderson 2002, section 2.6). */
const UNLIKELY = 10
/** Curvature that comes to less, a tenth of a point, is nobody's concern. */
const LEAST_BEND = 0.001
const CONFIDENCE = 0.95
/** Below it the market's form says nothing of the curve. */
const LEAST_MARKET_R2 = 0.5
/** n0 is looked for from one sample to so many times the largest number of them. */
const MOST_UNITS = 10

/**
 * @param chance accuracy of guessing, in [0, 1): what no sample at all is worth (1 / classes)
 */
export function fitScaling(measured: readonly ScalingPoint[], chance: number): ScalingOutcome {
  const refusal = check(measured, chance)
  if (refusal !== null) return { ok: false, refusal }
  const points = [...measured].sort((a, b) => a.samples - b.samples)
  const laws = fitLaws(points)
  const chosen = choose(laws)
  const slope = slopeOf(points)
  const samples = points.at(-1)!.samples
  const gain = ({ law }: LawFit): number => 100 * (accuracyAt(law, 2 * samples) - accuracyAt(law, samples))
  const gains = laws.map(gain)
  const fit = {
    points,
    laws,
    chosen,
    slope,
    samples,
    doubling: { chosenPoints: gains[chosen]!, logPoints: 100 * slope.b * Math.LN2 },
    market: marketForm(points, chance),
  }
  return { ok: true, fit: { ...fit, warnings: warningsOf(fit, gains) } }
}

export interface DoublingWorth {
  /** Percentage points of accuracy that twice as many samples bring. */
  readonly points: number
  readonly credits: number
}

/** What one more doubling is worth, by the chosen law; by the log law this is v * b * ln 2 (mechanisms 4.2). */
export function doublingWorth(fit: ScalingFit, creditsPerPoint: number): DoublingWorth {
  const points = fit.doubling.chosenPoints
  return { points, credits: points * creditsPerPoint }
}

export interface MarketValue {
  /** alpha, credits for a whole unit of accuracy; times `growthScale` it is alpha * G = v * b. */
  readonly alpha: number
  /** G of g(Q) = G ln(1 + Q). */
  readonly growthScale: number
  /** n0: samples in a unit of data, so that Q = n / n0. */
  readonly unitSamples: number
}

/** Null where accuracy does not grow, or not as the market's form has it. @param creditsPerPoint v, per percentage point */
export function marketValue({ market }: ScalingFit, creditsPerPoint: number): MarketValue | null {
  if (!(market.b > 0 && market.r2 >= LEAST_MARKET_R2)) return null
  return { alpha: 100 * creditsPerPoint, growthScale: market.b, unitSamples: market.n0 }
}

function check(points: readonly ScalingPoint[], chance: number): ScalingRefusal | null {
  const { leastPoints, mostPoints, mostSamples } = SCALING_LIMITS
  if (!(chance >= 0 && chance < 1)) return { kind: 'bad-chance', value: chance }
  if (points.length > mostPoints) return { kind: 'too-many', count: points.length, most: mostPoints }
  const bad = points.findIndex(
    ({ samples, accuracy }) => !(samples >= 1 && samples <= mostSamples) || !(accuracy >= 0 && accuracy <= 1),
  )
  if (bad >= 0) return { kind: 'bad-point', index: bad }
  const count = new Set(points.map(({ samples }) => samples)).size
  return count < leastPoints ? { kind: 'too-few', count, least: leastPoints } : null
}

/** Least AIC; equal ones go to the earlier, simpler law. */
function choose(laws: readonly LawFit[]): 0 | 1 | 2 {
  let best: 0 | 1 | 2 = 0
  for (const i of [1, 2] as const) {
    const [aic, least] = [laws[i]!.aic, laws[best]!.aic]
    if (aic !== null && least !== null && aic < least) best = i
  }
  return best
}

/** b of the log law; its standard error from the residuals. */
function slopeOf(points: readonly ScalingPoint[]): ScalingFit['slope'] {
  const { slope, sse, sxx } = fitLine(
    points.map(({ samples }) => Math.log(samples)),
    points.map(({ accuracy }) => accuracy),
  )
  const degrees = points.length - 2
  const half = twoSidedT(CONFIDENCE, degrees) * Math.sqrt(sse / degrees / sxx)
  return { b: slope, low: slope - half, high: slope + half }
}

/**
 * A(n) = base + b ln(1 + n / n0) with base = chance: b is linear once n0 is given. Curves that level off begin too steeply for
 * it; theirs is the line over ln(1 + n / n0) for the smallest n measured as n0, whose base is what comes for free.
 */
function marketForm(points: readonly ScalingPoint[], chance: number): ScalingFit['market'] {
  const first = points[0]!.samples
  const accuracies = points.map(({ accuracy }) => accuracy)
  const basis = (n0: number): number[] => points.map(({ samples }) => Math.log1p(samples / n0))
  const form = (base: number, b: number, n0: number): ScalingFit['market'] => {
    const x = basis(n0)
    const middle = mean(accuracies)
    const total = accuracies.reduce((sum, value) => sum + (value - middle) ** 2, 0)
    const sse = accuracies.reduce((sum, value, i) => sum + (value - base - b * x[i]!) ** 2, 0)
    return { base, b, n0, r2: total > 0 ? 1 - sse / total : 0 }
  }
  const anchored = (n0: number): ScalingFit['market'] => {
    const x = basis(n0)
    const above = x.reduce((sum, value, i) => sum + (accuracies[i]! - chance) * value, 0)
    return form(chance, above / x.reduce((sum, value) => sum + value * value, 0), n0)
  }
  const n0 = leastOf(unit => -anchored(unit).r2, 1, MOST_UNITS * points.at(-1)!.samples, 80)
  const line = fitLine(basis(first), accuracies)
  const loose = form(line.intercept, line.slope, first)
  const best = anchored(n0)
  return best.r2 >= MIN_R2 || best.r2 >= loose.r2 ? best : loose
}

function warningsOf(fit: Omit<ScalingFit, 'warnings'>, gains: readonly number[]): ScalingWarning[] {
  const { points, laws, chosen, slope } = fit
  const warnings: ScalingWarning[] = []
  const warn = (kind: ScalingWarning['kind'], value: number): void => void warnings.push({ kind, value })
  const range = points.at(-1)!.samples / points[0]!.samples
  if (points.length < MIN_POINTS) warn('few-points', points.length)
  if (range < MIN_RANGE) warn('short-range', range)
  if (slope.low <= 0) warn('flat', slope.low)
  const bend = bendOf(points)
  if (bend !== 0) warn(bend < 0 ? 'concave' : 'convex', Math.abs(100 * bend))
  const best = laws[chosen]
  if (best.r2 < MIN_R2) warn('poor-fit', best.r2)
  const likely = gains.filter((_, i) => isLikely(laws[i]!, best))
  const spread = Math.max(...likely) - Math.min(...likely)
  if (spread > MAX_DIFFERENCE) warn('laws-differ', spread)
  if (best.law.law === 'saturating') {
    const left = 100 * (best.law.ceiling - accuracyAt(best.law, fit.samples))
    if (left < MIN_LEFT) warn('ceiling', left)
  }
  return warnings
}

function isLikely({ aic }: LawFit, best: LawFit): boolean {
  return aic !== null && best.aic !== null && aic - best.aic < UNLIKELY
}

/**
 * By how much accuracy, bent as the best square over ln n says, ends above (below: negative) the straight line; 0 where the
 * curvature does not differ from 0 with 95 % confidence. The square is made orthogonal to the line.
 */
function bendOf(points: readonly ScalingPoint[]): number {
  const degrees = points.length - 3
  if (degrees < 1) return 0
  const x = points.map(({ samples }) => Math.log(samples))
  const y = points.map(({ accuracy }) => accuracy)
  const middle = mean(x)
  const square = fitLine(
    x,
    x.map(value => (value - middle) ** 2),
  )
  const basisAt = (value: number): number => (value - middle) ** 2 - square.intercept - square.slope * value
  const basis = x.map(basisAt)
  const line = fitLine(x, y)
  const length = basis.reduce((sum, value) => sum + value * value, 0)
  if (length < 1e-12) return 0
  const coefficient =
    basis.reduce((sum, value, i) => sum + value * (y[i]! - line.intercept - line.slope * x[i]!), 0) / length
  const left = Math.max(0, line.sse - coefficient * coefficient * length)
  const half = twoSidedT(CONFIDENCE, degrees) * Math.sqrt(left / degrees / length)
  const end = coefficient * basisAt(x.at(-1)!)
  return Math.abs(coefficient) <= half || Math.abs(end) < LEAST_BEND ? 0 : end
}
