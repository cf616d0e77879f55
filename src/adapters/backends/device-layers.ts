// Layers as tfjs operations, as whole models (device-model.ts) and parts of models (segment-tfjs.ts) use them. Call within
// tidy: what is returned is all that should outlive it.
import { fused, maxPool, reshape, type Tensor, type Tensor2D, type Tensor4D } from '@tensorflow/tfjs-core'
import type { Layer } from '../../core/model/spec.ts'

/** The same tensor where it has that shape already: on WebGL a reshape may be a kernel. */
export function shaped(values: Tensor, shape: number[]): Tensor {
  const same =
    values.shape.length === shape.length && shape.every((extent, axis) => extent === values.shape[axis])
  return same ? values : reshape(values, shape)
}

/** Output of a layer on input of its own shape; kernel and bias where it has them. */
export function applyLayer(
  layer: Layer,
  input: Tensor,
  kernel: Tensor | undefined,
  bias: Tensor | undefined,
): Tensor {
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
      return shaped(input, [input.shape[0]!, input.size / input.shape[0]!])
  }
}
