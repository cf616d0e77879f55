// Curves as a picture: an SVG drawn here and photographed by a Chromium page, so that no drawing library is needed.
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Browser } from 'playwright'

export interface Curve {
  readonly name: string
  readonly colour: string
  readonly dashed?: boolean
  /** x, and a fraction in [0, 1]; in the order of x. */
  readonly points: readonly (readonly [number, number])[]
}

export interface Chart {
  readonly title: string
  readonly subtitle: string
  readonly xLabel: string
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

const WIDTH = 1000
const HEIGHT = 560
const FRAME = { left: 70, right: 210, top: 78, bottom: 56 }

export async function savePng(browser: Browser, chart: Chart, file: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true })
  const page = await browser.newPage({ viewport: { width: WIDTH, height: HEIGHT }, deviceScaleFactor: 2 })
  try {
    await page.setContent(`<style>body{margin:0}</style>${chartSvg(chart)}`)
    await page.screenshot({ path: file })
  } finally {
    await page.close()
  }
}

export function chartSvg({ title, subtitle, xLabel, curves }: Chart): string {
  const last = Math.max(1, ...curves.flatMap(({ points }) => points.map(([x]) => x)))
  const innerWidth = WIDTH - FRAME.left - FRAME.right
  const innerHeight = HEIGHT - FRAME.top - FRAME.bottom
  const x = (value: number): number => FRAME.left + (value / last) * innerWidth
  const y = (fraction: number): number => FRAME.top + (1 - fraction) * innerHeight
  const grid = [0, 0.2, 0.4, 0.6, 0.8, 1].map(
    fraction => `<line x1="${FRAME.left}" x2="${FRAME.left + innerWidth}" y1="${y(fraction)}" y2="${y(fraction)}" stroke="#ddd"/>
<text x="${FRAME.left - 10}" y="${y(fraction) + 5}" text-anchor="end">${Math.round(100 * fraction)} %</text>`,
  )
  const ticks = ticksTo(last).map(
    value => `<text x="${x(value)}" y="${FRAME.top + innerHeight + 24}" text-anchor="middle">${value}</text>`,
  )
  const lines = curves.map(({ colour, dashed, points }) => {
    const route = points.map(([at, fraction]) => `${x(at).toFixed(1)},${y(fraction).toFixed(1)}`).join(' ')
    const style = dashed ? 'stroke-width="1.5" stroke-dasharray="3 4" opacity="0.75"' : 'stroke-width="2.5"'
    return `<polyline points="${route}" fill="none" stroke="${colour}" ${style} stroke-linejoin="round"/>`
  })
  const legend = curves.map(({ name, colour, dashed }, i) => {
    const at = FRAME.top + 12 + 22 * i
    const from = WIDTH - FRAME.right + 18
    return `<line x1="${from}" x2="${from + 26}" y1="${at}" y2="${at}" stroke="${colour}" stroke-width="2.5" ${dashed ? 'stroke-dasharray="3 4"' : ''}/>
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

function ticksTo(last: number): number[] {
  const rough = last / 8
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = Math.max(1, [1, 2, 5, 10].map(factor => factor * power).find(size => size >= rough) ?? rough)
  return Array.from({ length: Math.floor(last / step) + 1 }, (_, i) => i * step)
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
