// Ten gaussian clouds in 16 dimensions: a task that a small model learns in seconds, for swarms whose subject is the
// protocol. Label-disjoint parts, so a member alone cannot know the other classes.
import { DEFAULT_TERMS } from '../core/ledger/terms.ts'
import { defaultGovernance } from '../core/governance/terms.ts'
import type { Dataset } from '../core/data/dataset.ts'
import type { CharterBody } from '../core/ledger/entry.ts'
import { createRng } from '../core/num/rng.ts'
import type { SwarmOptions } from './swarm.ts'

const FEATURES = 16
export const CLASSES = [...'0123456789']

export function blobs(seed: string, classes: readonly number[], samples: number): Dataset {
  const centres = createRng('centres')
  const middle = CLASSES.map(() => Array.from({ length: FEATURES }, () => 1.5 * centres.normal()))
  const rng = createRng(seed)
  const x = new Float32Array(samples * FEATURES)
  const y = new Uint16Array(samples)
  for (let i = 0; i < samples; i++) {
    const label = classes[i % classes.length]!
    y[i] = label
    for (let j = 0; j < FEATURES; j++) x[i * FEATURES + j] = middle[label]![j]! + rng.normal()
  }
  return { shape: [FEATURES], classes: CLASSES, x, y }
}

export function blobCharter(terms: Partial<CharterBody['terms']> = {}, parts = 4): SwarmOptions['charter'] {
  return {
    title: 'blobs',
    task: 'own',
    classes: CLASSES,
    model: {
      input: [FEATURES],
      layers: [
        { type: 'dense', units: 32, activation: 'relu' },
        { type: 'dense', units: 10, activation: 'linear' },
      ],
    },
    partition: { type: 'iid' },
    parts,
    partSamples: 0,
    schema: '',
    governance: defaultGovernance([]),
    rewardMicro: '1000000000',
    terms: {
      ...DEFAULT_TERMS,
      rounds: 40,
      ...terms,
    },
  }
}

const QUARTERS = [
  [0, 1, 2],
  [3, 4, 5],
  [6, 7],
  [8, 9],
]

/** Parts 0..3 hold two or three classes each; further parts repeat them with other samples. */
export function blobSwarm(seed: string, terms: Partial<CharterBody['terms']> = {}, parts = 4): SwarmOptions {
  const partData = Array.from({ length: parts }, (_, part) =>
    blobs(`${seed}/part/${part}`, QUARTERS[part % 4]!, 600),
  )
  return {
    seed,
    charter: blobCharter(terms, parts),
    partData: part => partData[part]!,
    testData: blobs(`${seed}/test`, CLASSES.map(Number), 1000),
  }
}
