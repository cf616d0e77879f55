// Mode split between an owner and a provider: the same steps as alone, and what the provider gets to see.
import { afterEach, describe, expect, it } from 'vitest'
import { trainingFlop } from '../../../src/core/model/flops.ts'
import { initialParams } from '../../../src/core/model/init.ts'
import { presetModel, type PresetName } from '../../../src/core/model/presets.ts'
import { createReferenceModel } from '../../../src/core/model/reference/model.ts'
import { evaluateSamples, trainSteps } from '../../../src/core/model/reference/train.ts'
import { cutModel } from '../../../src/core/model/split.ts'
import { createRng } from '../../../src/core/num/rng.ts'
import type { Optimizer, TrainJob } from '../../../src/ports/trainer.ts'
import { CLASSES, squares } from '../../contract/trainer-tools.ts'
import { createPair, type Pair, type PairOptions } from './pair.ts'

const SIDE = 8
const train = squares(64, 'split train', SIDE)
const test = squares(120, 'split test', SIDE)
const modelOf = (name: PresetName) =>
  presetModel(name, name === 'tableMlp' ? [SIDE * SIDE] : [SIDE, SIDE, 1], CLASSES)
const cnn = modelOf('cnn')

const open: Pair[] = []
afterEach(() => {
  for (const pair of open.splice(0)) pair.close()
})

async function pairFor(name: PresetName, options: PairOptions = {}): Promise<Pair> {
  const pair = createPair(modelOf(name), options)
  open.push(pair)
  await pair.trainer.setData('train', { ...train, shape: modelOf(name).input })
  return pair
}

function jobFor(name: PresetName, change: Partial<TrainJob> = {}): TrainJob {
  return {
    params: initialParams(modelOf(name), 'split'),
    steps: 12,
    batchSize: 16,
    optimizer: { type: 'sgd', learningRate: 0.1 },
    seed: 'split order',
    drift: null,
    limits: null,
    ...change,
  }
}

const bits = (values: Float32Array): Uint32Array =>
  new Uint32Array(values.buffer, values.byteOffset, values.length)

describe('mode split', () => {
  const adam: Optimizer = { type: 'adam', learningRate: 0.003, keepMoments: false }
  const noise = createRng('split correction')
  const drift = {
    proximal: 0.5,
    correction: Float32Array.from(initialParams(cnn, 'x'), () => 0.01 * noise.normal()),
  }
  it.each([
    ['cnn', 'SGD', {}],
    ['mlp', 'SGD', {}],
    ['tableMlp', 'SGD', {}],
    ['cnn', 'Adam', { optimizer: adam }],
    ['cnn', 'drift control', { drift }],
  ] as const)(
    'trains %s with %s to the bits of the plain trainer, step by step',
    async (name, _what, change) => {
      const pair = await pairFor(name)
      const job = jobFor(name, change)
      const losses: number[] = []
      const result = await pair.trainer.train(job, ({ loss }) => losses.push(loss))
      const expected = trainSteps(createReferenceModel(modelOf(name)), train, job.params, job.steps, job)
      expect(pair.faults).toEqual([])
      expect(pair.lender.steps).toBe(12)
      expect(losses).toEqual([...expected.losses])
      expect(bits(result.params)).toEqual(bits(expected.params))
    },
  )

  it('names a start that the provider holds, and sends one that it does not', async () => {
    const job = jobFor('cnn')
    const named = await pairFor('cnn', { states: () => [initialParams(cnn, 'other'), job.params.slice()] })
    await named.trainer.train(job)
    const pieces = (pair: Pair) => pair.sent.filter(({ type }) => type === 'params').length
    expect(pieces(named)).toBe(0)
    const sent = await pairFor('cnn')
    const first = await sent.trainer.train(job)
    expect(pieces(sent)).toBe(1)
    // What a job ended with is at hand for the next.
    await sent.trainer.train({ ...job, params: first.params })
    expect(pieces(sent)).toBe(1)
    expect([...named.faults, ...sent.faults]).toEqual([])
  })

  it('meters both sides by layer shapes', async () => {
    const pair = await pairFor('cnn')
    const { flop } = await pair.trainer.train(jobFor('cnn', { steps: 3 }))
    const { record } = pair.trainer
    expect(record.ownFlop + record.otherFlop).toBe(flop)
    expect(pair.lender.flop).toBe(record.otherFlop)
    expect(pair.lender.otherFlop).toBe(record.ownFlop)
    expect(record.otherFlop).toBe(BigInt(3 * 16 * trainingFlop(cutModel(cnn)!.middle.spec)))
  })

  it('sends neither samples nor labels: only activations and gradients cross', async () => {
    const pair = await pairFor('cnn')
    await pair.trainer.train(jobFor('cnn', { steps: 4 }))
    const types = new Set(pair.sent.map(({ type }) => type))
    expect([...types].sort()).toEqual(['finish', 'forward', 'gradient', 'open', 'params'])
    const cut = cutModel(cnn)!
    for (const message of pair.sent) {
      if (message.type === 'forward') expect(message.values.length).toBe(16 * cut.sentValues)
      // With a tail at the owner no gradient of logits leaves: its rows do not betray the label by their sign.
      if (message.type === 'gradient') expect(message.values.length).toBe(16 * cut.returnedValues)
    }
  })

  it('tells by its gradient which label a sample has where the model has two layers: said in the view', async () => {
    const pair = await pairFor('mlp')
    await pair.trainer.train(jobFor('mlp', { steps: 1, batchSize: 64 }))
    const gradient = pair.sent.find(message => message.type === 'gradient')
    const values = gradient?.type === 'gradient' ? gradient.values : new Float32Array()
    const read = Array.from({ length: 64 }, (_, row) =>
      values.subarray(row * CLASSES, (row + 1) * CLASSES).findIndex(value => value < 0),
    )
    expect([...read].sort()).toEqual([...train.y].sort())
    expect(pair.lender.labelsShow).toBe(true)
    expect((await pairFor('cnn')).lender.labelsShow).toBe(false)
  })

  it('with scaled bytes, clipping and a little noise learns within a point of training alone', async () => {
    const job = jobFor('cnn', { steps: 150 })
    const alone = trainSteps(createReferenceModel(cnn), train, job.params, job.steps, job).params
    const own = evaluateSamples(createReferenceModel(cnn), test, alone).accuracy
    const accuracyWith = async (plan: PairOptions['plan']): Promise<number> => {
      const pair = await pairFor('cnn', { coarse: true, plan: plan! })
      const { params } = await pair.trainer.train(job)
      expect(pair.faults).toEqual([])
      return evaluateSamples(createReferenceModel(cnn), test, params).accuracy
    }
    expect(own).toBeGreaterThan(0.9)
    expect(await accuracyWith({ clipMilli: 0, noiseMilli: 0 })).toBeGreaterThanOrEqual(own - 0.01)
    expect(await accuracyWith({ clipMilli: 3_000, noiseMilli: 0 })).toBeGreaterThanOrEqual(own - 0.01)
    expect(await accuracyWith({ clipMilli: 3_000, noiseMilli: 50 })).toBeGreaterThanOrEqual(own - 0.01)
  })

  it('serves job after job, and nothing is left over', async () => {
    const pair = await pairFor('tableMlp')
    for (let i = 0; i < 5; i++) await pair.trainer.train(jobFor('tableMlp', { steps: 2, seed: `${i}` }))
    expect([pair.lender.jobs, pair.trainer.record.jobs, pair.trainer.record.ownJobs]).toEqual([5, 5, 0])
    expect(pair.lender.dropped + pair.trainer.record.dropped).toBe(0)
    expect(pair.lender.active).toBe(false)
  })
})
