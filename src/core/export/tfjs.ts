// A trained model in TensorFlow.js' layers format: model.json (a Keras Sequential topology and a weight manifest) and
// weights.bin. The last layer gets a softmax, so that the loaded model predicts class probabilities as ours does.
import { shapeLayers } from '../model/shapes.ts'
import type { Layer, ModelSpec } from '../model/spec.ts'
import { layoutParams } from '../params/layout.ts'

export const TFJS_WEIGHTS_NAME = 'weights.bin'

export interface TfjsModel {
  /** Text of model.json; names weights.bin beside it. */
  readonly modelJson: string
  /** Little-endian float32, layoutParams order. */
  readonly weights: Uint8Array
}

export function encodeTfjsModel(model: ModelSpec, params: Float32Array): TfjsModel {
  const { slots, size } = layoutParams(model)
  if (params.length !== size) throw new RangeError(`${params.length} parameters for a model of ${size}`)
  const layers = shapeLayers(model).map(({ layer }, index) => {
    const isLast = index === model.layers.length - 1
    const { className, config } = describeLayer(layer, isLast ? 'softmax' : null)
    const input = index === 0 ? { batch_input_shape: [null, ...model.input], dtype: 'float32' } : {}
    return { class_name: className, config: { name: layerName(index), trainable: true, ...input, ...config } }
  })
  const weights = new Uint8Array(size * 4)
  const view = new DataView(weights.buffer)
  for (let i = 0; i < size; i++) view.setFloat32(i * 4, params[i]!, true)
  return {
    modelJson: JSON.stringify({
      format: 'layers-model',
      generatedBy: 'yoriai',
      convertedBy: null,
      modelTopology: {
        class_name: 'Sequential',
        config: { name: 'yoriai', layers },
        keras_version: '2.15.0',
        backend: 'tensorflow',
      },
      weightsManifest: [
        {
          paths: [TFJS_WEIGHTS_NAME],
          weights: slots.map(({ layer, role, shape }) => ({
            name: `${layerName(layer)}/${role}`,
            shape,
            dtype: 'float32',
          })),
        },
      ],
    }),
    weights,
  }
}

function layerName(index: number): string {
  return `layer_${index}`
}

function describeLayer(layer: Layer, activation: string | null): { className: string; config: object } {
  switch (layer.type) {
    case 'dense':
      return {
        className: 'Dense',
        config: { units: layer.units, activation: activation ?? layer.activation, use_bias: true },
      }
    case 'conv2d':
      return {
        className: 'Conv2D',
        config: {
          filters: layer.filters,
          kernel_size: [layer.kernel, layer.kernel],
          strides: [1, 1],
          padding: 'same',
          data_format: 'channels_last',
          activation: layer.activation,
          use_bias: true,
        },
      }
    case 'maxPool2d':
      return {
        className: 'MaxPooling2D',
        config: {
          pool_size: [layer.size, layer.size],
          strides: [layer.size, layer.size],
          padding: 'valid',
          data_format: 'channels_last',
        },
      }
    case 'flatten':
      return { className: 'Flatten', config: { data_format: 'channels_last' } }
  }
}
