// The shape of one sample after every layer, from the spec alone. Everything that needs sizes (layout, FLOP, reference,
// export) starts here. Expects a spec that already passed decodeModelSpec or comes from presets; throws RangeError else.
import type { Layer, ModelSpec, SampleShape } from './spec.ts'

/** One layer with the shape of a sample before and after it. */
export interface ShapedLayer {
  readonly layer: Layer
  readonly input: SampleShape
  readonly output: SampleShape
}

export function shapeLayers(spec: ModelSpec): readonly ShapedLayer[] {
  let shape = spec.input
  return spec.layers.map((layer, index) => {
    const input = shape
    const output = outputShape(layer, input)
    if (output === null) {
      throw new RangeError(
        `layer ${index} (${layer.type}) cannot take a sample of shape [${input.join(', ')}]`,
      )
    }
    shape = output
    return { layer, input, output }
  })
}

/** Null where the layer does not fit the shape. */
export function outputShape(layer: Layer, input: SampleShape): SampleShape | null {
  switch (layer.type) {
    case 'dense':
      return input.length === 1 ? [layer.units] : null
    case 'conv2d':
      return input.length === 3 ? [input[0]!, input[1]!, layer.filters] : null
    case 'maxPool2d': {
      if (input.length !== 3) return null
      const height = Math.floor(input[0]! / layer.size)
      const width = Math.floor(input[1]! / layer.size)
      return height > 0 && width > 0 ? [height, width, input[2]!] : null
    }
    case 'flatten':
      return [product(input)]
  }
  layer satisfies never
  return null
}

export function product(shape: SampleShape): number {
  let size = 1
  for (const extent of shape) size *= extent
  return size
}

/** Number of classes: the units of the last layer. */
export function classCount(spec: ModelSpec): number {
  const last = spec.layers[spec.layers.length - 1]
  if (last?.type !== 'dense') throw new RangeError('the last layer must be dense')
  return last.units
}
