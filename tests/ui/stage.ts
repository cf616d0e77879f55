// Builds the screens on acted rooms once and opens them in Chromium: language, appearance and width are the browser's
// own settings, the acted situation is the query string. For the screens-*.spec.ts.
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type Browser, type Page } from 'playwright'
import { build, preview } from 'vite'
import { findChromium } from '../../scripts/chromium.mjs'
import { LINK_HASH } from './fake-data.ts'
import type {} from './main.ts'

export interface Setting {
  readonly lang: 'en' | 'ja'
  readonly theme: 'light' | 'dark'
  readonly width: number
}

export const DESK: Setting = { lang: 'en', theme: 'light', width: 1280 }

/** For hangs: acted rooms answer within milliseconds. */
const STEP_LIMIT_MS = 20_000

export interface Stage {
  readonly browser: Browser
  /** A fresh browser profile with nothing loaded. Everything that the page complains about lands in `complaints`. */
  newPage(setting?: Setting): Promise<Page>
  open(page: Page, query?: string, hash?: string, host?: 'lan.example'): Promise<void>
  readonly complaints: string[]
  close(): Promise<void>
}

export async function raiseStage(): Promise<Stage> {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const outDir = await mkdtemp(join(tmpdir(), 'yoriai-screens-'))
  const common = { root, configFile: false, logLevel: 'error', base: './' } as const
  await build({
    ...common,
    plugins: [svelte()],
    build: { outDir, target: 'es2022', rolldownOptions: { input: join(root, 'tests/ui/index.html') } },
  })
  const server = await preview({
    ...common,
    build: { outDir },
    preview: { port: 0, host: '127.0.0.1', allowedHosts: ['lan.example'] },
  })
  const url = `${server.resolvedUrls!.local[0]!}tests/ui/index.html`
  const browser = await chromium.launch({
    executablePath: await findChromium(),
    // reason: a host name that is no loopback makes the page insecure, as a LAN address does.
    args: ['--no-sandbox', '--disable-gpu', '--host-resolver-rules=MAP lan.example 127.0.0.1'],
  })
  const complaints: string[] = []
  return {
    browser,
    complaints,
    async newPage({ lang, theme, width } = DESK) {
      const context = await browser.newContext({
        viewport: { width, height: width < 600 ? 740 : 860 },
        locale: lang,
        colorScheme: theme,
        reducedMotion: 'reduce',
        permissions: ['clipboard-read', 'clipboard-write'],
      })
      const page = await context.newPage()
      page.setDefaultTimeout(STEP_LIMIT_MS)
      page.on('pageerror', error => complaints.push(error.message))
      page.on('console', message => {
        if (message.type() === 'error') complaints.push(message.text())
      })
      return page
    },
    async open(page, query = '', hash = LINK_HASH, host) {
      // Another fragment alone would not load the page anew.
      await page.goto('about:blank')
      await page.goto(`${host ? url.replace('127.0.0.1', host) : url}?${query}${hash}`)
      await page.locator('h1').waitFor()
    },
    async close() {
      await browser.close()
      await server.close()
      await rm(outDir, { recursive: true, force: true })
    },
  }
}

/** From the green room into the acted room. */
export async function enter(page: Page, how: 'train' | 'watch' = 'train'): Promise<void> {
  await page.locator('#nickname').fill('Hana')
  const buttons = page.locator(how === 'train' ? 'button[type=submit]' : 'form.enter button[type=button]')
  await buttons.last().click()
  await page.locator('nav a[aria-current=page]').waitFor()
}
