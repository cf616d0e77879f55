// Port, records only: governance of the room as the screens see it, and what a person may do about it.
import type { GovernanceTerms } from '../core/ledger/entry.ts'
import type { MemberId } from '../core/num/ids.ts'

/** Why nothing is trained, the strongest reason; 'running' when training is allowed. */
export type ComputeState =
  | { readonly status: 'running' }
  | { readonly status: 'held'; readonly by: MemberId; readonly secondsLeft: number; readonly reason: string }
  | {
      readonly status: 'paused'
      readonly order: string
      readonly sinceUnixMs: number
      readonly reason: string
    }
  /** Resumed; training goes on in a moment. */
  | { readonly status: 'resuming'; readonly secondsLeft: number }
  /** No guardian was heard for the charter's heartbeat. */
  | { readonly status: 'unattended'; readonly secondsSilent: number }
  | { readonly status: 'lineage-spent' }
  | { readonly status: 'expired' }

/** Why this member's own work stops or is refused while the room may go on. */
export type OwnStanding =
  | 'good'
  | 'needs-licence'
  | 'licence-expired'
  | 'licence-not-yet'
  | 'wrong-device'
  | 'member-spent'
  /** Waits for the next seal to be given a share of the lineage's budget. */
  | 'awaiting-share'
  | 'revoked'
  /** Receipts broke a rule; named in Violation. */
  | 'suspended'

export type ViolationKind =
  | 'formula'
  | 'rate'
  | 'gap'
  | 'overlap'
  | 'over-budget'
  | 'no-licence'
  | 'wrong-device'
  | 'unknown-device'
  | 'model-chain'
  | 'clock'

export interface Violation {
  readonly member: MemberId
  readonly kind: ViolationKind
  /** Entry hash of the receipt. */
  readonly receipt: string
}

/** Something that waits for, or got, its signatures. */
export interface Motion {
  /** Entry hash. */
  readonly hash: string
  readonly kind: 'order' | 'licence' | 'amend' | 'evict'
  /** For orders: pause, resume, revoke. */
  readonly action: string
  readonly author: MemberId
  readonly unixMs: number
  readonly reason: string
  /** Member, licence or '' that it is about. */
  readonly target: string
  readonly signed: readonly MemberId[]
  readonly needed: number
  readonly status: 'open' | 'effective' | 'superseded' | 'expired'
  /** Whether this member's signature would count. */
  readonly canSign: boolean
}

export interface LicenceView {
  readonly hash: string
  readonly subject: MemberId
  readonly devices: readonly string[]
  readonly budgetFlop: bigint
  readonly spentFlop: bigint
  readonly rateFlops: bigint
  readonly notBeforeUnixMs: number
  readonly expiresUnixMs: number
  readonly status: 'open' | 'valid' | 'expired' | 'revoked' | 'superseded' | 'not-yet'
}

export interface DeviceView {
  readonly device: string
  readonly holder: MemberId
  readonly label: string
  readonly backend: string
  readonly benchmarkFlops: bigint
  /** Events of its custody chain, registrations included. */
  readonly custody: readonly { readonly hash: string; readonly holder: MemberId; readonly unixMs: number }[]
  readonly own: boolean
}

export interface MeterView {
  readonly member: MemberId
  readonly flop: bigint
  /** 0n: no cap. For lineages with a cap, what the member may use until the next seal counts too. */
  readonly capFlop: bigint
  readonly level: 0 | 1 | 2
}

export interface TimelineItem {
  readonly hash: string
  readonly unixMs: number
  readonly author: MemberId
  readonly kind:
    'charter' | 'amend' | 'order' | 'hold' | 'licence' | 'vouch' | 'evict' | 'handover' | 'proof' | 'request'
  readonly action: string
  readonly target: string
  readonly reason: string
  readonly effective: boolean
}

export interface GovernanceView {
  readonly terms: GovernanceTerms
  readonly lineage: string
  readonly compute: ComputeState
  readonly standing: OwnStanding
  readonly isGuardian: boolean
  readonly isIssuer: boolean
  readonly isAnchor: boolean
  /** Whether this guardian may hold the room now. */
  readonly canHold: boolean
  readonly lineageFlop: bigint
  readonly meters: readonly MeterView[]
  readonly motions: readonly Motion[]
  readonly licences: readonly LicenceView[]
  readonly devices: readonly DeviceView[]
  readonly violations: readonly Violation[]
  /** Newest first, at most 200. */
  readonly timeline: readonly TimelineItem[]
  /** Commitments of this member that an auditor asked to have opened. */
  readonly requests: readonly {
    readonly hash: string
    readonly by: MemberId
    readonly commitment: string
    readonly reason: string
    /** Whether this device holds the opening. */
    readonly known: boolean
  }[]
}

/** What a person can do; each becomes one ledger entry. */
export type GovernanceAction =
  | { readonly type: 'hold'; readonly reason: string }
  | {
      readonly type: 'order'
      readonly action: 'pause' | 'resume' | 'revoke'
      readonly target: string
      readonly reason: string
    }
  /** Signs an open motion. */
  | { readonly type: 'endorse'; readonly subject: string }
  | {
      readonly type: 'licence'
      readonly subject: MemberId
      readonly devices: readonly string[]
      readonly budgetFlop: string
      readonly rateFlops: string
      readonly notBeforeUnixMs: number
      readonly expiresUnixMs: number
    }
  | {
      readonly type: 'vouch'
      readonly subject: MemberId
      readonly level: 1 | 2
      /** Kept on this device with a salt; the ledger gets the commitment. "" for none. */
      readonly owner: string
      readonly expiresUnixMs: number
    }
  | { readonly type: 'amend'; readonly governance: GovernanceTerms; readonly reason: string }
  | { readonly type: 'evict'; readonly member: MemberId; readonly reason: string }
  | { readonly type: 'handover'; readonly to: MemberId }
  | { readonly type: 'transfer-device'; readonly to: MemberId }
  | {
      readonly type: 'request'
      readonly subject: MemberId
      readonly commitment: string
      readonly reason: string
    }
  | { readonly type: 'pay'; readonly to: MemberId; readonly amountMicro: string; readonly memo: string }

/** Why an action was not done; the screens word it. */
export type ActionRefusal =
  | 'not-guardian'
  | 'not-issuer'
  | 'not-anchor'
  | 'not-member'
  | 'already-signed'
  | 'nothing-to-sign'
  | 'too-soon'
  | 'not-paused'
  | 'already-paused'
  | 'invalid'
  | 'insufficient'
  | 'ledger-full'
  | 'storage-full'

export type ActionResult =
  | { readonly status: 'done'; readonly hash: string }
  | { readonly status: 'refused'; readonly why: ActionRefusal }
