// Training runs on the reference model, one step at a time or all at once. The simulator and the reference trainer are
// both this loop; the trainer only adds time (pause, effort, yielding).
import { createSampleOrder } from '../sample-order.ts'
import { type Samples, scaleRange, takeSamples } from '../samples.ts'
import { createSteer, type Drift } from './drift.ts'
import type { ReferenceModel, Score } from './model.ts'
import { type AdamMoments, createMoments, stepAdam, stepSgd } from './optimizer.ts'

export interface RunOptions {
  readonly batchSize: number
  readonly seed: string
  readonly optimizer:
    | { readonly type: 'sgd'; readonly learningRate: number }
    /** Moments are updated in place; absent ones start at zero. */
    | { readonly type: 'adam'; readonly learningRate: number; readonly moments?: AdamMoments }
  /** Enters every gradient before the optimiser; copied. Absent or null for plain training. */
  readonly drift?: Drift | null
}

export interface TrainingRun {
  /** Changed in place by every step. */
  readonly params: Float32Array
  /** One minibatch; its mean loss before the update. */
  step(): number
}

/** `start` is copied. Throws RangeError without samples. */
export function startRun(
  model: ReferenceModel,
  samples: Samples,
  start: Float32Array,
  options: RunOptions,
): TrainingRun {
  const { batchSize, optimizer } = options
  const order = createSampleOrder(options.seed, samples.y.length)
  const params = start.slice()
  const gradient = new Float32Array(params.length)
  const indices = new Int32Array(batchSize)
  const x = new Float32Array(batchSize * model.sampleSize)
  const y = new Uint16Array(batchSize)
  const steer = createSteer(start, options.drift ?? null)
  const moments = optimizer.type === 'adam' ? (optimizer.moments ?? createMoments(params.length)) : null
  return {
    params,
    step() {
      order.next(indices)
      takeSamples(samples, indices, model.sampleSize, x, y)
      const loss = model.gradients(params, x, y, batchSize, gradient)
      steer?.(params, gradient)
      if (moments === null) stepSgd(params, gradient, optimizer.learningRate)
      else stepAdam(params, gradient, optimizer.learningRate, moments)
      return loss
    },
  }
}

/** All steps at once. `losses` holds one mean loss a step. */
export function trainSteps(
  model: ReferenceModel,
  samples: Samples,
  start: Float32Array,
  steps: number,
  options: RunOptions,
): { readonly params: Float32Array; readonly losses: Float64Array } {
  const run = startRun(model, samples, start, options)
  const losses = new Float64Array(steps)
  for (let step = 0; step < steps; step++) losses[step] = run.step()
  return { params: run.params, losses }
}

/** Samples scored at once: bounds the workspace. */
const CHUNK = 128

/** Mean loss and accuracy of the first `limit` samples; both NaN without samples. */
export function evaluateSamples(
  model: ReferenceModel,
  samples: Samples,
  params: Float32Array,
  limit = samples.y.length,
): { readonly loss: number; readonly accuracy: number; readonly samples: number } {
  const count = Math.min(limit, samples.y.length)
  let loss = 0
  let hits = 0
  for (const score of scoreChunks(model, samples, params, count)) {
    loss += score.loss
    hits += score.hits
  }
  return { loss: loss / count, accuracy: hits / count, samples: count }
}

/** The same in pieces, for callers that must not block. */
export function* scoreChunks(
  model: ReferenceModel,
  samples: Samples,
  params: Float32Array,
  count: number,
): Generator<Score> {
  const x = new Float32Array(CHUNK * model.sampleSize)
  for (let start = 0; start < count; start += CHUNK) {
    const size = Math.min(CHUNK, count - start)
    scaleRange(samples, start, start + size, model.sampleSize, x)
    yield model.score(params, x, samples.y.subarray(start, start + size), size)
  }
}
