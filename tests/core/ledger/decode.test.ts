import { describe, expect, test } from 'vitest'
import { canonicalise } from '../../../src/core/ledger/canonical.ts'
import { entryBytes, headOf } from '../../../src/core/ledger/chain.ts'
import {
  decodeCertificate,
  decodeEntry,
  decodeProposal,
  decodeSeal,
  decodeSealStatement,
  decodeSnapshot,
  MAX_ENTRY_BYTES,
} from '../../../src/core/ledger/decode.ts'
import type { EntryBody, TrainingTerms } from '../../../src/core/ledger/entry.ts'
import { proofOfContradiction, proofOfFork, readEvidence } from '../../../src/core/ledger/evidence.ts'
import type { SealStatement } from '../../../src/core/ledger/seal.ts'
import { presetModel } from '../../../src/core/model/presets.ts'
import { encodeBase64url } from '../../../src/core/num/base64url.ts'
import { badBodies, badEnvelopes } from './bad-entries.ts'
import {
  chain,
  charterBody,
  entry,
  FOUNDER,
  HASH,
  joinBody,
  leaveBody,
  member,
  ROOM,
  samples,
  workBody,
} from './fixtures.ts'
import { certificate, proposal, seal, SIG, snapshot, statement, vote } from './seal-samples.ts'

const encode = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === 'string' ? value : canonicalise(value))

describe('entries from outside', () => {
  const join = chain(FOUNDER, [charterBody, joinBody])[1]!

  test.each(samples.map(body => [body.kind, body] as const))('%s survives the wire', (_, body) => {
    const sound = entry(member(1), 4, HASH, body)
    expect(decodeEntry(entryBytes(sound))).toEqual(sound)
  })

  test('there is a sample of every kind', () => {
    expect(new Set(samples.map(({ kind }) => kind)).size).toBe(29)
  })

  test.each(badBodies)('%s is no entry', (_, body) =>
    expect(decodeEntry(encode(entry(member(1), 4, HASH, body as EntryBody)))).toBeUndefined(),
  )
  test.each(badEnvelopes)('%s is no entry', (_, change) =>
    expect(decodeEntry(encode({ ...join, ...change }))).toBeUndefined(),
  )

  test.each<[string, Partial<TrainingTerms>]>([
    ['sparse updates with a rule that weighs them whole', { profile: 'sparse', rule: 'nearest-median' }],
    ['weighting by samples with a rule of values', { weighting: 'samples', rule: 'clip-mean' }],
    ['control variates on SGD', { drift: 'variates' }],
    ['FedProx with mu', { drift: 'prox', proximalMicro: 100_000 }],
    ['own heads over a shared layer', { head: 'own' }],
  ])('a charter on %s is read', (_, terms) => {
    const model = presetModel('mlp', [28, 28, 1], 10)
    const sound = entry(FOUNDER, 0, '', {
      ...charterBody,
      model,
      terms: { ...charterBody.terms, ...terms },
    })
    expect(decodeEntry(entryBytes(sound))).toEqual(sound)
  })

  const text = canonicalise(join)
  test.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['an array', '[]'],
    ['a byte order mark', `\ufeff${text}`],
    ['spaces', ` ${text}`],
    ['a newline at the end', `${text}\n`],
    ['keys out of order', JSON.stringify(join)],
    ['a doubled key', text.replace('"seq":1', '"seq":1,"seq":1')],
    ['a number with an exponent', text.replace('"seq":1', '"seq":1e0')],
    ['a fraction that is whole', text.replace('"seq":1', '"seq":1.0')],
    ['a minus zero', text.replace('"part":2', '"part":-0')],
    ['an escape that is not needed', text.replace('trainer', '\\u0074rainer')],
    ['an upper-case escape', text.replace('花子', '\\u001F')],
    ['a lone surrogate', text.replace('花子', '\\ud800')],
    ['a key of every object', text.replace('"unixMs"', '"toString":"x","unixMs"')],
    ['prototype games', text.replace('{"author"', '{"__proto__":{"v":2},"author"')],
    ['deep nesting', '['.repeat(50_000)],
    ['truncation', text.slice(0, -1)],
  ])('%s is no entry', (_, value) => expect(decodeEntry(encode(value))).toBeUndefined())

  test('brackets inside texts are no nesting', () => {
    const sound = entry(member(1), 0, '', { ...joinBody, nickname: '[{[{[{[{[{\\"[' } as EntryBody)
    expect(decodeEntry(entryBytes(sound))).toEqual(sound)
  })

  test('texts are measured in code points', () => {
    const of = (nickname: string) =>
      decodeEntry(entryBytes(entry(member(1), 0, '', { ...joinBody, nickname } as EntryBody)))
    expect(of('🦆'.repeat(40))).toBeDefined()
    expect(of('🦆'.repeat(41))).toBeUndefined()
    expect(of('a'.repeat(41))).toBeUndefined()
  })

  test('too large is no entry', () =>
    expect(decodeEntry(new Uint8Array(MAX_ENTRY_BYTES + 1).fill(32))).toBeUndefined())
  test('bytes that are no UTF-8 are no entry', () =>
    expect(decodeEntry(Uint8Array.of(0x7b, 0xff, 0x7d))).toBeUndefined())
})

describe('evidence', () => {
  const [leave, work] = [leaveBody, workBody].map(body => headOf(entry(member(1), 5, HASH, body)))
  const voted: SealStatement = {
    v: 2,
    room: ROOM,
    epoch: 3,
    path: 'quorum',
    phase: 'vote',
    view: 1,
    seal: HASH,
    author: member(1),
    sig: SIG,
  }
  const otherSeal = { ...voted, seal: 'cd'.repeat(32) }

  test('two heads of one place exclude each other, in whatever order they were found', () => {
    const proof = proofOfFork(leave!, work!)
    expect(proof).toEqual(proofOfFork(work!, leave!))
    const evidence = readEvidence(proof)
    expect(evidence?.kind).toBe('entries')
    expect(evidence?.pair).toEqual(expect.arrayContaining([leave, work]))
  })

  test('two statements for one place exclude each other', () => {
    const proof = proofOfContradiction(voted, otherSeal)
    expect(readEvidence(proof)).toMatchObject({ kind: 'statements' })
    expect(proof.against).toBe(member(1))
  })

  test('a host that commits twice in one epoch convicts itself, whatever the views', () => {
    const commit = { ...voted, path: 'host', phase: 'commit' } as const
    expect(
      readEvidence(proofOfContradiction(commit, { ...commit, view: 2, seal: otherSeal.seal })),
    ).toBeDefined()
  })

  test.each([
    ['the same head twice', proofOfFork(leave!, leave!)],
    ['heads of two places', proofOfFork(leave!, { ...work!, seq: 6 })],
    ['heads of two authors', proofOfFork(leave!, { ...work!, author: member(2) })],
    ['heads of two rooms', proofOfFork(leave!, { ...work!, room: 'AAAAAAAAAAAAAAAAAAAAAA' as typeof ROOM })],
    ['somebody else accused', { ...proofOfFork(leave!, work!), against: member(2) }],
    ['heads called statements', { ...proofOfFork(leave!, work!), evidence: 'statements' as const }],
    ['a text with a space', { ...proofOfFork(leave!, work!), first: ` ${canonicalise(leave)}` }],
    ['the same seal twice', proofOfContradiction(voted, { ...voted, sig: SIG.replace('C', 'D') })],
    ['statements of two views', proofOfContradiction(voted, { ...otherSeal, view: 2 })],
    ['statements of two phases', proofOfContradiction(voted, { ...otherSeal, phase: 'commit' })],
  ])('%s proves nothing', (_, proof) => {
    expect(readEvidence(proof)).toBeUndefined()
    expect(decodeEntry(encode(entry(member(2), 0, '', proof)))).toBeUndefined()
  })
})

describe('seals from outside', () => {
  test('what is sound survives the wire', () => {
    expect(decodeSeal(encode(seal))).toEqual(seal)
    expect(decodeSealStatement(encode(statement))).toEqual(statement)
    expect(decodeCertificate(encode(certificate))).toEqual(certificate)
    expect(decodeSnapshot(encode(snapshot))).toEqual(snapshot)
    expect(decodeProposal(encode(proposal))).toEqual(proposal)
  })

  test.each([
    ['epoch 0', { epoch: 0 }],
    ['no entries', { size: 0 }],
    ['nobody to seal next', { members: [] }],
    ['members out of order', { members: [member(2), member(1)] }],
    ['a member twice', { members: [member(1), member(1)] }],
    ['a model without a round', { modelRound: -1 }],
    ['a round without a model', { modelHash: '' }],
    ['a short root', { root: 'ab' }],
    ['a field more', { extra: 1 }],
  ])('a seal with %s is none', (_, change) =>
    expect(decodeSeal(encode({ ...seal, ...change }))).toBeUndefined(),
  )

  test.each([
    ['no statements', []],
    ['statements out of order', [vote(2), vote(1)]],
    ['a statement twice', [vote(1), vote(1)]],
    ['an unknown phase', [{ ...statement, phase: 'maybe' }]],
  ])('a certificate with %s is none', (_, statements) =>
    expect(decodeCertificate(encode({ seal, statements }))).toBeUndefined(),
  )

  test.each([
    ['heads out of order', { ...snapshot, heads: [snapshot.heads[1], snapshot.heads[0]] }],
    ['a head of four parts', { ...snapshot, heads: [[...snapshot.heads[0]!, 1]] }],
    ['no state', { heads: snapshot.heads, frontier: snapshot.frontier }],
    ['more roots than a size has bits', { ...snapshot, frontier: Array(54).fill(HASH) }],
    ['more heads than authors', { ...snapshot, heads: manyHeads(5_001) }],
  ])('a snapshot with %s is none', (_, value) => expect(decodeSnapshot(encode(value))).toBeUndefined())

  test('a snapshot of a full room is read; null, fractions and depth are not', () => {
    const full = { ...snapshot, heads: manyHeads(5_000) }
    expect(decodeSnapshot(encode(full))?.heads).toHaveLength(5_000)
    for (const state of ['null', '1.5', `${'['.repeat(17)}${']'.repeat(17)}`])
      expect(decodeSnapshot(encode(`{"frontier":[],"heads":[],"state":${state}}`))).toBeUndefined()
  })
})

function manyHeads(count: number): [string, number, string][] {
  const keys = Array.from({ length: count }, (_, i) => {
    const key = new Uint8Array(32)
    new DataView(key.buffer).setUint32(0, i)
    return encodeBase64url(key)
  })
  return keys.sort().map(key => [key, 0, HASH])
}
