// Trainer for simulations: the reference model's real gradient steps, on virtual time. A step costs `stepMs` of the
// virtual clock whatever the machine needs for it, so slow and fast members can be mixed and a run replays. A pause adds
// its own length and nothing else: what follows takes as long as it would have taken without it.
import { checkParams, checkSample, createSplits } from '../peer/trainer-data.ts'
import { createJobDesk, jobMeter, rateStepMs } from '../peer/trainer-job.ts'
import { createReferenceModel } from '../core/model/reference/model.ts'
import { createMoments, type AdamMoments } from '../core/model/reference/optimizer.ts'
import { evaluateSamples, startRun } from '../core/model/reference/train.ts'
import type { Clock } from '../ports/clock.ts'
import type { Trainer, TrainerConfig } from '../ports/trainer.ts'

export function createSimTrainer(config: TrainerConfig, clock: Clock, stepMs: number): Trainer {
  const model = createReferenceModel(config.model)
  const splits = createSplits(config.model)
  const desk = createJobDesk(config.model, splits)
  // Twice the parameters: not for a thousand members that never ask.
  let moments: AdamMoments | null = null
  const momentsFor = (keep: boolean): AdamMoments =>
    (moments = (keep ? moments : null) ?? createMoments(model.layout.size))
  let effort = 1
  let paused = false
  let stopped = false
  // The rate lets no step start before, nor in the next job.
  let notBefore = -Infinity
  // Whatever the job waits for: a step that runs can only be cut short by close, a wait for the rate by stop too, a
  // pause by its end as well.
  let waiting: { readonly kind: 'step' | 'rate' | 'pause'; readonly wake: () => void } | null = null
  const wait = (kind: 'step' | 'rate' | 'pause', ms: number): Promise<void> =>
    new Promise(resolve => {
      const cancel = kind === 'pause' ? () => undefined : clock.after(ms, () => wake())
      const wake = (): void => {
        cancel()
        waiting = null
        resolve()
      }
      waiting = { kind, wake }
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
      desk.assertOpen()
      splits.set(split, data)
    },
    async addExamples(data) {
      desk.assertOpen()
      splits.add(data)
    },
    train: (job, onProgress) =>
      desk.run(job, async samples => {
        const { optimizer } = job
        const run = startRun(model, samples, job.params, {
          batchSize: job.batchSize,
          seed: job.seed,
          optimizer:
            optimizer.type === 'adam'
              ? { ...optimizer, moments: momentsFor(optimizer.keepMoments) }
              : optimizer,
          drift: job.drift,
        })
        const meter = jobMeter(config.model, job)
        stopped = false
        let steps = 0
        let losses = 0
        let exhausted = false
        let activeMs = 0
        let pausedMs = 0
        notBefore = Math.min(notBefore, clock.now() + rateStepMs(config.model, job))
        if (notBefore > clock.now()) await wait('rate', notBefore - clock.now())
        while (steps < job.steps && !stopped) {
          if (paused) {
            const since = clock.now()
            await wait('pause', Infinity)
            pausedMs += clock.now() - since
            continue
          }
          exhausted = !meter.mayStep()
          if (exhausted) break
          const loss = run.step()
          meter.count()
          losses += loss
          steps++
          onProgress?.({ step: steps, loss })
          const restedStepMs = stepMs / effort
          await wait('step', restedStepMs)
          activeMs += restedStepMs
          const rateMs = meter.waitMs(activeMs)
          if (rateMs > 0) notBefore = clock.now() + rateMs
          if (rateMs > 0 && !stopped) {
            await wait('rate', rateMs)
            activeMs += rateMs
          }
        }
        return {
          params: run.params,
          steps,
          samples: steps * job.batchSize,
          meanLoss: steps > 0 ? losses / steps : NaN,
          computeMs: steps * stepMs,
          pausedMs,
          flop: meter.flop,
          exhausted,
        }
      }),
    stop() {
      stopped = true
      if (waiting !== null && waiting.kind !== 'step') waiting.wake()
    },
    setPaused(value) {
      paused = value
      if (!value && waiting?.kind === 'pause') waiting.wake()
    },
    setEffort(value) {
      effort = value
    },
    async evaluate(params, split, limit) {
      desk.assertOpen()
      checkParams(config.model, params)
      return evaluateSamples(model, splits.get(split), params, limit)
    },
    async predict(params, sample) {
      desk.assertOpen()
      checkParams(config.model, params)
      checkSample(config.model, sample)
      return model.predict(params, sample)
    },
    close() {
      desk.close()
      stopped = true
      waiting?.wake()
    },
  }
}
