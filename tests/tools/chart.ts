// A chart as a PNG: the SVG of src/sim/chart.ts photographed by a Chromium page.
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Browser } from 'playwright'
import { chartSvg, HEIGHT, WIDTH, type Chart } from '../../src/sim/chart.ts'

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
