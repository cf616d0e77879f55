// The part of the trainer contract about governance: what the meter counts, where a budget ends a job, how a rate is kept,
// and that a pause changes nothing but the time. Checks by the names P1, P3 and P4 of docs/governance.md.
import { describe, expect, it } from 'vitest'
import { trainingFlop } from '../../src/core/model/flops.ts'
import { type PresetName, presetModel } from '../../src/core/model/presets.ts'
import type { ModelSpec } from '../../src/core/model/spec.ts'
import type { BackendName, ComputeLimits, Optimizer, Trainer, TrainJob } from '../../src/ports/trainer.ts'
import { CLASSES, kindOf, largestGap, settled, sleep } from './trainer-tools.ts'

export interface LimitsRig {
  readonly backend: BackendName
  readonly models: readonly PresetName[]
  readonly side: number
  /** With data; without a model the small MLP. */
  create(model?: ModelSpec): Promise<Trainer>
  jobFor(model: ModelSpec, change?: Partial<TrainJob>): TrainJob
  reference(model: ModelSpec, job: TrainJob, steps?: number): { readonly params: Float32Array }
}

export function describeLimits({ backend, models, side, create, jobFor, reference }: LimitsRig): void {
  const small = presetModel('mlp', [side, side, 1], CLASSES)
  const stepOf = (job: TrainJob): bigint => BigInt(job.batchSize) * BigInt(trainingFlop(small))
  const withBudget = (budgetFlop: bigint): ComputeLimits => ({ budgetFlop, rateFlops: null })
  /** So many milliseconds for a step of the small model. */
  const withRate = (stepMs: number): ComputeLimits => ({
    budgetFlop: null,
    rateFlops: (stepOf(jobFor(small)) * 1_000n) / BigInt(stepMs),
  })
  /** Runs a job that is paused at its first progress, and goes on when nothing moves any more. */
  const runInterrupted = async (trainer: Trainer, job: TrainJob, pauseMs = 0) => {
    const told: number[] = []

    let begun: () => void = () => undefined
    const first = new Promise<void>(resolve => (begun = resolve))
    const done = trainer.train(job, ({ step }) => {
      told.push(step)
      begun()
    })
    await first
    trainer.setPaused(true)
    const atPause = told.length
    await settled(told)
    await sleep(pauseMs)
    const inPause = told.length
    trainer.setPaused(false)
    return { result: await done, atPause, inPause, told }
  }

  describe('within limits', () => {
    it.each(models)('P1 meters steps x batch x training FLOP of a sample: %s', async preset => {
      const model = presetModel(preset, [side, side, 1], CLASSES)
      const trainer = await create(model)
      const { flop, exhausted } = await trainer.train(jobFor(model, { steps: 4, batchSize: 5 }))
      expect(flop).toBe(4n * 5n * BigInt(trainingFlop(model)))
      expect(exhausted).toBe(false)
      const pixels = side * side
      if (preset === 'logistic') expect(flop).toBe(BigInt(4 * 5 * 3 * 2 * pixels * CLASSES))
      if (preset === 'mlp') expect(flop).toBe(BigInt(4 * 5 * 3 * 2 * (pixels * 128 + 128 * CLASSES)))
    })

    it('P3 a budget of exactly k steps runs k; one FLOP less, and the job ends within a batch of it', async () => {
      const trainer = await create()
      const job = jobFor(small)
      for (const [budget, steps] of [
        [7n * stepOf(job), 7],
        [7n * stepOf(job) - 1n, 6],
        [20n * stepOf(job) - 1n, 19],
      ] as const) {
        const told: number[] = []
        const result = await trainer.train({ ...job, limits: withBudget(budget) }, ({ step }) =>
          told.push(step),
        )
        expect(result.steps).toBe(steps)
        expect(told).toEqual(Array.from({ length: steps }, (_, i) => i + 1))
        expect(result.exhausted).toBe(true)
        expect(result.flop).toBe(BigInt(steps) * stepOf(job))
        expect(result.flop).toBeLessThanOrEqual(budget)
        expect(budget - result.flop).toBeLessThan(stepOf(job))
        expect(largestGap(result.params, reference(small, job, steps).params)).toBeLessThanOrEqual(1e-4)
      }
      // The budget of a job that it does not end is no reason.
      const whole = await trainer.train({ ...job, limits: withBudget(20n * stepOf(job)) })
      expect([whole.steps, whole.exhausted]).toEqual([20, false])
    })

    it('P3 a budget of less than a step runs nothing and hands the start back', async () => {
      const trainer = await create()
      const job = jobFor(small)
      for (const budget of [0n, stepOf(job) - 1n, -1n]) {
        const told: number[] = []
        const result = await trainer.train({ ...job, limits: withBudget(budget) }, ({ step }) =>
          told.push(step),
        )
        expect(told).toEqual([])
        expect([result.steps, result.samples, result.flop, result.exhausted]).toEqual([0, 0, 0n, true])
        expect(result.params).toEqual(job.params)
      }
      expect((await trainer.train({ ...job, steps: 2 })).steps).toBe(2)
    })

    it('keeps a rate by waiting, which counts neither as computing nor as a pause', async () => {
      const trainer = await create()
      const job = jobFor(small, { steps: 8 })
      await trainer.train(job)
      const began = performance.now()
      await trainer.train(job)
      const stepMs = 2 * Math.max(10, Math.ceil((performance.now() - began) / 8))
      const start = performance.now()
      const result = await trainer.train({ ...job, limits: withRate(stepMs) })
      const tookMs = performance.now() - start
      expect(result.steps).toBe(8)
      expect(result.exhausted).toBe(false)
      // Slower than twice as slow is the machine's affair; faster would break the rate. Timers may miss by a few ms.
      expect(tookMs).toBeGreaterThanOrEqual(8 * stepMs - 10)
      expect(result.computeMs).toBeLessThan(tookMs)
      expect(result.pausedMs).toBe(0)
      expect(largestGap(result.params, reference(small, job).params)).toBeLessThanOrEqual(1e-4)
    })

    it('gives a wait for the rate up at once when stopped or closed', async () => {
      const trainer = await create()
      const job = jobFor(small, { limits: withRate(3_600_000) })
      /** The job after its first step, in the wait for the second; how long a step takes is the backend's affair. */
      const runOne = async () => {
        let begun: () => void = () => undefined
        const first = new Promise<void>(resolve => (begun = resolve))
        const done = trainer.train(job, () => begun())
        await first
        await sleep(150)
        return { done }
      }
      const stopped = await runOne()
      trainer.stop()
      expect(await stopped.done.then(({ steps, exhausted }) => [steps, exhausted])).toEqual([1, false])
      // The wait is still owed, but only for a job with a rate.
      let moved = false
      const next = trainer.train(job, () => (moved = true))
      await sleep(150)
      trainer.stop()
      expect([moved, (await next).steps]).toEqual([false, 0])
      expect((await trainer.train(jobFor(small, { steps: 2 }))).steps).toBe(2)
      const ended = kindOf((await runOne()).done)
      trainer.close()
      expect(await ended).toBe('closed')
    })

    it('P4 a pause takes effect within one step, and its length is told', async () => {
      const trainer = await create()
      await trainer.train(jobFor(small, { steps: 3 }))
      const job = jobFor(small, { steps: 5, limits: withRate(100) })
      const start = performance.now()
      const { result, atPause, inPause, told } = await runInterrupted(trainer, job, 400)
      expect(inPause).toBeLessThanOrEqual(atPause + 1)
      expect(inPause).toBeLessThan(5)
      expect(told).toEqual([1, 2, 3, 4, 5])
      expect(result.steps).toBe(5)
      // `settled` alone waits 400 ms, of which one wait of the rate would have passed anyway.
      expect(result.pausedMs).toBeGreaterThan(450)
      expect(result.pausedMs).toBeLessThan(performance.now() - start)
      expect(result.computeMs + result.pausedMs).toBeLessThan(performance.now() - start)
    })

    const exactness = backend === 'reference' ? 'bit-identically' : 'as if nothing had happened'
    it(`P4 resume continues ${exactness}`, async () => {
      const trainer = await create()
      const optimizer: Optimizer = { type: 'adam', learningRate: 0.002, keepMoments: false }
      const job = jobFor(small, { steps: 12, optimizer })
      const whole = await trainer.train(job)
      const { result, inPause } = await runInterrupted(trainer, { ...job, limits: withRate(40) })
      expect(inPause).toBeLessThan(12)
      expect(result.steps).toBe(12)
      expect(result.flop).toBe(whole.flop)
      expect(whole.pausedMs).toBe(0)
      if (backend === 'reference') {
        expect(new Uint32Array(result.params.buffer)).toEqual(new Uint32Array(whole.params.buffer))
        expect(result.meanLoss).toBe(whole.meanLoss)
      } else expect(largestGap(result.params, whole.params)).toBeLessThanOrEqual(1e-4)
    })
  })
}
