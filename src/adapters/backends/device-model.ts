// A model spec as tfjs operations: forward pass, hand-written backward pass, SGD and Adam. Parameters live in a few flat
// tensors, consecutive runs of the layoutParams order: small tensors share one, so that an update is a handful of
// kernels whatever the number of layers, and large ones stand alone, so that nothing large is ever cut out or joined.
// Every function leaves behind only what it returns (call within tidy).
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

/** One tensor per run of DeviceModel.runs. */
export type Flats = readonly Tensor1D[]

/** From this many values on, copying a tensor costs more than a few kernels of its own. */
const LARGE = 16_384

export interface DeviceModel {
  /** Number of values in each flat tensor. */
  readonly runs: readonly number[]
  /** x [n, values of a sample] -> [n, classes]. */
  logits(params: Flats, x: Tensor2D): Tensor2D
  /** Gradient of the mean cross-entropy; `oneHot` is [n, classes]. */
  gradient(
    params: Flats,
    x: Tensor2D,
    oneHot: Tensor2D,
  ): { readonly gradient: Flats; readonly logits: Tensor2D }
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

  const runs = groupSlots(layout.slots)

  const take = (params: Flats, slot: TensorSlot): Tensor => {
    const index = runs.findIndex(run => run.includes(slot))
    const [first, second] = runs[index]!
    const flat = params[index]!
    const values = second === undefined ? flat : slice1d(flat, slot.offset - first!.offset, slot.size)
    return reshape(values, [...slot.shape])
  }

  const forward = (params: Flats, x: Tensor2D): readonly Trace[] => {
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
    runs: runs.map(run => run.reduce((size, slot) => size + slot.size, 0)),
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
      let next = 0
      const gradient = runs.map(({ length }) => {
        const of = parts.slice(next, next + length)
        next += length
        return length === 1 ? of[0]! : concat1d(of)
      })
      return { gradient, logits }
    },
  }
}

/** Neighbours share a run until a large tensor comes. */
function groupSlots(slots: readonly TensorSlot[]): readonly (readonly TensorSlot[])[] {
  const runs: TensorSlot[][] = []
  let shared: TensorSlot[] | null = null
  for (const slot of slots) {
    if (slot.size >= LARGE) {
      runs.push([slot])
      shared = null
    } else if (shared === null) runs.push((shared = [slot]))
    else shared.push(slot)
  }
  return runs
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

/** Constants of Adam on the device; `dispose` when the job ends. */
export interface AdamConstants {
  readonly beta1: Scalar
  readonly rest1: Scalar
  readonly beta2: Scalar
  readonly rest2: Scalar
  readonly epsilon: Scalar
}

/** Update number `step` (from 1): new parameters, first and second moments. */
export function adamUpdate(
  params: Tensor1D,
  gradient: Tensor1D,
  first: Tensor1D,
  second: Tensor1D,
  constants: AdamConstants,
  rate: number,
  step: number,
): readonly [Tensor1D, Tensor1D, Tensor1D] {
  const m = add(mul(first, constants.beta1), mul(gradient, constants.rest1))
  const v = add(mul(second, constants.beta2), mul(square(gradient), constants.rest2))
  const root = sqrt(mul(v, 1 / (1 - 0.999 ** step)))
  const change = div(mul(m, rate / (1 - 0.9 ** step)), add(root, constants.epsilon))
  return [sub(params, change), m as Tensor1D, v as Tensor1D]
}

export const ADAM = { beta1: 0.9, rest1: 0.1, beta2: 0.999, rest2: 0.001, epsilon: ADAM_EPSILON } as const
