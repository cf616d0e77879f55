// The backward pass of every layer, per backend. tfjs' own kernels serve the GPU and the plain CPU; on WASM they
// are rewritten so that every product reaches the fast untransposed kernel (its transposed paths measured ten times
// slower, its pooling gradient three times, and it has no filter gradient at all).
import {
  conv2d,
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  engine,
  matMul,
  MaxPoolGrad,
  type NamedAttrMap,
  reverse,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
  transpose,
} from '@tensorflow/tfjs-core'
import { poolGradientOnHeap } from './wasm-pool-gradient.ts'

export interface GradientOps {
  /** x [n, in], dy [n, out] -> [in, out]. */
  kernelOfDense(x: Tensor2D, dy: Tensor2D): Tensor2D
  /** dy [n, out], kernel [in, out] -> [n, in]. */
  inputOfDense(dy: Tensor2D, kernel: Tensor2D): Tensor2D
  /** Stride 1, padding "same": x [n, h, w, in], dy [n, h, w, out] -> [k, k, in, out]. */
  kernelOfConvolution(x: Tensor4D, dy: Tensor4D, kernelShape: number[]): Tensor4D
  /** dy [n, h, w, out], kernel [k, k, in, out] -> x's shape. */
  inputOfConvolution(dy: Tensor4D, kernel: Tensor4D, inputShape: number[]): Tensor4D
  /** Windows of size x size that do not overlap: the gradient goes to the first maximum of each. */
  inputOfMaxPool(dy: Tensor4D, input: Tensor4D, output: Tensor4D, size: number): Tensor4D
}

const sameStrideOne = { strides: 1, pad: 'same', dataFormat: 'NHWC' }

const stock: GradientOps = {
  kernelOfDense: (x, dy) => matMul(x, dy, true, false),
  inputOfDense: (dy, kernel) => matMul(dy, kernel, false, true),
  kernelOfConvolution: (x, dy, filterShape) =>
    runKernel(Conv2DBackpropFilter, { x, dy }, { ...sameStrideOne, filterShape }),
  inputOfConvolution: (dy, filter, inputShape) =>
    runKernel(Conv2DBackpropInput, { dy, filter }, { ...sameStrideOne, inputShape }),
  inputOfMaxPool: (dy, input, output, size) =>
    runKernel(MaxPoolGrad, { dy, input, output }, { filterSize: size, strides: size, pad: 'valid' }),
}

const wasm: GradientOps = {
  ...stock,
  kernelOfDense: (x, dy) => matMul(transpose(x), dy),
  inputOfDense: (dy, kernel) => matMul(dy, transpose(kernel)),
  // The transpose of a convolution is a convolution with the kernel turned by half a turn and padding swapped.
  inputOfConvolution(dy, kernel) {
    const size = kernel.shape[0]
    const before = size - 1 - ((size - 1) >> 1)
    const turned = transpose(reverse(kernel, [0, 1]), [0, 1, 3, 2])
    const pad: [number, number] = [before, size - 1 - before]
    return conv2d(dy, turned, 1, [[0, 0], pad, pad, [0, 0]])
  },
  inputOfMaxPool: (dy, input, _output, size) => poolGradientOnHeap(dy, input, size),
}

export function gradientOps(backend: string): GradientOps {
  return backend === 'wasm' ? wasm : stock
}

export function runKernel<T extends Tensor>(name: string, inputs: Record<string, Tensor>, attrs: object): T {
  return engine().runKernel(name, inputs, attrs as NamedAttrMap) as T
}
