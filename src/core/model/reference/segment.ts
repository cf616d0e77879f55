// Part of a model on the reference layers: forward and backward pass of a stack whose output need not be logits and whose
// input may need a gradient. One object holds one workspace and the batch of its last forward pass; not reentrant. The same
// layers in the same order as the whole model, so a model in parts trains to the same bits as in one.
import { layoutParams, type ParamLayout } from '../../params/layout.ts'
import { product, shapeLayers } from '../shapes.ts'
import type { ModelSpec } from '../spec.ts'
import { createLayer, grow } from './layers.ts'

export interface Segment {
  readonly layout: ParamLayout
  /** Values in one sample before and after. */
  readonly inputSize: number
  readonly outputSize: number
  /** [count, outputSize] at the start of the array; overwritten by the next call. `input` must stay as it is until backward. */
  forward(params: Float32Array, input: Float32Array, count: number): Float32Array
  /**
   * Of the last forward pass: writes the gradient of the parameters over `gradient` and returns that of the input,
   * [count, inputSize] at the start of the array, or null where it was not asked for. `outputGradient` is not changed.
   */
  backward(
    params: Float32Array,
    outputGradient: Float32Array,
    gradient: Float32Array,
    wantsInput: boolean,
  ): Float32Array | null
}

/** Throws RangeError for layers that do not fit together. */
export function createSegment(spec: ModelSpec): Segment {
  const layout = layoutParams(spec)
  const shaped = shapeLayers(spec)
  const layers = shaped.map((layer, index) => createLayer(layer, index, layout))
  const inputSize = product(spec.input)
  const { outputSize } = layers.at(-1)!
  const firstTrained = layout.slots[0]?.layer ?? layers.length
  const widest = Math.max(inputSize, ...layers.map(layer => layer.outputSize))
  let upstream = new Float32Array(0)
  let downstream = new Float32Array(0)
  let batch = { input: upstream as Float32Array, count: 0 }
  return {
    layout,
    inputSize,
    outputSize,
    forward(params, input, count) {
      batch = { input, count }
      let values = input
      for (const layer of layers) {
        layer.forward(params, values, count)
        values = layer.output
      }
      return values
    },
    backward(params, outputGradient, gradient, wantsInput) {
      const { input, count } = batch
      upstream = grow(upstream, count * widest)
      downstream = grow(downstream, count * widest)
      upstream.set(outputGradient.subarray(0, count * outputSize))
      const lowest = wantsInput ? 0 : firstTrained
      for (let index = layers.length - 1; index >= lowest; index--) {
        const before = index === 0 ? input : layers[index - 1]!.output
        const wanted = index > lowest || wantsInput ? downstream : null
        layers[index]!.backward(params, before, count, upstream, gradient, wanted)
        const held = upstream
        upstream = downstream
        downstream = held
      }
      return wantsInput ? upstream : null
    },
  }
}
