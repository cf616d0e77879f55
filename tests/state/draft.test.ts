import { expect, it } from 'vitest'
import { encodeBase64url } from '../../src/core/num/base64url.ts'
import { canonicalise } from '../../src/core/ledger/canonical.ts'
import { decodeEntry } from '../../src/core/ledger/decode.ts'
import { DEFAULT_TERMS } from '../../src/core/ledger/terms.ts'
import { PROFILES } from '../../src/state/learning-draft.svelte.ts'
import { RoomDraft } from '../../src/state/draft.svelte.ts'

it('starts ready, with the room that the front page promises', () => {
  const charter = new RoomDraft().charter('Digits together')
  expect(charter).toMatchObject({
    title: 'Digits together',
    task: 'mnist',
    partition: { type: 'classes', classesPerPart: 3 },
    parts: 4,
    terms: DEFAULT_TERMS,
    schema: '',
  })
})

it('every draft that is ready passes the border of the ledger', () => {
  const draft = new RoomDraft()
  const decodes = (name: string): void => {
    const charter = draft.charter('x'.repeat(500))
    const author = encodeBase64url(new Uint8Array(32))
    // As the founding does: without guardians named the founder is one.
    const governance = { ...charter!.governance, guardians: [author] }
    const salt = encodeBase64url(new Uint8Array(16))
    const entry = {
      v: 2,
      room: encodeBase64url(new Uint8Array(16)),
      author,
      seq: 0,
      prev: '',
      unixMs: 0,
      body: { kind: 'charter', salt, seed: 'seed', ...charter, governance },
      sig: encodeBase64url(new Uint8Array(64)),
    }
    expect(decodeEntry(new TextEncoder().encode(canonicalise(entry))), name).toBeDefined()
  }
  for (const task of ['mnist', 'fashion-mnist'] as const)
    for (const preset of ['logistic', 'mlp', 'cnn'] as const)
      for (const partition of ['iid', 'dirichlet', 'classes'] as const) {
        draft.task = task
        draft.choosePreset(preset)
        draft.partition = partition
        decodes(`${task} ${preset} ${partition}`)
      }
  const { learning } = draft
  learning.privacy = 'noise'
  learning.weighting = 'samples'
  learning.head = 'own'
  for (const preset of ['logistic', 'mlp'] as const)
    for (const profile of PROFILES)
      for (const rule of ['clip-trim', 'multi-krum', 'mean'] as const)
        for (const drift of ['none', 'prox', 'variates'] as const) {
          draft.choosePreset(preset)
          Object.assign(learning, { profile, rule, drift })
          decodes(`${preset} ${profile} ${rule} ${drift}`)
        }
})

it.each([
  ['parts', 0],
  ['parts', 1.5],
  ['parts', null],
  ['rounds', -1],
  ['localSteps', 501],
  ['learningRate', 0],
  ['learningRate', Number.NaN],
] as const)('is not ready with %s = %s', (name, value) => {
  const draft = new RoomDraft()
  draft.numbers[name] = value
  expect(draft.invalid).toEqual([name])
  expect(draft.charter('x')).toBeNull()
})

it('proposes the usual terms until somebody chooses', () => {
  const draft = new RoomDraft()
  expect(draft.charter('x')?.terms).toEqual(DEFAULT_TERMS)
  expect(draft.learning.changed).toBe(0)
  draft.numbers.learningRate = 0.05
  draft.learning.drift = 'variates'
  draft.partition = 'iid'
  expect(draft.charter('x')?.terms).toMatchObject({ learningRateMicro: 50_000, drift: 'variates' })
  expect(draft.learning.changed).toBe(1)
})

it('is not ready while some classes would be nobody’s', () => {
  const draft = new RoomDraft()
  draft.numbers.parts = 2
  expect(draft.covered).toBe(6)
  expect(draft.ready).toBe(false)
  draft.partition = 'iid'
  expect(draft.ready).toBe(true)
})

it('takes shape, classes, model and schema of a room with own data from the files', () => {
  const draft = new RoomDraft()
  draft.task = 'own'
  expect(draft.ready).toBe(false)
  const data = { shape: [4], classes: ['a', 'b'], x: new Float32Array(8), y: Uint16Array.of(0, 1) }
  draft.own = {
    source: 'table',
    train: data,
    test: data,
    schema: '{}',
    columns: [],
    labelColumn: null,
    skipped: [],
    report: {
      samples: 2,
      withoutLabel: 0,
      columns: [],
      ignored: [],
      filled: [],
      headerMissing: false,
      encoding: '',
      inverted: false,
      resized: 0,
      leaked: 0,
    },
  }
  expect(draft.preset).toBe('tableMlp')
  expect(draft.charter('x')).toMatchObject({
    task: 'own',
    classes: ['a', 'b'],
    model: { input: [4] },
    parts: 1,
    partition: { type: 'iid' },
    schema: '{}',
  })
})
