import { describe, expect, it } from 'vitest'
import { trainingFlop } from '../../src/core/model/flops.ts'
import { initialParams } from '../../src/core/model/init.ts'
import { Training } from '../../src/peer/training.ts'
import type { Trainer, TrainJob, TrainResult } from '../../src/ports/trainer.ts'
import { createSimTrainer } from '../../src/sim/sim-trainer.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import { charterBody as charter } from '../core/ledger/fixtures.ts'
import { squares } from '../contract/trainer-tools.ts'

const start = initialParams(charter.model, charter.seed)
const { batchSize } = charter.terms
const sampleFlop = BigInt(trainingFlop(charter.model))

/** Answers every job with the next of these results, after so many virtual milliseconds. */
function acted(results: readonly (Partial<TrainResult> & { readonly tookMs: number })[]) {
  const clock = new VirtualClock()
  const jobs: TrainJob[] = []
  const trainer: Trainer = {
    report: { backend: 'cpu', adapter: 'acted', software: false, stepsPerSecond: 7.5, trials: [] },
    setData: () => Promise.resolve(),
    addExamples: () => Promise.resolve(),
    train: job =>
      new Promise(resolve => {
        const { tookMs, ...told } = results[jobs.length]!
        jobs.push(job)
        const result: TrainResult = {
          params: job.params.slice(),
          steps: job.steps,
          samples: job.steps * job.batchSize,
          meanLoss: 1,
          computeMs: 100,
          pausedMs: 0,
          flop: 0n,
          exhausted: false,
          ...told,
        }
        clock.after(tookMs, () => resolve(result))
      }),
    stop: () => undefined,
    setPaused: () => undefined,
    setEffort: () => undefined,
    evaluate: () => Promise.resolve({ loss: 1, accuracy: 0.5, samples: 1 }),
    predict: () => Promise.resolve(new Float32Array(10)),
    close: () => undefined,
  }
  const training = new Training(charter, 'author', trainer, clock, start)
  const run = async (
    limits: TrainJob['limits'] = null,
    steps = 20,
    drift: TrainJob['drift'] = null,
  ): Promise<TrainResult> => {
    let result: TrainResult | undefined
    void training.run(jobs.length, start, steps, limits, drift).then(value => (result = value))
    await clock.run(clock.now() + 1e6, () => result !== undefined)
    return result!
  }
  return { training, jobs, run }
}

describe('local training', () => {
  it('hands limits and drift control to the trainer as they are', async () => {
    const { jobs, run } = acted([{ tookMs: 10 }, { tookMs: 10 }])
    const limits = { budgetFlop: 123n, rateFlops: 45n }
    const drift = { proximal: 0.5, correction: new Float32Array(1) }
    await run(limits, 20, drift)
    await run(null)
    expect(jobs.map(job => job.limits)).toEqual([limits, null])
    expect(jobs.map(job => job.drift)).toEqual([drift, null])
    expect(jobs[0]!.seed).toBe(`${charter.seed}/author/0`)
  })

  it('tallies what the trainer metered, not what it works out itself', async () => {
    const { training, run } = acted([
      { tookMs: 10, flop: 1_000n, computeMs: 40 },
      { tookMs: 10, flop: 7n, computeMs: 2, steps: 3, samples: 3 * batchSize, exhausted: true },
    ])
    await run()
    const result = await run()
    expect([result.steps, result.exhausted]).toEqual([3, true])
    expect(training.takeTally()).toEqual({ steps: 23, samples: 23 * batchSize, flop: 1_007n, computeMs: 42 })
    expect(training.takeTally().flop).toBe(0n)
    expect(training.totalSteps).toBe(23)
  })

  it('a job that the budget lets do nothing changes neither the model nor the speed', async () => {
    const { training, run } = acted([
      { tookMs: 500, flop: 5n },
      { tookMs: 3, steps: 0, samples: 0, meanLoss: NaN, computeMs: 0, exhausted: true },
    ])
    await run()
    const { own, stepsPerSecond, lastLoss } = training
    await run()
    expect(training.own).toBe(own)
    expect(training.stepsPerSecond).toBe(stepsPerSecond)
    expect(training.lastLoss).toBe(lastLoss)
  })

  it('P4 measures the same speed with a pause as without', async () => {
    const plain = acted([{ tookMs: 400 }, { tookMs: 500 }])
    const paused = acted([{ tookMs: 400 }, { tookMs: 60_500, pausedMs: 60_000 }])
    for (const { run } of [plain, paused]) {
      await run()
      await run()
    }
    expect(plain.training.stepsPerSecond).toBeCloseTo(0.7 * 50 + 0.3 * 40, 9)
    expect(paused.training.stepsPerSecond).toBe(plain.training.stepsPerSecond)
  })

  it('P4 neither does a real pause of a trainer change the speed, the model or the meter', async () => {
    const model = { ...charter.model, input: [4, 4, 1] }
    const play = async (isPaused: boolean) => {
      const clock = new VirtualClock()
      const trainer = createSimTrainer({ model }, clock, 20)
      await trainer.setData('train', squares(40, 'training', 4))
      const training = new Training(
        { ...charter, model },
        'author',
        trainer,
        clock,
        initialParams(model, 's'),
      )
      if (isPaused) {
        clock.after(70, () => trainer.setPaused(true))
        clock.after(31_000, () => trainer.setPaused(false))
      }
      const results: TrainResult[] = []
      void (async () => {
        for (let round = 0; round < 2; round++)
          results.push(await training.run(round, training.own, 10, null, null))
      })()
      expect(await clock.run(1e6, () => results.length === 2)).toBe(true)
      return { training, pausedMs: results[0]!.pausedMs }
    }
    const plain = await play(false)
    const paused = await play(true)
    expect([plain.pausedMs, paused.pausedMs]).toEqual([0, 31_000 - 80])
    expect(paused.training.stepsPerSecond).toBe(plain.training.stepsPerSecond)
    expect(paused.training.own).toEqual(plain.training.own)
    expect(paused.training.takeTally()).toEqual(plain.training.takeTally())
  })
})

describe('the benchmark of a device', () => {
  it('is an estimate before the first job, then what was measured since the start', async () => {
    const { training, run } = acted([
      { tookMs: 10, flop: 3_000_000n, computeMs: 40 },
      { tookMs: 10_000, flop: 2n ** 60n, computeMs: 1_000.5, pausedMs: 9_000 },
    ])
    expect(training.benchmarkFlops()).toBe((75n * BigInt(batchSize) * sampleFlop) / 10n)
    await run()
    expect(training.benchmarkFlops()).toBe(75_000_000n)
    training.takeTally()
    await run()
    expect(training.benchmarkFlops()).toBe(((3_000_000n + 2n ** 60n) * 1_000_000n) / 1_040_500n)
  })
})
