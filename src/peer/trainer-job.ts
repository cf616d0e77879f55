// What every trainer does around a job: refuses it when the trainer is closed, busy, without data or given the wrong
// shapes, takes the samples that it is to use, and sets up its meter. How steps are computed is the trainer's own.
import { createMeter, type Meter, stepFlop } from '../core/governance/meter.ts'
import type { Samples } from '../core/model/samples.ts'
import type { ModelSpec } from '../core/model/spec.ts'
import { type DriftControl, TrainerError, type TrainJob, type TrainResult } from '../ports/trainer.ts'
import { checkParams, type Splits } from './trainer-data.ts'

export interface JobDesk {
  readonly closed: boolean
  /** Throws TrainerError 'closed' after close. */
  assertOpen(): void
  /** Calls `work` before returning, so that whatever the job refers to can be copied before the caller goes on. */
  run(job: TrainJob, work: (samples: Samples) => Promise<TrainResult>): Promise<TrainResult>
  close(): void
}

export function createJobDesk(model: ModelSpec, splits: Splits): JobDesk {
  let busy = false
  let closed = false
  const assertOpen = (): void => {
    if (closed) throw new TrainerError('closed', 'trainer is closed')
  }
  return {
    get closed() {
      return closed
    },
    assertOpen,
    async run(job, work) {
      assertOpen()
      if (busy) throw new TrainerError('busy', 'a job is running')
      checkJob(model, job)
      const samples = splits.get('train')
      busy = true
      try {
        const result = await work(samples)
        assertOpen()
        return result
      } finally {
        busy = false
      }
    },
    close() {
      closed = true
    },
  }
}

export function jobMeter(model: ModelSpec, job: TrainJob): Meter {
  return createMeter(model, job.batchSize, job.limits)
}

/** Milliseconds that the job's rate gives one step; 0 without a rate. */
export function rateStepMs(model: ModelSpec, { batchSize, limits }: TrainJob): number {
  const rate = limits?.rateFlops ?? 0n
  return rate > 0n ? Number((stepFlop(model, batchSize) * 1_000_000n) / rate) / 1_000 : 0
}

function checkJob(model: ModelSpec, job: TrainJob): void {
  checkParams(model, job.params)
  if (job.drift !== null) checkDrift(job.params.length, job.drift)
  if (!Number.isInteger(job.batchSize) || job.batchSize < 1) {
    throw new TrainerError('bad-shape', `batch of ${job.batchSize}`)
  }
  if (!Number.isInteger(job.steps) || job.steps < 0) throw new TrainerError('bad-shape', `${job.steps} steps`)
}

function checkDrift(size: number, { proximal, correction }: DriftControl): void {
  if (!Number.isFinite(proximal) || proximal < 0) {
    throw new TrainerError('bad-shape', `proximal weight of ${proximal}`)
  }
  if (correction !== null && correction.length !== size) {
    throw new TrainerError('bad-shape', `correction of ${correction.length} values for ${size} parameters`)
  }
}
