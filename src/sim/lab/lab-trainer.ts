// What the laboratory trains with. Two ways to do the same mathematics: the reference model (any spec, any optimiser), and a
// faster one for MLPs of one hidden layer with SGD (quick-mlp.ts).
import type { Dataset } from '../../core/data/dataset.ts'
import { createReferenceModel } from '../../core/model/reference/model.ts'
import { type AdamMoments, createMoments } from '../../core/model/reference/optimizer.ts'
import { evaluateSamples, startRun } from '../../core/model/reference/train.ts'
import type { Samples } from '../../core/model/samples.ts'
import type { ModelSpec } from '../../core/model/spec.ts'
import type { Optimizer } from '../../ports/trainer.ts'
import type { LabPart, LabTrainer, PreparedSamples } from './jobs.ts'
import { createQuickMlp } from './quick-mlp.ts'

/** The quick one where model, optimiser and engine allow it. */
export function createLabTrainer(model: ModelSpec, optimizer: Optimizer['type']): LabTrainer {
  const quick = optimizer === 'sgd' ? createQuickMlp(model) : null
  return quick ?? createReferenceLabTrainer(model)
}

export function createReferenceLabTrainer(spec: ModelSpec): LabTrainer {
  const model = createReferenceModel(spec)
  const sets = new Map<PreparedSamples, Dataset>()
  const parts = new WeakMap<LabPart, Samples>()
  const moments = new WeakMap<LabPart, AdamMoments>()
  const samplesOf = (part: LabPart): Samples => {
    const known = parts.get(part) ?? take(sets.get(part.set)!, part, model.sampleSize)
    parts.set(part, known)
    return known
  }
  return {
    parameters: model.layout.size,
    prepare(samples) {
      // reason: a brand that only trainers make.
      const key = Symbol('samples') as PreparedSamples
      sets.set(key, samples)
      return key
    },
    train(part, start, { steps, optimizer, ...options }) {
      const kept = moments.get(part) ?? createMoments(start.length)
      if (optimizer.type === 'adam' && optimizer.keepMoments) moments.set(part, kept)
      const withMoments = optimizer.type === 'adam' ? { ...optimizer, moments: kept } : optimizer
      const run = startRun(model, samplesOf(part), start, { ...options, optimizer: withMoments })
      for (let step = 0; step < steps; step++) run.step()
      return run.params
    },
    accuracy: (key, params) => evaluateSamples(model, sets.get(key)!, params).accuracy,
  }
}

/** A copy of the part's samples, with its own labels. */
function take({ x, y }: Samples, { samples, relabel }: LabPart, size: number): Samples {
  const values =
    x instanceof Uint8Array ? new Uint8Array(samples.length * size) : new Float32Array(samples.length * size)
  samples.forEach((from, to) => values.set(x.subarray(from * size, (from + 1) * size), to * size))
  return { x: values, y: Uint16Array.from(samples, i => relabel?.[y[i]!] ?? y[i]!) }
}
