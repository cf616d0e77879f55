// The compute meter of a trainer: counts floating-point operations from layer shapes before each step, so a step that would
// go beyond the budget does not run, and says how long to wait so that a rate is kept. One meter per job.
import { trainingFlop } from '../model/flops.ts'
import type { ModelSpec } from '../model/spec.ts'

/** As ComputeLimits of the trainer port. */
export interface MeterLimits {
  readonly budgetFlop: bigint | null
  readonly rateFlops: bigint | null
}

export interface Meter {
  /** Of the steps counted so far. */
  readonly flop: bigint
  /** Whether another step stays within the budget. */
  mayStep(): boolean
  /** One step is done. */
  count(): void
  /** Milliseconds to wait before the next step, when the job has taken this many so far, waiting included. */
  waitMs(elapsedMs: number): number
}

/** FLOP of one training step: three forward passes of every sample. */
export function stepFlop(model: ModelSpec, batchSize: number): bigint {
  return BigInt(trainingFlop(model)) * BigInt(batchSize)
}

export function createMeter(model: ModelSpec, batchSize: number, limits: MeterLimits | null): Meter {
  const perStep = stepFlop(model, batchSize)
  const budget = limits?.budgetFlop ?? null
  const rate = limits?.rateFlops ?? null
  let flop = 0n
  return {
    get flop() {
      return flop
    },
    mayStep: () => budget === null || flop + perStep <= budget,
    count() {
      flop += perStep
    },
    waitMs(elapsedMs) {
      if (rate === null || rate <= 0n) return 0
      const dueMs = Number((flop * 1_000_000n) / rate) / 1_000
      return Math.max(0, dueMs - elapsedMs)
    },
  }
}
