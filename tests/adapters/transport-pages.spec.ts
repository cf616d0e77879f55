// The transport between real pages over the real signaling server: a process that dies, a server that restarts, and
// connections that may only use a relay.
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright'
import { createServer, type ViteDevServer } from 'vite'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { findChromium } from '../../scripts/chromium.mjs'
import { parseIceConfig, turnCredential } from '../../signaling/ice.ts'
import { createSignalingServer, type SignalingServer } from '../../signaling/server.ts'
import { SIGNALING_PATH } from '../../src/protocol/signaling.ts'
import { startCoturn, type Coturn } from '../signaling/coturn.ts'
import type { PageOptions } from './transport-page.ts'

const SECRET = 'a secret of this test'

let vite: ViteDevServer
let browser: Browser
let signaling: SignalingServer | undefined
let contexts: BrowserContext[] = []

beforeAll(async () => {
  vite = await createServer({
    configFile: false,
    logLevel: 'error',
    cacheDir: 'node_modules/.cache/transport-pages',
    resolve: { alias: { 'simple-peer': 'simple-peer/simplepeer.min.js' } },
    optimizeDeps: { include: ['simple-peer', 'idb'], entries: ['tests/adapters/transport-page.html'] },
    server: { port: 0, host: '127.0.0.1', hmr: false },
  })
  await vite.listen()
  browser = await chromium.launch({
    executablePath: await findChromium(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
  })
})
afterEach(async () => {
  for (const context of contexts) await context.close()
  contexts = []
  await signaling?.close()
  signaling = undefined
})
afterAll(async () => {
  await browser?.close()
  await vite?.close()
})

async function openPage(context?: BrowserContext): Promise<Page> {
  const own = context ?? (await browser.newContext())
  if (!contexts.includes(own)) contexts.push(own)
  const page = await own.newPage()
  await page.goto(`${vite.resolvedUrls!.local[0]!}tests/adapters/transport-page.html`)
  await page.waitForFunction(() => window.pageTransport !== undefined)
  return page
}

const join = (page: Page, options: Omit<PageOptions, 'signalUrl'>, port: number): Promise<string> =>
  page.evaluate(given => window.pageTransport!.join(given), {
    ...options,
    signalUrl: `ws://127.0.0.1:${port}${SIGNALING_PATH}`,
  })

const untilLinks = (page: Page, count: number, timeout = 40_000): Promise<unknown> =>
  page.waitForFunction(n => Object.keys(window.pageTransport!.links()).length === n, count, { timeout })

const eventsOf = (page: Page): Promise<string[]> => page.evaluate(() => window.pageTransport!.events())

test('a killed process is lost in seconds and welcomed back; signaling may restart unnoticed', async () => {
  signaling = await createSignalingServer(0, { host: '127.0.0.1', allowedOrigins: ['*'] })
  const { port } = signaling
  const [a, b] = [await openPage(), await openPage()]
  const home = await browser.newContext()
  const c = await openPage(home)
  await join(a, { slot: 'a' }, port)
  await join(b, { slot: 'b' }, port)
  const idOfC = await join(c, { slot: 'c' }, port)
  for (const page of [a, b, c]) await untilLinks(page, 2)

  const killedAt = Date.now()
  await crash(c)
  await untilLinks(a, 1)
  await untilLinks(b, 1)
  const lostMs = Date.now() - killedAt
  console.log(`a killed process was reported after ${lostMs} ms`)
  expect(lostMs).toBeLessThan(15_000)
  expect((await eventsOf(a)).at(-1)).toBe('down lost')

  const again = await openPage(home)
  expect(await join(again, { slot: 'c' }, port)).toBe(idOfC)
  for (const page of [a, b, again]) await untilLinks(page, 2)

  const before = await eventsOf(a)
  await signaling.close()
  await a.evaluate(() => window.pageTransport!.send(100_000, 5))
  for (const page of [b, again])
    await page.waitForFunction(() => window.pageTransport!.received() === 500_000)
  signaling = await createSignalingServer(port, { host: '127.0.0.1', allowedOrigins: ['*'] })
  const late = await openPage()
  await join(late, { slot: 'late' }, port)
  for (const page of [a, b, again, late]) await untilLinks(page, 3)
  expect(await eventsOf(a)).toEqual([...before, 'up'])

  await late.evaluate(() => window.pageTransport!.leave())
  await untilLinks(a, 2)
  expect((await eventsOf(a)).at(-1)).toBe('down closed')
  await late.waitForFunction(() => window.pageTransport!.openConnections() === 0)
})

test('an identity stays in its browser’s storage', async () => {
  signaling = await createSignalingServer(0, { host: '127.0.0.1', allowedOrigins: ['*'] })
  const context = await browser.newContext()
  const [one, two] = [await openPage(context), await openPage(context)]
  const ids = await Promise.all([one, two].map(page => join(page, { slot: 'same' }, signaling!.port)))
  expect(ids[0]).toBe(ids[1])
  const other = await openPage()
  expect(await join(other, { slot: 'same' }, signaling.port)).not.toBe(ids[0])
})

async function withCoturn(run: (coturn: Coturn) => Promise<void>): Promise<void> {
  const coturn = await startCoturn(SECRET)
  if (!coturn) throw new Error('coturn is not installed (Debian: apt install coturn), so no relay was tested')
  try {
    await run(coturn)
  } finally {
    await coturn.close()
  }
}

test('with the server’s credentials, members who may only use the relay move data through it', async () => {
  await withCoturn(async coturn => {
    const urls = `turn:127.0.0.1:${coturn.port}?transport=udp`
    const ice = parseIceConfig([{ urls, secret: SECRET, ttlSeconds: 600, name: 'yoriai' }])
    signaling = await createSignalingServer(0, { host: '127.0.0.1', allowedOrigins: ['*'], ice })
    const [a, b] = [await openPage(), await openPage()]
    await join(a, { slot: 'a', relayOnly: true }, signaling.port)
    await join(b, { slot: 'b', relayOnly: true }, signaling.port)
    await untilLinks(a, 1)
    await untilLinks(b, 1)
    expect(await a.evaluate(() => window.pageTransport!.send(1_000_000, 5))).toBe(true)
    await b.waitForFunction(() => window.pageTransport!.received() === 5_000_000)
    const paths = await b.evaluate(() => Object.values(window.pageTransport!.links()).map(link => link.path))
    expect(paths).toEqual(['relay'])
  })
})

test('with a credential that the relay does not know, no link comes up and nothing stays open', async () => {
  await withCoturn(async coturn => {
    signaling = await createSignalingServer(0, { host: '127.0.0.1', allowedOrigins: ['*'] })
    const iceServers = [
      {
        urls: `turn:127.0.0.1:${coturn.port}?transport=udp`,
        ...turnCredential('guessed', Math.floor(Date.now() / 1000) + 600),
      },
    ]
    const [a, b] = [await openPage(), await openPage()]
    for (const [page, slot] of [
      [a, 'a'],
      [b, 'b'],
    ] as const) {
      await join(page, { slot, relayOnly: true, iceServers }, signaling.port)
    }
    await a.waitForFunction(() => window.pageTransport!.openConnections() > 0)
    await new Promise(resolve => setTimeout(resolve, 5_000))
    for (const page of [a, b]) {
      expect(await page.evaluate(() => window.pageTransport!.links())).toEqual({})
      await page.evaluate(() => window.pageTransport!.leave())
      await page.waitForFunction(() => window.pageTransport!.openConnections() === 0)
    }
  })
})

/** The page's process ends as if it were killed: no unload, no goodbye. */
async function crash(page: Page): Promise<void> {
  const gone = new Promise(resolve => page.once('crash', resolve))
  page.goto('chrome://crash').catch(() => undefined) // Never arrives: the navigation kills its own process.
  await gone
}
