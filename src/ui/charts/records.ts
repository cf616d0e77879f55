// What the market's charts draw, as plain records: a screen maps whatever it has to these. Forecast and measured are different
// tones on purpose, and a chart never gives one the other's colour.

export type Tone = 'forecast' | 'measured' | 'plain'

/** One row of ShareBars: null where there is no such figure. */
export interface ShareRow {
  readonly id: string
  readonly name: string
  readonly forecast: number | null
  readonly measured: number | null
  /** 95 % interval around the measured figure. */
  readonly low?: number
  readonly high?: number
  /** A few words beside the name: priced out, you, ... */
  readonly note?: string
}

/** A line of OptimumCurve over the chart's `xs`; null leaves a gap. */
export interface CurveLine {
  readonly id: string
  readonly name: string
  readonly tone: Tone
  readonly dashed?: boolean
  readonly ys: readonly (number | null)[]
}

export interface CurveMark {
  readonly id: string
  readonly name: string
  readonly tone: Tone
  readonly x: number
  readonly y: number
  /** The optimum has a line to the axis; others are dots. */
  readonly best?: boolean
  /** A range of x that this stands for, such as rewards drawn at random. */
  readonly from?: number
  readonly to?: number
}

/** The value of a line at x, straight between its points; null outside and in gaps. */
export function valueAt(xs: readonly number[], ys: readonly (number | null)[], x: number): number | null {
  const right = xs.findIndex(known => known >= x)
  if (right === -1) return null
  const high = ys[right] ?? null
  if (right === 0 || xs[right] === x) return xs[right] === x ? high : null
  const low = ys[right - 1] ?? null
  if (low === null || high === null) return null
  const part = (x - xs[right - 1]!) / (xs[right]! - xs[right - 1]!)
  return low + part * (high - low)
}
