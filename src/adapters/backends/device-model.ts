// A model spec as tfjs operations: forward pass, hand-written backward pass, SGD and Adam. All parameters are one flat
// tensor in layoutParams order, so an update is a handful of kernels whatever the number of layers, a snapshot is a
// reference, and reading them back is one copy. Every function leaves behind only what it returns (call within tidy).
import {
  add,
  concat1d,
  div,
  fused,
  maxPool,
  mul,
  reshape,
  slice1d,
  softmax,
  sqrt,
  square,
  step as heaviside,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
  type Scalar,
} from '@tensorflow/tfjs-core'
import { ADAM_EPSILON } from '../../core/model/reference/optimizer.ts'
import { shapeLayers } from '../../core/model/shapes.ts'
import type { Layer, ModelSpec } from '../../core/model/spec.ts'
import { layoutParams, type TensorSlot } from '../../core/params/layout.ts'
import type { GradientOps } from './gradient-ops.ts'

export interface DeviceModel {
  readonly paramCount: number
  /** x [n, values of a sample] -> [n, classes]. */
  logits(params: Tensor1D, x: Tensor2D): Tensor2D
  /** Gradient of the mean cross-entropy; `oneHot` is [n, classes]. */
  gradient(
    params: Tensor1D,
    x: Tensor2D,
    oneHot: Tensor2D,
  ): { readonly gradient: Tensor1D; readonly logits: Tensor2D }
}

/** What a layer's forward pass leaves for its backward pass. */
interface Trace {
  readonly input: Tensor
  readonly output: Tensor
  readonly kernel?: Tensor
}

export function createDeviceModel(spec: ModelSpec, ops: GradientOps): DeviceModel {
  const layout = layoutParams(spec)
  const layers = shapeLayers(spec).map(({ layer, input, output }, index) => ({
    layer,
    input: [...input],
    output: [...output],
    slots: layout.slots.filter(slot => slot.layer === index),
  }))
  const firstTrained = layers.findIndex(({ slots }) => slots.length > 0)

  const take = (params: Tensor1D, slot: TensorSlot): Tensor =>
    reshape(slice1d(params, slot.offset, slot.size), [...slot.shape])

  const forward = (params: Tensor1D, x: Tensor2D): readonly Trace[] => {
    const count = x.shape[0]
    const traces: Trace[] = []
    let values: Tensor = x
    for (const { layer, input: shape, slots } of layers) {
      const input = reshape(values, [count, ...shape])
      const [kernel, bias] = slots.map(slot => take(params, slot))
      values = apply(layer, input, kernel, bias)
      traces.push(kernel === undefined ? { input, output: values } : { input, output: values, kernel })
    }
    return traces
  }

  return {
    paramCount: layout.size,
    logits: (params, x) => forward(params, x).at(-1)!.output as Tensor2D,
    gradient(params, x, oneHot) {
      const traces = forward(params, x)
      const logits = traces.at(-1)!.output as Tensor2D
      const parts: Tensor1D[] = []
      let dy: Tensor = mul(sub(softmax(logits), oneHot), 1 / x.shape[0])
      for (let index = layers.length - 1; index >= firstTrained; index--) {
        const { layer, output: shape } = layers[index]!
        const trace = traces[index]!
        dy = reshape(dy, [x.shape[0], ...shape])
        if ((layer.type === 'dense' || layer.type === 'conv2d') && layer.activation === 'relu') {
          dy = mul(dy, heaviside(trace.output))
        }
        const back = backward(layer, trace, dy, ops, index > firstTrained)
        // Built from the last layer to the first.
        if (back.kernel !== null) {
          const allButLast = dy.shape.slice(0, -1).map((_, axis) => axis)
          parts.unshift(reshape(back.kernel, [-1]), sum(dy, allButLast))
        }
        if (back.input !== null) dy = back.input
      }
      return { gradient: concat1d(parts), logits }
    },
  }
}

function apply(layer: Layer, input: Tensor, kernel: Tensor | undefined, bias: Tensor | undefined): Tensor {
  switch (layer.type) {
    case 'dense':
      return fused.matMul({
        a: input as Tensor2D,
        b: kernel as Tensor2D,
        bias: bias!,
        activation: layer.activation,
      })
    case 'conv2d':
      return fused.conv2d({
        x: input as Tensor4D,
        filter: kernel as Tensor4D,
        strides: 1,
        pad: 'same',
        bias: bias!,
        activation: layer.activation,
      })
    case 'maxPool2d':
      return maxPool(input as Tensor4D, layer.size, layer.size, 'valid')
    case 'flatten':
      return reshape(input, [input.shape[0]!, -1])
  }
}

function backward(
  layer: Layer,
  { input, output, kernel }: Trace,
  dy: Tensor,
  ops: GradientOps,
  wantInput: boolean,
): { readonly kernel: Tensor | null; readonly input: Tensor | null } {
  switch (layer.type) {
    case 'dense':
      return {
        kernel: ops.kernelOfDense(input as Tensor2D, dy as Tensor2D),
        input: wantInput ? ops.inputOfDense(dy as Tensor2D, kernel as Tensor2D) : null,
      }
    case 'conv2d':
      return {
        kernel: ops.kernelOfConvolution(input as Tensor4D, dy as Tensor4D, kernel!.shape),
        input: wantInput ? ops.inputOfConvolution(dy as Tensor4D, kernel as Tensor4D, input.shape) : null,
      }
    case 'maxPool2d':
      return {
        kernel: null,
        input: wantInput
          ? ops.inputOfMaxPool(dy as Tensor4D, input as Tensor4D, output as Tensor4D, layer.size)
          : null,
      }
    case 'flatten':
      return { kernel: null, input: wantInput ? reshape(dy, input.shape) : null }
  }
}

/** params - rate * gradient. */
export function descend(params: Tensor1D, gradient: Tensor1D, rate: Scalar): Tensor1D {
  return sub(params, mul(gradient, rate))
}

export interface DeviceMoments {
  readonly first: Tensor1D
  readonly second: Tensor1D
}

/** Constants of Adam on the device; `dispose` when the job ends. */
export interface AdamConstants {
  readonly beta1: Scalar
  readonly rest1: Scalar
  readonly beta2: Scalar
  readonly rest2: Scalar
  readonly epsilon: Scalar
}

/** Update number `step` (from 1). */
export function adamUpdate(
  params: Tensor1D,
  gradient: Tensor1D,
  moments: DeviceMoments,
  constants: AdamConstants,
  rate: number,
  step: number,
): DeviceMoments & { readonly params: Tensor1D } {
  const first = add(mul(moments.first, constants.beta1), mul(gradient, constants.rest1)) as Tensor1D
  const second = add(mul(moments.second, constants.beta2), mul(square(gradient), constants.rest2)) as Tensor1D
  const scaled = mul(first, rate / (1 - 0.9 ** step))
  const root = sqrt(mul(second, 1 / (1 - 0.999 ** step)))
  return { first, second, params: sub(params, div(scaled, add(root, constants.epsilon))) as Tensor1D }
}

export const ADAM = { beta1: 0.9, rest1: 0.1, beta2: 0.999, rest2: 0.001, epsilon: ADAM_EPSILON } as const
