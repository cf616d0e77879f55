// Port, records only: sponsored rounds as the screens see them, and what a person may do about them. What is a forecast (the
// equilibrium of what is offered) and what is measured (by appraisers) are different fields on purpose.
import type {
  AssetRecord,
  CapacityRecord,
  OfferRecord,
  PairRecord,
  PlanRow,
  RunFault,
  RunProblem,
  SettlementRecord,
} from '../core/incentives/runs/records.ts'
import type { AssetAppraisal, AssetBody, LendingMode, QuoteBody } from '../core/ledger/entry.ts'
import type { MemberId } from '../core/num/ids.ts'

export type {
  OfferRecord,
  PairRecord,
  PlanRow,
  RunFault,
  RunProblem,
  SettlementRecord,
} from '../core/incentives/runs/records.ts'

export type RunStage =
  /** Signed; its reward is locked at the next seal. */
  | 'waiting'
  | 'open'
  /** Offers are closed; amounts and pairs come with the next seal. */
  | 'beginning'
  | 'training'
  /** Its rounds are over; appraisers compute shares. */
  | 'measuring'
  | 'settled'
  | 'aborted'

/** What appraisers measured of an owner, combined. */
export interface MeasuredRow {
  readonly owner: MemberId
  readonly nanoNats: bigint
  /** Of the positive values; a forecast of the settlement from what is measured so far. */
  readonly shareMillionths: number
  /** Half the width of the 95 % interval, of the share; 0 where exact. */
  readonly halfWidthMillionths: number
  /** What the reward would pay now, fines included. */
  readonly payMicro: bigint
  readonly qualityMillionths: number
}

/** What this member measures for a run. */
export type AppraisalProgress =
  | { readonly status: 'none' }
  /** Following the rounds: so many were looked at. */
  | { readonly status: 'following'; readonly rounds: number }
  /** Computing shares; a fraction of it is done. */
  | { readonly status: 'computing'; readonly fraction: number }
  | { readonly status: 'stated' }

export interface RunView {
  readonly hash: string
  readonly stage: RunStage
  readonly quote: QuoteBody
  readonly sponsor: MemberId
  readonly isSponsor: boolean
  /** Why it could not begin. */
  readonly problem: RunProblem | null
  /** Offers and capacities with what waits for the next seal. */
  readonly offers: readonly OfferRecord[]
  readonly capacities: readonly CapacityRecord[]
  /** The own offer or capacity, also while it waits for the seal. */
  readonly ownOffer: OfferRecord | null
  readonly ownCapacity: CapacityRecord | null
  /** The equilibrium for what is offered: as agreed at the seal, before that as it would be now. */
  readonly forecast: readonly PlanRow[]
  readonly forecastProblem: RunProblem | null
  readonly fromRound: number
  readonly toRound: number
  readonly remeasured: boolean
  /** Pairs that a seal made; signatures that wait for the next one count already. */
  readonly pairs: readonly PairRecord[]
  readonly appraisers: readonly MemberId[]
  readonly appraisal: AppraisalProgress
  /** Empty until something was measured. */
  readonly measured: readonly MeasuredRow[]
  readonly measuredBy: number
  readonly measuredRound: number
  readonly method: 'drops' | 'shapley'
  readonly settlement: SettlementRecord | null
  readonly reason: string
}

export interface KnownAsset {
  readonly owner: MemberId
  readonly samples: number
  readonly qualityMillionths: number
}

export interface RunsView {
  /** Newest first. */
  readonly runs: readonly RunView[]
  /** What this member says of its data, also while it waits for the seal. */
  readonly asset: AssetRecord | null
  /** What members say of their data: what a sponsor can reckon with before anybody offers. */
  readonly known: readonly KnownAsset[]
  /** Credits that this member may still lock, micro-credits. */
  readonly balanceMicro: bigint
  /** Providers that got to see this member's data, and how many it allows. */
  readonly exposures: readonly MemberId[]
  readonly exposureLimit: number
  /** This member's entries that changed nothing, newest last. */
  readonly rejected: readonly { readonly hash: string; readonly epoch: number; readonly why: RunFault }[]
}

/** What a person can do; each becomes one ledger entry. */
export type RunAction =
  | { readonly type: 'quote'; readonly quote: Omit<QuoteBody, 'kind'> }
  | {
      readonly type: 'asset'
      readonly appraisal: AssetAppraisal
      readonly qualityMillionths: number
      readonly consent: AssetBody['consent']
      readonly licence: string
    }
  | {
      readonly type: 'offer'
      readonly run: string
      readonly qualityMillionths: number
      readonly samples: number
      readonly mode: LendingMode
    }
  | {
      readonly type: 'capacity'
      readonly run: string
      readonly unitCostMillionths: number
      readonly modes: 'split' | 'any'
    }
  | { readonly type: 'withdraw'; readonly run: string }
  | { readonly type: 'begin'; readonly run: string }
  | { readonly type: 'contract'; readonly run: string; readonly contract: string }
  | { readonly type: 'exposure'; readonly limit: number }
  | { readonly type: 'abort'; readonly run: string; readonly reason: string }

/** Why an action was not done; the screens word it. */
export type RunRefusal =
  | RunFault
  | 'invalid'
  /** Data are not loaded yet, or this member only watches. */
  | 'no-data'
  | 'too-few-owners'
  | 'reward-too-small'
  /** Where only sums of changes are seen nobody can tell what each is worth. */
  | 'under-masks'
  | 'ledger-full'

export type RunActionResult =
  | { readonly status: 'done'; readonly hash: string }
  | { readonly status: 'refused'; readonly why: RunRefusal }
