// What the laboratory asks of whatever trains: one job of one member on samples that were prepared once. Deterministic: the
// same job gives the same bits. Synchronous, because a round of the laboratory is.
import type { Dataset } from '../../core/data/dataset.ts'
import type { DriftControl, Optimizer } from '../../ports/trainer.ts'

export interface LabJob {
  readonly steps: number
  readonly batchSize: number
  readonly optimizer: Optimizer
  /** Seeds the order of samples, as in TrainJob. */
  readonly seed: string
  readonly drift: DriftControl | null
}

/** A set of samples as a trainer keeps it. */
export type PreparedSamples = symbol & { readonly __prepared: true }

/** What one member trains on, and who it is for what a trainer keeps from job to job: samples of a prepared set by position. */
export interface LabPart {
  readonly set: PreparedSamples
  readonly samples: Int32Array
  /** Another class for every class: who poisons labels. Null for the truth. */
  readonly relabel: Uint16Array | null
}

export interface LabTrainer {
  readonly parameters: number
  prepare(samples: Dataset): PreparedSamples
  /** Parameters after the job; `start` is not changed. */
  train(part: LabPart, start: Float32Array, job: LabJob): Float32Array
  /** Share of right answers. */
  accuracy(samples: PreparedSamples, params: Float32Array): number
}
