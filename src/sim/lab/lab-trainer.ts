// What the laboratory trains with: gradient steps and evaluation of one model on sets of samples that are prepared once.
// Two ways to do the same mathematics: the reference model (any spec, any optimiser), and a faster one for MLPs of one
// hidden layer with SGD (quick-mlp.ts). Deterministic: the same job gives the same bits.
import type { Dataset } from '../../core/data/dataset.ts'
import { createReferenceModel } from '../../core/model/reference/model.ts'
import { stepAdam, createMoments, type AdamMoments } from '../../core/model/reference/optimizer.ts'
import { evaluateSamples } from '../../core/model/reference/train.ts'
import { createSampleOrder } from '../../core/model/sample-order.ts'
import { takeSamples } from '../../core/model/samples.ts'
import type { ModelSpec } from '../../core/model/spec.ts'
import type { DriftControl, Optimizer } from '../../ports/trainer.ts'
import { createQuickMlp } from './quick-mlp.ts'

export interface LabJob {
  readonly steps: number
  readonly batchSize: number
  readonly optimizer: Optimizer
  /** Seeds the order of samples, as in TrainJob. */
  readonly seed: string
  readonly drift: DriftControl | null
}

/** A set of samples as a trainer keeps it. */
export type PreparedSamples = symbol & { readonly __prepared: true }

/** What one member trains on: samples of a prepared set by position. */
export interface LabPart {
  readonly set: PreparedSamples
  readonly samples: Int32Array
  /** Another class for every class: who poisons labels. Null for the truth. */
  readonly relabel: Uint16Array | null
}

export interface LabTrainer {
  readonly parameters: number
  prepare(samples: Dataset): PreparedSamples
  /** Parameters after the job; `start` is not changed. */
  train(part: LabPart, start: Float32Array, job: LabJob): Float32Array
  /** Share of right answers. */
  accuracy(samples: PreparedSamples, params: Float32Array): number
}

/** The quick one where model, optimiser and engine allow it. */
export function createLabTrainer(model: ModelSpec, optimizer: Optimizer['type']): LabTrainer {
  const quick = optimizer === 'sgd' ? createQuickMlp(model) : null
  return quick ?? createReferenceLabTrainer(model)
}

export function createReferenceLabTrainer(spec: ModelSpec): LabTrainer {
  const model = createReferenceModel(spec)
  const sets = new Map<PreparedSamples, Dataset>()
  const gradient = new Float32Array(model.layout.size)
  return {
    parameters: model.layout.size,
    prepare(samples) {
      const key = Symbol('samples') as PreparedSamples
      sets.set(key, samples)
      return key
    },
    train(part, start, { steps, batchSize, optimizer, seed, drift }) {
      const samples = sets.get(part.set)!
      const params = start.slice()
      const order = createSampleOrder(seed, part.samples.length)
      const indices = new Int32Array(batchSize)
      const x = new Float32Array(batchSize * model.sampleSize)
      const y = new Uint16Array(batchSize)
      const moments = optimizer.type === 'adam' ? createMoments(params.length) : null
      for (let step = 0; step < steps; step++) {
        order.next(indices)
        for (let i = 0; i < batchSize; i++) indices[i] = part.samples[indices[i]!]!
        takeSamples(samples, indices, model.sampleSize, x, y)
        if (part.relabel) for (let i = 0; i < batchSize; i++) y[i] = part.relabel[y[i]!]!
        model.gradients(params, x, y, batchSize, gradient)
        if (drift) addDrift(gradient, params, start, drift)
        move(params, gradient, optimizer.learningRate, moments)
      }
      return params
    },
    accuracy: (key, params) => evaluateSamples(model, sets.get(key)!, params).accuracy,
  }
}

function move(params: Float32Array, gradient: Float32Array, rate: number, moments: AdamMoments | null): void {
  if (moments) stepAdam(params, gradient, rate, moments)
  else for (let i = 0; i < params.length; i++) params[i] = params[i]! - rate * gradient[i]!
}

/** gradient += proximal * (params - start) + correction (ports/trainer.ts DriftControl). */
function addDrift(
  gradient: Float32Array,
  params: Float32Array,
  start: Float32Array,
  { proximal, correction }: DriftControl,
): void {
  for (let i = 0; i < gradient.length; i++) {
    gradient[i] = gradient[i]! + proximal * (params[i]! - start[i]!) + (correction?.[i] ?? 0)
  }
}
