// Where each tensor of a model lies in its flat Float32Array: layers in order, kernel before bias. Dense kernels are
// [in, out] and convolution kernels [height, width, in, out], row-major, as in tfjs, so no value ever moves on export.
import { shapeLayers } from '../model/shapes.ts'
import type { ModelSpec } from '../model/spec.ts'

export interface TensorSlot {
  /** Index into spec.layers. */
  readonly layer: number
  readonly role: 'kernel' | 'bias'
  readonly shape: readonly number[]
  /** First element in the flat vector, and number of elements. */
  readonly offset: number
  readonly size: number
  /** Inputs and outputs of one unit: product of all but the last kernel extent, and window times filters. */
  readonly fanIn: number
  readonly fanOut: number
}

export interface ParamLayout {
  readonly slots: readonly TensorSlot[]
  /** Number of parameters. */
  readonly size: number
}

export function layoutParams(spec: ModelSpec): ParamLayout {
  const slots: TensorSlot[] = []
  let offset = 0
  const add = (layer: number, kernelShape: readonly number[], window: number): void => {
    const inputs = kernelShape[kernelShape.length - 2]!
    const outputs = kernelShape[kernelShape.length - 1]!
    const fan = { fanIn: window * inputs, fanOut: window * outputs }
    const size = window * inputs * outputs
    slots.push({ layer, role: 'kernel', shape: kernelShape, offset, size, ...fan })
    offset += size
    slots.push({ layer, role: 'bias', shape: [outputs], offset, size: outputs, ...fan })
    offset += outputs
  }
  shapeLayers(spec).forEach(({ layer, input }, index) => {
    if (layer.type === 'dense') add(index, [input[0]!, layer.units], 1)
    if (layer.type === 'conv2d') {
      add(index, [layer.kernel, layer.kernel, input[2]!, layer.filters], layer.kernel * layer.kernel)
    }
  })
  return { slots, size: offset }
}

/** A view, not a copy. */
export function viewSlot(params: Float32Array, slot: TensorSlot): Float32Array {
  return params.subarray(slot.offset, slot.offset + slot.size)
}
