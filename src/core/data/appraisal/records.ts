// What an appraisal of a data set says, and what it is asked. A report for people and for the ledger: shares are whole
// millionths, and nothing in it is a sample. It judges data as data (complete, new, balanced, labelled in agreement with
// itself); what they are worth to a model is measured by training (core/incentives).
import type { AssetAppraisal } from '../../ledger/entry.ts'

export const APPRAISAL_LIMITS = {
  /** Samples whose labels are judged; more are drawn from by the seed. */
  noiseSamples: 3_000,
  /** Values that duplicates, outliers and drift look at; of more, as many samples as fit are drawn. */
  values: 64 * 1024 * 1024,
  /** Samples and reference samples whose distributions are compared. */
  driftSamples: 5_000,
} as const

/** Jaccard similarity of quantised values from which two samples count as nearly the same. */
export const NEAR_JACCARD = 0.8

export interface AppraisalOptions {
  /** Seeds every draw: the same data and seed give the same report. */
  readonly seed: string
  /** xi: the least quality of a report, in millionths. */
  readonly qualityFloorMillionths: number
}

export type AppraisalWarningKind =
  /** Values that are no numbers. */
  | 'not-finite'
  /** Samples whose values are all zero. */
  | 'empty-samples'
  /** Samples with a label that is no class. */
  | 'unlabelled'
  /** Features that have one value throughout. */
  | 'constant-features'
  | 'duplicates'
  | 'near-duplicates'
  /** Equal samples with different labels. */
  | 'conflicting-labels'
  | 'one-class'
  /** Classes of the room without a sample. */
  | 'missing-classes'
  | 'imbalanced'
  | 'label-noise'
  /** Too few samples, or one class: labels could not be judged and count as bad. */
  | 'noise-unknown'
  | 'outliers'
  | 'drift'
  /** Classes have another mix than in the reference; alone no fault of the data. */
  | 'label-drift'
  /** Nothing to compare with: drift counts as the worst. */
  | 'drift-unknown'
  | 'few-samples'
  /** Table rows that a few known facts single out (k-anonymity below K_ANONYMOUS). */
  | 'singled-out'
  /** Only a part of the samples was examined for duplicates, outliers and drift. */
  | 'sampled'

export interface AppraisalWarning {
  readonly kind: AppraisalWarningKind
  /** How many samples, features or classes it concerns. */
  readonly count: number
  /** The same as a share, or the index for drift; 0 where a share says nothing. */
  readonly millionths: number
}

export interface Appraisal {
  /** What goes on the ledger; the rest is for its owner. */
  readonly asset: AssetAppraisal
  readonly samples: number
  readonly labelled: number
  readonly features: number
  /** Samples per class, in the order of the classes. */
  readonly classCounts: readonly number[]
  readonly notFinite: number
  readonly empty: number
  readonly constantFeatures: number
  /** Of all samples: copies of an earlier one under another label. */
  readonly conflictMillionths: number
  /** Out-of-fold predictions that differ from the label; noise is the part of them that is sure. */
  readonly disagreementMillionths: number
  /** Index of the mix of classes against the reference, times a million. */
  readonly labelDriftMillionths: number
  /** Rows of a table that fewer than K_ANONYMOUS share their discrete values with. */
  readonly singledOutMillionths: number
  readonly sizeMillionths: number
  /** f = xi + (1 - xi) * score (mechanisms 4.1). */
  readonly qualityMillionths: number
  /** Samples that each part looked at; 0: it was not possible. */
  readonly examined: {
    readonly duplicates: number
    readonly labels: number
    readonly outliers: number
    readonly drift: number
  }
  /** Gravest first. */
  readonly warnings: readonly AppraisalWarning[]
}

export type AppraisalRefusal =
  /** No sample at all. */
  | { readonly kind: 'no-samples' }
  /** Numbers of values, labels and features that do not fit each other. */
  | {
      readonly kind: 'bad-shape'
      readonly values: number
      readonly labels: number
      readonly features: number
    }
  /** Not one sample has a label. */
  | { readonly kind: 'no-labels'; readonly samples: number }
  /** Not one sample is free of values that are no numbers, or has anything in it. */
  | { readonly kind: 'nothing-usable'; readonly samples: number }
  /** The quality floor is no share below one. */
  | { readonly kind: 'bad-floor'; readonly value: number }

export type AppraisalOutcome =
  | { readonly status: 'ok'; readonly appraisal: Appraisal }
  | { readonly status: 'refused'; readonly refusal: AppraisalRefusal }

/** Stages in the order in which they run, for whoever shows progress. */
export type AppraisalStage =
  'completeness' | 'duplicates' | 'near-duplicates' | 'labels' | 'outliers' | 'drift'
