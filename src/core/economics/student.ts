// Student's t distribution, as far as confidence intervals of a slope need it. The tail comes from the regularised
// incomplete beta function by its continued fraction (Abramowitz & Stegun 26.5.8, evaluated by Lentz's method), the quantile
// by bisection. Not for agreement bit by bit.

/** t with P(|T| <= t) = confidence for a whole number of degrees of freedom >= 1. */
export function twoSidedT(confidence: number, degrees: number): number {
  let [low, high] = [0, 1]
  while (1 - outside(high, degrees) < confidence && high < 1e9) high *= 2
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2
    if (1 - outside(middle, degrees) < confidence) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** P(|T| > t) = I_{v / (v + t^2)}(v / 2, 1 / 2). */
function outside(t: number, degrees: number): number {
  return incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5)
}

function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x))
  // The fraction converges fast on this side of its turning point only.
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(x, a, b)) / a
    : 1 - (front * betaFraction(1 - x, b, a)) / b
}

function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300
  const safe = (value: number): number => (Math.abs(value) < tiny ? tiny : value)
  let c = 1
  let d = 1 / safe(1 - ((a + b) * x) / (a + 1))
  let value = d
  for (let m = 1; m <= 300; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / safe(1 + even * d)
    c = safe(1 + even / c)
    value *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / safe(1 + odd * d)
    c = safe(1 + odd / c)
    value *= d * c
    if (Math.abs(d * c - 1) < 1e-14) break
  }
  return value
}

/** Of positive half-integers, by recurrence up to where Stirling's series is exact to rounding. */
function logGamma(x: number): number {
  let shift = 0
  let z = x
  while (z < 12) shift += Math.log(z++)
  const inverse = 1 / z
  const square = inverse * inverse
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)))
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - shift
}
