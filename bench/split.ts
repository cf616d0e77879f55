// A member whose own backend is the slowest there is (tfjs 'cpu') trains the app's CNN alone, and through a provider on WASM
// in a process of its own beside it: steps a second both ways in the same run, and how well the model knows MNIST after equal
// steps. The owner's first layer runs on whichever engine its tab would choose. What the reference engine and WASM reach alone
// is told without a bar, since a tab would choose those by itself. Options: --steps N of the accuracy runs (400), --data
// samples of the owner (6000).
import { fork } from 'node:child_process'
import process from 'node:process'
import { chooseSegment } from '../src/adapters/backends/choose-segment.ts'
import { systemClock } from '../src/adapters/clock-system.ts'
import { createReferenceTrainer } from '../src/adapters/trainer-reference.ts'
import { createTfjsTrainer } from '../src/adapters/trainer-tfjs.ts'
import type { Dataset } from '../src/core/data/dataset.ts'
import { trainingFlop } from '../src/core/model/flops.ts'
import { initialParams } from '../src/core/model/init.ts'
import { presetModel } from '../src/core/model/presets.ts'
import { cutModel } from '../src/core/model/split.ts'
import type { MemberId } from '../src/core/num/ids.ts'
import type { LendEvent, LendLink } from '../src/peer/lend-dialogue.ts'
import { LentTrainer } from '../src/peer/lent-trainer.ts'
import type { LendingPlan } from '../src/ports/lending-view.ts'
import type { Trainer, TrainJob } from '../src/ports/trainer.ts'
import { decodeLending, encodeLending } from '../src/protocol/lending.ts'
import { loadMnist } from './gossip-data.ts'
import { check, type Check, commitName, deviceName, figure, type Report } from './report.ts'
import type { FromProvider, ToProvider } from './split-provider.worker.ts'

const BATCH = 32
const SEED = 'split bench'
const SPEED_BAR = 5
const POINT = 0.01
const REPETITIONS = 3
const TIMED_MS = 2_500
const TEST_SAMPLES = 4_000
const PLAN: LendingPlan = {
  contract: '5b'.repeat(32),
  owner: 'owner' as MemberId,
  provider: 'provider' as MemberId,
  mode: 'split',
  clipMilli: 3_000,
  noiseMilli: 0,
  samples: 1_000_000,
}

const model = presetModel('cnn', [28, 28, 1], 10)
const start = initialParams(model, SEED)

export async function run(args: readonly string[]): Promise<Report> {
  const option = (name: string, otherwise: number): number =>
    Number(args[args.indexOf(name) + 1 || NaN] ?? otherwise)
  const steps = option('--steps', 400)
  const { train, test } = await loadMnist()
  const own = firstOf(train, option('--data', 6_000))
  const checks: Check[] = []
  await speedChecks(own, checks)
  await accuracyChecks(own, test, steps, checks)
  return {
    bench: 'split',
    commit: commitName(),
    device: deviceName(`Node ${process.versions.node}`),
    seeds: [SEED],
    checks,
    model: 'cnn 1-8-16',
    batchSize: BATCH,
    clipMilli: PLAN.clipMilli,
  }
}

async function speedChecks(own: Dataset, checks: Check[]): Promise<void> {
  const cpu = await createTfjsTrainer({ model }, 'cpu')
  const rig = await createLent(cpu, PLAN)
  await rig.trainer.setData('train', own)
  const lent: number[] = []
  const alone: number[] = []
  await stepsPerSecond(rig.trainer, 500)
  await stepsPerSecond(cpu, 500)
  rig.count.bytes = 0
  const before = rig.trainer.record.steps
  for (let i = 0; i < REPETITIONS; i++) {
    lent.push(await stepsPerSecond(rig.trainer, TIMED_MS))
    alone.push(await stepsPerSecond(cpu, TIMED_MS))
  }
  const bytes = rig.count.bytes / (rig.trainer.record.steps - before)
  const { ownJobs } = rig.trainer.record
  const cut = cutModel(model)!
  checks.push(
    check(
      'split: owner on cpu, provider on wasm, against cpu alone',
      median(lent.map((speed, i) => speed / alone[i]!)),
      'times',
      '>=',
      SPEED_BAR,
    ),
    figure(
      `split: owner's first layer on ${rig.engines.front}, middle on ${rig.engines.middle}`,
      median(lent),
      'steps/s',
    ),
    figure('alone: tfjs cpu', median(alone), 'steps/s'),
    check('jobs that fell back to the owner', ownJobs, 'jobs', '<=', 0),
    figure('bytes that cross a step, both ways', bytes, 'bytes'),
    figure(
      "the provider's part of the work",
      trainingFlop(cut.middle.spec) / trainingFlop(model),
      'of all FLOP',
    ),
  )
  rig.close()
  for (const name of ['wasm', 'reference'] as const) {
    const trainer =
      name === 'wasm' ? await createTfjsTrainer({ model }, 'wasm') : createReferenceTrainer({ model })
    await trainer.setData('train', own)
    await stepsPerSecond(trainer, 500)
    checks.push(
      figure(
        `alone: ${name}, which a tab would choose before cpu`,
        await stepsPerSecond(trainer, TIMED_MS),
        'steps/s',
      ),
    )
    trainer.close()
  }
}

async function accuracyChecks(own: Dataset, test: Dataset, steps: number, checks: Check[]): Promise<void> {
  const accuracyOf = async (trainer: Trainer): Promise<number> => {
    await trainer.setData('train', own)
    await trainer.setData('test', test)
    const { params } = await trainer.train(jobOf(steps))
    return (await trainer.evaluate(params, 'test', TEST_SAMPLES)).accuracy
  }
  const local = createReferenceTrainer({ model })
  const localAccuracy = await accuracyOf(local)
  local.close()
  checks.push(figure(`local: accuracy after ${steps} steps`, localAccuracy, 'of 1'))
  for (const [name, clipMilli, noiseMilli] of [
    ['no clip, no noise', 0, 0],
    ['clip 3', 3_000, 0],
    ['clip 3, noise 0.25', 3_000, 250],
    ['clip 3, noise 1', 3_000, 1_000],
  ] as const) {
    const rig = await createLent(createReferenceTrainer({ model }), { ...PLAN, clipMilli, noiseMilli })
    const accuracy = await accuracyOf(rig.trainer)
    const { ownJobs } = rig.trainer.record
    rig.close()
    if (ownJobs > 0) throw new Error(`${name}: the owner did it itself`)
    const title = `split, ${name}: accuracy after ${steps} steps, against local`
    checks.push(
      noiseMilli === 0
        ? check(title, accuracy - localAccuracy, 'of 1', '>=', -POINT)
        : figure(title, accuracy - localAccuracy, 'of 1'),
    )
  }
}

function jobOf(steps: number): TrainJob {
  return {
    params: start,
    steps,
    batchSize: BATCH,
    optimizer: { type: 'sgd', learningRate: 0.1 },
    seed: SEED,
    drift: null,
    limits: null,
  }
}

async function stepsPerSecond(trainer: Trainer, ms: number): Promise<number> {
  const timer = setTimeout(() => trainer.stop(), ms)
  const { steps, computeMs } = await trainer.train(jobOf(1_000_000))
  clearTimeout(timer)
  return (steps * 1_000) / computeMs
}

/** An owner around this trainer, with a provider in a process of its own. */
async function createLent(local: Trainer, plan: LendingPlan) {
  const child = fork(new URL('./split-provider.worker.ts', import.meta.url), { serialization: 'advanced' })
  const listeners = new Set<(event: LendEvent) => void>()
  const engines = { front: '', middle: '' }
  const count = { bytes: 0 }
  const started = new Promise<void>(resolve => {
    child.on('message', (message: FromProvider) => {
      if ('started' in message) resolve()
      else if ('engine' in message) engines.middle = message.engine
      else {
        count.bytes += message.bytes.length
        const decoded = decodeLending(message.bytes)
        if (decoded) for (const listener of [...listeners]) listener({ type: 'message', message: decoded })
      }
    })
  })
  const tell = (message: ToProvider): void => void child.send(message)
  tell({ start: { model, plan } })
  await started
  const link: LendLink = {
    isUp: true,
    send(message, coarse) {
      const bytes = encodeLending(message, coarse)
      count.bytes += bytes.length
      tell({ bytes })
      return true
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const trainer = new LentTrainer({
    model,
    local,
    clock: systemClock,
    entropy: { bytes: length => crypto.getRandomValues(new Uint8Array(length)) },
    openSegment: async config => {
      const engine = await chooseSegment(config, local.report.backend)
      if (!config.wantsInput) engines.front = engine.backend
      return engine
    },
    lender: () => ({ plan, link, coarse: true }),
    onFault: (_provider, fault) => console.error(`fault: ${fault}`),
  })
  const close = (): void => {
    trainer.close()
    child.kill()
  }
  return { trainer, engines, count, close }
}

function firstOf(data: Dataset, samples: number): Dataset {
  const size = data.x.length / data.y.length
  return { ...data, x: data.x.subarray(0, samples * size), y: data.y.subarray(0, samples) }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}
