// Link throughput of the transport against a bare RTCDataChannel that moves the same bytes in the same page and run, in a
// real Chromium over loopback. Repetitions alternate, and medians are compared, since the machine's load drifts.
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright'
import { createServer } from 'vite'
import { findChromium } from '../scripts/chromium.mjs'
import { check, commitName, deviceName, figure, type Report } from './report.ts'
import type { Moved } from './transport-page.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const REPETITIONS = 7
const TOTAL_BYTES = 48 * 1024 * 1024
/** Large models, and the update of a small one. */
const MESSAGE_BYTES = [1024 * 1024, 64 * 1024]
const BAR = 0.8

export async function run(_args: readonly string[] = []): Promise<Report> {
  const server = await createServer({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    cacheDir: 'node_modules/.cache/bench-transport',
    resolve: { alias: { 'simple-peer': 'simple-peer/simplepeer.min.js' } },
    optimizeDeps: { include: ['simple-peer', 'idb'], entries: ['bench/transport-page.html'] },
    server: { port: 0, host: '127.0.0.1', hmr: false },
  })
  const browser = await chromium.launch({
    executablePath: await findChromium(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
  })
  try {
    await server.listen()
    const page = await browser.newPage()
    await page.goto(`${server.resolvedUrls!.local[0]!}bench/transport-page.html`)
    await page.waitForFunction(() => window.transportBench !== undefined)
    const bare = (): Promise<Moved> => page.evaluate(total => window.transportBench!.bare(total), TOTAL_BYTES)
    const ours = (messageBytes: number): Promise<Moved> =>
      page.evaluate(([total, size]) => window.transportBench!.transport(total, size), [
        TOTAL_BYTES,
        messageBytes,
      ] as const)

    await bare()
    await ours(MESSAGE_BYTES[0]!)
    const bareRuns: Moved[] = []
    const ourRuns = MESSAGE_BYTES.map((): Moved[] => [])
    for (let i = 0; i < REPETITIONS; i++) {
      bareRuns.push(await bare())
      for (const [kind, size] of MESSAGE_BYTES.entries()) ourRuns[kind]!.push(await ours(size))
    }

    const bareSpeed = speed(bareRuns)
    const checks = MESSAGE_BYTES.flatMap((size, kind) => {
      const own = speed(ourRuns[kind]!)
      const name = `${size / 1024} KiB messages`
      return [
        check(`throughput against a bare RTCDataChannel, ${name}`, own / bareSpeed, 'ratio', '>=', BAR),
        figure(`throughput, ${name}`, own, 'MiB/s'),
      ]
    })
    return {
      bench: 'transport',
      commit: commitName(),
      device: deviceName(`Chromium ${browser.version()}`),
      seeds: [],
      checks: [
        ...checks,
        figure('throughput, bare RTCDataChannel', bareSpeed, 'MiB/s'),
        figure('from the first word to a proven link', setUp(ourRuns[0]!), 'ms'),
        figure('from nothing to an open bare channel', setUp(bareRuns), 'ms'),
      ],
      repetitions: REPETITIONS,
      bytes: TOTAL_BYTES,
    }
  } finally {
    await browser.close()
    await server.close()
  }
}

function speed(runs: readonly Moved[]): number {
  return TOTAL_BYTES / 1024 / 1024 / (median(runs.map(run => run.moveMs)) / 1000)
}

function setUp(runs: readonly Moved[]): number {
  return median(runs.map(run => run.setUpMs))
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]!
}
