// Port: an appraisal of the tab's own training data and the accuracies from which a scaling fit follows, worked out beside
// the page. Samples go in, numbers come out: no event has a sample in it. close() ends the work at once, wherever it is.
import type { Appraisal, AppraisalRefusal, AppraisalStage } from '../core/data/appraisal/records.ts'
import type { Dataset } from '../core/data/dataset.ts'
import type { ScalingPoint } from '../core/economics/scaling-records.ts'

export interface OwnSamples {
  readonly train: Dataset
  /** Never trained on; null or empty where there are none. */
  readonly heldOut: Dataset | null
  /** The held-out samples were labelled by another hand than the training samples. */
  readonly isIndependent: boolean
}

export interface AppraiserOptions {
  readonly seed: string
  /** xi, as in QuoteBody. */
  readonly qualityFloorMillionths: number
}

export type AppraiserEvent =
  /** `fraction` in [0, 1], of the appraisal or of the measurement. */
  | { readonly type: 'progress'; readonly stage: AppraisalStage | 'measuring'; readonly fraction: number }
  | { readonly type: 'appraised'; readonly appraisal: Appraisal }
  /** Nothing more follows. */
  | { readonly type: 'refused'; readonly refusal: AppraisalRefusal }
  /** One more accuracy: the mean over repetitions with so many samples. */
  | { readonly type: 'point'; readonly point: ScalingPoint }
  /** Without held-out samples, or with too few of its own, no point was measured. */
  | { readonly type: 'finished'; readonly points: readonly ScalingPoint[] }
  | { readonly type: 'crashed'; readonly message: string }

export interface AppraiserHandle {
  close(): void
}

export interface Appraiser {
  /** The samples are handed over: their buffers are the appraiser's from now on. */
  start(
    samples: OwnSamples,
    options: AppraiserOptions,
    listener: (event: AppraiserEvent) => void,
  ): AppraiserHandle
}
