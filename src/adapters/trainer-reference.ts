// Trainer port on the plain TypeScript reference model. Computes in the calling thread (a worker in the app, the main
// thread in Node) and gives the event loop a turn every few milliseconds. Never fails for want of a device.
import { createReferenceModel } from '../core/model/reference/model.ts'
import { createMoments } from '../core/model/reference/optimizer.ts'
import { scoreChunks, startRun } from '../core/model/reference/train.ts'
import { type BackendReport, type TrainerConfig, TrainerError } from '../ports/trainer.ts'
import { checkJob, checkParams, checkSample, type ClearableTrainer, createSplits } from './trainer-data.ts'
import { createPace } from './trainer-pace.ts'

export function createReferenceTrainer(config: TrainerConfig): ClearableTrainer {
  const model = createReferenceModel(config.model)
  const splits = createSplits(config.model)
  const pace = createPace()
  let moments = createMoments(model.layout.size)
  let busy = false
  let closed = false

  const assertOpen = (): void => {
    if (closed) throw new TrainerError('closed', 'trainer is closed')
  }

  const report: BackendReport = {
    backend: 'reference',
    adapter: 'TypeScript on the CPU',
    software: false,
    stepsPerSecond: 0,
    trials: [],
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
    async train(job, onProgress) {
      assertOpen()
      if (busy) throw new TrainerError('busy', 'a job is running')
      checkJob(config.model, job)
      const samples = splits.get('train')
      const { optimizer } = job
      if (optimizer.type === 'adam' && !optimizer.keepMoments) moments = createMoments(model.layout.size)
      const run = startRun(model, samples, job.params, {
        batchSize: job.batchSize,
        seed: job.seed,
        optimizer: optimizer.type === 'adam' ? { ...optimizer, moments } : optimizer,
      })
      busy = true
      try {
        pace.begin()
        let steps = 0
        let lossSum = 0
        let computeMs = 0
        await pace.rest(0)
        while (steps < job.steps && !pace.stopped) {
          const start = performance.now()
          const loss = run.step()
          const stepMs = performance.now() - start
          computeMs += stepMs
          lossSum += loss
          steps++
          onProgress?.({ step: steps, loss })
          await pace.rest(stepMs)
        }
        assertOpen()
        return {
          params: run.params,
          steps,
          samples: steps * job.batchSize,
          meanLoss: lossSum / steps,
          computeMs,
        }
      } finally {
        busy = false
      }
    },
    stop: () => pace.stop(),
    setPaused: paused => pace.setPaused(paused),
    setEffort: effort => pace.setEffort(effort),
    async evaluate(params, split, limit) {
      assertOpen()
      checkParams(config.model, params)
      const samples = splits.get(split)
      const count = Math.min(limit ?? samples.y.length, samples.y.length)
      let loss = 0
      let hits = 0
      for (const score of scoreChunks(model, samples, params, count)) {
        loss += score.loss
        hits += score.hits
        await pace.turn()
        assertOpen()
      }
      return { loss: loss / count, accuracy: hits / count, samples: count }
    },
    async predict(params, sample) {
      assertOpen()
      checkParams(config.model, params)
      checkSample(config.model, sample)
      return model.predict(params, sample)
    },
    close() {
      closed = true
      pace.close()
    },
  }
}
