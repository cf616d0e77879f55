// The reference model: forward and backward pass in plain typed-array code. It is the oracle that every backend is held
// to, the engine of the simulator and of tabs without a GPU. Not thread-safe and not reentrant: one object holds one
// workspace. Parameters are flat vectors in layoutParams order.
import { layoutParams, type ParamLayout } from '../../params/layout.ts'
import { product, shapeLayers } from '../shapes.ts'
import type { ModelSpec } from '../spec.ts'
import { createLayer, grow } from './layers.ts'
import { crossEntropyGradient, probabilities, scoreLogits } from './loss.ts'

export interface Score {
  /** Summed loss in nats and number of right answers. */
  readonly loss: number
  readonly hits: number
}

export interface ReferenceModel {
  readonly spec: ModelSpec
  readonly layout: ParamLayout
  /** Values in one sample. */
  readonly sampleSize: number
  readonly classes: number
  /** Logits of `count` samples, [count, classes]; overwritten by the next call of any method. */
  logits(params: Float32Array, x: Float32Array, count: number): Float32Array
  /** Mean loss of the batch; writes its gradient over `gradient` (length layout.size). */
  gradients(
    params: Float32Array,
    x: Float32Array,
    y: ArrayLike<number>,
    count: number,
    gradient: Float32Array,
  ): number
  score(params: Float32Array, x: Float32Array, y: ArrayLike<number>, count: number): Score
  /** Class probabilities of one sample. */
  predict(params: Float32Array, sample: Float32Array): Float32Array
}

/** Throws RangeError for a spec whose layers do not fit together. */
export function createReferenceModel(spec: ModelSpec): ReferenceModel {
  const layout = layoutParams(spec)
  const shaped = shapeLayers(spec)
  const layers = shaped.map((layer, index) => createLayer(layer, index, layout))
  const sampleSize = product(spec.input)
  const classes = layers[layers.length - 1]!.outputSize
  // The first layer with parameters needs no gradient of its input, and those before it no backward pass.
  const firstTrained = shaped.findIndex(({ layer }) => layer.type === 'dense' || layer.type === 'conv2d')
  const widest = Math.max(...layers.map(layer => layer.outputSize))
  // Gradients of a layer's output and input take turns in these.
  let upstream = new Float32Array(0)
  let downstream = new Float32Array(0)

  const logits = (params: Float32Array, x: Float32Array, count: number): Float32Array => {
    let values = x
    for (const layer of layers) {
      layer.forward(params, values, count)
      values = layer.output
    }
    return values
  }

  return {
    spec,
    layout,
    sampleSize,
    classes,
    logits,
    gradients(params, x, y, count, gradient) {
      const out = logits(params, x, count)
      upstream = grow(upstream, count * widest)
      downstream = grow(downstream, count * widest)
      upstream.set(out.subarray(0, count * classes))
      const loss = crossEntropyGradient(upstream, y, count, classes)
      for (let index = layers.length - 1; index >= firstTrained; index--) {
        const input = index === 0 ? x : layers[index - 1]!.output
        const wanted = index > firstTrained ? downstream : null
        layers[index]!.backward(params, input, count, upstream, gradient, wanted)
        const held = upstream
        upstream = downstream
        downstream = held
      }
      return loss
    },
    score: (params, x, y, count) => scoreLogits(logits(params, x, count), y, count, classes),
    predict: (params, sample) => probabilities(logits(params, sample, 1), classes),
  }
}
