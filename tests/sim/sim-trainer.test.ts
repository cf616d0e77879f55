// The simulated trainer keeps the contract under a real clock; under a virtual one, times are exact.
import { expect, it } from 'vitest'
import { systemClock } from '../../src/adapters/clock-system.ts'
import { trainingFlop } from '../../src/core/model/flops.ts'
import { initialParams } from '../../src/core/model/init.ts'
import { presetModel } from '../../src/core/model/presets.ts'
import type { ComputeLimits, TrainJob } from '../../src/ports/trainer.ts'
import { createSimTrainer } from '../../src/sim/sim-trainer.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import { trainerContract } from '../contract/trainer.ts'
import { squares } from '../contract/trainer-tools.ts'

trainerContract(
  'simulated, real clock',
  config => Promise.resolve(createSimTrainer(config, systemClock, 1)),
  { backend: 'reference', models: ['logistic', 'mlp', 'cnn'] },
)

const STEP_MS = 20
const model = presetModel('logistic', [4, 4, 1], 10)

async function prepare() {
  const clock = new VirtualClock()
  const trainer = createSimTrainer({ model }, clock, STEP_MS)
  await trainer.setData('train', squares(20, 'sim trainer', 4))
  const job = (limits: ComputeLimits | null): TrainJob => ({
    params: initialParams(model, 'sim trainer'),
    steps: 10,
    batchSize: 4,
    optimizer: { type: 'sgd', learningRate: 0.1 },
    seed: 'sim trainer',
    drift: null,
    limits,
  })
  /** The job's result and the virtual milliseconds that it took. */
  const run = async (limits: ComputeLimits | null, plan: readonly (readonly [number, () => void])[] = []) => {
    const start = clock.now()
    for (const [ms, act] of plan) clock.after(ms, act)
    let ended = NaN
    const done = trainer.train(job(limits)).then(result => {
      ended = clock.now()
      return result
    })
    expect(await clock.run(start + 1e7, () => !Number.isNaN(ended))).toBe(true)
    return { result: await done, tookMs: ended - start }
  }
  const flopPerSecond = (BigInt(4 * trainingFlop(model)) * 1_000n) / BigInt(STEP_MS)
  return { trainer, run, flopPerSecond }
}

it('half the rate takes twice the time, to the millisecond', async () => {
  const { run, flopPerSecond } = await prepare()
  expect((await run(null)).tookMs).toBe(10 * STEP_MS)
  expect((await run({ budgetFlop: null, rateFlops: flopPerSecond })).tookMs).toBeCloseTo(10 * STEP_MS, 0)
  const half = await run({ budgetFlop: null, rateFlops: flopPerSecond / 2n })
  expect(half.tookMs).toBeCloseTo(2 * 10 * STEP_MS, 0)
  expect(half.result.computeMs).toBe(10 * STEP_MS)
})

it('P4 a pause adds its own length to a job and nothing else', async () => {
  const { trainer, run } = await prepare()
  const whole = await run(null)
  // Paused in the third step, which ends; resumed 500 ms later. A pause that begins and ends within a step is none.
  const paused = await run(null, [
    [45, () => trainer.setPaused(true)],
    [560, () => trainer.setPaused(false)],
    [601, () => trainer.setPaused(true)],
    [602, () => trainer.setPaused(false)],
  ])
  expect(paused.result).toEqual({ ...whole.result, pausedMs: 500 })
  expect(paused.tookMs - whole.tookMs).toBe(500)
})

it('a job that is stopped while it waits for its rate leaves the rest of the wait to the next', async () => {
  const { trainer, run, flopPerSecond } = await prepare()
  const limits = { budgetFlop: null, rateFlops: flopPerSecond / 10n }
  const cut = await run(limits, [[50, () => trainer.stop()]])
  expect([cut.result.steps, cut.tookMs]).toEqual([1, 50])
  expect((await run(limits)).tookMs).toBeCloseTo(150 + 10 * 200, 0)
})
