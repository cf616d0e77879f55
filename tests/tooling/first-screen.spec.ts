// What a browser really loads before anybody presses anything: no more JavaScript than the budget allows (the build
// check sees static imports only), nothing from elsewhere, nothing that the page's own security policy forbids.
import { gzipSync } from 'node:zlib'
import { chromium } from 'playwright'
import { expect, it } from 'vitest'
import { ensureBuild } from '../../scripts/build.mjs'
import { BUDGET_BYTES } from '../../scripts/check-budget.mjs'
import { findChromium } from '../../scripts/chromium.mjs'
import { createAppServer } from '../../signaling/app-server.ts'

it('the first screen loads at most 90 KiB of JavaScript, all of it from here, and breaks no rule', async () => {
  const server = await createAppServer({ distDir: await ensureBuild({ log: () => undefined }) })
  const browser = await chromium.launch({
    executablePath: await findChromium(),
    args: ['--no-sandbox', '--disable-gpu'],
  })
  try {
    const page = await browser.newPage()
    const scripts = new Map<string, number>()
    const foreign: string[] = []
    const complaints: string[] = []
    page.on('request', request => {
      const { origin, protocol } = new URL(request.url())
      if (/^https?:$/.test(protocol) && `${origin}/` !== server.url) foreign.push(request.url())
    })
    page.on('response', async response => {
      if (!/\.m?js$/.test(new URL(response.url()).pathname)) return
      scripts.set(response.url(), gzipSync(await response.body(), { level: 9 }).length)
    })
    page.on('pageerror', error => complaints.push(error.message))
    page.on('console', message => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    const startedMs = performance.now()
    await page.goto(server.url, { waitUntil: 'networkidle' })
    await page.getByRole('button').first().waitFor()
    const total = [...scripts.values()].reduce((sum, size) => sum + size, 0)
    console.log(
      `first screen: ${scripts.size} scripts, ${(total / 1024).toFixed(1)} KiB gzip,`,
      `idle after ${Math.round(performance.now() - startedMs)} ms`,
    )
    expect(scripts.size).toBeGreaterThan(0)
    const list = [...scripts].map(([url, size]) => `${(size / 1024).toFixed(1)} KiB ${new URL(url).pathname}`)
    expect(total, list.join(', ')).toBeLessThanOrEqual(BUDGET_BYTES)
    expect(foreign).toEqual([])
    expect(complaints).toEqual([])
  } finally {
    await browser.close()
    await server.close()
  }
})
