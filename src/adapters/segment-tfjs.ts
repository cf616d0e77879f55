// Segment port on tfjs: a stack of layers with its parameters and optimiser on the device. What a step's backward pass gives
// to others, the gradient of the input, is computed first; gradients of kernels follow in apply, while the answer is on its
// way. Shares the realm's open backend with the trainer. Rejects when the device is lost; open another one then.
import {
  dispose,
  keep,
  mul,
  scalar,
  step as heaviside,
  sum,
  tensor,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
  tidy,
} from '@tensorflow/tfjs-core'
import { product, shapeLayers } from '../core/model/shapes.ts'
import { layoutParams } from '../core/params/layout.ts'
import type { SegmentConfig, SegmentEngine } from '../ports/segment.ts'
import { type DriftControl, type Optimizer, TrainerError } from '../ports/trainer.ts'
import { applyLayer, shaped } from './backends/device-layers.ts'
import { ADAM, adamUpdate, descend, steer } from './backends/device-model.ts'
import { gradientOps } from './backends/gradient-ops.ts'
import { openBackend, type TfjsBackend } from './backends/open-backend.ts'

/** Of one layer in the last forward and backward pass. */
interface Trace {
  readonly input: Tensor
  readonly output: Tensor
  /** Gradient of the output before its activation; null until backward, and for layers without parameters. */
  gradient: Tensor | null
}

interface Slot {
  value: Tensor
  first: Tensor
  second: Tensor
  start: Tensor | null
  correction: Tensor | null
}

export async function openTfjsSegment(
  { spec, wantsInput }: SegmentConfig,
  backendName: TfjsBackend,
): Promise<SegmentEngine> {
  const backend = await openBackend(backendName)
  const ops = gradientOps(backendName)
  const layout = layoutParams(spec)
  const layers = shapeLayers(spec).map(({ layer, input, output }, index) => ({
    layer,
    input: [...input],
    output: [...output],
    slots: layout.slots.flatMap((slot, at) => (slot.layer === index ? [at] : [])),
  }))
  const lowest = wantsInput ? 0 : layers.findIndex(({ slots }) => slots.length > 0)
  const owned = new Set<Tensor>()
  let slots: Slot[] = []
  let traces: Trace[] = []
  let fed: Tensor | null = null
  let optimizer: Optimizer = { type: 'sgd', learningRate: 0 }
  let proximal = 0
  let updates = 0
  let count = 0

  const own = <T extends Tensor>(made: T): T => {
    owned.add(keep(made))
    return made
  }
  const free = (...tensors: readonly (Tensor | null)[]): void => {
    for (const one of tensors) if (one !== null && owned.delete(one)) dispose(one)
  }
  const lost = backend.lost.then(() => {
    throw new TrainerError('device-lost', `${backendName} device lost`)
  })
  lost.catch(() => undefined)
  const read = (values: Tensor): Promise<Float32Array> =>
    backend.queued
      ? Promise.race([values.data<'float32'>(), lost])
      : Promise.resolve(values.dataSync<'float32'>().slice())

  const constants = {
    beta1: own(scalar(ADAM.beta1)),
    rest1: own(scalar(ADAM.rest1)),
    beta2: own(scalar(ADAM.beta2)),
    rest2: own(scalar(ADAM.rest2)),
    epsilon: own(scalar(ADAM.epsilon)),
  }
  let rate = own(scalar(0))

  const upload = (vector: Float32Array, at: number): Tensor => {
    const { offset, size, shape } = layout.slots[at]!
    return own(tensor(vector.slice(offset, offset + size), [...shape]))
  }
  const forget = (): void => {
    for (const { input, output, gradient } of traces) free(input, output, gradient)
    free(fed)
    fed = null
    traces = []
  }
  const beginDrift = (params: Float32Array, drift: DriftControl | null, at: number) => ({
    start: proximal === 0 ? null : upload(params, at),
    correction: drift?.correction ? upload(drift.correction, at) : null,
  })

  return {
    backend: backendName,
    async begin({ params, optimizer: wanted, drift }) {
      forget()
      // As the reference does: only a job that asks for fresh moments gets them.
      const keepsMoments = slots.length > 0 && (wanted.type === 'sgd' || wanted.keepMoments)
      const before = slots
      optimizer = wanted
      proximal = drift?.proximal ?? 0
      if (!keepsMoments) updates = 0
      const zero = new Float32Array(layout.size)
      slots = layout.slots.map((_, at) => ({
        value: upload(params, at),
        first: keepsMoments ? before[at]!.first : upload(zero, at),
        second: keepsMoments ? before[at]!.second : upload(zero, at),
        ...beginDrift(params, drift, at),
      }))
      for (const { value, first, second, start, correction } of before)
        free(value, start, correction, ...(keepsMoments ? [] : [first, second]))
      free(rate)
      rate = own(scalar(wanted.learningRate))
    },

    async forward(values, size) {
      forget()
      count = size
      tidy(() => {
        let output: Tensor = own(tensor(values, [size, product(spec.input)]))
        fed = output
        for (const { layer, input: shape, slots: held } of layers) {
          const input = layer.type === 'flatten' ? output : own(shaped(output, [size, ...shape]))
          const [kernel, bias] = held.map(at => slots[at]!.value)
          output = own(applyLayer(layer, input, kernel, bias))
          traces.push({ input, output, gradient: null })
        }
      })
      return read(traces.at(-1)!.output)
    },

    async backward(outputGradient) {
      const last = layers.at(-1)!
      let input: Tensor | null = null
      tidy(() => {
        let dy: Tensor = tensor(outputGradient, [count, product(last.output)])
        for (let index = layers.length - 1; index >= lowest; index--) {
          const { layer, output: shape, slots: held } = layers[index]!
          const trace = traces[index]!
          dy = shaped(dy, [count, ...shape])
          if ('activation' in layer && layer.activation === 'relu')
            dy = mul(dy, heaviside(shaped(trace.output, dy.shape)))
          if (held.length > 0) trace.gradient = own(dy)
          if (index === lowest && !wantsInput) break
          const kernel = held[0] === undefined ? null : slots[held[0]]!.value
          switch (layer.type) {
            case 'dense':
              dy = ops.inputOfDense(dy as Tensor2D, kernel as Tensor2D)
              break
            case 'conv2d':
              dy = ops.inputOfConvolution(dy as Tensor4D, kernel as Tensor4D, trace.input.shape)
              break
            case 'maxPool2d':
              dy = ops.inputOfMaxPool(
                dy as Tensor4D,
                trace.input as Tensor4D,
                trace.output as Tensor4D,
                layer.size,
              )
              break
            case 'flatten':
              dy = shaped(dy, trace.input.shape)
              break
          }
        }
        if (wantsInput) input = own(dy)
      })
      if (input === null) return null
      const values = await read(input)
      free(input)
      return values
    },

    async apply() {
      const { learningRate, type } = optimizer
      if (type === 'adam') updates++
      tidy(() => {
        layers.forEach(({ layer, slots: held }, index) => {
          const { input, gradient } = traces[index]!
          if (held.length === 0 || gradient === null) return
          const allButLast = gradient.shape.slice(0, -1).map((_, axis) => axis)
          const [kernel, bias] = held as [number, number]
          const ofKernel =
            layer.type === 'conv2d'
              ? ops.kernelOfConvolution(input as Tensor4D, gradient as Tensor4D, slots[kernel]!.value.shape)
              : ops.kernelOfDense(input as Tensor2D, gradient as Tensor2D)
          for (const [at, raw] of [
            [kernel, ofKernel],
            [bias, sum(gradient, allButLast)],
          ] as const) {
            const slot = slots[at]!
            const { value, first, second } = slot
            const steered = steer(raw, value, proximal, slot.start, slot.correction)
            if (type === 'sgd') {
              slot.value = own(descend(value, steered, rate))
              free(value)
              continue
            }
            const [next, m, v] = adamUpdate(value, steered, first, second, constants, learningRate, updates)
            slot.value = own(next)
            slot.first = own(m)
            slot.second = own(v)
            free(value, first, second)
          }
        })
      })
      forget()
    },

    async read() {
      const whole = new Float32Array(layout.size)
      const parts = await Promise.all(slots.map(({ value }) => read(value)))
      parts.forEach((part, at) => whole.set(part, layout.slots[at]!.offset))
      return whole
    },

    close() {
      free(...owned)
      traces = []
      slots = []
      backend.close()
    },
  }
}
