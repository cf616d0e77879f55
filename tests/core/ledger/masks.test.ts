// Which terms go with sums under masks.
import { expect, it } from 'vitest'
import type { TrainingTerms } from '../../../src/core/ledger/entry.ts'
import { canSum, DEFAULT_TERMS, termsFault } from '../../../src/core/ledger/terms.ts'
import { presetModel } from '../../../src/core/model/presets.ts'
import type { ModelSpec } from '../../../src/core/model/spec.ts'

const mlp = presetModel('mlp', [28, 28, 1], 10)
const masks: TrainingTerms = { ...DEFAULT_TERMS, rule: 'mean', committee: 0, privacy: { type: 'masks' } }

it('masks go with the plain mean, equal weights, no lot and no encoding of single updates', () => {
  expect(termsFault(masks, mlp)).toBeUndefined()
  expect(
    termsFault({ ...masks, outerRateMilli: 700, outerMomentumMilli: 500, head: 'own' }, mlp),
  ).toBeUndefined()
  expect(termsFault({ ...masks, drift: 'variates' }, mlp)).toBeUndefined()
  for (const rule of ['clip-trim', 'clip-mean', 'multi-krum', 'nearest-median', 'centered-clip'] as const)
    expect(termsFault({ ...masks, rule }, mlp)).toBe('masked-rule')
  expect(termsFault({ ...masks, weighting: 'samples' }, mlp)).toBe('masked-weighting')
  expect(termsFault({ ...masks, committee: 32 }, mlp)).toBe('masked-committee')
  for (const profile of ['auto', 'masked'] as const)
    expect(termsFault({ ...masks, profile }, mlp)).toBe('masked-profile')
  expect(termsFault({ ...masks, profile: 'sparse' }, mlp)).toBe('sparse-rule')
})

it('a vector of 32 bits a parameter must fit one message', () => {
  const large: ModelSpec = {
    input: [1000],
    layers: [
      { type: 'dense', units: 2000, activation: 'relu' },
      { type: 'dense', units: 10, activation: 'linear' },
    ],
  }
  expect([canSum(mlp), canSum(large)]).toEqual([true, false])
  expect(termsFault(masks, large)).toBe('masked-size')
})
