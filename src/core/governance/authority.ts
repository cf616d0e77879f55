// k-of-n signatures. A motion is one entry; whoever else signs it names its hash in an 'endorse' entry, which may arrive
// first. Collected without judging who may sign: that depends on terms, which may arrive later still. A member's first
// signature for a motion is the one that counts.
import type { MemberId } from '../num/ids.ts'
import type { GovernanceState, Signature } from './state.ts'

export type Signatures = ReadonlyMap<MemberId, Signature>

const NONE: Signatures = new Map()

export function sign(
  state: GovernanceState,
  subject: string,
  author: MemberId,
  round: number,
  unixMs: number,
): void {
  let by = state.signatures.get(subject)
  if (!by) state.signatures.set(subject, (by = new Map()))
  if (!by.has(author)) by.set(author, { round, unixMs, epoch: state.epoch + 1 })
}

export function signaturesOf(state: GovernanceState, subject: string): Signatures {
  return state.signatures.get(subject) ?? NONE
}

/** Those entitled who signed, sorted; `deadlineUnixMs` 0 for none. */
export function signersAmong(
  signatures: Signatures,
  entitled: readonly MemberId[],
  deadlineUnixMs = 0,
): MemberId[] {
  return entitled
    .filter(member => {
      const signature = signatures.get(member)
      return signature !== undefined && (deadlineUnixMs === 0 || signature.unixMs <= deadlineUnixMs)
    })
    .sort()
}

/** Cheap for the many motions that have too few signatures of anybody. */
export function hasQuorum(
  signatures: Signatures,
  entitled: readonly MemberId[],
  quorum: number,
  deadlineUnixMs = 0,
): boolean {
  if (signatures.size < quorum) return false
  return signersAmong(signatures, entitled, deadlineUnixMs).length >= quorum
}

/** The k-th smallest round among the signers: at least one honest signer had reached it where fewer than k are not. */
export function cutRound(signatures: Signatures, signers: readonly MemberId[], quorum: number): number {
  const rounds = signers.map(member => signatures.get(member)?.round ?? 0).sort((a, b) => a - b)
  return rounds[quorum - 1] ?? 0
}

/** Sealing members that must agree: more than two thirds. */
export function sealQuorum(members: number): number {
  return Math.floor((2 * members) / 3) + 1
}
