// What crosses the port between a trainer and its proxy. Requests carry an id that their answer repeats; controls have
// no answer. Both ends are this application's own code, so the union is typed, not decoded.
import type { Dataset } from '../core/data/dataset.ts'
import type { SegmentConfig, SegmentStart } from '../ports/segment.ts'
import type {
  BackendName,
  BackendReport,
  Evaluation,
  Split,
  TrainerConfig,
  TrainerError,
  TrainJob,
  TrainProgress,
  TrainResult,
} from '../ports/trainer.ts'

/** An engine for part of a model, opened over there; names are given by the host. */
export type SegmentRequest =
  | { readonly type: 'segmentOpen'; readonly config: SegmentConfig }
  | { readonly type: 'segmentBegin'; readonly segment: number; readonly start: SegmentStart }
  | {
      readonly type: 'segmentForward'
      readonly segment: number
      readonly input: Float32Array
      readonly count: number
    }
  | { readonly type: 'segmentBackward'; readonly segment: number; readonly outputGradient: Float32Array }
  | { readonly type: 'segmentApply' | 'segmentRead'; readonly segment: number }

export interface OpenOptions {
  /** This backend or an error, instead of the fastest correct one. */
  readonly force?: BackendName
}

/** The worker's first message gives it the port, over which nearly everything goes. */
export type PageToTrainer =
  | { readonly type: 'connect'; readonly port: MessagePort }
  | { readonly type: 'setPaused'; readonly paused: boolean }

export type TrainerRequest =
  | { readonly type: 'open'; readonly config: TrainerConfig; readonly options: OpenOptions }
  | { readonly type: 'setData'; readonly split: Split; readonly data: Dataset }
  | { readonly type: 'addExamples'; readonly data: Dataset }
  | { readonly type: 'train'; readonly job: TrainJob }
  | {
      readonly type: 'evaluate'
      readonly params: Float32Array
      readonly split: Split
      readonly limit: number | null
    }
  | { readonly type: 'predict'; readonly params: Float32Array; readonly sample: Float32Array }
  | SegmentRequest

export type TrainerControl =
  | { readonly type: 'stop' }
  | { readonly type: 'setPaused'; readonly paused: boolean }
  | { readonly type: 'setEffort'; readonly effort: number }
  | { readonly type: 'segmentClose'; readonly segment: number }
  | { readonly type: 'close' }

export type ToTrainer = (TrainerRequest & { readonly id: number }) | TrainerControl

export type TrainerAnswer =
  | { readonly type: 'opened'; readonly report: BackendReport }
  | { readonly type: 'done' }
  | { readonly type: 'trained'; readonly result: TrainResult }
  | { readonly type: 'evaluated'; readonly evaluation: Evaluation }
  | { readonly type: 'predicted'; readonly probabilities: Float32Array }
  | { readonly type: 'segmentOpened'; readonly segment: number; readonly backend: BackendName }
  | { readonly type: 'values'; readonly values: Float32Array | null }
  /** `kind` null: not a TrainerError. */
  | { readonly type: 'failed'; readonly kind: TrainerError['kind'] | null; readonly message: string }

export type FromTrainer = (
  | TrainerAnswer
  /** Steps since the last such message, in order. */
  | { readonly type: 'progress'; readonly steps: readonly TrainProgress[] }
) & { readonly id: number }
