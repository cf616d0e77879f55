// A model spec as tfjs operations: forward pass, hand-written backward pass, SGD and Adam. Parameters live in a few
// tensors, consecutive runs of the layoutParams order: small ones share a flat tensor, so that an update is a handful of
// kernels whatever the number of layers, and large ones stand alone, so that nothing large is ever cut out or joined.
// Every function leaves behind only what it returns (call within tidy).
import {
  add,
  concat1d,
  div,
  mul,
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
import { applyLayer, shaped } from './device-layers.ts'
import type { GradientOps } from './gradient-ops.ts'

/** One tensor per run of DeviceModel.runs, in its shape. */
export type Runs = readonly Tensor[]

/** From this many values on, copying a tensor costs more than a few kernels of its own. */
const LARGE = 4_096

export interface DeviceModel {
  /** Shape of each run. */
  readonly runs: readonly (readonly number[])[]
  /** x [n, values of a sample] -> [n, classes]. */
  logits(params: Runs, x: Tensor2D): Tensor2D
  /** Gradient of the mean cross-entropy; `oneHot` is [n, classes]. */
  gradient(
    params: Runs,
    x: Tensor2D,
    oneHot: Tensor2D,
  ): { readonly gradient: Runs; readonly logits: Tensor2D }
}

/** What a layer's forward pass leaves for its backward pass. */
interface Trace {
  readonly input: Tensor
  readonly output: Tensor
  readonly kernel?: Tensor
}

/**
 * `flat` gives every run one axis: index arithmetic is then cheapest. Not on WebGL, where a large tensor that changes shape
 * is copied.
 */
export function createDeviceModel(spec: ModelSpec, ops: GradientOps, flat: boolean): DeviceModel {
  const layout = layoutParams(spec)
  const layers = shapeLayers(spec).map(({ layer, input, output }, index) => ({
    layer,
    input: [...input],
    output: [...output],
    slots: layout.slots.filter(slot => slot.layer === index),
  }))
  const firstTrained = layers.findIndex(({ slots }) => slots.length > 0)

  const runs = groupSlots(layout.slots).map(slots => {
    const size = slots.reduce((sum, slot) => sum + slot.size, 0)
    return { slots, shape: slots.length === 1 && !flat ? [...slots[0]!.shape] : [size] }
  })

  const take = (params: Runs, slot: TensorSlot): Tensor => {
    const index = runs.findIndex(({ slots }) => slots.includes(slot))
    const run = params[index]!
    const { slots } = runs[index]!
    const values =
      slots.length === 1 ? run : slice1d(run as Tensor1D, slot.offset - slots[0]!.offset, slot.size)
    return shaped(values, [...slot.shape])
  }

  const forward = (params: Runs, x: Tensor2D): readonly Trace[] => {
    const count = x.shape[0]
    const traces: Trace[] = []
    let values: Tensor = x
    for (const { layer, input: shape, slots } of layers) {
      const input = layer.type === 'flatten' ? values : shaped(values, [count, ...shape])
      const [kernel, bias] = slots.map(slot => take(params, slot))
      values = applyLayer(layer, input, kernel, bias)
      traces.push(kernel === undefined ? { input, output: values } : { input, output: values, kernel })
    }
    return traces
  }

  return {
    runs: runs.map(({ shape }) => shape),
    logits: (params, x) => forward(params, x).at(-1)!.output as Tensor2D,
    gradient(params, x, oneHot) {
      const traces = forward(params, x)
      const logits = traces.at(-1)!.output as Tensor2D
      const parts: Tensor[] = []
      let dy: Tensor = mul(sub(softmax(logits), oneHot), 1 / x.shape[0])
      for (let index = layers.length - 1; index >= firstTrained; index--) {
        const { layer, output: shape } = layers[index]!
        const trace = traces[index]!
        dy = shaped(dy, [x.shape[0], ...shape])
        if ((layer.type === 'dense' || layer.type === 'conv2d') && layer.activation === 'relu') {
          dy = mul(dy, heaviside(trace.output))
        }
        const back = backward(layer, trace, dy, ops, index > firstTrained)
        // Built from the last layer to the first.
        if (back.kernel !== null) {
          const allButLast = dy.shape.slice(0, -1).map((_, axis) => axis)
          parts.unshift(back.kernel, sum(dy, allButLast))
        }
        if (back.input !== null) dy = back.input
      }
      let next = 0
      const gradient = runs.map(({ slots, shape }) => {
        const of = parts.slice(next, next + slots.length)
        next += slots.length
        if (of.length === 1) return shaped(of[0]!, shape)
        return concat1d(of.map(part => shaped(part, [part.size]) as Tensor1D))
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
      return { kernel: null, input: wantInput ? shaped(dy, input.shape) : null }
  }
}

/** gradient + proximal * (params - start) + correction, as core/model/reference/drift.ts has it. */
export function steer(
  gradient: Tensor,
  params: Tensor,
  proximal: number,
  start: Tensor | null,
  correction: Tensor | null,
): Tensor {
  const pulled = start === null ? gradient : add(gradient, mul(sub(params, start), proximal))
  return correction === null ? pulled : add(pulled, correction)
}

/** params - rate * gradient. */
export function descend(params: Tensor, gradient: Tensor, rate: Scalar): Tensor {
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
  params: Tensor,
  gradient: Tensor,
  first: Tensor,
  second: Tensor,
  constants: AdamConstants,
  rate: number,
  step: number,
): readonly [Tensor, Tensor, Tensor] {
  const m = add(mul(first, constants.beta1), mul(gradient, constants.rest1))
  const v = add(mul(second, constants.beta2), mul(square(gradient), constants.rest2))
  const root = sqrt(mul(v, 1 / (1 - 0.999 ** step)))
  const change = div(mul(m, rate / (1 - 0.9 ** step)), add(root, constants.epsilon))
  return [sub(params, change), m, v]
}

export const ADAM = { beta1: 0.9, rest1: 0.1, beta2: 0.999, rest2: 0.001, epsilon: ADAM_EPSILON } as const
