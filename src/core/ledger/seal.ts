// Seals: what a quorum signs to make an epoch of the ledger final. Record types only; the rules of agreement are in
// seal-machine.ts, the proofs in num/merkle.ts. All are canonical JSON of integers and strings; a seal's name is its hash.
import type { MemberId, RoomId } from '../num/ids.ts'
import type { Canonical } from './canonical.ts'

/** Everything before it is final. Epochs count from 1. */
export interface Seal {
  readonly v: 2
  readonly room: RoomId
  readonly epoch: number
  /** Hash of the seal before; the charter's entry hash for epoch 1. */
  readonly previous: string
  readonly unixMs: number
  /** Entries from the beginning to here, and the RFC 9162 root over them: epoch by epoch, inside one by author and seq. */
  readonly size: number
  readonly root: string
  /** Hex SHA-256 of canonical Snapshot.heads. */
  readonly heads: string
  /** Hex SHA-256 of canonical Snapshot.state. */
  readonly state: string
  /** Sealing members from here on, sorted: in host-anchored rooms those present, in consortia those admitted. */
  readonly members: readonly MemberId[]
  /** Host of a host-anchored room from here on; in a consortium the founder, without a special right. */
  readonly anchor: MemberId
  /** Common model state that the proposer's swarm agrees on; round -1 and "" where there is none. */
  readonly modelRound: number
  readonly modelHash: string
}

/**
 * 'propose', 'vote' and 'commit' with path 'quorum' are the phases of agreement among the members of the previous seal
 * (after Buchman, Kwon, Milosevic 2018). With path 'host' the anchor proposes, members vote, the anchor commits.
 */
export interface SealStatement {
  readonly v: 2
  readonly room: RoomId
  readonly epoch: number
  readonly path: 'host' | 'quorum'
  readonly phase: 'propose' | 'vote' | 'commit'
  readonly view: number
  /** Hash of the Seal; 64 zeros in votes and commits on path 'quorum' that are for none in their view. */
  readonly seal: string
  readonly author: MemberId
  /** Base64url Ed25519 over the canonical statement without `sig`, purpose 'seal'. */
  readonly sig: string
}

/** A seal with the statements that make it final, sorted by path, phase, view and author. */
export interface Certificate {
  readonly seal: Seal
  readonly statements: readonly SealStatement[]
}

/** Author, sequence and entry hash of the last sealed entry; sorted by author. */
export type SealedHead = readonly [author: MemberId, seq: number, hash: string]

/** What a joiner needs instead of history; every part is bound by the seal. */
export interface Snapshot {
  readonly heads: readonly SealedHead[]
  /** Compact range of the Merkle tree: hex roots of its perfect subtrees, largest first. */
  readonly frontier: readonly string[]
  /** Folded state of all mechanisms (core/room/fold.ts). */
  readonly state: Canonical
}
