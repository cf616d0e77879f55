// What contributed quality is worth to the sponsor: alpha * g(Q) with g concave, increasing, g(0) = 0. The published
// code uses g = 0.5 ln(1 + Q) (a review of the paper writes ln(1 + Q)); other laws fit measured learning curves better.
// Anything else that is concave can stand in as a Growth of its own; the solver only asks for value and slope.

export interface Growth {
  /** g(Q), Q >= 0. */
  at(quality: number): number
  /** g'(Q), positive and not increasing; may be infinite at 0. */
  slope(quality: number): number
  /** The Q where g' has this value, which lies below g'(0); spares the solver a search. */
  atSlope?(slope: number): number
}

/** As data, so that a charter can name it. */
export type GrowthLaw =
  /** scale * ln(1 + Q): accuracy grows by the same step with every doubling (Sun et al. 2017). */
  | { readonly law: 'log'; readonly scale: number }
  /** scale * Q^exponent, 0 < exponent < 1. */
  | { readonly law: 'power'; readonly scale: number; readonly exponent: number }
  /** scale * (1 - (1 + Q)^-exponent): a ceiling that is approached. */
  | { readonly law: 'saturating'; readonly scale: number; readonly exponent: number }

export function growthOf(law: GrowthLaw): Growth {
  const { scale } = law
  switch (law.law) {
    case 'log':
      return {
        at: q => scale * Math.log1p(q),
        slope: q => scale / (1 + q),
        atSlope: slope => scale / slope - 1,
      }
    case 'power': {
      const { exponent } = law
      return {
        at: q => scale * q ** exponent,
        slope: q => scale * exponent * q ** (exponent - 1),
        atSlope: slope => (slope / (scale * exponent)) ** (1 / (exponent - 1)),
      }
    }
    case 'saturating': {
      const { exponent } = law
      return {
        at: q => scale * (1 - (1 + q) ** -exponent),
        slope: q => scale * exponent * (1 + q) ** -(exponent + 1),
        atSlope: slope => (slope / (scale * exponent)) ** (-1 / (exponent + 1)) - 1,
      }
    }
  }
  law satisfies never
  throw new RangeError('unknown law of growth')
}
