// The acceptance suite of the Trainer port: every adapter, on every backend, is done when it passes. The plain
// TypeScript reference is the oracle for losses and parameters. Runs in Node and in browsers alike.
import { afterEach, describe, expect, it } from 'vitest'
import { initialParams } from '../../src/core/model/init.ts'
import { type PresetName, presetModel } from '../../src/core/model/presets.ts'
import { createReferenceModel } from '../../src/core/model/reference/model.ts'
import { evaluateSamples, trainSteps } from '../../src/core/model/reference/train.ts'
import type { ModelSpec } from '../../src/core/model/spec.ts'
import {
  type BackendName,
  type Optimizer,
  type Trainer,
  type TrainerConfig,
  type TrainJob,
  type TrainProgress,
} from '../../src/ports/trainer.ts'
import { describeDrift } from './trainer-drift.ts'
import { describeLimits } from './trainer-limits.ts'
import { CLASSES, kindOf, largestGap, meanGap, settled, sleep, squares, until } from './trainer-tools.ts'

export interface ContractOptions {
  readonly backend: BackendName
  /** Models whose loss curves are compared; slow emulated devices leave the CNN out. */
  readonly models: readonly PresetName[]
  /** Tensors alive now, where the adapter has tensors and they can be counted from here. */
  readonly countTensors?: () => number
  /** Steps over which their number must stay flat; emulated devices do fewer. */
  readonly flatSteps?: number
  /** Side of the square test images. */
  readonly side?: number
}

export function trainerContract(
  name: string,
  createTrainer: (config: TrainerConfig) => Promise<Trainer>,
  options: ContractOptions,
): void {
  const side = options.side ?? 12
  const train = squares(64, 'contract train', side)
  const test = squares(150, 'contract test', side)
  const small = presetModel('mlp', [side, side, 1], CLASSES)
  const sgd: Optimizer = { type: 'sgd', learningRate: 0.05 }

  const open: Trainer[] = []
  afterEach(() => {
    for (const trainer of open.splice(0)) trainer.close()
  })
  const create = async (model: ModelSpec = small, withData = true): Promise<Trainer> => {
    const trainer = await createTrainer({ model })
    open.push(trainer)
    if (withData) {
      await trainer.setData('train', train)
      await trainer.setData('test', test)
    }
    return trainer
  }
  const jobFor = (model: ModelSpec, change: Partial<TrainJob> = {}): TrainJob => ({
    params: initialParams(model, 'contract'),
    steps: 20,
    batchSize: 16,
    optimizer: sgd,
    seed: 'contract order',
    drift: null,
    limits: null,
    ...change,
  })
  const reference = (model: ModelSpec, job: TrainJob, steps = job.steps, samples = train) =>
    trainSteps(createReferenceModel(model), samples, job.params, steps, job)
  /** A job that only stop() ends, and its first progress. */
  const startEndless = async (trainer: Trainer, change: Partial<TrainJob> = {}) => {
    const steps: number[] = []
    const job = jobFor(small, { steps: 1_000_000, ...change })
    let begun: () => void = () => undefined
    const first = new Promise<void>(resolve => (begun = resolve))
    const done = trainer.train(job, ({ step }) => {
      steps.push(step)
      begun()
    })
    await Promise.race([first, done])
    return { job, done, steps }
  }

  describe(`trainer contract: ${name}`, () => {
    it.each(options.models)('follows the reference over 20 SGD steps: %s', async preset => {
      const model = presetModel(preset, [side, side, 1], CLASSES)
      const trainer = await create(model)
      const job = jobFor(model)
      const progress: TrainProgress[] = []
      const result = await trainer.train(job, item => progress.push(item))
      const expected = reference(model, job)
      expect(progress.map(({ step }) => step)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
      expect(
        largestGap(
          progress.map(({ loss }) => loss),
          expected.losses,
        ),
      ).toBeLessThanOrEqual(1e-4)
      expect(largestGap(result.params, expected.params)).toBeLessThanOrEqual(1e-4)
      expect(result.steps).toBe(20)
      expect(result.samples).toBe(320)
      expect(result.computeMs).toBeGreaterThan(0)
      const mean = expected.losses.reduce((sum, loss) => sum + loss, 0) / 20
      expect(Math.abs(result.meanLoss - mean)).toBeLessThanOrEqual(1e-4)
      expect(expected.losses[19]!).toBeLessThan(expected.losses[0]!)
    })

    it('follows the reference with Adam, whole and in two jobs that keep the moments', async () => {
      const trainer = await create()
      const optimizer: Optimizer = { type: 'adam', learningRate: 0.002, keepMoments: false }
      // Batches of the whole set: where the second job starts in the order changes nothing but rounding.
      const job = jobFor(small, { optimizer, steps: 8, batchSize: train.y.length })
      const expected = reference(small, job)
      const losses: number[] = []
      const whole = await trainer.train(job, ({ loss }) => losses.push(loss))
      expect(largestGap(losses, expected.losses)).toBeLessThanOrEqual(1e-3)
      const half = await trainer.train({ ...job, steps: 4 })
      const kept: Optimizer = { ...optimizer, keepMoments: true }
      const rest = await trainer.train({ ...job, steps: 4, params: half.params, optimizer: kept })
      expect(meanGap(rest.params, whole.params)).toBeLessThanOrEqual(1e-4)
      const fresh = await trainer.train({ ...job, steps: 4, params: half.params })
      expect(meanGap(fresh.params, whole.params)).toBeGreaterThan(2 * meanGap(rest.params, whole.params))
    })

    it('neither keeps nor changes what it is given', async () => {
      const trainer = await create()
      const job = jobFor(small)
      const before = job.params.slice()
      const pending = trainer.train(job)
      const held = job.params.slice()
      job.params.fill(NaN)
      const result = await pending
      expect(held).toEqual(before)
      expect(result.params.every(Number.isFinite)).toBe(true)
      job.params.set(before)
      expect(largestGap(result.params, reference(small, job).params)).toBeLessThanOrEqual(1e-4)
    })

    it('stops after the current step and tells what was done', async () => {
      const trainer = await create()
      const { job, done, steps } = await startEndless(trainer)
      trainer.stop()
      const result = await done
      expect(result.steps).toBeGreaterThan(0)
      expect(result.steps).toBeLessThan(1_000_000)
      expect(steps.at(-1)).toBe(result.steps)
      expect(result.samples).toBe(result.steps * job.batchSize)
      if (result.steps <= 200) {
        expect(meanGap(result.params, reference(small, job, result.steps).params)).toBeLessThanOrEqual(1e-4)
      }
      // And is ready for the next job.
      expect((await trainer.train(jobFor(small, { steps: 2 }))).steps).toBe(2)
    })

    it('pauses and resumes where it was, and can be stopped while paused', async () => {
      const trainer = await create()
      const { done, steps } = await startEndless(trainer)
      trainer.setPaused(true)
      // What was under way when the pause came may still be told.
      await settled(steps)
      const atPause = steps.length
      await sleep(250)
      expect(steps.length).toBe(atPause)
      trainer.setPaused(false)
      await until(() => steps.length > atPause)
      trainer.setPaused(true)
      await settled(steps)
      trainer.stop()
      const result = await done
      expect(steps.length).toBe(result.steps)
      expect(steps.every((step, i) => step === i + 1)).toBe(true)
      // Still paused: a new job waits.
      let finished = false
      const next = trainer.train(jobFor(small, { steps: 1 })).then(value => {
        finished = true
        return value
      })
      await sleep(100)
      expect(finished).toBe(false)
      trainer.setPaused(false)
      expect((await next).steps).toBe(1)
    })

    it('spends the asked share of time computing', async () => {
      const trainer = await create()
      // Warm, so that preparation does not count as computing.
      await trainer.train(jobFor(small, { steps: 3 }))
      trainer.setEffort(0.2)
      const start = performance.now()
      const { done, steps } = await startEndless(trainer)
      // Slow steps make for long rests: three of them must be over.
      await Promise.all([sleep(700), until(() => steps.length >= 4)])
      trainer.stop()
      const { computeMs } = await done
      const share = computeMs / (performance.now() - start)
      expect(share).toBeLessThan(0.4)
      expect(share).toBeGreaterThan(0.02)
    })

    it('evaluates and predicts as the reference does, also during a job', async () => {
      const trainer = await create()
      const oracle = createReferenceModel(small)
      const params = reference(small, jobFor(small)).params
      const sample = Float32Array.from(test.x.subarray(0, side * side), value => value / 255)
      const { done } = await startEndless(trainer)
      const [whole, head, probabilities] = await Promise.all([
        trainer.evaluate(params, 'test'),
        trainer.evaluate(params, 'train', 37),
        trainer.predict(params, sample),
      ])
      trainer.stop()
      await done
      const expected = evaluateSamples(oracle, test, params)
      expect(whole.samples).toBe(test.y.length)
      expect(Math.abs(whole.loss - expected.loss)).toBeLessThanOrEqual(1e-4)
      expect(Math.abs(whole.accuracy - expected.accuracy)).toBeLessThanOrEqual(1.5 / test.y.length)
      expect(head.samples).toBe(37)
      expect(Math.abs(head.loss - evaluateSamples(oracle, train, params, 37).loss)).toBeLessThanOrEqual(1e-4)
      expect(probabilities.length).toBe(CLASSES)
      expect(largestGap(probabilities, oracle.predict(params, sample))).toBeLessThanOrEqual(1e-4)
    })

    it('keeps validation samples apart from those for training and testing', async () => {
      const trainer = await create()
      const { params } = jobFor(small)
      expect(await kindOf(trainer.evaluate(params, 'validation'))).toBe('no-data')
      const other = squares(30, 'validation', side)
      await trainer.setData('validation', other)
      const expected = evaluateSamples(createReferenceModel(small), other, params).loss
      const found = await trainer.evaluate(params, 'validation')
      expect(found.samples).toBe(30)
      expect(Math.abs(found.loss - expected)).toBeLessThanOrEqual(1e-4)
      expect((await trainer.evaluate(params, 'test')).samples).toBe(test.y.length)
      expect((await trainer.evaluate(params, 'train')).samples).toBe(train.y.length)
    })

    it('trains on added examples from the next job on, and replaces a split when told to', async () => {
      const trainer = await create()
      const bytes = squares(40, 'added', side)
      const added = { ...bytes, x: Float32Array.from(bytes.x, value => value / 255) }
      await trainer.addExamples(added)
      const joined = {
        ...added,
        x: Float32Array.from([...Array.from(train.x, value => value / 255), ...added.x]),
        y: Uint16Array.from([...train.y, ...added.y]),
      }
      const job = jobFor(small, { steps: 6 })
      const mixed = await trainer.train(job)
      expect(largestGap(mixed.params, reference(small, job, 6, joined).params)).toBeLessThanOrEqual(1e-4)
      expect((await trainer.evaluate(job.params, 'train')).samples).toBe(104)
      expect((await trainer.evaluate(job.params, 'test')).samples).toBe(test.y.length)
      await trainer.setData('train', test)
      const replaced = await trainer.train(job)
      expect(largestGap(replaced.params, reference(small, job, 6, test).params)).toBeLessThanOrEqual(1e-4)
    })

    it('refuses by kind', async () => {
      const trainer = await create(small, false)
      const job = jobFor(small)
      expect(await kindOf(trainer.train(job))).toBe('no-data')
      expect(await kindOf(trainer.evaluate(job.params, 'test'))).toBe('no-data')
      await trainer.setData('train', train)
      const short = job.params.subarray(1)
      expect(await kindOf(trainer.train({ ...job, params: short }))).toBe('bad-shape')
      expect(await kindOf(trainer.train({ ...job, batchSize: 0 }))).toBe('bad-shape')
      expect(await kindOf(trainer.train({ ...job, steps: 1.5 }))).toBe('bad-shape')
      expect(await kindOf(trainer.evaluate(short, 'train'))).toBe('bad-shape')
      expect(await kindOf(trainer.predict(job.params, new Float32Array(3)))).toBe('bad-shape')
      expect(await kindOf(trainer.setData('test', { ...test, shape: [side, side, 2] }))).toBe('bad-shape')
      expect(await kindOf(trainer.setData('test', { ...test, x: test.x.subarray(1) }))).toBe('bad-shape')
      const wrongLabel = { ...test, y: test.y.map(() => CLASSES) }
      expect(await kindOf(trainer.addExamples(wrongLabel))).toBe('bad-shape')

      const { done } = await startEndless(trainer)
      expect(await kindOf(trainer.train(job))).toBe('busy')
      const ended = kindOf(done)
      trainer.close()
      expect(await ended).toBe('closed')
      expect(await kindOf(trainer.train(job))).toBe('closed')
      expect(await kindOf(trainer.evaluate(job.params, 'train'))).toBe('closed')
      expect(await kindOf(trainer.predict(job.params, new Float32Array(side * side)))).toBe('closed')
      expect(await kindOf(trainer.setData('train', train))).toBe('closed')
    })

    it('describes itself', async () => {
      const { report } = await create()
      expect(report.backend).toBe(options.backend)
      expect(report.adapter).not.toBe('')
    })

    describeDrift({ create, jobFor, reference, side })
    describeLimits({ create, jobFor, reference, side, ...options })

    const { countTensors } = options
    if (countTensors !== undefined) {
      const steps = options.flatSteps ?? 1_000
      it(`keeps the number of tensors flat over ${steps} steps, and frees all on close`, async () => {
        const atStart = countTensors()
        const model = presetModel('logistic', [side, side, 1], CLASSES)
        const trainer = await create(model)
        for (const type of ['sgd', 'adam'] as const) {
          const optimizer: Optimizer = { type, learningRate: 0.01, keepMoments: true }
          const job = jobFor(model, { optimizer, batchSize: 4, steps: 20 })
          await trainer.train(job)
          const between = countTensors()
          const counts: number[] = []
          await trainer.train({ ...job, steps: type === 'sgd' ? steps : 50 }, ({ step }) => {
            if (step % 10 === 0) counts.push(countTensors())
          })
          await trainer.evaluate(job.params, 'test')
          expect(countTensors()).toBe(between)
          const tail = counts.slice(Math.floor(counts.length / 2))
          // Steps in flight hold a few tensors each; what must not happen is growth.
          expect(Math.max(...tail)).toBeLessThanOrEqual(
            Math.max(...counts.slice(0, counts.length - tail.length)) + 40,
          )
        }
        trainer.close()
        expect(countTensors()).toBe(atStart)
      }, 240_000)
    }
  })
}
