// Real training without a room: owners with data of their own, some with wrong labels, train one model in rounds (federated
// averaging, weighted by samples). For the studies that need a measured quality; the reference trainer, seeded throughout.
// Where the data come from stands in training-mnist.ts and training-glyph.ts; nothing here needs Node or a page.
import type { Dataset } from '../../core/data/dataset.ts'
import { measureShapley } from '../../core/incentives/shapley-driver.ts'
import type { Coalition, ShapleyEstimate } from '../../core/incentives/shapley.ts'
import { initialParams } from '../../core/model/init.ts'
import { createReferenceModel, type ReferenceModel } from '../../core/model/reference/model.ts'
import { evaluateSamples, trainSteps } from '../../core/model/reference/train.ts'
import type { Samples } from '../../core/model/samples.ts'
import type { ModelSpec } from '../../core/model/spec.ts'
import { granted } from './markets.ts'

const BATCH = 32
const RATE = 0.1
const HIDDEN = 32
/** The sponsor's own: a first model is trained on a few, the rest measures quality and is never trained on. */
const FIRST_SAMPLES = 60
const VALIDATION_SAMPLES = 500
export const SPONSOR_SAMPLES = FIRST_SAMPLES + VALIDATION_SAMPLES
export const TEST_SAMPLES = 2_000

export interface Lab {
  readonly model: ReferenceModel
  readonly start: Float32Array
  readonly owners: readonly Dataset[]
  readonly validation: Dataset
  readonly test: Dataset
}

/** `own`: the sponsor's SPONSOR_SAMPLES. The first model knows a little, so that an update's effect can be measured. */
export function labWith(owners: readonly Dataset[], own: Dataset, test: Dataset, seed: string): Lab {
  const spec: ModelSpec = {
    input: own.shape,
    layers: [
      { type: 'flatten' },
      { type: 'dense', units: HIDDEN, activation: 'relu' },
      { type: 'dense', units: own.classes.length, activation: 'linear' },
    ],
  }
  const model = createReferenceModel(spec)
  const first = slice(own, 0, FIRST_SAMPLES)
  const start = train(model, first, initialParams(spec, seed), 5, `${seed}/start`).params
  return { model, start, owners, validation: slice(own, FIRST_SAMPLES, SPONSOR_SAMPLES), test }
}

export interface Round {
  readonly params: Float32Array
  /** What each owner's own training changed; null where it brought no sample. */
  readonly deltas: readonly (Float32Array | null)[]
}

/** What one owner reaches by itself on its first `count` samples, in as many rounds of one epoch. */
export function trainAlone(
  lab: Lab,
  owner: number,
  count: number,
  rounds: number,
  seed: string,
): Float32Array {
  return train(lab.model, slice(lab.owners[owner]!, 0, count), lab.start, rounds, seed).params
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

/** Minus the validation loss of the model that a coalition's changes make: the utility whose Shapley values a round has. */
export function roundUtility(
  lab: Lab,
  params: Float32Array,
  deltas: Round['deltas'],
  counts: readonly number[],
): (coalition: Coalition) => number {
  return coalition =>
    -lossOf(
      lab,
      applyDeltas(
        params,
        deltas,
        counts.map((count, n) => (coalition.includes(n) ? count : 0)),
      ),
    )
}

/** Exact to eight owners. */
export function roundShapley(
  lab: Lab,
  params: Float32Array,
  deltas: Round['deltas'],
  counts: readonly number[],
  seed: string,
): ShapleyEstimate {
  const utility = roundUtility(lab, params, deltas, counts)
  const options = { seed, tolerance: 0, permutations: 200, halfWidth: 0 }
  return granted(measureShapley(counts.length, utility, options))
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

/** Samples [from, to). */
export function slice(data: Dataset, from: number, to: number): Dataset {
  const size = data.x.length / data.y.length
  return { ...data, x: data.x.subarray(from * size, to * size), y: data.y.subarray(from, to) }
}
