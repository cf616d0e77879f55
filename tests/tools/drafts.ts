// The rooms that tests and tools found: MNIST or Fashion-MNIST dealt so that nobody holds more than a few classes.
import type { PartitionScheme } from '../../src/core/data/dataset.ts'
import type { TrainingTerms } from '../../src/core/ledger/entry.ts'
import { presetModel, type PresetName } from '../../src/core/model/presets.ts'
import type { Draft } from './rig.ts'

export interface DraftOptions {
  readonly task?: 'mnist' | 'fashion-mnist'
  readonly model?: Exclude<PresetName, 'tableMlp'>
  readonly partition?: PartitionScheme
  readonly parts?: number
  readonly terms?: Partial<TrainingTerms>
}

const CLASSES = {
  mnist: [...'0123456789'],
  'fashion-mnist': [
    'T-shirt/top',
    'Trouser',
    'Pullover',
    'Dress',
    'Coat',
    'Sandal',
    'Shirt',
    'Sneaker',
    'Bag',
    'Ankle boot',
  ],
} as const

/** Steps that suit plain SGD when every member holds other classes; a CNN diverges at the rate that an MLP likes. */
const LEARNING_RATE_MICRO = { logistic: 200_000, mlp: 200_000, cnn: 50_000 } as const

export function imageDraft({
  task = 'mnist',
  model = 'mlp',
  partition = { type: 'classes', classesPerPart: 3 },
  parts = 4,
  terms = {},
}: DraftOptions = {}): Draft {
  return {
    title: 'A test of the whole',
    task,
    classes: CLASSES[task],
    model: presetModel(model, [28, 28, 1], 10),
    partition,
    parts,
    partSamples: 0,
    terms: {
      batchSize: 32,
      localSteps: 20,
      optimizer: 'sgd',
      learningRateMicro: LEARNING_RATE_MICRO[model],
      outerRateMilli: 1000,
      outerMomentumMilli: 0,
      trusted: 'yes',
      rounds: 0,
      ...terms,
    },
    schema: '',
  }
}
