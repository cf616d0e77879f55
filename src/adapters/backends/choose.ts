// Which backend trains here: each available one runs the model for a few steps on made-up data, must follow the
// reference's loss curve, and is timed; the fastest correct one stays open. Takes 2-3 s as a rule: the slow are given up
// early, and an emulated GPU is not even warmed up where a CPU backend works (its shaders alone take seconds).
import type { Dataset } from '../../core/data/dataset.ts'
import { trainingFlop } from '../../core/model/flops.ts'
import { initialParams } from '../../core/model/init.ts'
import { createReferenceModel } from '../../core/model/reference/model.ts'
import { trainSteps } from '../../core/model/reference/train.ts'
import { classCount, product } from '../../core/model/shapes.ts'
import type { ModelSpec } from '../../core/model/spec.ts'
import { createRng } from '../../core/num/rng.ts'
import {
  type BackendName,
  type BackendReport,
  type BackendTrial,
  type Trainer,
  type TrainerConfig,
  TrainerError,
  type TrainJob,
  type TrainResult,
} from '../../ports/trainer.ts'
import type { ClearableTrainer } from '../../peer/trainer-data.ts'
import { createEventTurn, type OpenTurn } from '../event-turn.ts'
import { createReferenceTrainer } from '../trainer-reference.ts'

export interface Candidate {
  readonly backend: BackendName
  open(config: TrainerConfig, openTurn: OpenTurn): Promise<ClearableTrainer>
}

export interface ChooseOptions {
  /** Opens this backend if it is correct, however slow; its speed is that of the few steps of the check. */
  readonly force?: BackendName
}

/** Samples of a step; fewer for models so heavy that a step of the reference would take the time of all. */
const BATCH = 32
const STEP_FLOP = 500_000_000
const CURVE_STEPS = 4
const RATE = 0.05
/** Largest difference from the reference's loss, nats; trained further apart than this, members would not agree. */
const TOLERANCE = 1e-3
/** Engines compile hot code while it runs: what comes before the timed part is for that. */
const SETTLE_MS = 150
const TIMED_MS = 250
/** Warming up and the loss curve may take this long, then the candidate counts as too slow: a GPU compiles shaders. */
const GPU_WARM_UP_MS = 3_000
const CPU_WARM_UP_MS = 1_500

// The reference gives the curve, so it comes first; WebGL only matters where there is no real WebGPU; whichever is
// tried last can stay open without a second warm-up.
const CANDIDATES: readonly Candidate[] = [
  { backend: 'reference', open: async (config, openTurn) => createReferenceTrainer(config, openTurn) },
  ...(['wasm', 'cpu', 'webgpu', 'webgl'] as const).map(backend => ({
    backend,
    async open(config: TrainerConfig, openTurn: OpenTurn) {
      const { createTfjsTrainer } = await import('../trainer-tfjs.ts')
      return createTfjsTrainer(config, backend, openTurn)
    },
  })),
]

export async function chooseTrainer(
  config: TrainerConfig,
  options: ChooseOptions,
  candidates: readonly Candidate[] = CANDIDATES,
  openTurn: OpenTurn = createEventTurn,
): Promise<Trainer> {
  const { force } = options
  const wanted = force === undefined ? candidates : candidates.filter(({ backend }) => backend === force)
  const probe = createProbe(config.model)
  const trials: BackendTrial[] = []
  let best: { readonly candidate: Candidate; readonly speed: number } | null = null
  let open: { readonly backend: BackendName; readonly trainer: ClearableTrainer } | null = null

  for (const candidate of wanted) {
    const { backend } = candidate
    const skip = force === undefined ? reasonToSkip(backend, trials) : null
    if (skip !== null) {
      trials.push({ backend, outcome: { status: 'unavailable', reason: skip } })
      continue
    }
    open?.trainer.close()
    open = null
    let trainer: ClearableTrainer
    try {
      trainer = await candidate.open(config, openTurn)
    } catch (error) {
      trials.push({ backend, outcome: { status: 'unavailable', reason: describe(error) } })
      continue
    }
    const outcome: BackendTrial['outcome'] =
      force === undefined && trainer.report.software && best !== null
        ? ({
            status: 'unavailable',
            reason: `not timed: ${trainer.report.adapter} emulates a GPU on the CPU`,
          } as const)
        : await probe(trainer, force !== undefined ? 'any' : best === null ? 'last resort' : 'short')
    trials.push({ backend, outcome })
    if (outcome.status === 'ok' && (best === null || outcome.stepsPerSecond > best.speed)) {
      best = { candidate, speed: outcome.stepsPerSecond }
      open = { backend, trainer }
    } else trainer.close()
  }

  if (best === null) {
    const reasons = trials.map(({ backend, outcome }) =>
      outcome.status === 'unavailable' ? `${backend}: ${outcome.reason}` : `${backend}: ${outcome.status}`,
    )
    throw new TrainerError('no-backend', `nothing trains here (${reasons.join('; ')})`)
  }
  const trainer =
    open?.backend === best.candidate.backend ? open.trainer : await best.candidate.open(config, openTurn)
  const report: BackendReport = { ...trainer.report, stepsPerSecond: best.speed, trials }
  return { ...trainer, report }
}

function reasonToSkip(backend: BackendName, trials: readonly BackendTrial[]): string | null {
  const speed = (name: BackendName): number => {
    const outcome = trials.find(trial => trial.backend === name)?.outcome
    return outcome?.status === 'ok' ? outcome.stepsPerSecond : 0
  }
  if (backend === 'webgl' && speed('webgpu') > 0) return 'not timed: WebGPU works on the same adapter'
  return null
}

/** How long a candidate may take: 'any' was asked for by name, a 'last resort' has nothing to be compared with. */
type Patience = 'any' | 'last resort' | 'short'

/** Runs the made-up task on a candidate and compares with the reference. */
function createProbe(
  model: ModelSpec,
): (trainer: ClearableTrainer, patience: Patience) => Promise<BackendTrial['outcome']> {
  const batchSize = Math.max(1, Math.min(BATCH, Math.floor(STEP_FLOP / trainingFlop(model))))
  const data = probeData(model)
  const job: TrainJob = {
    params: initialParams(model, 'probe'),
    steps: CURVE_STEPS,
    batchSize,
    optimizer: { type: 'sgd', learningRate: RATE },
    seed: 'probe',
    drift: null,
    limits: null,
  }
  const expected = trainSteps(createReferenceModel(model), data, job.params, CURVE_STEPS, job).losses

  return async (trainer, patience) => {
    const isGpu = trainer.report.backend === 'webgpu' || trainer.report.backend === 'webgl'
    const warmUpMs = isGpu || patience === 'last resort' ? GPU_WARM_UP_MS : CPU_WARM_UP_MS
    let timer = patience === 'any' ? undefined : setTimeout(() => trainer.stop(), warmUpMs)
    try {
      await trainer.setData('train', data)
      const losses: number[] = []
      const warmUp = await trainer.train(job, ({ step, loss }) => (losses[step - 1] = loss))
      if (warmUp.steps < CURVE_STEPS) {
        return { status: 'unavailable', reason: `too slow: ${warmUp.steps} steps in ${warmUpMs} ms` }
      }
      const maxLossError = Math.max(...losses.map((loss, i) => Math.abs(loss - expected[i]!)))
      // Also true of NaN.
      if (!(maxLossError <= TOLERANCE)) return { status: 'incorrect', maxLossError }
      clearTimeout(timer)
      if (patience === 'any') {
        return { status: 'ok', stepsPerSecond: (CURVE_STEPS * 1000) / warmUp.computeMs, maxLossError }
      }
      const runFor = (ms: number): Promise<TrainResult> => {
        timer = setTimeout(() => trainer.stop(), ms)
        return trainer.train({ ...job, steps: Number.MAX_SAFE_INTEGER })
      }
      await runFor(SETTLE_MS)
      const { steps, computeMs } = await runFor(TIMED_MS)
      return { status: 'ok', stepsPerSecond: (steps * 1000) / computeMs, maxLossError }
    } catch (error) {
      return { status: 'unavailable', reason: describe(error) }
    } finally {
      clearTimeout(timer)
      trainer.clearData()
    }
  }
}

/** Half of the values are zero: between drawn digits (four fifths) and photographs or tables (none). */
function probeData(model: ModelSpec): Dataset {
  const rng = createRng('probe data')
  const count = 4 * BATCH
  const classes = classCount(model)
  return {
    shape: model.input,
    classes: Array.from({ length: classes }, (_, index) => String(index)),
    x: Float32Array.from({ length: count * product(model.input) }, () => (rng.next() < 0.5 ? 0 : rng.next())),
    y: Uint16Array.from({ length: count }, () => rng.below(classes)),
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
