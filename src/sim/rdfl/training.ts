// Real training without a room: owners with parts of MNIST, some with wrong labels, train one model in rounds (federated averaging,
// weighted by samples). For the studies that need a measured quality; the reference trainer, seeded throughout.
import { fetchFromFolder } from '../../adapters/task-data-node.ts'
import { loadTaskManifest, loadTaskPart, loadTaskTest } from '../../adapters/task-data.ts'
import type { Dataset } from '../../core/data/dataset.ts'
import { partition } from '../../core/data/partition.ts'
import { initialParams } from '../../core/model/init.ts'
import { createReferenceModel, type ReferenceModel } from '../../core/model/reference/model.ts'
import { evaluateSamples, trainSteps } from '../../core/model/reference/train.ts'
import type { Samples } from '../../core/model/samples.ts'
import type { ModelSpec } from '../../core/model/spec.ts'
import { createRng, shuffle } from '../../core/num/rng.ts'

const BATCH = 32
const RATE = 0.1
const HIDDEN = 32
/** The sponsor's own: a first model is trained on a few, the rest measures quality and is never trained on. */
const FIRST_SAMPLES = 60
const VALIDATION_SAMPLES = 500

export interface Lab {
  readonly model: ReferenceModel
  readonly start: Float32Array
  readonly owners: readonly Dataset[]
  readonly validation: Dataset
  readonly test: Dataset
}

/** One owner for each share of wrong labels, `samples` each. */
export async function openLab(wrongLabels: readonly number[], samples: number, seed: string): Promise<Lab> {
  const files = fetchFromFolder()
  const manifest = await loadTaskManifest('/data/', 'mnist', files)
  const dealt = partition(
    { type: 'iid' },
    `${seed}/owners`,
    manifest.train.counts,
    wrongLabels.length + 1,
    Math.max(samples, FIRST_SAMPLES + VALIDATION_SAMPLES),
  )
  const parts = await Promise.all(dealt.map(part => loadTaskPart(manifest, part, files)))
  const shuffled = parts.map((part, n) => shuffleSamples(part, `${seed}/order/${n}`))
  const own = shuffled.pop()!
  const spec: ModelSpec = {
    input: own.shape,
    layers: [
      { type: 'flatten' },
      { type: 'dense', units: HIDDEN, activation: 'relu' },
      { type: 'dense', units: own.classes.length, activation: 'linear' },
    ],
  }
  const model = createReferenceModel(spec)
  const start = train(
    model,
    slice(own, 0, FIRST_SAMPLES),
    initialParams(spec, seed),
    5,
    `${seed}/start`,
  ).params
  return {
    model,
    start,
    owners: shuffled.map((part, n) =>
      spoilLabels(slice(part, 0, samples), wrongLabels[n]!, `${seed}/labels/${n}`),
    ),
    validation: slice(own, FIRST_SAMPLES, FIRST_SAMPLES + VALIDATION_SAMPLES),
    test: slice(await loadTaskTest(manifest, files), 0, 2_000),
  }
}

export interface Round {
  readonly params: Float32Array
  /** What each owner's own training changed; null where it brought no sample. */
  readonly deltas: readonly (Float32Array | null)[]
}

/** One epoch of every owner on the first `counts[n]` of its samples, then the average weighted by samples. */
export function trainRound(lab: Lab, params: Float32Array, counts: readonly number[], seed: string): Round {
  const deltas = lab.owners.map((data, n) => {
    const count = Math.min(counts[n]!, data.y.length)
    if (count === 0) return null
    const trained = train(lab.model, slice(data, 0, count), params, 1, `${seed}/${n}`).params
    return trained.map((value, i) => value - params[i]!)
  })
  return { params: applyDeltas(params, deltas, counts), deltas }
}

/** params plus the average of those deltas whose weight is positive. */
export function applyDeltas(
  params: Float32Array,
  deltas: readonly (Float32Array | null)[],
  weights: readonly number[],
): Float32Array {
  const next = params.slice()
  const total = deltas.reduce((sum, delta, n) => (delta ? sum + weights[n]! : sum), 0)
  deltas.forEach((delta, n) => {
    if (delta === null || weights[n] === 0) return
    const part = weights[n]! / total
    for (let i = 0; i < next.length; i++) next[i] = next[i]! + part * delta[i]!
  })
  return next
}

/** How much each owner's own change lowers the loss on the validation samples. */
export function validationDrops(lab: Lab, params: Float32Array, deltas: Round['deltas']): number[] {
  const before = lossOf(lab, params)
  return deltas.map(delta => (delta ? before - lossOf(lab, applyDeltas(params, [delta], [1])) : 0))
}

/** As published: training loss of the first less that of the fifth epoch on the own shard, by sample. */
export function trainingDrops(
  lab: Lab,
  params: Float32Array,
  counts: readonly number[],
  seed: string,
): number[] {
  const epochs = 5
  return lab.owners.map((data, n) => {
    const count = Math.min(counts[n]!, data.y.length)
    if (count === 0) return 0
    const { losses } = train(lab.model, slice(data, 0, count), params, epochs, `${seed}/tune/${n}`)
    const perEpoch = losses.length / epochs
    const mean = (from: number, to: number): number => {
      const part = losses.subarray(Math.floor(from), Math.max(Math.floor(from) + 1, Math.floor(to)))
      return part.reduce((sum, loss) => sum + loss, 0) / part.length
    }
    return (mean(0, perEpoch) - mean(losses.length - perEpoch, losses.length)) / count
  })
}

export function lossOf({ model, validation }: Lab, params: Float32Array): number {
  return evaluateSamples(model, validation, params).loss
}

export function accuracyOf({ model, test }: Lab, params: Float32Array): number {
  return evaluateSamples(model, test, params).accuracy
}

function train(
  model: ReferenceModel,
  samples: Samples,
  start: Float32Array,
  epochs: number,
  seed: string,
): { readonly params: Float32Array; readonly losses: Float64Array } {
  const batchSize = Math.min(BATCH, samples.y.length)
  const steps = Math.max(1, Math.round((epochs * samples.y.length) / batchSize))
  return trainSteps(model, samples, start, steps, {
    batchSize,
    seed,
    optimizer: { type: 'sgd', learningRate: RATE },
  })
}

function slice(data: Dataset, from: number, to: number): Dataset {
  const size = data.x.length / data.y.length
  return { ...data, x: data.x.subarray(from * size, to * size), y: data.y.subarray(from, to) }
}

/** Parts come sorted by class. */
function shuffleSamples(data: Dataset, seed: string): Dataset {
  const order = shuffle([...data.y.keys()], createRng(seed))
  const size = data.x.length / data.y.length
  const x = data.x.slice()
  order.forEach((from, to) => x.set(data.x.subarray(from * size, (from + 1) * size), to * size))
  return { ...data, x, y: Uint16Array.from(order, from => data.y[from]!) }
}

/** A share of the labels becomes another class, whichever. */
function spoilLabels(data: Dataset, share: number, seed: string): Dataset {
  const rng = createRng(seed)
  const classes = data.classes.length
  const y = data.y.map(label => (rng.next() < share ? (label + 1 + rng.below(classes - 1)) % classes : label))
  return { ...data, y }
}
