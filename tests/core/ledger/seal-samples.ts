// One of each record of sealing, as plain values; signatures and hashes are placeholders.
import type { Certificate, Seal, SealStatement, Snapshot } from '../../../src/core/ledger/seal.ts'
import { encodeBase64url } from '../../../src/core/num/base64url.ts'
import { HASH, member, ROOM } from './fixtures.ts'

export const SIG = encodeBase64url(new Uint8Array(64).fill(9))

export const seal: Seal = {
  v: 2,
  room: ROOM,
  epoch: 1,
  previous: HASH,
  unixMs: 1_790_000_000_000,
  size: 12,
  root: HASH,
  heads: HASH,
  state: HASH,
  members: [member(1), member(2)],
  anchor: member(1),
  modelRound: 4,
  modelHash: HASH,
}

export const statement: SealStatement = {
  v: 2,
  room: ROOM,
  epoch: 1,
  path: 'host',
  phase: 'commit',
  view: 0,
  seal: HASH,
  author: member(1),
  sig: SIG,
}

export const vote = (by: number): SealStatement => ({ ...statement, phase: 'vote', author: member(by) })

export const certificate: Certificate = { seal, statements: [statement, vote(1), vote(2)] }

export const snapshot: Snapshot = {
  heads: [
    [member(1), 4, HASH],
    [member(2), 0, HASH],
  ],
  frontier: [HASH, HASH],
  state: { members: [['a', 1, { deep: ['[[[['] }]] },
}

export const proposal = { seal, heads: snapshot.heads }

export const sealSamples: readonly object[] = [seal, statement, certificate, snapshot, proposal]
