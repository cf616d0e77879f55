// How often the detectors R2 and R3 find what the laboratory hides, and how often they accuse honest runs. The threshold
// comes from one set of honest runs and false positives from another; no evading run has a say in it.
import { checkFreshStart } from '../src/core/governance/detectors/fresh-start.ts'
import {
  calibrate,
  correlate,
  correlatePairs,
  fingerprint,
  type Fingerprint,
  publicNoise,
} from '../src/core/governance/detectors/fingerprint.ts'
import type {
  Evasion,
  MeasuredDetectors,
  MeasuredFreshStart,
  MeasuredRow,
} from '../src/core/governance/detectors/measured-records.ts'
import { initialParams } from '../src/core/model/init.ts'
import { evaluateSamples, trainSteps } from '../src/core/model/reference/train.ts'
import {
  disguise,
  distil,
  type Lab,
  openLab,
  stepsOf,
  trainAlone,
  trainEpochs,
  trainParallel,
} from './evasion-lab.ts'

export interface StudyPlan {
  readonly hidden: number
  readonly samples: number
  readonly seed: string
  /** Lengths of runs, in turn. */
  readonly epochs: readonly number[]
  readonly calibrationRuns: number
  readonly checkRuns: number
  /** Per amount of noise. */
  readonly handOvers: number
  readonly noise: readonly number[]
  readonly parallelEpochs: number
  readonly averageEvery: readonly number[]
  /** Per interval. */
  readonly parallelGroups: number
  readonly temperatures: readonly number[]
  /** Per temperature and length. */
  readonly students: number
  readonly untrained: number
  readonly continuedSteps: readonly number[]
  readonly continuedModels: number
}

const FALSE_POSITIVES = 0.01
const PROBE_SAMPLES = 500

export async function study(plan: StudyPlan): Promise<MeasuredDetectors> {
  const lab = await openLab(plan.hidden, plan.samples, plan.seed)
  const noise = publicNoise(lab.model.sampleSize)
  const print = (params: Float32Array): Fingerprint => fingerprint(lab.model, params, noise)
  const length = (i: number): number => plan.epochs[i % plan.epochs.length]!
  const longest = Math.max(...plan.epochs)
  const honest = (what: string, runs: number, epochs: (i: number) => number): Float32Array[] =>
    Array.from({ length: runs }, (_, i) => trainAlone(lab, epochs(i), `${plan.seed} ${what} ${i}`))

  // Independent runs grow alike as they train on, so the longest set the threshold.
  const calibration = correlatePairs(honest('calibration', plan.calibrationRuns, () => longest).map(print))
  const threshold = calibrate(calibration, FALSE_POSITIVES)
  const checkRuns = honest('check', plan.checkRuns, length)
  const checked = correlatePairs(checkRuns.map(print))
  const checkedLong = correlatePairs(checkRuns.filter((_, i) => length(i) === longest).map(print))
  const exceeding = (correlations: readonly number[]): number =>
    correlations.filter(value => value > threshold).length

  const rows: MeasuredRow[] = []
  const tell = (
    evasion: Evasion,
    setting: number,
    correlations: readonly number[],
    epochs: number | null = null,
  ): void => {
    rows.push({ evasion, setting, epochs, pairs: correlations.length, ...summary(correlations, threshold) })
  }
  for (const share of plan.noise) {
    const handedOn = Array.from({ length: plan.handOvers }, (_, i) => {
      const seed = `${plan.seed} hand-over ${share} ${i}`
      const before = checkRuns[i % checkRuns.length]!
      // The next owner trains on its own data in every second case.
      const data = i % 2 === 0 ? lab.shared : lab.other
      const after = trainEpochs(lab, disguise(lab, before, share, seed), data, length(i >> 1), seed)
      return correlate(print(before), print(after))
    })
    tell('sequential', share * 100, handedOn)
  }
  const groups = (every: number): readonly number[] =>
    Array.from({ length: plan.parallelGroups }, (_, i) =>
      correlatePairs(
        trainParallel(lab, plan.parallelEpochs, every, `${plan.seed} parallel ${every} ${i}`).map(print),
      ),
    ).flat()
  for (const every of plan.averageEvery) tell('parallel', every, groups(every))
  tell('same-start', plan.parallelEpochs, groups(plan.parallelEpochs))
  for (const temperature of plan.temperatures) {
    // One row for each length: how long a student learns decides more than anything else.
    for (const epochs of plan.epochs) {
      const taught = Array.from({ length: plan.students }, (_, i) => {
        const teacher = checkRuns[i % checkRuns.length]!
        const seed = `${plan.seed} student ${temperature} ${epochs} ${i}`
        return correlate(print(teacher), print(distil(lab, teacher, epochs, temperature, seed)))
      })
      tell('distillation', temperature, taught, epochs)
    }
  }

  return {
    task: 'mnist',
    model: lab.spec,
    seed: plan.seed,
    samplesPerRun: plan.samples,
    epochs: plan.epochs,
    longestSteps: stepsOf(lab.shared, longest),
    calibrationRuns: plan.calibrationRuns,
    threshold: rounded(threshold),
    independentMean: rounded(mean(calibration)),
    independentHighest: rounded(Math.max(...calibration)),
    checkedPairs: checked.length,
    falsePositives: exceeding(checked),
    checkedLongPairs: checkedLong.length,
    falsePositivesLong: exceeding(checkedLong),
    rows,
    freshStart: studyFreshStarts(lab, plan),
  }
}

function studyFreshStarts(lab: Lab, plan: StudyPlan): MeasuredFreshStart {
  const accuracy = (params: Float32Array): number =>
    evaluateSamples(lab.model, lab.heldOut, params, PROBE_SAMPLES).accuracy
  const fresh = (what: string): number[] =>
    Array.from({ length: plan.untrained }, (_, i) =>
      accuracy(initialParams(lab.spec, `${plan.seed} ${what} ${i}`)),
    )
  const chance = calibrate(fresh('untrained'), FALSE_POSITIVES)
  const others = fresh('other untrained')
  const accuses = (share: number, at: number): boolean =>
    checkFreshStart({
      model: '',
      hits: Math.round(share * PROBE_SAMPLES),
      samples: PROBE_SAMPLES,
      chance: at,
    }) !== null
  const continued = plan.continuedSteps.map(steps => {
    const shares = Array.from({ length: plan.continuedModels }, (_, i) => {
      const seed = `${plan.seed} continued ${steps} ${i}`
      const optimizer = { type: 'sgd', learningRate: 0.1 } as const
      const start = initialParams(lab.spec, seed)
      const run = trainSteps(lab.model, lab.shared, start, steps, { batchSize: 32, seed, optimizer })
      return accuracy(disguise(lab, run.params, 0.2, seed))
    })
    return { steps, models: shares.length, detected: shares.filter(share => accuses(share, chance)).length }
  })
  return {
    probeSamples: PROBE_SAMPLES,
    chance: rounded(chance),
    untrained: others.length,
    accused: others.filter(share => accuses(share, chance)).length,
    accusedAtUniformChance: others.filter(share => accuses(share, 1 / lab.model.classes)).length,
    continued,
  }
}

function summary(
  values: readonly number[],
  threshold: number,
): Pick<MeasuredRow, 'detected' | 'lowest' | 'mean' | 'highest'> {
  return {
    detected: values.filter(value => value > threshold).length,
    lowest: rounded(Math.min(...values)),
    mean: rounded(mean(values)),
    highest: rounded(Math.max(...values)),
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function rounded(value: number): number {
  return Number(value.toFixed(4))
}
