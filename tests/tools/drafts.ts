// The rooms that tests and tools found: MNIST or Fashion-MNIST dealt so that nobody holds more than a few classes, on the
// terms that the form proposes but without an end unless one is given.
import type { PartitionScheme } from '../../src/core/data/dataset.ts'
import { CLOTHES, DIGITS } from '../../src/core/data/task-classes.ts'
import { defaultGovernance } from '../../src/core/governance/terms.ts'
import type { GovernanceTerms, TrainingTerms } from '../../src/core/ledger/entry.ts'
import { DEFAULT_TERMS } from '../../src/core/ledger/terms.ts'
import { presetModel, type PresetName } from '../../src/core/model/presets.ts'
import type { Draft } from './rig.ts'

export interface DraftOptions {
  readonly task?: 'mnist' | 'fashion-mnist'
  readonly model?: Exclude<PresetName, 'tableMlp'>
  readonly partition?: PartitionScheme
  readonly parts?: number
  readonly terms?: Partial<TrainingTerms>
  readonly governance?: Partial<GovernanceTerms>
}

const CLASSES = { mnist: DIGITS, 'fashion-mnist': CLOTHES }

export function imageDraft({
  task = 'mnist',
  model = 'mlp',
  partition = { type: 'classes', classesPerPart: 3 },
  parts = 4,
  terms = {},
  governance = {},
}: DraftOptions = {}): Draft {
  return {
    title: 'A test of the whole',
    task,
    classes: CLASSES[task],
    model: presetModel(model, [28, 28, 1], 10),
    partition,
    parts,
    partSamples: 0,
    terms: { ...DEFAULT_TERMS, rounds: 0, ...terms },
    schema: '',
    governance: { ...defaultGovernance([]), ...governance },
    rewardMicro: '0',
  }
}
