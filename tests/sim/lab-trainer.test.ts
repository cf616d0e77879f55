// The laboratory's quick training loop is held to the reference model: same jobs, same parameters but for rounding.
import { expect, test } from 'vitest'
import type { Dataset } from '../../src/core/data/dataset.ts'
import { initialParams } from '../../src/core/model/init.ts'
import type { ModelSpec } from '../../src/core/model/spec.ts'
import { createRng } from '../../src/core/num/rng.ts'
import type { LabJob, LabTrainer } from '../../src/sim/lab/jobs.ts'
import { createLabTrainer, createReferenceLabTrainer } from '../../src/sim/lab/lab-trainer.ts'
import { createQuickMlp } from '../../src/sim/lab/quick-mlp.ts'

const IMAGES: ModelSpec = {
  input: [12, 12, 1],
  layers: [
    { type: 'flatten' },
    { type: 'dense', units: 64, activation: 'relu' },
    { type: 'dense', units: 7, activation: 'linear' },
  ],
}
const TABLE: ModelSpec = { input: [9], layers: IMAGES.layers.slice(1) }
const JOB: LabJob = {
  steps: 15,
  batchSize: 16,
  optimizer: { type: 'sgd', learningRate: 0.2 },
  seed: 'job',
  drift: null,
}

function samplesOf({ input }: ModelSpec, bytes: boolean): Dataset {
  const rng = createRng('samples')
  const size = input.reduce((product, extent) => product * extent, 1)
  const y = Uint16Array.from({ length: 90 }, (_, i) => i % 7)
  const pixel = (i: number): number => (rng.next() < 0.3 ? rng.below(200) + 8 * y[Math.floor(i / size)]! : 0)
  const x = bytes
    ? Uint8Array.from({ length: y.length * size }, (_, i) => pixel(i))
    : Float32Array.from({ length: y.length * size }, (_, i) => pixel(i) / 100 - 0.4)
  return { shape: input, classes: [...'0123456'], x, y }
}

function furthest(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)
}

const CASES = [
  { name: 'images', spec: IMAGES, bytes: true, drift: null, relabel: null },
  { name: 'table rows', spec: TABLE, bytes: false, drift: null, relabel: null },
  { name: 'a pull to the start', spec: IMAGES, bytes: true, drift: { proximal: 0.5 }, relabel: null },
  {
    name: 'turned labels',
    spec: IMAGES,
    bytes: true,
    drift: null,
    relabel: Uint16Array.of(6, 5, 4, 3, 2, 1, 0),
  },
]

for (const { name, spec, bytes, drift, relabel } of CASES) {
  test(`${name}: the parameters of the reference, but for rounding`, () => {
    const data = samplesOf(spec, bytes)
    const start = initialParams(spec, 'start')
    const correction = start.map((_, i) => (i % 5) / 1000)
    const job = drift ? { ...JOB, drift: { ...drift, correction } } : JOB
    const samples = Int32Array.from({ length: 60 }, (_, i) => i + 10)
    const train = (trainer: LabTrainer): { params: Float32Array; accuracy: number } => {
      const set = trainer.prepare(data)
      const params = trainer.train({ set, samples, relabel }, start, job)
      return { params, accuracy: trainer.accuracy(set, params) }
    }
    const quick = createQuickMlp(spec)!
    const [ours, reference] = [train(quick), train(createReferenceLabTrainer(spec))]
    expect(quick.parameters).toBe(start.length)
    expect(furthest(reference.params, start)).toBeGreaterThan(0.01)
    expect(furthest(ours.params, reference.params)).toBeLessThan(2e-5)
    expect(ours.accuracy).toBeCloseTo(reference.accuracy, 6)
    expect(train(createQuickMlp(spec)!).params).toEqual(ours.params)
  })
}

test('another shape or optimiser is the reference model’s', () => {
  const deep: ModelSpec = { ...IMAGES, layers: [...IMAGES.layers.slice(0, 2), ...IMAGES.layers.slice(1)] }
  const odd: ModelSpec = {
    ...TABLE,
    layers: [{ type: 'dense', units: 33, activation: 'relu' }, TABLE.layers[1]!],
  }
  expect(createQuickMlp(deep)).toBeNull()
  expect(createQuickMlp(odd)).toBeNull()
  const trainer = createLabTrainer(TABLE, 'adam')
  const set = trainer.prepare(samplesOf(TABLE, false))
  const part = { set, samples: Int32Array.from({ length: 90 }, (_, i) => i), relabel: null }
  const start = initialParams(TABLE, 'start')
  const twice = (keepMoments: boolean): Float32Array => {
    const job: LabJob = { ...JOB, optimizer: { type: 'adam', learningRate: 0.01, keepMoments } }
    const own = { ...part }
    return trainer.train(own, trainer.train(own, start, job), job)
  }
  expect(furthest(twice(false), start)).toBeGreaterThan(0.01)
  expect(twice(true)).not.toEqual(twice(false))
  expect(twice(true)).toEqual(twice(true))
})
