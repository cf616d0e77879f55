import { expect, it } from 'vitest'
import { termsFault } from '../../src/core/governance/terms.ts'
import type { MemberId } from '../../src/core/num/ids.ts'
import { AmendDraft } from '../../src/state/amend-draft.svelte.ts'
import { readMoment, writeMoment } from '../../src/state/when.ts'

const [ada, ben, mei] = ['ada', 'ben', 'mei'] as MemberId[]
const NOW = Date.UTC(2026, 5, 1, 12)
const TERMS = {
  guardians: [ada!, ben!],
  quorum: 2,
  resumeQuorum: 2,
  issuers: [],
  licensing: 'open',
  budget: { memberFlop: '0', roundFlop: '1500000000', lineageFlop: '40000000000' },
  sealing: 'host',
  heartbeatMs: 30_000,
  // Not on a full minute, as a form would write it.
  expiresUnixMs: NOW + 86_400_123,
} as const
const draftOf = () => new AmendDraft(TERMS, () => NOW)

it('untouched, it is exactly the terms in force', () => {
  const draft = draftOf()
  expect(draft.terms()).toEqual(TERMS)
  expect(draft.isSame(draft.terms()!)).toBe(true)
})

it('what it proposes can be carried out, with guardians in their order', () => {
  const draft = draftOf()
  draft.toggle('guardians', mei!)
  draft.toggle('guardians', ada!)
  draft.quorum = 1
  draft.caps.memberFlop = '0.5'
  draft.caps.lineageFlop = ''
  draft.heartbeatSeconds = null
  draft.expires = ''
  draft.licensing = 'licensed'
  const terms = draft.terms()!
  expect(terms).toMatchObject({
    guardians: [ben, mei],
    budget: { memberFlop: '500000000', roundFlop: '1500000000', lineageFlop: '0' },
    heartbeatMs: 0,
    expiresUnixMs: 0,
    sealing: 'host',
  })
  expect(termsFault(terms)).toBeNull()
  expect(draft.isSame(terms)).toBe(false)
})

it.each([
  ['quorum', (draft: AmendDraft) => (draft.quorum = 3)],
  ['quorum', (draft: AmendDraft) => (draft.quorum = null)],
  ['resumeQuorum', (draft: AmendDraft) => (draft.resumeQuorum = 0)],
  ['memberFlop', (draft: AmendDraft) => (draft.caps.memberFlop = '1e9')],
  ['heartbeat', (draft: AmendDraft) => (draft.heartbeatSeconds = 4)],
  ['expires', (draft: AmendDraft) => (draft.expires = writeMoment(NOW - 60_000))],
  ['expires', (draft: AmendDraft) => (draft.expires = '2026-02-31T10:00')],
])('names what does not fit: %s', (fault, spoil) => {
  const draft = draftOf()
  spoil(draft)
  expect(draft.faults).toEqual([fault])
  expect(draft.terms()).toBeNull()
})

it('nobody left as guardian is a fault of the guardians and of both quorums', () => {
  const draft = draftOf()
  draft.toggle('guardians', ada!)
  draft.toggle('guardians', ben!)
  expect(draft.faults).toEqual(['guardians', 'quorum', 'resumeQuorum'])
})

it('moments are read as they are written, and only real ones', () => {
  expect(readMoment(writeMoment(NOW))).toBe(NOW)
  for (const text of ['', 'soon', '2026-13-01T00:00', '2026-02-31T00:00', '2026-2-1T00:00'])
    expect(readMoment(text), text).toBeNull()
})
