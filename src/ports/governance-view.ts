// Port, records only: governance of the room as the screens see it, and what a person may do about it.
import type {
  ComputeState,
  DeviceView,
  LicenceView,
  MeterView,
  Motion,
  OwnStanding,
  TimelineItem,
  Violation,
} from '../core/governance/view-records.ts'
import type { Finding } from '../core/governance/detectors/findings.ts'
import type { GovernanceTerms } from '../core/ledger/entry.ts'
import type { MemberId } from '../core/num/ids.ts'

export type {
  ComputeState,
  DeviceView,
  LicenceView,
  MeterView,
  Motion,
  OwnStanding,
  TimelineItem,
  Violation,
  ViolationKind,
} from '../core/governance/view-records.ts'

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

/** A model file against the room's model: R3 by likeness, R2 by what it knows of held-out samples. */
export type ModelComparison =
  | { readonly status: 'unreadable' }
  /** Other inputs or classes: nothing to compare. */
  | { readonly status: 'other-shape' }
  | {
      readonly status: 'compared'
      readonly name: string
      readonly correlation: number
      /** Null where independent models of this kind and length were never measured: likeness then says nothing. */
      readonly threshold: number | null
      readonly probe: { readonly hits: number; readonly samples: number } | null
      /** Accuracy that an untrained model may have by luck; null where that was never measured. */
      readonly chance: number | null
      readonly findings: readonly Finding[]
    }
