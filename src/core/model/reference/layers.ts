// One object per layer with its own buffers: forward fills `output`, backward turns the gradient of the output into the
// gradient of the parameters (written into a flat vector) and of the input. Buffers grow to the largest batch seen and
// then stay, so a training step allocates nothing of their size.
import { type ParamLayout, type TensorSlot, viewSlot } from '../../params/layout.ts'
import { product, type ShapedLayer } from '../shapes.ts'
import type { Layer } from '../spec.ts'
import { addPatches, type ConvShape, extractPatches } from './convolution.ts'
import { density, multiply, multiplySparse, type Operand } from './matmul.ts'

export interface LayerEngine {
  /** Values of the last forward call, count * outputSize. */
  readonly output: Float32Array
  readonly outputSize: number
  forward(params: Float32Array, input: Float32Array, count: number): void
  /**
   * `outputGradient` may be changed in place. Parameter gradients are written (not added) to `gradient`;
   * `inputGradient` null skips the gradient of the input. Refers to the batch of the last forward call.
   */
  backward(
    params: Float32Array,
    input: Float32Array,
    count: number,
    outputGradient: Float32Array,
    gradient: Float32Array,
    inputGradient: Float32Array | null,
  ): void
}

export function createLayer(shaped: ShapedLayer, index: number, layout: ParamLayout): LayerEngine {
  const { layer } = shaped
  const [kernel, bias] = layout.slots.filter(slot => slot.layer === index)
  switch (layer.type) {
    case 'dense':
      return createDense(shaped, layer, kernel!, bias!)
    case 'conv2d':
      return createConvolution(shaped, layer, kernel!, bias!)
    case 'maxPool2d':
      return createMaxPool(shaped, layer)
    case 'flatten':
      return createFlatten(shaped)
  }
}

type LayerOf<Type extends Layer['type']> = Extract<Layer, { type: Type }>

// Below this share of non-zeros, and from this width on, the gathering product wins (measured: bench trainer).
const SPARSE_BELOW = 0.6
const SPARSE_WIDTH = 16

function createDense(
  { input: inputShape }: ShapedLayer,
  layer: LayerOf<'dense'>,
  kernelSlot: TensorSlot,
  biasSlot: TensorSlot,
): LayerEngine {
  const inputs = product(inputShape)
  const { units } = layer
  let output = new Float32Array(0)
  let sparse = false
  return {
    get output() {
      return output
    },
    outputSize: units,
    forward(params, input, count) {
      output = grow(output, count * units)
      fillRows(output, viewSlot(params, biasSlot), count)
      sparse = units >= SPARSE_WIDTH && density(input, count * inputs) < SPARSE_BELOW
      const product = sparse ? multiplySparse : multiply
      const kernel: Operand = { data: viewSlot(params, kernelSlot), row: units, column: 1 }
      product(count, units, inputs, { data: input, row: inputs, column: 1 }, kernel, output, true)
      if (layer.activation === 'relu') rectify(output, count * units)
    },
    backward(params, input, count, outputGradient, gradient, inputGradient) {
      if (layer.activation === 'relu') maskRectified(outputGradient, output, count * units)
      const upstream: Operand = { data: outputGradient, row: units, column: 1 }
      const product = sparse ? multiplySparse : multiply
      const inputTransposed: Operand = { data: input, row: 1, column: inputs }
      product(inputs, units, count, inputTransposed, upstream, viewSlot(gradient, kernelSlot), false)
      sumRows(viewSlot(gradient, biasSlot), outputGradient, count)
      if (inputGradient === null) return
      const kernelTransposed: Operand = { data: viewSlot(params, kernelSlot), row: 1, column: units }
      multiply(count, inputs, units, upstream, kernelTransposed, inputGradient, false)
    },
  }
}

function createConvolution(
  { input: inputShape }: ShapedLayer,
  layer: LayerOf<'conv2d'>,
  kernelSlot: TensorSlot,
  biasSlot: TensorSlot,
): LayerEngine {
  const [height, width, channels] = inputShape as readonly [number, number, number]
  const shape: ConvShape = { height, width, channels, kernel: layer.kernel }
  const pixels = height * width
  const { filters } = layer
  const depth = layer.kernel * layer.kernel * channels
  const patches = new Float32Array(pixels * depth)
  const rows: Operand = { data: patches, row: depth, column: 1 }
  const columns: Operand = { data: patches, row: 1, column: depth }
  let output = new Float32Array(0)
  return {
    get output() {
      return output
    },
    outputSize: pixels * filters,
    forward(params, input, count) {
      output = grow(output, count * pixels * filters)
      fillRows(output, viewSlot(params, biasSlot), count * pixels)
      const kernel: Operand = { data: viewSlot(params, kernelSlot), row: filters, column: 1 }
      for (let sample = 0; sample < count; sample++) {
        extractPatches(input, sample * pixels * channels, shape, patches)
        const out = output.subarray(sample * pixels * filters, (sample + 1) * pixels * filters)
        multiply(pixels, filters, depth, rows, kernel, out, true)
      }
      if (layer.activation === 'relu') rectify(output, count * pixels * filters)
    },
    backward(params, input, count, outputGradient, gradient, inputGradient) {
      if (layer.activation === 'relu') maskRectified(outputGradient, output, count * pixels * filters)
      const kernelGradient = viewSlot(gradient, kernelSlot)
      const kernelTransposed: Operand = { data: viewSlot(params, kernelSlot), row: 1, column: filters }
      inputGradient?.fill(0, 0, count * pixels * channels)
      for (let sample = 0; sample < count; sample++) {
        const upstream: Operand = {
          data: outputGradient.subarray(sample * pixels * filters, (sample + 1) * pixels * filters),
          row: filters,
          column: 1,
        }
        extractPatches(input, sample * pixels * channels, shape, patches)
        multiply(depth, filters, pixels, columns, upstream, kernelGradient, sample > 0)
        if (inputGradient === null) continue
        multiply(pixels, depth, filters, upstream, kernelTransposed, patches, false)
        addPatches(patches, shape, inputGradient, sample * pixels * channels)
      }
      sumRows(viewSlot(gradient, biasSlot), outputGradient, count * pixels)
    },
  }
}

function createMaxPool(
  { input, output: outputShape }: ShapedLayer,
  layer: LayerOf<'maxPool2d'>,
): LayerEngine {
  const [height, width, channels] = input as readonly [number, number, number]
  const [rows, columns] = outputShape as readonly [number, number, number]
  const { size } = layer
  const inputSize = height * width * channels
  const outputSize = rows * columns * channels
  let output = new Float32Array(0)
  // Index of each maximum in the input batch; the first of equals, as in tfjs.
  let winners = new Int32Array(0)
  return {
    get output() {
      return output
    },
    outputSize,
    forward(_params, values, count) {
      output = grow(output, count * outputSize)
      if (winners.length < count * outputSize) winners = new Int32Array(count * outputSize)
      let to = 0
      for (let sample = 0; sample < count; sample++) {
        for (let row = 0; row < rows; row++) {
          for (let column = 0; column < columns; column++) {
            const corner = sample * inputSize + (row * size * width + column * size) * channels
            for (let channel = 0; channel < channels; channel++) {
              let winner = corner + channel
              let best = values[winner]!
              for (let dy = 0; dy < size; dy++) {
                for (let dx = 0; dx < size; dx++) {
                  const from = corner + (dy * width + dx) * channels + channel
                  if (values[from]! > best) {
                    best = values[from]!
                    winner = from
                  }
                }
              }
              output[to] = best
              winners[to++] = winner
            }
          }
        }
      }
    },
    backward(_params, _values, count, outputGradient, _gradient, inputGradient) {
      if (inputGradient === null) return
      inputGradient.fill(0, 0, count * inputSize)
      // Windows do not overlap, so every input has at most one output.
      for (let i = 0; i < count * outputSize; i++) inputGradient[winners[i]!] = outputGradient[i]!
    },
  }
}

/** Samples are flat already: passes values on by reference. */
function createFlatten({ input }: ShapedLayer): LayerEngine {
  const size = product(input)
  let output: Float32Array = new Float32Array(0)
  return {
    get output() {
      return output
    },
    outputSize: size,
    forward(_params, values) {
      output = values
    },
    backward(_params, _values, count, outputGradient, _gradient, inputGradient) {
      inputGradient?.set(outputGradient.subarray(0, count * size))
    },
  }
}

/** The same buffer if it is large enough. */
export function grow(buffer: Float32Array<ArrayBuffer>, size: number): Float32Array<ArrayBuffer> {
  return buffer.length >= size ? buffer : new Float32Array(size)
}

/** Repeats a row by copying what is already there, twice as much each time. */
function fillRows(matrix: Float32Array, row: Float32Array, rows: number): void {
  matrix.set(row)
  const size = rows * row.length
  for (let filled = row.length; filled < size; filled *= 2) {
    matrix.copyWithin(filled, 0, Math.min(filled, size - filled))
  }
}

function sumRows(into: Float32Array, matrix: Float32Array, rows: number): void {
  const width = into.length
  const sums = new Float64Array(width)
  for (let i = 0, at = 0; i < rows; i++) {
    for (let column = 0; column < width; column++) sums[column] = sums[column]! + matrix[at++]!
  }
  into.set(sums)
}

function rectify(values: Float32Array, count: number): void {
  for (let i = 0; i < count; i++) if (values[i]! < 0) values[i] = 0
}

function maskRectified(gradient: Float32Array, activated: Float32Array, count: number): void {
  for (let i = 0; i < count; i++) if (!(activated[i]! > 0)) gradient[i] = 0
}
