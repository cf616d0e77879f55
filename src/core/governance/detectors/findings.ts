// What the detectors R1 to R7 report: a closed union for the auditors' panel. A finding is a reason to look, with its
// numbers; it is no proof and convicts nobody. 'note': normal in some honest rooms; 'warning': to be explained; 'alert':
// no honest explanation is known.
import type { MemberId, RoomId } from '../../num/ids.ts'

export type Severity = 'note' | 'warning' | 'alert'

/** R1: metered compute of one beneficial owner, or of one lineage over all members, against its cap. */
export interface BudgetFinding {
  readonly rule: 'R1'
  readonly severity: Severity
  readonly by: 'owner' | 'lineage'
  /** Owner commitment, member id where no owner is known, or lineage id. */
  readonly name: string
  readonly members: readonly MemberId[]
  readonly flop: bigint
  readonly capFlop: bigint
  /** The owner is over the cap although none of its identities is. */
  readonly split: boolean
}

/** R2: a model that is said to be untrained knows more than chance. */
export interface FreshStartFinding {
  readonly rule: 'R2'
  readonly severity: Severity
  /** What was probed, e.g. a file name. */
  readonly model: string
  readonly hits: number
  readonly samples: number
  /** Accuracy that untrained models of this task reach by luck. */
  readonly chance: number
  /** Probability of so many hits or more at that chance. */
  readonly pValue: number
}

/** R3: two models that are said to be independent compute nearly the same. */
export interface SameFunctionFinding {
  readonly rule: 'R3'
  readonly severity: Severity
  readonly kind: 'same-function'
  readonly first: string
  readonly second: string
  readonly correlation: number
  readonly threshold: number
}

/** R3: without measured independent runs of this task and model a correlation says nothing. */
export interface UncalibratedFinding {
  readonly rule: 'R3'
  readonly severity: 'note'
  readonly kind: 'uncalibrated'
  readonly first: string
  readonly second: string
  readonly correlation: number
}

/** R4: an owner with several runs that end just below the cap: one run in slices. */
export interface NearCapFinding {
  readonly rule: 'R4'
  readonly severity: Severity
  readonly owner: string
  readonly members: readonly MemberId[]
  readonly runs: readonly { readonly lineage: string; readonly flop: bigint; readonly capFlop: bigint }[]
}

export type ReceiptFault =
  /** Steps between two receipts that no receipt states. */
  | 'gap'
  /** Steps stated twice. */
  | 'overlap'
  /** Does not name the author's receipt before it. */
  | 'broken-chain'
  /** Starts from another model state than the receipt before ended with. */
  | 'model-chain'
  /** States more time of computing than passed since the receipt before. */
  | 'more-work-than-time'
  /** Dated before the receipt before it. */
  | 'clock-back'
  /** One device computed for two members at one time. */
  | 'device-twice'

/** R5. */
export interface ReceiptFinding {
  readonly rule: 'R5'
  readonly severity: Severity
  readonly fault: ReceiptFault
  readonly member: MemberId
  /** Entry hashes: the receipt, and the one that it contradicts ("" for none). */
  readonly receipt: string
  readonly other: string
  /** Steps for gap and overlap, milliseconds for the faults of time, else 0. */
  readonly amount: number
}

/** R6: faster than the device's benchmark allows, or no benchmark to compare with. */
export interface ThroughputFinding {
  readonly rule: 'R6'
  readonly severity: Severity
  readonly kind: 'too-fast' | 'no-benchmark'
  readonly member: MemberId
  readonly device: string
  readonly receipts: readonly string[]
  /** FLOP per second: the fastest of these receipts, and the registered benchmark; both 0 without a benchmark. */
  readonly fastest: number
  readonly benchmark: number
}

/** R7: identities that commit to the same data. */
export interface SharedDataFinding {
  readonly rule: 'R7'
  readonly severity: Severity
  readonly room: RoomId
  readonly dataRoot: string
  readonly members: readonly MemberId[]
  /** Known owner commitments among them. */
  readonly owners: readonly string[]
  /**
   * 'same-part': all took one part of the built-in task, which is honest. 'different-parts': they claim different parts of
   * it. 'own-data': somebody's own files under several identities.
   */
  readonly cause: 'same-part' | 'different-parts' | 'own-data'
}

export type Finding =
  | BudgetFinding
  | FreshStartFinding
  | SameFunctionFinding
  | UncalibratedFinding
  | NearCapFinding
  | ReceiptFinding
  | ThroughputFinding
  | SharedDataFinding
