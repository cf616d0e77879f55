// Entries for the ledger tests. Signatures are placeholders: checking them is the peer's work, not the chain's.
import { entryHash, roomIdBytes } from '../../../src/core/ledger/chain.ts'
import type { CharterBody, Entry, EntryBody } from '../../../src/core/ledger/entry.ts'
import { encodeBase64url } from '../../../src/core/num/base64url.ts'
import type { MemberId, RoomId } from '../../../src/core/num/ids.ts'

export const SALT = encodeBase64url(new Uint8Array(16).fill(7))
export const member = (index: number): MemberId =>
  encodeBase64url(new Uint8Array(32).fill(index + 1)) as MemberId
export const FOUNDER = member(0)
export const ROOM = encodeBase64url(roomIdBytes(FOUNDER, SALT)) as RoomId
const SIG = encodeBase64url(new Uint8Array(64).fill(9))

export const charterBody: CharterBody = {
  kind: 'charter',
  salt: SALT,
  title: 'Ziffern / digits',
  task: 'mnist',
  classes: [...'0123456789'],
  model: {
    input: [28, 28, 1],
    layers: [{ type: 'flatten' }, { type: 'dense', units: 10, activation: 'linear' }],
  },
  seed: 's',
  partition: { type: 'dirichlet', alphaMilli: 300 },
  parts: 4,
  partSamples: 0,
  terms: {
    batchSize: 32,
    localSteps: 20,
    optimizer: 'sgd',
    learningRateMicro: 200_000,
    outerRateMilli: 1000,
    outerMomentumMilli: 0,
    trusted: 'yes',
    rounds: 0,
  },
  schema: '',
}

export const joinBody: EntryBody = { kind: 'join', nickname: '花子', role: 'trainer', part: 2, unixMs: 1 }
export const leaveBody: EntryBody = { kind: 'leave', unixMs: 2 }
export const workBody: EntryBody = {
  kind: 'work',
  fromRound: 0,
  toRound: 3,
  steps: 60,
  samples: 1920,
  flop: '1172390400',
  computeMs: 900,
  updates: 3,
  sentBytes: 40_000,
  receivedBytes: 41_000,
  modelHash: 'ab'.repeat(32),
}

export function entry(author: MemberId, seq: number, prev: string, body: EntryBody, sig = SIG): Entry {
  return { v: 1, room: ROOM, author, seq, prev, body, sig }
}

/** Bodies as one author's linked entries. */
export function chain(author: MemberId, bodies: readonly EntryBody[]): Entry[] {
  const entries: Entry[] = []
  for (const body of bodies) {
    const last = entries[entries.length - 1]
    entries.push(entry(author, entries.length, last ? entryHash(last) : '', body))
  }
  return entries
}
