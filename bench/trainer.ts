// Steps per second of our trainer against the plain tfjs loop: same backend, model, batch and run. Repetitions come in
// pairs, one of each, and the median of their ratios counts, since the machine's load drifts. In a real Chromium both
// sides run in workers; in Node both in this thread. Losses are read back on our side only, as in use. An emulated GPU is
// told without a bar: nobody trains on one (a room takes WASM there), and its figures scatter with the load. Options: --backends=wasm,webgpu,webgl,cpu (Chromium; wasm and webgpu unless told),
// --models=logistic,mlp,cnn, --no-node.
import { chromium } from 'playwright'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { createServer } from 'vite'
import { findChromium } from '../scripts/chromium.mjs'
import type { TfjsBackend } from '../src/adapters/backends/open-backend.ts'
import { createTfjsTrainer } from '../src/adapters/trainer-tfjs.ts'
import { initialParams } from '../src/core/model/init.ts'
import { type PresetName, presetModel } from '../src/core/model/presets.ts'
import type { Optimizer } from '../src/ports/trainer.ts'
import { createPlainLoop } from './plain-tfjs.ts'
import { type Check, check, commitName, deviceName, figure, type Report } from './report.ts'
import { mnistLike, SAMPLE_SEED } from './samples.ts'
import type { TrainerBenchSetting } from './trainer-page.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const BAR = 0.95
const REPETITIONS = 9
const REPETITION_MS = 400
const SAMPLES = 1_024
const BATCH = 32
const OPTIMIZER: Optimizer = { type: 'adam', learningRate: 0.001, keepMoments: false }
const PRESETS: readonly PresetName[] = ['logistic', 'mlp', 'cnn']
/** Emulated, the small CNN takes seconds a step. */
const SLOW_PRESETS: readonly PresetName[] = ['logistic', 'mlp']

/** Milliseconds for so many steps. */
type Side = (steps: number) => Promise<number>

export async function run(args: readonly string[]): Promise<Report> {
  const list = (name: string): string[] | undefined =>
    args
      .find(arg => arg.startsWith(`--${name}=`))
      ?.slice(name.length + 3)
      .split(',')
  const backends = (list('backends') ?? ['wasm', 'webgpu']) as TfjsBackend[]
  const models = list('models') as PresetName[] | undefined
  const checks: Check[] = []
  const browserVersion = await benchChromium(backends, models, checks)
  if (!args.includes('--no-node')) await benchNode(checks)
  return {
    bench: 'trainer',
    commit: commitName(),
    device: deviceName(`Chromium ${browserVersion}`, `Node ${process.versions.node}`),
    seeds: [SAMPLE_SEED, 'bench'],
    checks,
    batchSize: BATCH,
    optimizer: OPTIMIZER.type,
    repetitions: REPETITIONS,
  }
}

async function benchChromium(
  backends: readonly TfjsBackend[],
  models: readonly PresetName[] | undefined,
  checks: Check[],
): Promise<string> {
  const server = await createServer({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    cacheDir: 'node_modules/.cache/bench-trainer',
    worker: { format: 'es' },
    optimizeDeps: {
      entries: ['bench/trainer-page.html'],
      include: ['core', 'layers', 'backend-cpu', 'backend-wasm', 'backend-webgl', 'backend-webgpu'].map(
        name => `@tensorflow/tfjs-${name}`,
      ),
    },
    server: { port: 0, host: '127.0.0.1', hmr: false },
  })
  const browser = await chromium.launch({
    executablePath: await findChromium(),
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--enable-unsafe-webgpu',
      '--enable-unsafe-swiftshader',
      '--disable-background-networking',
    ],
  })
  try {
    await server.listen()
    for (const backend of backends) {
      for (const preset of models ?? (backend === 'wasm' ? PRESETS : SLOW_PRESETS)) {
        const page = await browser.newPage()
        page.on('pageerror', error => console.error(error))
        await page.goto(`${server.resolvedUrls!.local[0]!}bench/trainer-page.html`)
        await page.waitForFunction(() => window.trainerBench !== undefined)
        const setting: TrainerBenchSetting = {
          backend,
          preset,
          samples: SAMPLES,
          batchSize: BATCH,
          optimizer: OPTIMIZER,
        }
        const adapter = await page.evaluate(value => window.trainerBench!.prepare(value), setting)
        const ours: Side = steps => page.evaluate(count => window.trainerBench!.ours(count), steps)
        const plain: Side = steps => page.evaluate(count => window.trainerBench!.plain(count), steps)
        const name = `${preset}, ${backend} in Chromium (${adapter})`
        checks.push(...(await compare(name, ours, plain, !adapter.includes('software'))))
        await page.evaluate(() => window.trainerBench!.close())
        await page.close()
      }
    }
    return browser.version()
  } finally {
    await browser.close()
    await server.close()
  }
}

async function benchNode(checks: Check[]): Promise<void> {
  for (const preset of PRESETS) {
    const model = presetModel(preset, [28, 28, 1], 10)
    const data = mnistLike(SAMPLES)
    const params = initialParams(model, 'bench')
    const trainer = await createTfjsTrainer({ model }, 'wasm')
    await trainer.setData('train', data)
    const loop = await createPlainLoop(model, params, data, BATCH, OPTIMIZER)
    const ours: Side = async steps => {
      const start = performance.now()
      await trainer.train({
        params,
        steps,
        batchSize: BATCH,
        optimizer: OPTIMIZER,
        seed: 'bench',
        drift: null,
        limits: null,
      })
      return performance.now() - start
    }
    checks.push(...(await compare(`${preset}, wasm in Node`, ours, steps => loop.run(steps), true)))
    loop.close()
    trainer.close()
  }
}

async function compare(name: string, ours: Side, plain: Side, barred: boolean): Promise<readonly Check[]> {
  // Warm: shaders, tiers of compilation. Then as many steps as fill a repetition on the slower side.
  const warmUp = 12
  await ours(warmUp)
  await plain(warmUp)
  const stepMs = Math.max(await ours(warmUp), await plain(warmUp)) / warmUp
  const steps = Math.max(15, Math.min(2_000, Math.round(REPETITION_MS / stepMs)))
  await ours(steps)
  await plain(steps)
  const ourMs: number[] = []
  const plainMs: number[] = []
  for (let i = 0; i < REPETITIONS; i++) {
    // Who goes first alternates too.
    if (i % 2 === 0) ourMs.push(await ours(steps))
    plainMs.push(await plain(steps))
    if (i % 2 === 1) ourMs.push(await ours(steps))
  }
  const ratio = median(ourMs.map((ms, i) => plainMs[i]! / ms))
  const title = `steps per second against plain tfjs: ${name}`
  return [
    barred ? check(title, ratio, 'ratio', '>=', BAR) : figure(title, ratio, 'ratio'),
    figure(`ours: ${name}`, (steps * 1000) / median(ourMs), 'steps/s'),
    figure(`plain tfjs: ${name}`, (steps * 1000) / median(plainMs), 'steps/s'),
  ]
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}
