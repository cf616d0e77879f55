// WebGPU for real, without a browser: Dawn in Node over a software Vulkan driver. No adapter is a failure, not a skip.
import { backend, engine } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { createTfjsTrainer } from '../../src/adapters/trainer-tfjs.ts'
import { initialParams } from '../../src/core/model/init.ts'
import { presetModel } from '../../src/core/model/presets.ts'
import { createReferenceModel } from '../../src/core/model/reference/model.ts'
import { evaluateSamples, trainSteps } from '../../src/core/model/reference/train.ts'
import { type TrainJob, TrainerError } from '../../src/ports/trainer.ts'
import { trainerContract } from '../contract/trainer.ts'
import { squares } from '../contract/trainer-tools.ts'
import { installNodeWebgpu } from '../tools/node-webgpu.ts'

beforeAll(async () => {
  await installNodeWebgpu('software')
})

trainerContract('tfjs webgpu, Node', config => createTfjsTrainer(config, 'webgpu'), {
  backend: 'webgpu',
  models: ['logistic', 'mlp', 'cnn'],
  side: 8,
  countTensors: () => engine().state.numTensors,
  flatSteps: 100,
})

describe('a lost WebGPU device', () => {
  const model = presetModel('logistic', [6, 6, 1], 10)
  const data = squares(80, 'lost device', 6)
  const loseDevice = (): void => (backend() as unknown as { readonly device: GPUDevice }).device.destroy()
  const job: TrainJob = {
    params: initialParams(model, 'lost device'),
    steps: 60,
    batchSize: 8,
    optimizer: { type: 'adam', learningRate: 0.002, keepMoments: false },
    seed: 'lost device',
    drift: null,
    limits: null,
  }

  it('comes back, and the job ends as if nothing had happened', async () => {
    const tensors = engine().state.numTensors
    const trainer = await createTfjsTrainer({ model }, 'webgpu')
    await trainer.setData('train', data)
    const steps: number[] = []
    let lost = 0
    const result = await trainer.train(job, ({ step }) => {
      steps.push(step)
      if (step === 15 || step === 40) {
        lost++
        loseDevice()
      }
    })
    const expected = trainSteps(createReferenceModel(model), data, job.params, job.steps, job)
    expect(lost).toBe(2)
    expect(steps).toEqual(Array.from({ length: job.steps }, (_, i) => i + 1))
    expect(result.steps).toBe(job.steps)
    const gap =
      result.params.reduce((sum, value, i) => sum + Math.abs(value - expected.params[i]!), 0) /
      result.params.length
    expect(gap).toBeLessThan(1e-4)
    const score = await trainer.evaluate(result.params, 'train')
    const reference = evaluateSamples(createReferenceModel(model), data, expected.params)
    expect(Math.abs(score.loss - reference.loss)).toBeLessThan(1e-3)
    trainer.close()
    expect(engine().state.numTensors).toBe(tensors)
  })

  it('is given up after a few losses, with kind device-lost', async () => {
    const trainer = await createTfjsTrainer({ model }, 'webgpu')
    await trainer.setData('train', data)
    const timer = setInterval(loseDevice, 5)
    try {
      await expect(trainer.train({ ...job, steps: 1_000_000 })).rejects.toSatisfy(
        error => error instanceof TrainerError && error.kind === 'device-lost',
      )
    } finally {
      clearInterval(timer)
      trainer.close()
    }
  })
})
