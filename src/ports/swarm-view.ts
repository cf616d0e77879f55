// What the Swarm page is fed: the open round, the lot, what the room withstands, which updates passed over this member's
// links, and what all of it costs beside other ways to do it. Plain data.
import type { RuleName } from '../core/ledger/entry.ts'
import type { MemberId } from '../core/num/ids.ts'

/** An update that crossed one of this member's links. */
export interface PassedUpdate {
  /** Counts up in this stay: what is new since the last view is above the last number seen. */
  readonly seq: number
  readonly author: MemberId
  readonly round: number
  readonly link: MemberId
  readonly direction: 'in' | 'out'
}

/** How sums under masks fared for this member. */
export interface SumsView {
  /** Rounds of this stay whose sum has its change in it, and rounds that went on without. */
  readonly counted: number
  readonly missed: number
  readonly last:
    | 'none'
    | 'counted'
    /** Fewer trained than a sum needs. */
    | 'too-few'
    /** Nobody finished a sum in time. */
    | 'no-sum'
    /** There was a sum, without this member's change. */
    | 'left-out'
  readonly trainers: number
  readonly needed: number
}

export interface SwarmView {
  readonly links: readonly MemberId[]
  /** Newest last, at most 64. */
  readonly passed: readonly PassedUpdate[]
  readonly round: {
    /** Who has published in it. */
    readonly published: readonly MemberId[]
    /** How many are expected to. */
    readonly expected: number
    /** Milliseconds since it began. */
    readonly ageMs: number
  }
  /** Null where everybody publishes in every round. */
  readonly lot: { readonly share: number; readonly drawn: boolean } | null
  readonly tolerance: {
    readonly rule: RuleName
    /** Updates that a round combines. */
    readonly publishers: number
    /** How many of them may say anything at all without deciding the result; 0: none, beyond clipping. */
    readonly liars: number
  }
  readonly bytes: {
    /** One update of this member as it sends them now: header, signature and payload. */
    readonly update: number
    readonly codec: 'one-bit' | 'masked' | 'sparse' | 'sum'
    /** float32 parameters once. */
    readonly float32: number
    readonly parameters: number
  }
  /** What this member's updates have cost its privacy; null where the charter asks for no noise. */
  readonly privacy: {
    readonly rounds: number
    readonly delta: number
    /** This member's change against none at all. */
    readonly epsilon: number
    /** Against whatever other data it might have had. */
    readonly epsilonAnyData: number
  } | null
  /** Null where the charter asks for no masks. */
  readonly sums: SumsView | null
  /** Hex SHA-256 of the newest frozen state, as every member can compare it, and how many stated the same. */
  readonly agreement: { readonly round: number; readonly same: number; readonly other: number }
}
