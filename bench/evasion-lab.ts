// Training runs that evade a cap, and honest ones to compare with: real gradient steps of the reference model on MNIST.
// Shared by the benchmark and by test P7, which runs a smaller lab. Everything is seeded.
import { fetchFromFolder } from '../src/adapters/task-data-node.ts'
import {
  type LocatedManifest,
  loadTaskManifest,
  loadTaskPart,
  loadTaskTest,
} from '../src/adapters/task-data.ts'
import type { Dataset } from '../src/core/data/dataset.ts'
import { partition } from '../src/core/data/partition.ts'
import { initialParams } from '../src/core/model/init.ts'
import { createLayer } from '../src/core/model/reference/layers.ts'
import { probabilities } from '../src/core/model/reference/loss.ts'
import { createReferenceModel, type ReferenceModel } from '../src/core/model/reference/model.ts'
import { stepSgd } from '../src/core/model/reference/optimizer.ts'
import { trainSteps } from '../src/core/model/reference/train.ts'
import { createSampleOrder } from '../src/core/model/sample-order.ts'
import { takeSamples } from '../src/core/model/samples.ts'
import { shapeLayers } from '../src/core/model/shapes.ts'
import type { ModelSpec } from '../src/core/model/spec.ts'
import { createRng, shuffle } from '../src/core/num/rng.ts'
import { viewSlot } from '../src/core/params/layout.ts'

const BATCH = 32
const RATE = 0.1

export interface Lab {
  readonly spec: ModelSpec
  readonly hidden: number
  readonly model: ReferenceModel
  /** Training samples of everybody, of a second owner, of four parallel workers, and held-out ones. */
  readonly shared: Dataset
  readonly other: Dataset
  readonly shards: readonly Dataset[]
  readonly heldOut: Dataset
}

/** `samples` is the size of a training set; each parallel worker holds half of that. */
export async function openLab(hidden: number, samples: number, seed: string): Promise<Lab> {
  const spec: ModelSpec = {
    input: [28, 28, 1],
    layers: [
      { type: 'flatten' },
      { type: 'dense', units: hidden, activation: 'relu' },
      { type: 'dense', units: 10, activation: 'linear' },
    ],
  }
  const files = fetchFromFolder()
  const manifest = await loadTaskManifest('/data/', 'mnist', files)
  const [shared, other] = await parts(manifest, `${seed} owners`, 2, samples)
  const shards = await parts(manifest, `${seed} workers`, 4, samples / 2)
  const heldOut = await loadTaskTest(manifest, files)
  return { spec, hidden, model: createReferenceModel(spec), shared: shared!, other: other!, shards, heldOut }
}

async function parts(
  manifest: LocatedManifest,
  seed: string,
  count: number,
  samples: number,
): Promise<Dataset[]> {
  const dealt = partition({ type: 'iid' }, seed, manifest.train.counts, count, samples)
  return Promise.all(dealt.map(part => loadTaskPart(manifest, part, fetchFromFolder())))
}

export function stepsOf(data: Dataset, epochs: number): number {
  return Math.round((data.y.length * epochs) / BATCH)
}

export function trainEpochs(
  lab: Lab,
  start: Float32Array,
  data: Dataset,
  epochs: number,
  seed: string,
): Float32Array {
  const steps = stepsOf(data, epochs)
  const optimizer = { type: 'sgd', learningRate: RATE } as const
  return trainSteps(lab.model, data, start, steps, { batchSize: BATCH, seed, optimizer }).params
}

/** An honest run: its own start, its own order of samples. */
export function trainAlone(lab: Lab, epochs: number, seed: string): Float32Array {
  return trainEpochs(lab, initialParams(lab.spec, `${seed} start`), lab.shared, epochs, `${seed} order`)
}

/** The same function in other clothes: hidden units permuted, then normal noise on every weight, relative to its tensor. */
export function disguise(lab: Lab, params: Float32Array, noise: number, seed: string): Float32Array {
  const { hidden } = lab
  const rng = createRng(seed)
  const order = shuffle([...Array(hidden).keys()], rng)
  const [kernel, bias, output, outputBias] = lab.model.layout.slots.map(slot => viewSlot(params, slot))
  const worn = params.slice()
  const [wornKernel, wornBias, wornOutput] = lab.model.layout.slots.map(slot => viewSlot(worn, slot))
  const inputs = kernel!.length / hidden
  const classes = outputBias!.length
  order.forEach((from, to) => {
    for (let i = 0; i < inputs; i++) wornKernel![i * hidden + to] = kernel![i * hidden + from]!
    wornBias![to] = bias![from]!
    wornOutput!.set(output!.subarray(from * classes, (from + 1) * classes), to * classes)
  })
  for (const slot of lab.model.layout.slots) {
    const tensor = viewSlot(worn, slot)
    const scale = noise * Math.sqrt(tensor.reduce((sum, value) => sum + value * value, 0) / tensor.length)
    for (let i = 0; i < tensor.length; i++) tensor[i] = tensor[i]! + scale * rng.normal()
  }
  return worn
}

/** Four workers from one start, each on its shard, averaged every so many epochs; as they are before the next average. */
export function trainParallel(
  lab: Lab,
  epochs: number,
  averageEvery: number,
  seed: string,
): readonly Float32Array[] {
  const start = initialParams(lab.spec, `${seed} start`)
  let workers = lab.shards.map(() => start)
  for (let epoch = 0; epoch < epochs; epoch += averageEvery) {
    if (epoch > 0) {
      const mean = average(workers)
      workers = workers.map(() => mean)
    }
    workers = workers.map((params, i) =>
      trainEpochs(lab, params, lab.shards[i]!, averageEvery, `${seed} ${epoch} ${i}`),
    )
  }
  return workers
}

function average(all: readonly Float32Array[]): Float32Array {
  const mean = new Float32Array(all[0]!.length)
  for (const params of all) for (let i = 0; i < mean.length; i++) mean[i] = mean[i]! + params[i]! / all.length
  return mean
}

/**
 * Hand-over by distillation (Hinton, Vinyals, Dean 2015): a student with its own start learns the teacher's softened
 * outputs on the shared samples and never sees a label or a weight.
 */
export function distil(
  lab: Lab,
  teacher: Float32Array,
  epochs: number,
  temperature: number,
  seed: string,
): Float32Array {
  const { model, shared } = lab
  const { classes, sampleSize } = model
  const shaped = shapeLayers(lab.spec)
  const layers = shaped.map((layer, index) => createLayer(layer, index, model.layout))
  const student = initialParams(lab.spec, `${seed} start`)
  const gradient = new Float32Array(student.length)
  const order = createSampleOrder(`${seed} order`, shared.y.length)
  const indices = new Int32Array(BATCH)
  const x = new Float32Array(BATCH * sampleSize)
  const y = new Uint16Array(BATCH)
  const widest = Math.max(...layers.map(layer => layer.outputSize))
  const upstream = new Float32Array(BATCH * widest)
  const downstream = new Float32Array(BATCH * widest)
  const soften = (logits: Float32Array, at: number): Float32Array =>
    probabilities(
      logits.slice(at, at + classes).map(value => value / temperature),
      classes,
    )
  const steps = stepsOf(shared, epochs)
  for (let step = 0; step < steps; step++) {
    order.next(indices)
    takeSamples(shared, indices, sampleSize, x, y)
    const taught = model.logits(teacher, x, BATCH)
    const values: Float32Array[] = [x]
    for (const layer of layers) {
      layer.forward(student, values[values.length - 1]!, BATCH)
      values.push(layer.output)
    }
    const answered = values[values.length - 1]!
    for (let sample = 0; sample < BATCH; sample++) {
      const at = sample * classes
      const wanted = soften(taught, at)
      const given = soften(answered, at)
      // Times the temperature squared over the temperature: the gradient keeps its size as outputs get softer.
      for (let i = 0; i < classes; i++) {
        upstream[at + i] = ((given[i]! - wanted[i]!) * temperature) / BATCH
      }
    }
    // Flatten, hidden, output: the output layer's input gradient is the hidden layer's output gradient.
    layers[2]!.backward(student, values[2]!, BATCH, upstream, gradient, downstream)
    layers[1]!.backward(student, values[1]!, BATCH, downstream, gradient, null)
    stepSgd(student, gradient, RATE)
  }
  return student
}
