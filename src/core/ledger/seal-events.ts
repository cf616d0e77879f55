// What goes into the agreement on seals and what comes out of it, and its measures of time. Records only.
import type { MemberId, RoomId } from '../num/ids.ts'
import type { SealMode, SealRules } from './quorum.ts'
import type { Certificate, Seal, SealStatement } from './seal.ts'

/** "No seal in this view", on path 'quorum': no text hashes to it. Never part of a certificate. */
export const NO_SEAL = '0'.repeat(64)

/** Something open is sealed after this long; in a crowd after so much for every hundred members, since a seal is their votes. */
export const SEAL_EVERY_MS = 30_000
export const SEAL_CROWD = 100
/** Between two seals, even when it is urgent or much is open. */
export const SEAL_GAP_MS = 2_000
/** So much is sealed without waiting; in a crowd so much for every three hundred members. */
export const MANY_ENTRIES = 1_500
export const MANY_BYTES = 900_000
export const MANY_CROWD = 300
/** A host that was not heard for this long may be succeeded. */
export const HOST_SILENT_MS = 60_000
/** Unanswered questions (prepare, fetch, final) are asked again. */
export const ASK_AGAIN_MS = 2_000

/** How long a proposal is waited for: more with every view, so that slow links are waited for at last. */
export function viewTimeoutMs(view: number): number {
  return Math.min(60_000, 3_000 + 2_000 * view)
}

/** How long the rest is waited for once a quorum has spoken, though not for one seal. */
export function restTimeoutMs(view: number): number {
  return Math.min(60_000, 1_000 + 1_000 * view)
}

export interface SealConfig {
  readonly room: RoomId
  readonly self: MemberId
  readonly mode: SealMode
  /** The last final seal; before the first: epoch 0, the charter's entry hash, the founder as only member and anchor. */
  readonly epoch: number
  readonly hash: string
  readonly size?: number
  readonly members: readonly MemberId[]
  readonly anchor: MemberId
  /** Other numbers than those in force, to show that they fail. */
  readonly rules?: SealRules
}

export type SealVerdict = 'good' | 'missing' | 'bad'

export type SealEvent =
  | { readonly type: 'tick' }
  /** Open entries that this member would seal, and members by the ledger. Urgent: not after half a minute, but now. */
  | {
      readonly type: 'want'
      readonly open: number
      readonly openBytes: number
      readonly urgent: boolean
      readonly members: number
    }
  /** Answer to 'prepare'. */
  | { readonly type: 'candidate'; readonly seal: Seal; readonly hash: string }
  /** Anybody's, its signature checked; the own ones come back this way too, once they are kept. */
  | { readonly type: 'statement'; readonly statement: SealStatement }
  /** Answer to 'fetch'. The hash was computed from the content. */
  | { readonly type: 'seal'; readonly seal: Seal; readonly hash: string }
  /** Answer to 'check'. */
  | { readonly type: 'checked'; readonly hash: string; readonly verdict: SealVerdict }
  /** More entries came: whatever was missing some is checked again. */
  | { readonly type: 'recheck' }
  /** Who is here now. */
  | { readonly type: 'present'; readonly members: readonly MemberId[] }
  | { readonly type: 'host-heard' }
  /**
   * The book stands on this seal: answer to the effect 'final', or one verified from outside. Work on the next epoch begins
   * with it, under the mode of the sealed terms. One of an epoch before is only compared with what was final here.
   */
  | { readonly type: 'final'; readonly certificate: Certificate; readonly mode?: SealMode }
  /** What was kept of the effects 'say' before a restart; first of all events. Signatures checked. */
  | {
      readonly type: 'restore'
      readonly statements: readonly SealStatement[]
      readonly seals?: readonly { readonly seal: Seal; readonly hash: string }[]
    }

export type SealEffect =
  /** Make a seal of what is here now, with those present as members; `newAnchor` takes the place of a host that is gone. */
  | { readonly type: 'prepare'; readonly newAnchor: MemberId | null }
  /** Get the seal of this hash. */
  | { readonly type: 'fetch'; readonly seal: string }
  /** Is the seal of this hash what this member comes to itself? */
  | { readonly type: 'check'; readonly seal: string }
  /**
   * Sign, keep, feed back, send: in this order. Kept with it: the seal that it is about (after a restart nobody else may have
   * it) and the votes that a commit rests on. All of it comes back with 'restore', until the epoch's final seal is kept.
   */
  | {
      readonly type: 'say'
      readonly statement: Omit<SealStatement, 'sig'>
      readonly seal: Seal | null
      readonly evidence: readonly SealStatement[]
    }
  /** The epoch's seal is final: answer with the event 'final'. Repeated until then. */
  | { readonly type: 'final'; readonly certificate: Certificate }
  /** Two statements that exclude each other, by one author. Once per author and epoch. */
  | { readonly type: 'equivocation'; readonly first: SealStatement; readonly second: SealStatement }

/** For the screens. */
export interface SealProgress {
  readonly epoch: number
  readonly path: SealStatement['path']
  /** 'sealed': final, and waiting for the peer to stand on it. */
  readonly phase: 'idle' | 'propose' | 'vote' | 'commit' | 'sealed'
  readonly view: number
  /** Signatures of sealing members that the phase has and needs. */
  readonly have: number
  readonly needed: number
  /** Sealing members that are here; fewer than `needed`: nothing becomes final until some come back. */
  readonly present: number
}
