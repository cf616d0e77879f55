// The two splits of a trainer, checked against its model. Values are kept as they came (bytes stay bytes); a running
// job keeps the samples it started with, so replacing or adding never tears a batch.
import { classCount, product } from '../core/model/shapes.ts'
import type { Samples } from '../core/model/samples.ts'
import type { ModelSpec } from '../core/model/spec.ts'
import type { Dataset } from '../core/data/dataset.ts'
import { layoutParams } from '../core/params/layout.ts'
import { type Split, type Trainer, TrainerError } from '../ports/trainer.ts'

/** A trainer that can forget its data, as after a trial. */
export interface ClearableTrainer extends Trainer {
  clearData(): void
}

export interface Splits {
  set(split: Split, data: Dataset): void
  /** Appends to the training split. */
  add(data: Dataset): void
  clear(): void
  /** Throws TrainerError 'no-data' for a split that is absent or empty. */
  get(split: Split): Samples
}

export function createSplits(model: ModelSpec): Splits {
  const held = new Map<Split, Samples>()
  return {
    set(split, data) {
      held.set(split, checkData(model, data))
    },
    add(data) {
      const more = checkData(model, data)
      const before = held.get('train')
      held.set('train', before === undefined ? more : append(before, more))
    },
    clear: () => held.clear(),
    get(split) {
      const samples = held.get(split)
      if (samples === undefined || samples.y.length === 0)
        throw new TrainerError('no-data', `no ${split} samples`)
      return samples
    },
  }
}

/** Throws TrainerError 'bad-shape' unless the samples fit the model. */
export function checkData(model: ModelSpec, data: Dataset): Samples {
  const size = product(model.input)
  // A model that flattens first takes [28, 28, 1] and [784] alike: only the number of values matters.
  if (product(data.shape) !== size) {
    throw new TrainerError(
      'bad-shape',
      `samples of [${data.shape.join(', ')}], model takes [${model.input.join(', ')}]`,
    )
  }
  if (data.x.length !== data.y.length * size) {
    throw new TrainerError('bad-shape', `${data.x.length} values for ${data.y.length} samples of ${size}`)
  }
  const classes = classCount(model)
  for (const label of data.y) {
    if (label >= classes) throw new TrainerError('bad-shape', `label ${label}, model has ${classes} classes`)
  }
  return { x: data.x, y: data.y }
}

export function checkParams(model: ModelSpec, params: Float32Array): void {
  const { size } = layoutParams(model)
  if (params.length !== size)
    throw new TrainerError('bad-shape', `${params.length} parameters, model has ${size}`)
}

export function checkSample(model: ModelSpec, sample: Float32Array): void {
  const size = product(model.input)
  if (sample.length !== size)
    throw new TrainerError('bad-shape', `${sample.length} values, model takes ${size}`)
}

function append(before: Samples, more: Samples): Samples {
  const y = new Uint16Array(before.y.length + more.y.length)
  y.set(before.y)
  y.set(more.y, before.y.length)
  if (before.x instanceof Uint8Array && more.x instanceof Uint8Array) {
    const x = new Uint8Array(before.x.length + more.x.length)
    x.set(before.x)
    x.set(more.x, before.x.length)
    return { x, y }
  }
  const x = new Float32Array(before.x.length + more.x.length)
  writeScaled(before.x, x, 0)
  writeScaled(more.x, x, before.x.length)
  return { x, y }
}

function writeScaled(from: Samples['x'], to: Float32Array, offset: number): void {
  if (from instanceof Float32Array) to.set(from, offset)
  else for (let i = 0; i < from.length; i++) to[offset + i] = from[i]! / 255
}
