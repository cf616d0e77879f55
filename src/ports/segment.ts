// Port: an engine for part of a model, as lent compute needs it (the owner's first layer, the provider's middle). One step
// is forward, backward, apply, in this order and one at a time; parameters and optimiser state stay inside. Engines: the
// reference (peer/segment-reference.ts), tfjs (adapters/segment-tfjs.ts).
import type { ModelSpec } from '../core/model/spec.ts'
import type { BackendName, DriftControl, Optimizer } from './trainer.ts'

export interface SegmentStart {
  /** Copied. */
  readonly params: Float32Array
  /** Moments of Adam start at zero unless keepMoments, then where the last job left them. */
  readonly optimizer: Optimizer
  readonly drift: DriftControl | null
}

export interface SegmentEngine {
  readonly backend: BackendName
  begin(start: SegmentStart): Promise<void>
  /** [count, values before] to [count, values after]; both belong to the caller. */
  forward(input: Float32Array, count: number): Promise<Float32Array>
  /** Gradient of the outputs of the last forward pass to that of its inputs; null from an engine that was opened without. */
  backward(outputGradient: Float32Array): Promise<Float32Array | null>
  /** The optimiser's step by the gradient of the last backward pass. */
  apply(): Promise<void>
  read(): Promise<Float32Array>
  close(): void
}

export interface SegmentConfig {
  readonly spec: ModelSpec
  /** Whether backward gives the gradient of the input. */
  readonly wantsInput: boolean
}

export type OpenSegment = (config: SegmentConfig) => Promise<SegmentEngine>
