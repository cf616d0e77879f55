// Lent compute as the ledger arranges it and as screens show it. A plan is one matched and signed pair; the view is what this
// member did under it. Plain data.
import type { MemberId } from '../core/num/ids.ts'

/** One pair that may work together now. */
export interface LendingPlan {
  /** Hex hash of the contract that both signed. */
  readonly contract: string
  readonly owner: MemberId
  readonly provider: MemberId
  readonly mode: 'split' | 'paired'
  /**
   * Largest L2 norm of a sample's activations that leaves the owner, in thousandths, for a layer of 32 values; it grows with
   * the root of the layer's width. 0 clips nothing.
   */
  readonly clipMilli: number
  /** Standard deviation of the noise on every activation, in thousandths; 0 for none. */
  readonly noiseMilli: number
}

/** What can go wrong with a lender, as the owner sees it; each ends the lent job, and the owner computes it itself. */
export type LendFault =
  /** Its link went down. */
  | 'vanished'
  | 'timeout'
  /** It said no: paused, full, out of budget. */
  | 'refused'
  | 'wrong-length'
  | 'not-finite'
  /** Its outputs do not follow from the parameters, or its result makes the model worse on the owner's own samples. */
  | 'unrelated'
  /** It handed back what it was given. */
  | 'stale'
  /** It states other work than the steps that were done. */
  | 'false-meter'

/** How much of the inputs a linear reader of what is sent could rebuild (core/privacy/reconstruction.ts). */
export interface ReconstructionView {
  /** On held-out samples of the owner: 1 everything, 0 no better than the mean. */
  readonly r2: number
  readonly samples: number
  readonly clipMilli: number
  readonly noiseMilli: number
}

export interface LendingView {
  readonly plan: LendingPlan
  readonly role: 'owner' | 'provider'
  /** Whether steps are being lent now; else the owner computes alone, or the provider has no job. */
  readonly active: boolean
  /** Jobs done over the link, and jobs that the owner had to do itself. */
  readonly jobs: number
  readonly ownJobs: number
  readonly steps: number
  /** While lending; 0 before. */
  readonly stepsPerSecond: number
  readonly sentBytes: number
  readonly receivedBytes: number
  /** FLOP of this member's side and of the other's, nominal (core/model/flops.ts). */
  readonly ownFlop: bigint
  readonly otherFlop: bigint
  /** The owner's count against the provider, by reason. */
  readonly faults: readonly { readonly fault: LendFault; readonly count: number }[]
  /** Late, repeated or uncalled-for messages that were dropped. */
  readonly dropped: number
  /** Whether the provider's outputs are the logits, whose gradient shows the labels (models of two layers). */
  readonly labelsShow: boolean
  readonly reconstruction: ReconstructionView | null
}
