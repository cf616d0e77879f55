// Real tabs against the real server: builds the page if need be, serves it on loopback, opens Chromium profiles, and
// reads what a tab's screen is fed (window.yoriai, the console's window into the program). For e2e tests, the swarm
// runner and the screenshots.
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright'
import { ensureBuild } from '../../scripts/build.mjs'
import { findChromium } from '../../scripts/chromium.mjs'
import { createAppServer, type AppServer, type AppServerOptions } from '../../signaling/app-server.ts'
import type { CharterBody } from '../../src/core/ledger/entry.ts'
import type { JoinOptions, RoomLink, SessionView } from '../../src/ports/session.ts'

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

export interface Tab {
  readonly name: string
  readonly page: Page
  view(): Promise<SessionView | null>
  close(): Promise<void>
}

export interface Rig {
  server: AppServer
  readonly browser: Browser
  /** A tab in a profile of its own: another person's browser. */
  openTab(name: string, options?: { readonly browser?: Browser; readonly query?: string }): Promise<Tab>
  /** Another browser process, to be killed without a word. */
  launch(): Promise<Browser>
  close(): Promise<void>
}

export async function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: await findChromium(), args: CHROMIUM_ARGS })
}

export async function createRig(serverOptions: Partial<AppServerOptions> = {}): Promise<Rig> {
  const distDir = await ensureBuild({ log: () => undefined })
  const server = await createAppServer({ distDir, extraDirs: ['public'], ...serverOptions })
  const browser = await launchChromium()
  const others: Browser[] = []
  const rig: Rig = {
    server,
    browser,
    async openTab(name, { browser: home = browser, query = '' } = {}) {
      const context: BrowserContext = await home.newContext({ viewport: { width: 1280, height: 800 } })
      const page = await context.newPage()
      await page.goto(`${rig.server.url}${query}`)
      return {
        name,
        page,
        view: () => page.evaluate(() => window.yoriai?.stay?.view ?? null),
        close: () => context.close(),
      }
    },
    async launch() {
      const other = await launchChromium()
      others.push(other)
      return other
    },
    async close() {
      for (const other of others) await other.close().catch(() => undefined)
      await browser.close()
      await rig.server.close()
    },
  }
  return rig
}

export type Draft = Omit<CharterBody, 'kind' | 'salt' | 'seed'>

/** Founds a room from the page's own program, without clicking through the form. */
export async function createRoom(tab: Tab, draft: Draft): Promise<RoomLink> {
  return tab.page.evaluate(async terms => {
    const rooms = await window.yoriai!.open()
    return rooms.createRoom(terms)
  }, draft)
}

/** Joins as the green room's button does. The newcomer first learns the charter, as everybody. */
export async function joinRoom(tab: Tab, link: RoomLink, options: Partial<Pick<JoinOptions, 'role' | 'part'>> = {}): Promise<void> {
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
    },
    { link, nickname: tab.name, chosen: options },
  )
}

/** Polls a tab until its view satisfies the condition; the error shows the last view. */
export async function waitForView(tab: Tab, what: string, condition: (view: SessionView) => boolean, limitMs = 120_000): Promise<SessionView> {
  const deadline = Date.now() + limitMs
  let last: SessionView | null = null
  while (Date.now() < deadline) {
    last = await tab.view()
    if (last && condition(last)) return last
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  const { phase, round, fault, swarm } = last ?? {}
  throw new Error(`${tab.name}: no "${what}" within ${limitMs} ms; last view ${JSON.stringify({ phase, round, fault, swarm })}`)
}
