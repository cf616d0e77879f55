// What is measured, fitted and said about how accuracy grows with the number of samples. Accuracies are fractions in
// [0, 1]; `points` are percentage points of accuracy; credits are credits.

export interface ScalingPoint {
  readonly samples: number
  /** On held-out samples, after training on so many. */
  readonly accuracy: number
}

export type ScalingLaw =
  /** A = a + b ln n (Sun et al. 2017). */
  | { readonly law: 'log'; readonly a: number; readonly b: number }
  /** 1 - A = c n^-gamma (Hestness et al. 2017). */
  | { readonly law: 'power'; readonly c: number; readonly gamma: number }
  /** A = ceiling - c n^-gamma. */
  | { readonly law: 'saturating'; readonly ceiling: number; readonly c: number; readonly gamma: number }

export interface LawFit {
  readonly law: ScalingLaw
  /** Share of the variance of accuracy that the law explains; 0 where accuracy does not vary. */
  readonly r2: number
  /** Akaike's criterion with the correction for few points (Hurvich & Tsai 1989); null with too few for its parameters. */
  readonly aic: number | null
}

/** What is wrong with relying on a fit; `value` is the number that says so. */
export interface ScalingWarning {
  readonly kind:
    /** Points, fewer than MIN_POINTS. */
    | 'few-points'
    /** Largest over smallest number of samples, below MIN_RANGE. */
    | 'short-range'
    /** b is not positive with 95 % confidence; the value is its lower end. */
    | 'flat'
    /** Residuals of the log law are concave: it promises too much. Value: points by which the curve ends below it. */
    | 'concave'
    /** They are convex: growth is speeding up, and the law promises too little. Value: points by which the curve ends above. */
    | 'convex'
    /** R2 of the chosen law, below MIN_R2. */
    | 'poor-fit'
    /** Points between the predictions of a doubling by laws that the measurements do not tell apart. */
    | 'laws-differ'
    /** Points that are left below the ceiling of the chosen law. */
    | 'ceiling'
  readonly value: number
}

export interface ScalingFit {
  /** By number of samples; repeated measurements of one number are kept. */
  readonly points: readonly ScalingPoint[]
  /** The log, power and saturating law. */
  readonly laws: readonly [LawFit, LawFit, LawFit]
  /** Which of them: least AIC; the log law where none can be compared. */
  readonly chosen: 0 | 1 | 2
  /** b of the log law and its 95 % confidence interval (Student's t). */
  readonly slope: { readonly b: number; readonly low: number; readonly high: number }
  /** Samples that the largest point has. */
  readonly samples: number
  /** Accuracy points that twice as many samples bring, by the chosen law and by the log law (100 b ln 2). */
  readonly doubling: { readonly chosenPoints: number; readonly logPoints: number }
  /** A(n) = base + b ln(1 + n / n0), the form that the market's g(Q) = ln(1 + Q), Q = n / n0 needs (mechanisms 1.1). */
  readonly market: { readonly base: number; readonly b: number; readonly n0: number; readonly r2: number }
  readonly warnings: readonly ScalingWarning[]
}

export type ScalingRefusal =
  | { readonly kind: 'too-few'; readonly count: number; readonly least: number }
  | { readonly kind: 'too-many'; readonly count: number; readonly most: number }
  /** Not finite, or outside what it may be. */
  | { readonly kind: 'bad-point'; readonly index: number }
  | { readonly kind: 'bad-chance'; readonly value: number }

export type ScalingOutcome =
  { readonly ok: true; readonly fit: ScalingFit } | { readonly ok: false; readonly refusal: ScalingRefusal }
