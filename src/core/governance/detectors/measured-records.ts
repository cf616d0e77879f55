// What was measured of the detectors R2 and R3 on one task and model: the form of measured.ts, which the benchmark writes.
import type { TaskId } from '../../data/dataset.ts'
import type { ModelSpec } from '../../model/spec.ts'

/** Ways to hide one run behind several, as the laboratory plays them. */
export type Evasion =
  /** Trained, handed over with hidden units permuted and noise on the weights, trained on. */
  | 'sequential'
  /** Four workers under separate lineages, averaged every so many epochs. */
  | 'parallel'
  /** Four workers from one start that never exchange anything again: not an evasion of training, told for comparison. */
  | 'same-start'
  /** A new model taught by the old one's outputs. */
  | 'distillation'

export interface MeasuredRow {
  readonly evasion: Evasion
  /** Weight noise in per cent of a tensor's size, epochs between averages, or temperature. */
  readonly setting: number
  /** How long the students of a row learned; null for rows of mixed lengths. */
  readonly epochs: number | null
  readonly pairs: number
  readonly detected: number
  readonly lowest: number
  readonly mean: number
  readonly highest: number
}

export interface MeasuredFreshStart {
  readonly probeSamples: number
  /** Accuracy that one untrained model in a hundred exceeds. */
  readonly chance: number
  readonly untrained: number
  /** Accused of them: with that chance (on other models than it was taken from), and with 1 / classes. */
  readonly accused: number
  readonly accusedAtUniformChance: number
  /** Hidden continuations after so many steps of training; weights permuted and 20 % noisy. */
  readonly continued: readonly {
    readonly steps: number
    readonly models: number
    readonly detected: number
  }[]
}

export interface MeasuredDetectors {
  readonly task: TaskId
  readonly model: ModelSpec
  readonly seed: string
  readonly samplesPerRun: number
  /** Lengths of the honest runs and of what follows a hand-over, in turn. */
  readonly epochs: readonly number[]
  /** Gradient steps of the longest of them. Independent runs grow alike with training, so beyond it nothing is known. */
  readonly longestSteps: number
  /** Runs of the longest length, whose pairs set the threshold. */
  readonly calibrationRuns: number
  readonly threshold: number
  /** Independent pairs: mean and highest of those that set the threshold, and what exceeded it among other runs. */
  readonly independentMean: number
  readonly independentHighest: number
  readonly checkedPairs: number
  readonly falsePositives: number
  /** Of these, pairs of the longest length. */
  readonly checkedLongPairs: number
  readonly falsePositivesLong: number
  readonly rows: readonly MeasuredRow[]
  readonly freshStart: MeasuredFreshStart
}

/** Measurement of exactly this task and model, or null: thresholds do not carry over. */
export function measuredFor(
  all: readonly MeasuredDetectors[],
  task: TaskId,
  model: ModelSpec,
): MeasuredDetectors | null {
  const wanted = describe(task, model)
  return all.find(measured => describe(measured.task, measured.model) === wanted) ?? null
}

/** The R3 threshold for models trained for at most so many steps; null where none was measured. */
export function thresholdFor(
  all: readonly MeasuredDetectors[],
  task: TaskId,
  model: ModelSpec,
  steps: number,
): number | null {
  const measured = measuredFor(all, task, model)
  return measured !== null && steps <= measured.longestSteps ? measured.threshold : null
}

function describe(task: TaskId, { input, layers }: ModelSpec): string {
  return JSON.stringify([task, input, layers.map(layer => Object.entries(layer).sort())])
}

/** Detected share over all rows of one evasion; NaN without any. */
export function detectedShare({ rows }: Pick<MeasuredDetectors, 'rows'>, evasion: Evasion): number {
  let pairs = 0
  let detected = 0
  for (const row of rows) {
    if (row.evasion !== evasion) continue
    pairs += row.pairs
    detected += row.detected
  }
  return detected / pairs
}
