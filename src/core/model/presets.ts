// The models that a room's founder can choose, for any input shape and number of classes. Specs are plain data, so a
// charter may also carry another one.
import type { Layer, ModelSpec, SampleShape } from './spec.ts'

export type PresetName = 'logistic' | 'mlp' | 'cnn' | 'tableMlp'

/** Presets that fit samples of this shape, simplest first. */
export function presetsFor(input: SampleShape): readonly PresetName[] {
  if (input.length !== 3) return ['logistic', 'tableMlp']
  const poolsTwice = input[0]! >= 4 && input[1]! >= 4
  return poolsTwice ? ['logistic', 'mlp', 'cnn'] : ['logistic', 'mlp']
}

export function presetModel(name: PresetName, input: SampleShape, classes: number): ModelSpec {
  const logits: Layer = { type: 'dense', units: classes, activation: 'linear' }
  const flat: readonly Layer[] = input.length === 1 ? [] : [{ type: 'flatten' }]
  switch (name) {
    case 'logistic':
      return { input, layers: [...flat, logits] }
    case 'mlp':
      return { input, layers: [...flat, { type: 'dense', units: 128, activation: 'relu' }, logits] }
    case 'tableMlp':
      return {
        input,
        layers: [
          ...flat,
          { type: 'dense', units: 32, activation: 'relu' },
          { type: 'dense', units: 16, activation: 'relu' },
          logits,
        ],
      }
    case 'cnn':
      return {
        input,
        layers: [
          { type: 'conv2d', filters: 8, kernel: 3, activation: 'relu' },
          { type: 'maxPool2d', size: 2 },
          { type: 'conv2d', filters: 16, kernel: 3, activation: 'relu' },
          { type: 'maxPool2d', size: 2 },
          { type: 'flatten' },
          logits,
        ],
      }
  }
  name satisfies never
  throw new RangeError('unknown preset')
}
