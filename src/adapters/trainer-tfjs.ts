// Trainer port on tfjs. On a GPU, steps are submitted ahead and their logits read back in groups, so the queue never
// runs dry while losses stay at most two groups behind; elsewhere every step completes before the next. A lost device
// is opened again and the job goes on from its last checkpoint. One such trainer per realm (tfjs has one engine).
import { scoreLogits } from '../core/model/reference/loss.ts'
import { createReferenceModel } from '../core/model/reference/model.ts'
import { createSampleOrder } from '../core/model/sample-order.ts'
import type { Samples } from '../core/model/samples.ts'
import {
  type BackendReport,
  type DriftControl,
  type Evaluation,
  type TrainJob,
  type TrainProgress,
  type TrainResult,
  type TrainerConfig,
  TrainerError,
} from '../ports/trainer.ts'
import {
  DeviceLost,
  type DeviceSession,
  type DeviceState,
  type HostMoments,
  openSession,
} from './backends/device-session.ts'
import type { TfjsBackend } from './backends/open-backend.ts'
import { systemClock } from './clock-system.ts'
import { createEventTurn, type OpenTurn } from './event-turn.ts'
import { checkParams, checkSample, type ClearableTrainer, createSplits } from '../peer/trainer-data.ts'
import { createJobDesk, jobMeter, rateStepMs } from '../peer/trainer-job.ts'
import { createPace } from '../peer/trainer-pace.ts'
import { createLossReader } from './backends/loss-reader.ts'

/** A device may be lost this often in a trainer's life before it gives up. */
const MAX_LOSSES = 5
const CHECKPOINT_MS = 1_000
const EVALUATION_CHUNK = 256

interface Checkpoint {
  readonly step: number
  readonly params: Float32Array
  readonly moments: HostMoments | null
}

interface Finish extends Checkpoint {
  readonly flop: bigint
  readonly exhausted: boolean
}

export async function createTfjsTrainer(
  config: TrainerConfig,
  backend: TfjsBackend,
  openTurn: OpenTurn = createEventTurn,
): Promise<ClearableTrainer> {
  const oracle = createReferenceModel(config.model)
  const { classes } = oracle
  const splits = createSplits(config.model)
  const desk = createJobDesk(config.model, splits)
  const { assertOpen } = desk
  const pace = createPace(systemClock, openTurn())
  let device = await openSession(config.model, backend)
  let reopening: Promise<void> | null = null
  // Moments of the last Adam job, on the host so that they outlive a device.
  let moments: HostMoments | null = null
  let losses = 0

  const report: BackendReport = {
    backend,
    adapter: device.backend.adapter,
    software: device.backend.software,
    stepsPerSecond: 0,
    trials: [],
  }

  /** Runs work on the device, again on a new one when it is lost. */
  const onDevice = async <T>(work: (device: DeviceSession) => Promise<T>): Promise<T> => {
    for (;;) {
      await reopening
      assertOpen()
      const used = device
      try {
        return await work(used)
      } catch (cause) {
        assertOpen()
        if (!(await isLoss(cause, used))) throw cause
        // Whoever notices first opens it again for all.
        if (used === device && reopening === null) {
          reopening = reopen(cause).finally(() => (reopening = null))
        }
      }
    }
  }

  const reopen = async (cause: unknown): Promise<void> => {
    device.close()
    if (++losses > MAX_LOSSES)
      throw new TrainerError('device-lost', `${backend} lost ${losses} times`, { cause })
    try {
      device = await openSession(config.model, backend)
    } catch (failure) {
      throw new TrainerError('device-lost', `${backend} did not come back`, { cause: failure })
    }
    if (desk.closed) device.close()
  }

  const runJob = async (
    job: TrainJob,
    samples: Samples,
    onProgress: ((progress: TrainProgress) => void) | undefined,
  ): Promise<TrainResult> => {
    const keepMoments = job.optimizer.type === 'adam' && job.optimizer.keepMoments
    let checkpoint: Checkpoint = {
      step: 0,
      params: job.params.slice(),
      moments: keepMoments ? moments : null,
    }
    // The job's own, since an attempt may come after the caller has gone on.
    const start = checkpoint.params
    const drift = copyDrift(job.drift)
    const isRated = rateStepMs(config.model, job) > 0
    let lossSum = 0
    let reported = 0
    let computeMs = 0
    // Steps done again after a loss are not told twice.
    const onLoss = (step: number, loss: number): void => {
      if (step <= reported) return
      reported = step
      lossSum += loss
      onProgress?.({ step, loss })
    }

    const attempt = async (device: DeviceSession): Promise<Finish> => {
      let exhausted = false
      const batch = { indices: new Int32Array(job.batchSize), labels: new Uint16Array(job.batchSize) }
      const order = createSampleOrder(job.seed, samples.y.length)
      // Steps lost with a device are metered once, as they count in the result.
      const meter = jobMeter(config.model, job)
      for (let skipped = 0; skipped < checkpoint.step; skipped++) {
        order.next(batch.indices)
        meter.count()
      }
      const reader = createLossReader(device, classes, onLoss)
      let { step } = checkpoint
      let state: DeviceState = device.upload(checkpoint.params, job.optimizer, checkpoint.moments)
      const steering = device.uploadDrift(start, drift)
      let saving: Promise<void> | null = null
      let savedAt = performance.now()
      try {
        while (step < job.steps && !pace.stopped) {
          exhausted = !meter.mayStep()
          if (exhausted) break
          const start = performance.now()
          order.next(batch.indices)
          const done = device.step(state, samples, batch, job.optimizer, steering)
          state = done.state
          step++
          meter.count()
          await reader.add(step, done.logits, batch.labels, isRated || pace.effort < 1)
          if (device.backend.queued && saving === null && start - savedAt > CHECKPOINT_MS) {
            savedAt = start
            const saved = step
            saving = device.readState(state).then(values => {
              checkpoint = { step: saved, ...values }
              saving = null
            })
            // A loss shows in the loop as well.
            saving.catch(() => undefined)
          }
          const stepMs = performance.now() - start
          computeMs += stepMs
          await pace.rest(stepMs, meter.waitMs(pace.activeMs))
          assertOpen()
        }
        const start = performance.now()
        await reader.drain()
        const last = { step, ...(await device.readState(state)) }
        computeMs += performance.now() - start
        return { ...last, flop: meter.flop, exhausted }
      } finally {
        reader.close()
        device.release(state)
        device.releaseDrift(steering)
      }
    }

    await pace.begin(rateStepMs(config.model, job))
    const last = await onDevice(attempt)
    if (job.optimizer.type === 'adam') moments = last.moments
    return {
      params: last.params,
      steps: last.step,
      samples: last.step * job.batchSize,
      meanLoss: lossSum / last.step,
      computeMs,
      pausedMs: pace.pausedMs,
      flop: last.flop,
      exhausted: last.exhausted,
    }
  }

  return {
    report,
    async setData(split, data) {
      assertOpen()
      splits.set(split, data)
    },
    async addExamples(data) {
      assertOpen()
      splits.add(data)
    },
    clearData: () => splits.clear(),
    train: (job, onProgress) => desk.run(job, samples => runJob(job, samples, onProgress)),
    stop: () => pace.stop(),
    setPaused: paused => pace.setPaused(paused),
    setEffort: effort => pace.setEffort(effort),
    async evaluate(params, split, limit): Promise<Evaluation> {
      assertOpen()
      checkParams(config.model, params)
      const samples = splits.get(split)
      const count = Math.min(limit ?? samples.y.length, samples.y.length)
      const start = params.slice()
      return onDevice(async device => {
        const state = device.upload(start, { type: 'sgd', learningRate: 0 }, null)
        let loss = 0
        let hits = 0
        try {
          for (let from = 0; from < count; from += EVALUATION_CHUNK) {
            const to = Math.min(from + EVALUATION_CHUNK, count)
            const logits = await device.logits(state.params, samples, from, to)
            const score = scoreLogits(logits, samples.y.subarray(from, to), to - from, classes)
            loss += score.loss
            hits += score.hits
            await pace.turn()
            assertOpen()
          }
        } finally {
          device.release(state)
        }
        return { loss: loss / count, accuracy: hits / count, samples: count }
      })
    },
    async predict(params, sample) {
      assertOpen()
      checkParams(config.model, params)
      checkSample(config.model, sample)
      // One sample is less work than moving the parameters to a device.
      return oracle.predict(params, sample)
    },
    close() {
      if (desk.closed) return
      desk.close()
      pace.close()
      device.close()
    },
  }
}

function copyDrift(drift: DriftControl | null): DriftControl | null {
  return drift && { proximal: drift.proximal, correction: drift.correction?.slice() ?? null }
}

/** Whether an error of device work means that the device is gone: the news may come a moment after the first failure. */
async function isLoss(cause: unknown, device: DeviceSession): Promise<boolean> {
  if (cause instanceof DeviceLost || device.isLost) return true
  if (cause instanceof TrainerError || !device.backend.queued) return false
  await Promise.race([device.backend.lost, new Promise(resolve => setTimeout(resolve, 250))])
  return device.isLost
}
