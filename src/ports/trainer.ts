// Port: something that can run gradient steps. Adapters: tfjs (any backend), the reference trainer, a proxy to either
// in a worker. One contract suite (tests/contract/trainer.ts) holds all of them to the reference's loss curve.
import type { Dataset } from '../core/data/dataset.ts'
import type { ModelSpec } from '../core/model/spec.ts'

export type BackendName = 'webgpu' | 'webgl' | 'wasm' | 'cpu' | 'reference'

/** One measured candidate of the choice made on joining. */
export interface BackendTrial {
  readonly backend: BackendName
  readonly outcome:
    | { readonly status: 'ok'; readonly stepsPerSecond: number; readonly maxLossError: number }
    | { readonly status: 'unavailable'; readonly reason: string }
    | { readonly status: 'incorrect'; readonly maxLossError: number }
}

export interface BackendReport {
  readonly backend: BackendName
  /** Adapter name where there is one, e.g. "Apple M2" or "SwiftShader (software)". */
  readonly adapter: string
  readonly software: boolean
  readonly stepsPerSecond: number
  readonly trials: readonly BackendTrial[]
}

/** 'validation': what contributions are measured on, apart from what quick measurements of accuracy use. */
export type Split = 'train' | 'test' | 'validation'

export type Optimizer =
  | { readonly type: 'sgd'; readonly learningRate: number }
  /** Kingma & Ba 2015, beta 0.9 / 0.999, epsilon 1e-7; moments start at zero at every job unless keepMoments. */
  | { readonly type: 'adam'; readonly learningRate: number; readonly keepMoments: boolean }

export interface TrainJob {
  /** Start parameters, flat, layout of core/params/layout.ts. Not retained or modified. */
  readonly params: Float32Array
  readonly steps: number
  readonly batchSize: number
  readonly optimizer: Optimizer
  /** Seeds the order of samples: equal seeds and data give equal batches on every backend. */
  readonly seed: string
  /** What holds the local model to the others' where data differ; null for plain training. */
  readonly drift: DriftControl | null
  /** What governance allows, kept by the trainer's own meter before every step; null for no limit. */
  readonly limits: ComputeLimits | null
}

export interface DriftControl {
  /** FedProx (Li et al. 2020, eq. 2): every gradient gets proximal * (w - params); 0 for none. */
  readonly proximal: number
  /** Control variate (SCAFFOLD, Karimireddy et al. 2020, eq. 3): added to every gradient, flat, as params; null for none. */
  readonly correction: Float32Array | null
}

export interface ComputeLimits {
  /** Floating-point operations that this job may use; null for no cap. A step that would go beyond it does not run. */
  readonly budgetFlop: bigint | null
  /** FLOP per second, kept by waiting between steps; null (or 0n, as licences write it) for no rate. */
  readonly rateFlops: bigint | null
}

export interface TrainProgress {
  readonly step: number
  /** Mean softmax cross-entropy of the batch, nats. May lag the step by a few (read back asynchronously). */
  readonly loss: number
}

export interface TrainResult {
  readonly params: Float32Array
  /** Steps really done: fewer than asked after stop(). */
  readonly steps: number
  readonly samples: number
  readonly meanLoss: number
  /** Milliseconds spent computing: pauses, effort sleeps and waits for a rate excluded. */
  readonly computeMs: number
  /** Milliseconds that the job stood still for pauses, beyond what effort and rate made it wait anyway. */
  readonly pausedMs: number
  /** Metered from layer shapes by the trainer itself: steps times batch size times the model's training FLOP a sample. */
  readonly flop: bigint
  /** The budget ended the job before its steps were done. */
  readonly exhausted: boolean
}

export interface Evaluation {
  readonly loss: number
  /** Fraction in [0, 1]. */
  readonly accuracy: number
  readonly samples: number
}

export interface Trainer {
  readonly report: BackendReport
  /** Replaces a split. Only the training split enters training. */
  setData(split: Split, data: Dataset): Promise<void>
  /** Adds samples to the training split (drawn digits). */
  addExamples(data: Dataset): Promise<void>
  /** One job at a time: a second call while one runs rejects with kind 'busy'. */
  train(job: TrainJob, onProgress?: (progress: TrainProgress) => void): Promise<TrainResult>
  /** Ends the running job after its current step; its promise resolves with what was done. */
  stop(): void
  /** Takes effect within one step; the job stays where it is. */
  setPaused(paused: boolean): void
  /** Share of time spent computing, (0, 1]. Sleeps between steps make up the rest. */
  setEffort(effort: number): void
  /** At most `limit` samples of the split, the first ones; allowed while a job runs (between steps). */
  evaluate(params: Float32Array, split: Split, limit?: number): Promise<Evaluation>
  /** Class probabilities of one sample (length = classes). Allowed while a job runs. */
  predict(params: Float32Array, sample: Float32Array): Promise<Float32Array>
  close(): void
}

/** What createTrainer adapters are given; the model never changes during a trainer's life. */
export interface TrainerConfig {
  readonly model: ModelSpec
}

export class TrainerError extends Error {
  override readonly name = 'TrainerError'
  constructor(
    readonly kind: 'busy' | 'no-data' | 'no-backend' | 'bad-shape' | 'device-lost' | 'closed',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}
