// The published schema says what the decoder says, as far as JSON Schema can; judged by an independent validator.
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { ledgerSchema } from '../../../scripts/ledger-schema.ts'
import { canonicalise } from '../../../src/core/ledger/canonical.ts'
import { headOf } from '../../../src/core/ledger/chain.ts'
import { decodeEntry } from '../../../src/core/ledger/decode.ts'
import type { EntryBody } from '../../../src/core/ledger/entry.ts'
import { badBodies, badEnvelopes } from './bad-entries.ts'
import { entry, HASH, joinBody, member, samples } from './fixtures.ts'
import { certificate, seal, snapshot, statement } from './seal-samples.ts'

const published = JSON.parse(
  readFileSync(new URL('../../../docs/ledger.schema.json', import.meta.url), 'utf8'),
) as object
const ajv = new Ajv2020({ strict: true, allErrors: false })
const isValid = ajv.compile(published)
const decodes = (value: unknown): boolean =>
  decodeEntry(new TextEncoder().encode(canonicalise(value))) !== undefined

test('the published file is current', () => expect(published).toEqual(ledgerSchema()))

describe('the schema and the decoder agree', () => {
  test.each(samples.map(body => [body.kind, body] as const))('on %s', (_, body) => {
    const sound = entry(member(1), 4, HASH, body)
    expect(decodes(sound)).toBe(true)
    expect(isValid(sound)).toBe(true)
  })

  test('on the length of texts outside the basic plane', () => {
    for (const length of [40, 41]) {
      const named = entry(member(1), 0, '', { ...joinBody, nickname: '🦆'.repeat(length) } as EntryBody)
      expect(isValid(named)).toBe(decodes(named))
    }
  })

  const join = entry(member(1), 4, HASH, joinBody)
  const bad = [
    ...badBodies.map(([name, body, told]) => [name, { ...join, body }, told] as const),
    ...badEnvelopes.map(([name, change, told]) => [name, { ...join, ...change }, told] as const),
  ]
  test.each(bad.filter(([, , told]) => told === 'schema'))('on %s', (_, value) => {
    expect(decodes(value)).toBe(false)
    expect(isValid(value)).toBe(false)
  })

  // Listed so that nobody takes the schema for more than it is.
  test.each(bad.filter(([, , told]) => told === 'decoder'))(
    'but the decoder alone refuses %s',
    (_, value) => {
      expect(decodes(value)).toBe(false)
      expect(isValid(value)).toBe(true)
    },
  )
})

describe('other records', () => {
  const of = (name: string) => ajv.compile({ $ref: `urn:yoriai:ledger:2#/$defs/${name}` })
  test.each<[string, object, object]>([
    ['signedHead', headOf(entry(member(1), 0, '', joinBody)), { bodyHash: '' }],
    ['seal', seal, { members: [] }],
    ['sealStatement', statement, { phase: 'maybe' }],
    ['certificate', certificate, { statements: [] }],
    ['snapshot', snapshot, { frontier: [''] }],
  ])('%s', (name, sound, broken) => {
    const isOf = of(name)
    expect(isOf(sound)).toBe(true)
    expect(isOf({ ...sound, ...broken })).toBe(false)
    expect(isOf({ ...sound, extra: 1 })).toBe(false)
  })
})
