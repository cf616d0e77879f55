// The room that a founder is putting together: choices in, charter out. Nothing here touches the network; own files
// come in already loaded.
import type { PartitionScheme, TaskId } from '../core/data/dataset.ts'
import { CLOTHES, DIGITS } from '../core/data/task-classes.ts'
import type { CharterBody, TrainingTerms } from '../core/ledger/entry.ts'
import { DEFAULT_TERMS } from '../core/ledger/terms.ts'
import { trainingFlop } from '../core/model/flops.ts'
import { presetModel, presetsFor, type PresetName } from '../core/model/presets.ts'
import type { ModelSpec, SampleShape } from '../core/model/spec.ts'
import type { OwnData } from '../ports/own-data.ts'
import { modelFacts } from './estimate.ts'
import { LearningDraft } from './learning-draft.svelte.ts'
import { LimitsDraft } from './limits-draft.svelte.ts'

export type CharterDraft = Omit<CharterBody, 'kind' | 'salt' | 'seed'>

const IMAGE: SampleShape = [28, 28, 1]

/** Inclusive ranges of the numbers that can be typed. */
export const RANGES = {
  parts: { min: 1, max: 50, step: 1 },
  rounds: { min: 0, max: 10_000, step: 1 },
  localSteps: { min: 1, max: 500, step: 1 },
  batchSize: { min: 1, max: 256, step: 1 },
  learningRate: { min: 0.00001, max: 1, step: 'any' },
  classesPerPart: { min: 1, max: 10, step: 1 },
} as const

export type NumberName = keyof typeof RANGES
export type PartitionType = PartitionScheme['type']

const MAX_TITLE = 120

export class RoomDraft {
  task = $state<TaskId>('mnist')
  partition = $state<PartitionType>('classes')
  alpha = $state(0.3)
  title = $state('')
  trusted = $state(true)
  own = $state.raw<OwnData | null>(null)
  readonly numbers: Record<NumberName, number | null> = new TypedNumbers(() => this.usual)
  readonly limits = new LimitsDraft()
  readonly learning = new LearningDraft(
    () => this.model,
    () => this.usual,
  )
  #wanted = $state<PresetName>('mlp')

  readonly shape: SampleShape | null = $derived(this.task === 'own' ? (this.own?.train.shape ?? null) : IMAGE)
  readonly classes: readonly string[] = $derived(
    this.task === 'own' ? (this.own?.train.classes ?? []) : this.task === 'mnist' ? DIGITS : CLOTHES,
  )
  readonly presets: readonly PresetName[] = $derived(presetsFor(this.shape ?? IMAGE))
  readonly preset: PresetName = $derived(fitting(this.#wanted, this.presets))
  /** What a room proposes. */
  readonly usual: TrainingTerms = DEFAULT_TERMS
  readonly model: ModelSpec | null = $derived(
    this.shape === null ? null : presetModel(this.preset, this.shape, this.classes.length),
  )
  readonly invalid: readonly NumberName[] = $derived(
    (Object.keys(RANGES) as NumberName[]).filter(name => !isInRange(name, this.numbers[name])),
  )
  readonly covered: number = $derived(
    Math.min(this.classes.length, (this.numbers.parts ?? 0) * (this.numbers.classesPerPart ?? 0)),
  )
  readonly ready: boolean = $derived(
    this.model !== null &&
      this.invalid.length === 0 &&
      this.limits.invalid.length === 0 &&
      this.learning.invalid.length === 0 &&
      (this.task === 'own' || this.partition !== 'classes' || this.covered === this.classes.length),
  )

  /** What one round costs a member; null while the numbers do not fit. */
  readonly roundFlop: number | null = $derived.by(() => {
    const { batchSize, localSteps } = this.numbers
    if (this.model === null || batchSize === null || localSteps === null) return null
    return trainingFlop(this.model) * batchSize * localSteps
  })

  choosePreset(preset: PresetName): void {
    this.#wanted = preset
  }

  factsOf(preset: PresetName) {
    const model = presetModel(preset, this.shape ?? IMAGE, Math.max(2, this.classes.length))
    return modelFacts(model, this.learning.privacy)
  }

  /** Only when `ready`; else null. */
  charter(defaultTitle: string): CharterDraft | null {
    const { parts, rounds, localSteps, batchSize, learningRate } = this.numbers
    const limits = this.limits.terms()
    const learning = this.learning.terms()
    if (!this.ready || this.model === null || limits === null || learning === null) return null
    return {
      title: (this.title.trim() || defaultTitle).slice(0, MAX_TITLE),
      task: this.task,
      classes: this.classes,
      model: this.model,
      partition: this.#scheme(),
      parts: this.task === 'own' ? 1 : parts!,
      partSamples: 0,
      terms: {
        ...this.usual,
        batchSize: batchSize!,
        localSteps: localSteps!,
        learningRateMicro: Math.max(1, Math.round(learningRate! * 1e6)),
        trusted: this.trusted ? 'yes' : 'no',
        rounds: rounds!,
        ...learning,
      },
      schema: this.task === 'own' ? (this.own?.schema ?? '') : '',
      ...limits,
    }
  }

  #scheme(): PartitionScheme {
    if (this.task === 'own' || this.partition === 'iid') return { type: 'iid' }
    if (this.partition === 'dirichlet') {
      return { type: 'dirichlet', alphaMilli: Math.round(this.alpha * 1000) }
    }
    return { type: 'classes', classesPerPart: this.numbers.classesPerPart ?? 1 }
  }
}

/** Numbers as typed. The learning rate follows what the room proposes until somebody types another. */
class TypedNumbers implements Record<NumberName, number | null> {
  parts = $state<number | null>(4)
  rounds = $state<number | null>(DEFAULT_TERMS.rounds)
  localSteps = $state<number | null>(DEFAULT_TERMS.localSteps)
  batchSize = $state<number | null>(DEFAULT_TERMS.batchSize)
  classesPerPart = $state<number | null>(3)
  #learningRate = $state<number | null | undefined>(undefined)
  readonly #usual: () => TrainingTerms

  constructor(usual: () => TrainingTerms) {
    this.#usual = usual
  }

  get learningRate(): number | null {
    return this.#learningRate === undefined ? this.#usual().learningRateMicro / 1e6 : this.#learningRate
  }
  set learningRate(rate: number | null) {
    this.#learningRate = rate
  }
}

function isInRange(name: NumberName, value: number | null): boolean {
  const { min, max, step } = RANGES[name]
  if (value === null || !Number.isFinite(value) || value < min || value > max) return false
  return step === 'any' || Number.isInteger(value)
}

function fitting(wanted: PresetName, presets: readonly PresetName[]): PresetName {
  if (presets.includes(wanted)) return wanted
  const network =
    wanted === 'logistic' ? 'logistic' : presets.find(name => name === 'mlp' || name === 'tableMlp')
  return network ?? presets[0]!
}
