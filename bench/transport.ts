// Link throughput of the transport against a bare RTCDataChannel that moves the same bytes in the same page and run, in a
// real Chromium over loopback. Repetitions alternate, and medians are compared, since the machine's load drifts.
import { execFileSync } from 'node:child_process'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright'
import { createServer } from 'vite'
import { findChromium } from '../scripts/chromium.mjs'
import type { Moved } from './transport-page.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const REPETITIONS = 7
const TOTAL_BYTES = 48 * 1024 * 1024
/** Large models, and the update of a small one. */
const MESSAGE_BYTES = [1024 * 1024, 64 * 1024]
const BAR = 0.8

export async function run(_args: readonly string[] = []) {
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
      const ratio = own / bareSpeed
      const name = `${size / 1024} KiB messages`
      return [
        {
          name: `throughput against a bare RTCDataChannel, ${name}`,
          value: round(ratio),
          unit: 'ratio',
          bar: `>= ${BAR}`,
          ok: ratio >= BAR,
        },
        { name: `throughput, ${name}`, value: round(own), unit: 'MiB/s', bar: null, ok: true },
      ]
    })
    return {
      bench: 'transport',
      commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim(),
      device: `${os.cpus()[0]?.model ?? 'unknown CPU'}, ${os.cpus().length} cores, Chromium ${browser.version()}`,
      seeds: [] as string[],
      checks: [
        ...checks,
        {
          name: 'throughput, bare RTCDataChannel',
          value: round(bareSpeed),
          unit: 'MiB/s',
          bar: null,
          ok: true,
        },
        {
          name: 'from the first word to a proven link',
          value: round(median(ourRuns[0]!.map(run => run.setUpMs))),
          unit: 'ms',
          bar: null,
          ok: true,
        },
        {
          name: 'from nothing to an open bare channel',
          value: round(median(bareRuns.map(run => run.setUpMs))),
          unit: 'ms',
          bar: null,
          ok: true,
        },
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

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]!
}

function round(value: number): number {
  return Number(value.toPrecision(3))
}
