import { describe, expect, it } from 'vitest'
import { DEFAULT_TERMS, termsFault } from '../../src/core/ledger/terms.ts'
import type { ModelSpec } from '../../src/core/model/spec.ts'
import { presetModel } from '../../src/core/model/presets.ts'
import { enLearning } from '../../src/i18n/en-learning.ts'
import { createFormat } from '../../src/i18n/format.ts'
import { LearningDraft } from '../../src/state/learning-draft.svelte.ts'
import { learningRows, plannedSpending, promiseOf } from '../../src/state/learning-rows.ts'
import { updateSizes } from '../../src/state/update-sizes.ts'

const f = createFormat('en')
const mlp = presetModel('mlp', [28, 28, 1], 10)
const logistic = presetModel('logistic', [28, 28, 1], 10)
const draftOf = (model: ModelSpec = mlp) =>
  new LearningDraft(
    () => model,
    () => DEFAULT_TERMS,
  )

describe('choices of how to learn', () => {
  it('sparse updates leave only rules that weigh whole updates; the rule wished for comes back', () => {
    const draft = draftOf()
    draft.rule = 'clip-mean'
    draft.profile = 'sparse'
    expect(draft.rules).toEqual(['multi-krum', 'nearest-median', 'centered-clip'])
    expect(draft.terms()?.rule).toBe('multi-krum')
    draft.profile = 'auto'
    expect(draft.terms()?.rule).toBe('clip-mean')
  })

  it('weights and own heads are there only where they mean something', () => {
    const draft = draftOf()
    Object.assign(draft, { weighting: 'samples', head: 'own' })
    expect(draft.terms()).toMatchObject({ weighting: 'samples', head: 'own' })
    draft.rule = 'centered-clip'
    expect(draft.terms()).toMatchObject({ weighting: 'equal', head: 'own' })
    const single = draftOf(logistic)
    single.head = 'own'
    expect(single.terms()?.head).toBe('shared')
  })

  it('masks leave the plain mean only, without lot and weights; what was wished for before comes back', () => {
    const draft = draftOf()
    Object.assign(draft, { profile: 'masked', rule: 'clip-mean', weighting: 'samples', privacy: 'masks' })
    expect([draft.sums, draft.rules, draft.canWeigh, draft.lot]).toEqual([true, ['mean'], false, false])
    const terms = { ...DEFAULT_TERMS, ...draft.terms() }
    expect(terms).toMatchObject({
      rule: 'mean',
      weighting: 'equal',
      committee: 0,
      privacy: { type: 'masks' },
    })
    expect(termsFault(terms, mlp)).toBeUndefined()
    expect(draft.changed).toBe(1)
    draft.privacy = 'none'
    expect(draft.terms()).toMatchObject({ profile: 'masked', rule: 'clip-mean', committee: 32 })
    const wide = draftOf({ input: [3000], layers: [{ type: 'dense', units: 1000, activation: 'linear' }] })
    wide.privacy = 'masks'
    expect([wide.canSum, wide.privacy]).toEqual([false, 'none'])
  })

  it('numbers count only where they are asked for', () => {
    const draft = draftOf()
    Object.assign(draft.numbers, { mu: null, sigma: 0 })
    expect(draft.terms()).toMatchObject({ drift: 'none', proximalMicro: 0, privacy: { type: 'none' } })
    draft.drift = 'prox'
    draft.privacy = 'noise'
    expect(draft.invalid).toEqual(['mu', 'sigma'])
    expect([draft.terms(), draft.noiseTerms]).toEqual([null, null])
    Object.assign(draft.numbers, { mu: 0.25, sigma: 1.5 })
    expect(draft.terms()).toMatchObject({
      proximalMicro: 250_000,
      privacy: { type: 'noise', clipMicro: 1_000_000, noiseMilli: 1500, deltaExponent: 5 },
    })
    draft.lot = false
    expect(draft.terms()?.committee).toBe(0)
    expect(draft.changed).toBe(3)
  })
})

it('a participant reads what differs from the usual, and nothing else', () => {
  const rowsOf = (terms: object) => learningRows({ terms: { ...DEFAULT_TERMS, ...terms } }, enLearning, f)
  expect(rowsOf({})).toEqual([])
  const told = rowsOf({ rule: 'mean', drift: 'prox', proximalMicro: 1, head: 'own', committee: 64 })
  expect(told).toEqual([
    enLearning.terms.rule.mean,
    enLearning.terms.prox,
    enLearning.terms.own,
    enLearning.terms.committee('64'),
  ])
  expect(rowsOf({ drift: 'variates' })).toEqual([enLearning.terms.variates])
})

it('tells what noise comes to after the planned rounds', () => {
  const noise = { type: 'noise', clipMicro: 1e6, noiseMilli: 4000, deltaExponent: 5 } as const
  const { epsilon, delta, rounds } = plannedSpending(noise, 60)
  expect(rounds).toBe(60)
  expect(delta).toBe(1e-5)
  // sqrt(60) / 4 = 1.94 as one Gaussian mechanism: epsilon about 10 at this delta.
  expect(epsilon).toBeGreaterThan(8)
  expect(epsilon).toBeLessThan(11)
  expect(plannedSpending(noise, 0).rounds).toBe(100)
  expect([0.5, 5, 30, 300, Infinity].map(promiseOf)).toEqual(['strong', 'fair', 'weak', 'nothing', 'nothing'])
})

it('sizes of updates are those of the codecs', () => {
  expect(updateSizes('auto', 101_770).whole).toBe(updateSizes('one-bit', 101_770).whole)
  expect(updateSizes('auto', 101_770).narrow).toBe(updateSizes('masked', 101_770).whole)
  expect(updateSizes('sparse', 101_770).whole).toBeLessThan(updateSizes('one-bit', 101_770).whole / 3)
})
