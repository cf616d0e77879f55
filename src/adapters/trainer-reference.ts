// Trainer port on the plain TypeScript reference model. Computes in the calling thread (a worker in the app, the main
// thread in Node) and gives the event loop a turn every few milliseconds. Never fails for want of a device.
import { createReferenceModel } from '../core/model/reference/model.ts'
import { createMoments } from '../core/model/reference/optimizer.ts'
import { scoreChunks, startRun } from '../core/model/reference/train.ts'
import type { BackendReport, TrainerConfig } from '../ports/trainer.ts'
import { systemClock } from './clock-system.ts'
import { createEventTurn, type OpenTurn } from './event-turn.ts'
import { checkParams, checkSample, type ClearableTrainer, createSplits } from '../peer/trainer-data.ts'
import { createJobDesk, jobMeter, rateStepMs } from '../peer/trainer-job.ts'
import { createPace } from '../peer/trainer-pace.ts'

export function createReferenceTrainer(
  config: TrainerConfig,
  openTurn: OpenTurn = createEventTurn,
): ClearableTrainer {
  const model = createReferenceModel(config.model)
  const splits = createSplits(config.model)
  const desk = createJobDesk(config.model, splits)
  const pace = createPace(systemClock, openTurn())
  let moments = createMoments(model.layout.size)

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
      desk.assertOpen()
      splits.set(split, data)
    },
    async addExamples(data) {
      desk.assertOpen()
      splits.add(data)
    },
    clearData: () => splits.clear(),
    train: (job, onProgress) =>
      desk.run(job, async samples => {
        const { optimizer } = job
        if (optimizer.type === 'adam' && !optimizer.keepMoments) moments = createMoments(model.layout.size)
        const run = startRun(model, samples, job.params, {
          batchSize: job.batchSize,
          seed: job.seed,
          optimizer: optimizer.type === 'adam' ? { ...optimizer, moments } : optimizer,
          drift: job.drift,
        })
        const meter = jobMeter(config.model, job)
        let steps = 0
        let lossSum = 0
        let computeMs = 0
        let exhausted = false
        await pace.begin(rateStepMs(config.model, job))
        while (steps < job.steps && !pace.stopped) {
          exhausted = !meter.mayStep()
          if (exhausted) break
          const start = performance.now()
          const loss = run.step()
          const stepMs = performance.now() - start
          meter.count()
          computeMs += stepMs
          lossSum += loss
          steps++
          onProgress?.({ step: steps, loss })
          await pace.rest(stepMs, meter.waitMs(pace.activeMs))
        }
        return {
          params: run.params,
          steps,
          samples: steps * job.batchSize,
          meanLoss: lossSum / steps,
          computeMs,
          pausedMs: pace.pausedMs,
          flop: meter.flop,
          exhausted,
        }
      }),
    stop: () => pace.stop(),
    setPaused: paused => pace.setPaused(paused),
    setEffort: effort => pace.setEffort(effort),
    async evaluate(params, split, limit) {
      desk.assertOpen()
      checkParams(config.model, params)
      const samples = splits.get(split)
      const count = Math.min(limit ?? samples.y.length, samples.y.length)
      let loss = 0
      let hits = 0
      for (const score of scoreChunks(model, samples, params, count)) {
        loss += score.loss
        hits += score.hits
        await pace.turn()
        desk.assertOpen()
      }
      return { loss: loss / count, accuracy: hits / count, samples: count }
    },
    async predict(params, sample) {
      desk.assertOpen()
      checkParams(config.model, params)
      checkSample(config.model, sample)
      return model.predict(params, sample)
    },
    close() {
      desk.close()
      pace.close()
    },
  }
}
