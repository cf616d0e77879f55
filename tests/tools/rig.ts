// Real tabs against the real server: builds the page if need be, serves it on loopback, opens Chromium profiles, and
// reads what a tab's screen is fed (window.yoriai, the console's window into the program). For e2e tests, the swarm
// runner and the screenshots. Whoever opens a rig closes it; that ends every browser that it started.
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright'
import { ensureBuild } from '../../scripts/build.mjs'
import { findChromium } from '../../scripts/chromium.mjs'
import { createAppServer, type AppServer, type AppServerOptions } from '../../signaling/app-server.ts'
import type { CharterBody } from '../../src/core/ledger/entry.ts'
import type { JoinOptions, RoomLink, SessionView, WholeMeasure } from '../../src/ports/session.ts'

export const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--enable-unsafe-webgpu',
]

const VIEWPORT = { width: 1280, height: 800 }
const POLL_MS = 100
const SETTLE_LIMIT_MS = 20_000
/** Two looks this far apart must agree. */
const SETTLE_QUIET_MS = 1_500

export interface Tab {
  readonly name: string
  readonly page: Page
  view(): Promise<SessionView | null>
  close(): Promise<void>
}

/** A tab in a browser process of its own, with a profile on disk that outlives it. */
export interface ProcessTab extends Tab {
  readonly profile: string
  /** SIGKILL to every process of the browser: no unload, no goodbye. Returns Date.now() of the moment. */
  kill(): Promise<number>
}

export interface TabOptions {
  readonly browser?: Browser
  /** A tab beside others of the same person. */
  readonly context?: BrowserContext
  readonly query?: string
  /** Runs before any script of the page: routes, init scripts. */
  readonly prepare?: (page: Page) => Promise<unknown>
}

export interface Rig {
  server: AppServer
  readonly browser: Browser
  /** A tab in a profile of its own, as another person's browser, unless a context is given. */
  openTab(name: string, options?: TabOptions): Promise<Tab>
  /** Another browser process, with the profile of an earlier one where its folder is given. */
  openProcess(
    name: string,
    options?: Omit<TabOptions, 'browser' | 'context'> & { readonly profile?: string },
  ): Promise<ProcessTab>
  /** Another browser process, to be killed without a word. */
  launch(): Promise<Browser>
  /** The server goes; `startServer` brings one back on the same port. */
  stopServer(): Promise<void>
  startServer(): Promise<void>
  close(): Promise<void>
}

export async function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: await findChromium(), args: CHROMIUM_ARGS })
}

export async function createRig(serverOptions: Partial<AppServerOptions> = {}): Promise<Rig> {
  const distDir = await ensureBuild({ log: () => undefined })
  const options: AppServerOptions = { distDir, extraDirs: ['public'], ...serverOptions }
  const server = await createAppServer(options)
  const browser = await launchChromium()
  const closers: (() => Promise<unknown>)[] = []
  let serving = true

  const openPage = async (
    context: BrowserContext,
    name: string,
    { query = '', prepare }: TabOptions,
  ): Promise<Tab> => {
    const page = await context.newPage()
    await prepare?.(page)
    await page.goto(`${rig.server.url}${query}`)
    return { name, page, view: () => viewOf(page), close: () => page.close() }
  }

  const rig: Rig = {
    server,
    browser,
    async openTab(name, tabOptions = {}) {
      if (tabOptions.context) return openPage(tabOptions.context, name, tabOptions)
      const context = await (tabOptions.browser ?? browser).newContext(contextOptions(options))
      return { ...(await openPage(context, name, tabOptions)), close: () => context.close() }
    },
    async openProcess(name, { profile: kept, ...tabOptions } = {}) {
      const profile = kept ?? (await mkdtemp(path.join(os.tmpdir(), 'yoriai-profile-')))
      const context = await chromium.launchPersistentContext(profile, {
        executablePath: await findChromium(),
        args: CHROMIUM_ARGS,
        ...contextOptions(options),
      })
      closers.push(() => context.close())
      if (kept === undefined) closers.push(() => rm(profile, { recursive: true, force: true, maxRetries: 5 }))
      const tab = await openPage(context, name, tabOptions)
      return { ...tab, profile, close: () => context.close(), kill: () => killBrowser(context) }
    },
    async launch() {
      const other = await launchChromium()
      closers.push(() => other.close())
      return other
    },
    async stopServer() {
      serving = false
      await rig.server.close()
    },
    async startServer() {
      rig.server = await createAppServer({ ...options, port: rig.server.port })
      serving = true
    },
    async close() {
      // What was killed or closed by a test has nothing left to close.
      for (const close of closers) await close().catch(() => undefined)
      await browser.close()
      if (serving) await rig.server.close()
    },
  }
  return rig
}

function contextOptions({ tls }: AppServerOptions) {
  return { viewport: VIEWPORT, acceptDownloads: true, ignoreHTTPSErrors: tls !== undefined }
}

async function killBrowser(context: BrowserContext): Promise<number> {
  const browser = context.browser()
  if (!browser) throw new Error('a persistent context without a browser cannot be killed')
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  const closed = new Promise<void>(resolve => context.once('close', () => resolve()))
  const killedAt = Date.now()
  for (const { id } of processInfo) killProcess(id)
  await closed
  return killedAt
}

function killProcess(id: number): void {
  try {
    process.kill(id, 'SIGKILL')
  } catch (cause) {
    // A child may have ended with its parent.
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ESRCH')) throw cause
  }
}

function viewOf(page: Page): Promise<SessionView | null> {
  return page.evaluate(() => window.yoriai?.stay?.view ?? null)
}

/** A seed makes partition and first parameters repeat. */
export type Draft = Omit<CharterBody, 'kind' | 'salt' | 'seed'> & { readonly seed?: string }

/** Founds a room from the page's own program, without clicking through the form. */
export async function createRoom(tab: Tab, draft: Draft): Promise<RoomLink> {
  return tab.page.evaluate(async terms => {
    const rooms = await window.yoriai!.open()
    return rooms.createRoom(terms)
  }, draft)
}

/** Joins as the green room's button does. The newcomer first learns the charter, as everybody. */
export async function joinRoom(
  tab: Tab,
  link: RoomLink,
  options: Partial<Pick<JoinOptions, 'role' | 'part'>> = {},
): Promise<void> {
  await tab.page.evaluate(
    async ({ link: room, nickname, chosen }) => {
      const program = window.yoriai!
      const rooms = await program.open()
      await new Promise<void>((resolve, reject) => {
        const stop = rooms.preview(room, state => {
          if (state.status === 'failed') reject(new Error(`no preview: ${state.reason}`))
          if (state.status !== 'found') return
          setTimeout(() => stop())
          resolve()
        })
      })
      await program.join({ link: room, nickname, role: 'trainer', part: -1, own: null, ...chosen })
      if (program.stay === null) throw new Error('joining failed; the page said so in a note')
    },
    { link, nickname: tab.name, chosen: options },
  )
}

/** The address that is handed on, as the invite screen shows it. */
export function linkHash({ room, key }: RoomLink): string {
  return `#/join=${room},${key}`
}

/** Polls a tab until its view satisfies the condition; the error shows the last view. */
export async function waitForView(
  tab: Tab,
  what: string,
  condition: (view: SessionView) => boolean,
  limitMs = 120_000,
): Promise<SessionView> {
  const deadline = Date.now() + limitMs
  let last: SessionView | null = null
  while (Date.now() < deadline) {
    last = await tab.view()
    if (last && condition(last)) return last
    // Nothing comes after that.
    if (last?.phase === 'failed') break
    await sleep(POLL_MS)
  }
  const { phase, round, fault, swarm } = last ?? {}
  throw new Error(
    `${tab.name}: no "${what}" (limit ${limitMs} ms); last view ${JSON.stringify({ phase, round, fault, swarm })}`,
  )
}

/** A tab's own model and the room's on the whole held-out set. */
export async function measureWhole(tab: Tab): Promise<WholeMeasure> {
  const measured = await tab.page.evaluate(() => window.yoriai!.stay!.session.measureWhole())
  if (!measured) throw new Error(`${tab.name}: nothing to measure on`)
  return measured
}

/**
 * Everybody pauses, and the last updates reach everybody: after that all hold the same round, which is returned. Where
 * that does not come about in time, the error says who stands where.
 */
export async function settle(tabs: readonly Tab[]): Promise<number> {
  // All at one moment: whoever went on alone, even for a round, would pull the room's model to its own classes.
  const at = Date.now() + 500
  const pause = (when: number): Promise<void> =>
    new Promise(resolve => {
      setTimeout(() => {
        window.yoriai!.stay!.session.setPaused(true)
        resolve()
      }, when - Date.now())
    })
  await Promise.all(tabs.map(({ page }) => page.evaluate(pause, at)))
  const deadline = Date.now() + SETTLE_LIMIT_MS
  let before = ''
  for (;;) {
    await sleep(SETTLE_QUIET_MS)
    const rounds = (await Promise.all(tabs.map(tab => tab.view()))).map(view => view!.round)
    const now = rounds.join()
    if (now === before && new Set(rounds).size === 1) return rounds[0]!
    if (Date.now() > deadline) throw new Error(`rounds stay apart after everybody paused: ${now}`)
    before = now
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
