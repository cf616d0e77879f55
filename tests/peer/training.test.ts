import { describe, expect, it } from 'vitest'
import { trainingFlop } from '../../src/core/model/flops.ts'
import { initialParams } from '../../src/core/model/init.ts'
import { Training } from '../../src/peer/training.ts'
import type { Trainer, TrainJob, TrainResult } from '../../src/ports/trainer.ts'
import { createSimTrainer } from '../../src/sim/sim-trainer.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import type { CharterBody } from '../../src/core/ledger/entry.ts'
import { presetModel } from '../../src/core/model/presets.ts'
import { headRange } from '../../src/core/params/head.ts'
import { charterBody as charter } from '../core/ledger/fixtures.ts'
import { squares } from '../contract/trainer-tools.ts'

const start = initialParams(charter.model, charter.seed)
const { batchSize } = charter.terms
const sampleFlop = BigInt(trainingFlop(charter.model))

/** Answers every job with the next of these results, after so many virtual milliseconds. */
function acted(
  results: readonly (Partial<TrainResult> & { readonly tookMs: number })[],
  terms: CharterBody['terms'] = charter.terms,
) {
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
  const training = new Training({ ...charter, terms }, 'author', trainer, clock, start)
  const run = async (limits: TrainJob['limits'] = null, steps = 20): Promise<TrainResult> => {
    let result: TrainResult | undefined
    void training.run(jobs.length, start, steps, limits).then(value => (result = value))
    await clock.run(clock.now() + 1e6, () => result !== undefined)
    return result!
  }
  return { training, jobs, run }
}

describe('local training', () => {
  it('hands limits to the trainer as they are, and no drift control where the charter asks for none', async () => {
    const { jobs, run } = acted([{ tookMs: 10 }, { tookMs: 10 }])
    const limits = { budgetFlop: 123n, rateFlops: 45n }
    await run(limits)
    await run(null)
    expect(jobs.map(job => job.limits)).toEqual([limits, null])
    expect(jobs.map(job => job.drift)).toEqual([null, null])
    expect(jobs[0]!.seed).toBe(`${charter.seed}/author/0`)
  })

  it('pulls to the start of the job where the charter says FedProx', async () => {
    const { jobs, run } = acted([{ tookMs: 10 }], {
      ...charter.terms,
      drift: 'prox',
      proximalMicro: 250_000,
    })
    await run()
    expect(jobs[0]!.drift).toEqual({ proximal: 0.25, correction: null })
  })

  it('steers by control variates once a job and a round are known', async () => {
    const terms = { ...charter.terms, drift: 'variates' as const }
    const moved = start.map(value => value - 0.5)
    const { training, jobs, run } = acted([{ tookMs: 10, params: moved }, { tookMs: 10 }], terms)
    await run()
    const before = {
      round: 0,
      params: start,
      momentum: new Float32Array(start.length),
      draw: new Uint8Array(0),
    }
    // The room went a quarter of the way that this member went.
    training.roundMixed(before, { ...before, round: 1, params: start.map(value => value - 0.125) }, 20)
    await run()
    expect(jobs[0]!.drift).toBeNull()
    const { proximal, correction } = jobs[1]!.drift!
    expect(proximal).toBe(0)
    // c - c_i is negative: it holds this member back.
    expect(correction!.every(value => value < 0)).toBe(true)
  })

  it('keeps a head of its own: the room gets the body alone, the trainer the whole model', async () => {
    const model = presetModel('mlp', [28, 28, 1], 10)
    const { from, size } = headRange(model)
    const whole = initialParams(model, 'heads')
    const jobs: TrainJob[] = []
    const trainer = {
      train: (job: TrainJob) => {
        jobs.push(job)
        const params = job.params.map(value => value + 1)
        return Promise.resolve({
          params,
          steps: 1,
          samples: 1,
          meanLoss: 1,
          computeMs: 1,
          pausedMs: 0,
          flop: 0n,
        })
      },
    } as unknown as Trainer
    const own = { ...charter, model, terms: { ...charter.terms, head: 'own' as const } }
    const training = new Training(own, 'author', trainer, new VirtualClock(), whole)
    const body = new Float32Array(from)
    const { params } = await training.run(0, body, 1, null)
    expect(params.length).toBe(from)
    expect(jobs[0]!.params.length).toBe(size)
    await training.run(1, body, 1, null)
    // The second job goes on with the head of the first.
    expect(jobs[1]!.params.subarray(from)).toEqual(whole.subarray(from).map(value => value + 1))
    expect(training.whole(body).subarray(from)).toEqual(
      whole
        .subarray(from)
        .map(value => value + 1)
        .map(value => value + 1),
    )
    expect(training.head).toEqual(training.whole(body).slice(from))
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
          results.push(await training.run(round, training.own, 10, null))
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
