// SVG files as PNG beside them, photographed by a Chromium where this machine has one. Node only; says what it wrote, nothing where there
// is no browser: the SVG are the charts.
import { readFile } from 'node:fs/promises'
import { chromium } from 'playwright'
import { findChromium } from '../../scripts/chromium.mjs'
import { HEIGHT, WIDTH } from './chart.ts'

/** Paths of the written files; empty when no browser could be started. */
export async function writePngs(files: readonly string[]): Promise<string[]> {
  const browser = await findChromium()
    .then(executablePath => chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] }))
    .catch(() => null)
  if (browser === null) return []
  try {
    const page = await browser.newPage({
      viewport: { width: WIDTH, height: HEIGHT },
      deviceScaleFactor: 2,
    })
    const written: string[] = []
    for (const file of files) {
      await page.setContent(`<style>body{margin:0}</style>${await readFile(file, 'utf8')}`)
      const png = file.replace(/\.svg$/u, '.png')
      await page.screenshot({ path: png })
      written.push(png)
    }
    return written
  } finally {
    await browser.close()
  }
}
