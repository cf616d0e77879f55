// What the governance folds say about a room, as plain records: the state of compute, a member's standing, motions, licences,
// devices, meters, the timeline. ports/governance-view.ts hands them on to the screens; words for them are found there.
import type { MemberId } from '../num/ids.ts'

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
