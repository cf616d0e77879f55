// Sponsored runs as the ledger holds them: records only. A run goes open -> training -> settled, or is aborted; every record is
// replaced, never changed. Integers and decimal strings, as in entries, so that a snapshot needs no translation. What the
// records mean and how they come about is in mechanism.ts and closing.ts.
import type {
  AssetBody,
  CapacityBody,
  LendingMode,
  MeasureBody,
  QuoteBody,
  RunBody,
} from '../../ledger/entry.ts'
import type { MemberId } from '../../num/ids.ts'

export type RunPhase = 'open' | 'training' | 'settled' | 'aborted'

export interface AssetRecord {
  readonly hash: string
  readonly body: AssetBody
}

export interface OfferRecord {
  readonly owner: MemberId
  readonly root: string
  readonly qualityMillionths: number
  readonly samples: number
  readonly mode: LendingMode
  /** 0 after it withdrew, left or was convicted. */
  readonly present: 0 | 1
}

export interface CapacityRecord {
  readonly provider: MemberId
  readonly unitCostMillionths: number
  readonly speedMilli: number
  readonly modes: CapacityBody['modes']
  readonly present: 0 | 1
}

/** What the equilibrium says of an owner: a forecast. */
export interface PlanRow {
  readonly owner: MemberId
  /** Samples to bring; 0 for who is priced out or left. */
  readonly samples: number
  readonly standing: 'active' | 'capped' | 'priced-out' | 'left'
  readonly shareMillionths: number
  readonly payMicro: string
  readonly costMicro: string
  /** The quality that was reckoned with. */
  readonly qualityMillionths: number
}

export interface PairRecord {
  readonly owner: MemberId
  readonly provider: MemberId
  readonly mode: 'split' | 'paired'
  /** Hex SHA-256 of the canonical terms of the pair (contract.ts). */
  readonly contract: string
  readonly ownerSigned: 0 | 1
  readonly providerSigned: 0 | 1
  /** 1 after one of both left. */
  readonly broken: 0 | 1
  /** The provider stated that it deleted what it held. */
  readonly deleted: 0 | 1
  /** What the owner pays for compute in all rounds of the run: its cost in the plan when the pair was made. */
  readonly priceMicro: string
  /** Jobs that the provider completed, as each side stated. */
  readonly ownerJobs: number
  readonly providerJobs: number
}

export interface MeasureRecord {
  readonly appraiser: MemberId
  readonly method: MeasureBody['method']
  readonly toRound: number
  readonly rounds: number
  readonly values: MeasureBody['values']
}

export interface PaymentRecord {
  readonly owner: MemberId
  readonly payMicro: string
  readonly earnedMicro: string
  readonly fineMicro: string
  readonly bonusMicro: string
  /** Combined from the appraisers, nano-nats. */
  readonly nanoNats: string
  readonly measuredMillionths: number
}

/** What an owner pays a provider, out of its pay. */
export interface FeeRecord {
  readonly owner: MemberId
  readonly provider: MemberId
  /** Jobs that are paid: those that both sides stated, no more than the run has rounds. */
  readonly jobs: number
  readonly feeMicro: string
}

export interface SettlementRecord {
  readonly epoch: number
  /** Before fees. */
  readonly payments: readonly PaymentRecord[]
  readonly fees: readonly FeeRecord[]
  readonly returnedMicro: string
  /** Part of the reward that was at stake: less than a million where the run ended early. */
  readonly reachedMillionths: number
  readonly why: 'complete' | 'ended' | 'expired' | 'nobody-measured'
}

/** Why a run could not begin, as its sponsor reads it; the numbers that help are set, others empty. */
export interface RunProblem {
  readonly kind: string
  /** 'reward-too-small': from this reward on two owners bring a whole sample; else "". */
  readonly opensAtMicro: string
  /** 'too-few': owners that are there; else 0. */
  readonly count: number
}

export interface RunRecord {
  /** Entry hash of the quote. */
  readonly hash: string
  readonly sponsor: MemberId
  readonly quote: QuoteBody
  readonly phase: RunPhase
  readonly problem: RunProblem | null
  readonly offers: readonly OfferRecord[]
  readonly capacities: readonly CapacityRecord[]
  /** Rounds whose contributions count: fromRound < round <= toRound; 0 while open. */
  readonly fromRound: number
  readonly toRound: number
  readonly remeasured: 0 | 1
  /** Ascending; drawn when the run began. */
  readonly appraisers: readonly MemberId[]
  readonly plan: readonly PlanRow[]
  readonly pairs: readonly PairRecord[]
  /** Newest of each appraiser and method. */
  readonly measures: readonly MeasureRecord[]
  readonly settlement: SettlementRecord | null
  readonly reason: string
}

/** Why an entry changed nothing; screens word it. */
export type RunFault =
  | 'insufficient'
  | 'too-many-runs'
  | 'unknown-run'
  | 'wrong-phase'
  | 'not-sponsor'
  | 'own-run'
  | 'not-member'
  | 'unknown-asset'
  | 'wrong-root'
  | 'duplicate-data'
  | 'below-floor'
  | 'too-many-samples'
  | 'mode-not-allowed'
  | 'too-many-parties'
  | 'not-appraiser'
  | 'not-party'
  | 'stale'
  | 'convicted'

export interface RejectedRunEntry {
  readonly hash: string
  readonly author: MemberId
  readonly epoch: number
  readonly why: RunFault
}

export interface PendingRunEntry {
  readonly hash: string
  readonly author: MemberId
  readonly seq: number
  readonly body: RunBody
}

export interface RunsState {
  /** Of the open epoch, in any order. */
  readonly pending: PendingRunEntry[]
  readonly assets: Map<MemberId, AssetRecord>
  readonly runs: Map<string, RunRecord>
  /** Providers that ever got to see an owner's data, and how many an owner allows: for ever. */
  readonly exposures: Map<MemberId, readonly MemberId[]>
  readonly limits: Map<MemberId, number>
  /** Of everybody who joined: the commitment to its data, and whether it is still here. */
  readonly joined: Map<MemberId, { readonly root: string; readonly present: 0 | 1 }>
  /** Newest last. */
  rejected: RejectedRunEntry[]
}

/** Credits, as the fold lends them to a mechanism that pays. Balances and what runs lock always add up to what was issued. */
export interface Purse {
  balanceOf(member: MemberId): bigint
  add(member: MemberId, micro: bigint): void
  /** Sequence from which a convicted author's entries do not count; Infinity for everybody else. */
  cutOf(member: MemberId): number
}
