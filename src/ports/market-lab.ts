// Port: the market of docs/incentives.md to play with, away from the page. A look is the whole market solved for one setup, plain
// data; a study is heavy work with progress, ended by cancel(). No room, no data of anybody: all is made up from the seed.
import type { CentreRule } from '../core/incentives/centres.ts'
import type { Refusal } from '../core/incentives/refusal.ts'

/** Numbers of the setup with their range; all in the units that the slider shows, percents as whole numbers. */
export const MARKET_SLIDERS = {
  owners: { least: 1, most: 60, step: 1, usual: 10 },
  spread: { least: 0, most: 100, step: 1, usual: 20 },
  xi: { least: 5, most: 100, step: 1, usual: 50 },
  skew: { least: 0, most: 100, step: 1, usual: 0 },
  cap: { least: 1, most: 100, step: 1, usual: 100 },
  alpha: { least: 0, most: 20, step: 0.1, usual: 5 },
  rho: { least: 0.05, most: 4, step: 0.05, usual: 1 },
  reward: { least: 0, most: 300, step: 1, usual: 100 },
  floor: { least: 0, most: 30, step: 1, usual: 0 },
  fine: { least: 0, most: 0.5, step: 0.01, usual: 0.2 },
  over: { least: 0, most: 20, step: 1, usual: 0 },
  score: { least: 0, most: 100, step: 1, usual: 40 },
  centres: { least: 1, most: 60, step: 1, usual: 10 },
  costSpread: { least: 0, most: 100, step: 1, usual: 100 },
} as const

export type MarketSlider = keyof typeof MARKET_SLIDERS

export const MARKET_RULES = ['linearTarget', 'nash'] as const satisfies readonly CentreRule[]

export const MAX_MARKET_SEED = 24
export const MAX_MOVES = 40

export interface MarketSetup extends Readonly<Record<MarketSlider, number>> {
  readonly rule: CentreRule
  readonly seed: string
}

/** Somebody comes or goes after the first matching. Ids are those of the look. */
export type MarketMove =
  | { readonly type: 'owner-joins' }
  | { readonly type: 'centre-joins' }
  | { readonly type: 'owner-leaves'; readonly id: string }
  | { readonly type: 'centre-leaves'; readonly id: string }
  | { readonly type: 'limit-raised'; readonly id: string }

/** What the sponsor gets over the reward. */
export interface PriceLook {
  readonly rewards: readonly number[]
  readonly utilities: readonly number[]
  /** null where no reward is worth its price. */
  readonly best: { readonly reward: number; readonly utility: number } | null
  /** Rewards drawn evenly from half to all of the best one, on average. */
  readonly random: { readonly from: number; readonly to: number; readonly utility: number } | null
  /** The reward 1. */
  readonly fixed: { readonly reward: number; readonly utility: number }
  /** The reward of the setup. */
  readonly offered: number
}

export interface OwnerLook {
  readonly id: string
  /** In units of the average data set. */
  readonly size: number
  /** Reported, and what measuring finds. */
  readonly reported: number
  readonly measured: number
  readonly standing: 'active' | 'capped' | 'priced-out'
  /** Forecast from the reports. */
  readonly amount: number
  readonly share: number
  readonly pay: number
  readonly utility: number
  /** Settled by what was measured. */
  readonly settledPay: number
  readonly fine: number
  readonly settledUtility: number
  /** The forecast for a next round, when the market is solved again from what was measured; null where it does not open. */
  readonly nextShare: number | null
}

export interface MatchedOwner {
  readonly id: string
  readonly volume: number
  /** null: waits for one. */
  readonly centre: string | null
  /** Centres that ever held its data, and how many it allows. */
  readonly seenBy: readonly string[]
  readonly limit: number
}

export interface MatchedCentre {
  readonly id: string
  readonly unitCost: number
  /** Volume that it would like to hold. */
  readonly target: number
  readonly owner: string | null
}

export interface MatchLook {
  readonly owners: readonly MatchedOwner[]
  readonly centres: readonly MatchedCentre[]
  /** What the last move did; null before the first. */
  readonly last: {
    readonly move: MarketMove
    /** The one who came, left or raised the limit. */
    readonly id: string
    readonly made: readonly (readonly [owner: string, centre: string])[]
    readonly broken: readonly (readonly [owner: string, centre: string])[]
    /** What the reward would be now, and whether it differs enough to be adopted. */
    readonly price: number | null
    readonly repriced: boolean
    /** An owner who came but would bring nothing at this reward. */
    readonly pricedOut: boolean
  } | null
  /** The standing reward. */
  readonly reward: number
  /** Centres that saw an owner's data, mean over owners who were ever matched; and had all been matched anew each time. */
  readonly exposures: number
  readonly exposuresAnew: number
}

/** What one owner, the one of lowest quality, gets by reporting more than it has. */
export interface ReportLook {
  readonly owner: string
  readonly quality: number
  /** Over-reports, and the utility of each, one by one. */
  readonly bents: readonly number[]
  readonly byReport: readonly (number | null)[]
  readonly byMeasure: readonly (number | null)[]
  readonly fined: readonly (number | null)[]
  /** The least fine that takes the gain away from this owner, on these reports. */
  readonly fineNeeded: number
}

export interface MarketLook {
  /** Why there is nothing to settle; the price curve may exist even so. */
  readonly refusal: Refusal | null
  readonly price: PriceLook | null
  readonly owners: readonly OwnerLook[]
  readonly match: MatchLook | null
  /** null where nobody can report more than it has. */
  readonly reports: ReportLook | null
}

export const MARKET_STUDIES = ['reports', 'training'] as const
export type MarketStudy = (typeof MARKET_STUDIES)[number]

/** Means over markets and owners, in relation to telling the truth: 0 is no gain. */
export interface ReportsResult {
  readonly study: 'reports'
  readonly markets: number
  /** Markets that did not open. */
  readonly closed: number
  readonly bents: readonly number[]
  readonly byReport: readonly number[]
  readonly byMeasure: readonly number[]
  readonly fined: readonly number[]
  /** Least fine that deters everybody: median and highest of the markets. */
  readonly medianFine: number
  readonly highestFine: number
}

export interface TrainedOwner {
  readonly id: string
  readonly wrongLabels: number
  /** Share of the reward: forecast from equal reports, measured by Shapley values (mean, lowest and highest of the seeds). */
  readonly forecast: number
  readonly measured: number
  readonly low: number
  readonly high: number
  /** Accuracy alone on what it brought, mean over the seeds. */
  readonly alone: number
}

export interface TrainingResult {
  readonly study: 'training'
  readonly seeds: number
  readonly owners: readonly TrainedOwner[]
  /** Accuracy of the model that they made together. */
  readonly together: number
  /** Rank correlation with true quality, mean over the seeds. */
  readonly shapley: number
  readonly validationDrop: number
  readonly trainingDrop: number
}

export type StudyResult = ReportsResult | TrainingResult

export type StudyEvent =
  | { readonly type: 'progress'; readonly done: number }
  | { readonly type: 'done'; readonly result: StudyResult }
  | { readonly type: 'refused'; readonly refusal: Refusal }
  | { readonly type: 'crashed' }

export interface StudyRun {
  /** Ends it at once; nothing is heard of it any more. */
  cancel(): void
}

export interface MarketLab {
  /** Answers the newest setup; what was asked before and is overtaken stays unanswered. `ms`: what solving took. */
  look(setup: MarketSetup, moves: readonly MarketMove[]): void
  study(study: MarketStudy, setup: MarketSetup, listener: (event: StudyEvent) => void): StudyRun
  close(): void
}

export type LookEvent =
  { readonly type: 'look'; readonly look: MarketLook; readonly ms: number } | { readonly type: 'crashed' }

export type MarketLabOpener = (listener: (event: LookEvent) => void) => MarketLab
