// The part of the trainer contract about drift control: FedProx and control variates enter every gradient before the
// optimiser, on every backend as on the reference, and cost nothing on the meter.
import { describe, expect, it } from 'vitest'
import { presetModel } from '../../src/core/model/presets.ts'
import { createRng } from '../../src/core/num/rng.ts'
import type { ModelSpec } from '../../src/core/model/spec.ts'
import type { DriftControl, Optimizer, Trainer, TrainJob } from '../../src/ports/trainer.ts'
import { CLASSES, kindOf, largestGap, meanGap } from './trainer-tools.ts'

export interface DriftRig {
  readonly side: number
  /** With data; without a model the small MLP. */
  create(model?: ModelSpec): Promise<Trainer>
  jobFor(model: ModelSpec, change?: Partial<TrainJob>): TrainJob
  reference(model: ModelSpec, job: TrainJob): { readonly params: Float32Array; readonly losses: Float64Array }
}

export function describeDrift({ side, create, jobFor, reference }: DriftRig): void {
  const small = presetModel('mlp', [side, side, 1], CLASSES)
  const size = jobFor(small).params.length
  const noise = (seed: string): Float32Array => {
    const rng = createRng(seed)
    return Float32Array.from({ length: size }, () => 0.02 * rng.normal())
  }
  const follow = async (drift: DriftControl, optimizer: Optimizer) => {
    const trainer = await create()
    const job = jobFor(small, { drift, optimizer })
    const losses: number[] = []
    const result = await trainer.train(job, ({ loss }) => losses.push(loss))
    const expected = reference(small, job)
    const plain = reference(small, { ...job, drift: null })
    return { trainer, job, losses, result, expected, plain }
  }
  const sgd: Optimizer = { type: 'sgd', learningRate: 0.05 }
  const cases: Record<string, DriftControl> = {
    'a pull to the start': { proximal: 3, correction: null },
    'a correction': { proximal: 0, correction: noise('contract correction') },
    both: { proximal: 3, correction: noise('contract correction') },
  }

  describe('with drift control', () => {
    it.each(Object.keys(cases))('follows the reference over 20 SGD steps: %s', async name => {
      const { trainer, job, losses, result, expected, plain } = await follow(cases[name]!, sgd)
      expect(largestGap(losses, expected.losses)).toBeLessThanOrEqual(1e-4)
      expect(largestGap(result.params, expected.params)).toBeLessThanOrEqual(1e-4)
      // And what it follows is far from plain training.
      expect(largestGap(expected.params, plain.params)).toBeGreaterThan(2e-3)
      expect((await trainer.train({ ...job, drift: null })).flop).toBe(result.flop)
    })

    it('enters before the moments of Adam', async () => {
      const adam: Optimizer = { type: 'adam', learningRate: 0.002, keepMoments: false }
      const { losses, result, expected, plain } = await follow(cases['both']!, adam)
      expect(largestGap(losses, expected.losses)).toBeLessThanOrEqual(2e-3)
      expect(meanGap(result.params, expected.params)).toBeLessThanOrEqual(1e-4)
      expect(meanGap(expected.params, plain.params)).toBeGreaterThan(1e-3)
    })

    it('of nothing changes nothing', async () => {
      const trainer = await create()
      const job = jobFor(small, { steps: 6 })
      const plain = await trainer.train(job)
      const none = await trainer.train({ ...job, drift: { proximal: 0, correction: null } })
      expect(none.params).toEqual(plain.params)
    })

    it('neither keeps nor changes the correction', async () => {
      const trainer = await create()
      const correction = noise('given away')
      const job = jobFor(small, { drift: { proximal: 0.5, correction } })
      const before = correction.slice()
      const expected = reference(small, job)
      const pending = trainer.train(job)
      expect(correction).toEqual(before)
      correction.fill(NaN)
      expect(largestGap((await pending).params, expected.params)).toBeLessThanOrEqual(1e-4)
    })

    it('refuses by kind', async () => {
      const trainer = await create()
      const refused = (drift: DriftControl) => kindOf(trainer.train(jobFor(small, { drift })))
      for (const proximal of [NaN, Infinity, -1]) {
        expect(await refused({ proximal, correction: null })).toBe('bad-shape')
      }
      expect(await refused({ proximal: 0, correction: new Float32Array(size - 1) })).toBe('bad-shape')
      expect((await trainer.train(jobFor(small, { steps: 1 }))).steps).toBe(1)
    })
  })
}
