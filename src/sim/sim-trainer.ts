// Trainer for simulations: the reference model's real gradient steps, on virtual time. A step costs `stepMs` of the
// virtual clock whatever the machine needs for it, so slow and fast members can be mixed and a run replays.
import { createSplits, checkJob, checkParams } from '../adapters/trainer-data.ts'
import { createReferenceModel } from '../core/model/reference/model.ts'
import { createMoments } from '../core/model/reference/optimizer.ts'
import { evaluateSamples, startRun } from '../core/model/reference/train.ts'
import type { Clock } from '../ports/clock.ts'
import { TrainerError, type Trainer, type TrainerConfig } from '../ports/trainer.ts'

export function createSimTrainer(config: TrainerConfig, clock: Clock, stepMs: number): Trainer {
  const model = createReferenceModel(config.model)
  const splits = createSplits(config.model)
  const moments = createMoments(model.layout.size)
  let effort = 1
  let paused = false
  let stopped = false
  let busy = false
  let wake: () => void = () => undefined
  const sleep = (ms: number): Promise<void> =>
    new Promise(resolve => {
      const cancel = clock.after(ms, resolve)
      wake = () => {
        cancel()
        resolve()
      }
    })

  return {
    report: {
      backend: 'reference',
      adapter: 'simulated',
      software: true,
      stepsPerSecond: 1000 / stepMs,
      trials: [],
    },
    async setData(split, data) {
      splits.set(split, data)
    },
    async addExamples(data) {
      splits.add(data)
    },
    async train(job, onProgress) {
      if (busy) throw new TrainerError('busy', 'a job is running')
      checkJob(config.model, job)
      busy = true
      stopped = false
      const { optimizer } = job
      const run = startRun(model, splits.get('train'), job.params, {
        batchSize: job.batchSize,
        seed: job.seed,
        optimizer:
          optimizer.type === 'adam'
            ? { ...optimizer, moments: optimizer.keepMoments ? moments : createMoments(model.layout.size) }
            : optimizer,
      })
      let steps = 0
      let losses = 0
      while (steps < job.steps && !stopped) {
        if (paused) {
          await sleep(1e9)
          continue
        }
        const loss = run.step()
        losses += loss
        steps++
        onProgress?.({ step: steps, loss })
        await sleep(stepMs / effort)
      }
      busy = false
      return {
        params: run.params,
        steps,
        samples: steps * job.batchSize,
        meanLoss: steps > 0 ? losses / steps : NaN,
        computeMs: steps * stepMs,
      }
    },
    stop() {
      stopped = true
      if (paused) wake()
    },
    setPaused(value) {
      paused = value
      if (!value) wake()
    },
    setEffort(value) {
      effort = value
    },
    async evaluate(params, split, limit) {
      checkParams(config.model, params)
      return evaluateSamples(model, splits.get(split), params, limit)
    },
    async predict(params, sample) {
      return model.predict(params, sample)
    },
    close() {
      stopped = true
      wake()
    },
  }
}
