import { describe, expect, it } from 'vitest'
import { type Candidate, chooseTrainer } from '../../src/adapters/backends/choose.ts'
import { createReferenceTrainer } from '../../src/adapters/trainer-reference.ts'
import type { ClearableTrainer } from '../../src/peer/trainer-data.ts'
import { initialParams } from '../../src/core/model/init.ts'
import { presetModel } from '../../src/core/model/presets.ts'
import { type BackendName, TrainerError } from '../../src/ports/trainer.ts'
import { squares } from '../contract/trainer-tools.ts'

const model = presetModel('mlp', [8, 8, 1], 10)

/** The reference trainer under another name, with one part of it replaced; notes whether it was closed. */
function candidate(
  backend: BackendName,
  change: (trainer: ClearableTrainer) => Partial<ClearableTrainer>,
  closed: BackendName[] = [],
  software = false,
): Candidate {
  return {
    backend,
    async open(config) {
      const trainer = createReferenceTrainer(config)
      return {
        ...trainer,
        report: { ...trainer.report, backend, software, adapter: `${backend} adapter` },
        close() {
          closed.push(backend)
          trainer.close()
        },
        ...change(trainer),
      }
    },
  }
}

const asIs = () => ({})
/** Each job seems to compute `factor` times as long. */
const slowed = (factor: number) => (trainer: ClearableTrainer) => ({
  train: async (...args: Parameters<ClearableTrainer['train']>) => {
    const result = await trainer.train(...args)
    return { ...result, computeMs: result.computeMs * factor }
  },
})
const wrong = (trainer: ClearableTrainer) => ({
  train: (...[job, onProgress]: Parameters<ClearableTrainer['train']>) =>
    trainer.train(job, ({ step, loss }) => onProgress?.({ step, loss: loss + 0.01 })),
})

async function kindOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'nothing was refused',
    (error: unknown) => (error instanceof TrainerError ? error.kind : error),
  )
}

describe('choosing a backend', () => {
  it('takes the fastest correct one, closes the others and tells every trial', async () => {
    const closed: BackendName[] = []
    const trainer = await chooseTrainer({ model }, {}, [
      candidate('reference', slowed(50), closed),
      candidate('wasm', slowed(5), closed),
      candidate('cpu', wrong, closed),
      {
        backend: 'webgpu',
        open: () => Promise.reject(new TrainerError('no-backend', 'no adapter')),
      },
      candidate('webgl', asIs, closed, true),
    ])
    const { report } = trainer
    expect(report.backend).toBe('wasm')
    expect(report.stepsPerSecond).toBeGreaterThan(0)
    expect(report.trials.map(({ backend, outcome }) => [backend, outcome.status])).toEqual([
      ['reference', 'ok'],
      ['wasm', 'ok'],
      ['cpu', 'incorrect'],
      ['webgpu', 'unavailable'],
      ['webgl', 'unavailable'],
    ])
    expect(report.trials[4]!.outcome).toMatchObject({ reason: expect.stringContaining('webgl adapter') })
    expect(closed.filter(name => name !== 'wasm')).toEqual(['reference', 'cpu', 'webgl'])
    trainer.close()
  })

  it('hands over a trainer that has forgotten the data of the trial', async () => {
    const trainer = await chooseTrainer({ model }, {}, [candidate('reference', asIs)])
    const job = {
      params: initialParams(model, 'chosen'),
      steps: 1,
      batchSize: 4,
      optimizer: { type: 'sgd', learningRate: 0.1 },
      seed: 'chosen',
      drift: null,
      limits: null,
    } as const
    expect(await kindOf(trainer.train(job))).toBe('no-data')
    await trainer.setData('train', squares(20, 'chosen', 8))
    expect((await trainer.train(job)).steps).toBe(1)
    trainer.close()
  })

  it('rejects by kind when nothing works, or not the one that was asked for', async () => {
    const broken: Candidate = { backend: 'cpu', open: () => Promise.reject(new Error('broken')) }
    expect(await kindOf(chooseTrainer({ model }, {}, [broken, candidate('wasm', wrong)]))).toBe('no-backend')
    expect(await kindOf(chooseTrainer({ model }, { force: 'cpu' }, [broken, candidate('wasm', asIs)]))).toBe(
      'no-backend',
    )
    expect(await kindOf(chooseTrainer({ model }, { force: 'webgl' }))).toBe('no-backend')
  })

  it('measures what this machine really has, within a few seconds', async () => {
    const start = performance.now()
    const trainer = await chooseTrainer({ model: presetModel('cnn', [28, 28, 1], 10) }, {})
    const seconds = (performance.now() - start) / 1000
    const { report } = trainer
    expect(report.trials.map(({ backend }) => backend)).toEqual([
      'reference',
      'wasm',
      'cpu',
      'webgpu',
      'webgl',
    ])
    for (const { backend, outcome } of report.trials) {
      if (backend === 'reference' || backend === 'wasm') {
        expect(outcome.status === 'ok' && outcome.maxLossError).toBeLessThanOrEqual(1e-4)
      }
    }
    const speeds = report.trials.map(({ outcome }) => (outcome.status === 'ok' ? outcome.stepsPerSecond : 0))
    expect(report.stepsPerSecond).toBe(Math.max(...speeds))
    expect(seconds).toBeLessThan(30)
    trainer.close()
  })

  it('can be told which one', async () => {
    const trainer = await chooseTrainer({ model }, { force: 'cpu' })
    expect(trainer.report.backend).toBe('cpu')
    expect(trainer.report.trials).toHaveLength(1)
    trainer.close()
  })
})
