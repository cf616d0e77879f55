// Curves as a picture, drawn as SVG here so that no drawing library is needed. The simulator writes it as it is; the swarm
// photographs it (tests/tools/chart.ts).

export interface Curve {
  readonly name: string
  readonly colour: string
  readonly dashed?: boolean
  /** Marks at the points and no line: what others published. */
  readonly dots?: boolean
  /** x and y, in the order of x. */
  readonly points: readonly (readonly [number, number])[]
}

export interface YAxis {
  readonly from: number
  readonly to: number
  readonly format: (value: number) => string
}

export interface Chart {
  readonly title: string
  readonly subtitle: string
  readonly xLabel: string
  /** Fractions from 0 to 1 as percentages unless told. */
  readonly yAxis?: YAxis
  readonly curves: readonly Curve[]
}

/** Told apart with the common kinds of colour blindness, and in grey by their lightness (Okabe & Ito 2008). */
export const COLOURS = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#e69f00',
  '#8a7a00',
  '#555555',
]

export const WIDTH = 1000
export const HEIGHT = 560
const PERCENT: YAxis = { from: 0, to: 1, format: value => `${Math.round(100 * value)} %` }
const FRAME = { left: 70, right: 210, top: 78, bottom: 56 }

export function chartSvg({ title, subtitle, xLabel, yAxis = PERCENT, curves }: Chart): string {
  const all = curves.flatMap(({ points }) => points.map(([at]) => at))
  const last = Math.max(...all) > 0 ? Math.max(...all) : 1
  const first = Math.min(0, ...all)
  const innerWidth = WIDTH - FRAME.left - FRAME.right
  const innerHeight = HEIGHT - FRAME.top - FRAME.bottom
  const x = (value: number): number => FRAME.left + ((value - first) / (last - first)) * innerWidth
  const y = (value: number): number =>
    FRAME.top + (1 - (value - yAxis.from) / (yAxis.to - yAxis.from)) * innerHeight
  const grid = [0, 0.2, 0.4, 0.6, 0.8, 1]
    .map(part => yAxis.from + part * (yAxis.to - yAxis.from))
    .map(
      value => `<line x1="${FRAME.left}" x2="${FRAME.left + innerWidth}" y1="${y(value)}" y2="${y(value)}" stroke="#ddd"/>
<text x="${FRAME.left - 10}" y="${y(value) + 5}" text-anchor="end">${escape(yAxis.format(value))}</text>`,
    )
  const ticks = ticksBetween(first, last).map(
    value => `<text x="${x(value)}" y="${FRAME.top + innerHeight + 24}" text-anchor="middle">${value}</text>`,
  )
  const lines = curves.map(({ colour, dashed, dots, points }) => {
    if (dots) {
      return points
        .map(
          ([at, value]) =>
            `<circle cx="${x(at).toFixed(1)}" cy="${y(value).toFixed(1)}" r="5" fill="none" stroke="${colour}" stroke-width="2"/>`,
        )
        .join('')
    }
    const route = points.map(([at, value]) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' ')
    const style = dashed ? 'stroke-width="1.5" stroke-dasharray="3 4" opacity="0.75"' : 'stroke-width="2.5"'
    return `<polyline points="${route}" fill="none" stroke="${colour}" ${style} stroke-linejoin="round"/>`
  })
  const legend = curves.map(({ name, colour, dashed, dots }, i) => {
    const at = FRAME.top + 12 + 22 * i
    const from = WIDTH - FRAME.right + 18
    const mark = dots
      ? `<circle cx="${from + 13}" cy="${at}" r="5" fill="none" stroke="${colour}" stroke-width="2"/>`
      : `<line x1="${from}" x2="${from + 26}" y1="${at}" y2="${at}" stroke="${colour}" stroke-width="2.5" ${dashed ? 'stroke-dasharray="3 4"' : ''}/>`
    return `${mark}
<text x="${from + 34}" y="${at + 5}">${escape(name)}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" font-family="system-ui, sans-serif" font-size="14" fill="#333">
<rect width="100%" height="100%" fill="#fff"/>
<text x="${FRAME.left}" y="34" font-size="20" font-weight="600" fill="#111">${escape(title)}</text>
<text x="${FRAME.left}" y="58" fill="#555">${escape(subtitle)}</text>
${[...grid, ...ticks, ...lines, ...legend].join('\n')}
<text x="${FRAME.left + innerWidth / 2}" y="${HEIGHT - 12}" text-anchor="middle">${escape(xLabel)}</text>
</svg>`
}

/** About eight round numbers; steps of whole numbers from 1 on, finer below. */
function ticksBetween(first: number, last: number): number[] {
  const rough = (last - first) / 8
  const power = 10 ** Math.floor(Math.log10(rough))
  const round = [1, 2, 5, 10].map(factor => factor * power).find(size => size >= rough) ?? rough
  const step = last > 1 ? Math.max(1, round) : round
  const digits = Math.max(0, -Math.floor(Math.log10(step)))
  const start = Math.ceil(first / step)
  return Array.from({ length: Math.floor(last / step + 1e-9) - start + 1 }, (_, i) =>
    Number(((start + i) * step).toFixed(digits)),
  )
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
