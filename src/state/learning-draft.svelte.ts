// How a new room will learn, as chosen: encoding, rule, weighting, drift, head, lot, privacy. What excludes each other is never
// both chosen: a wish that does not fit falls back to what does, and comes back when it fits again.
import type { PrivacyTerms, RuleName, TrainingTerms } from '../core/ledger/entry.ts'
import { canKeepHead, canSum, DEFAULT_TERMS, weighsWholeUpdates } from '../core/ledger/terms.ts'
import type { ModelSpec } from '../core/model/spec.ts'

export const LEARNING_RANGES = {
  mu: { min: 0.0001, max: 100, step: 'any' },
  committee: { min: 5, max: 1000, step: 1 },
  clip: { min: 0.000001, max: 1000, step: 'any' },
  sigma: { min: 0.001, max: 1000, step: 'any' },
  deltaExponent: { min: 1, max: 30, step: 1 },
} as const

export type LearningNumber = keyof typeof LEARNING_RANGES
type Noise = Extract<PrivacyTerms, { type: 'noise' }>

export const PROFILES: readonly TrainingTerms['profile'][] = ['auto', 'one-bit', 'masked', 'sparse']
const RULES: readonly RuleName[] = [
  'clip-trim',
  'clip-mean',
  'multi-krum',
  'nearest-median',
  'centered-clip',
  'mean',
]

type Choices = Pick<
  TrainingTerms,
  'profile' | 'rule' | 'weighting' | 'drift' | 'proximalMicro' | 'head' | 'committee' | 'privacy'
>

export class LearningDraft {
  numbers = $state<Record<LearningNumber, number | null>>({
    mu: 0.1,
    committee: DEFAULT_TERMS.committee,
    clip: 1,
    sigma: 4,
    deltaExponent: 5,
  })
  #profile = $state<TrainingTerms['profile']>(DEFAULT_TERMS.profile)
  #lot = $state(DEFAULT_TERMS.committee > 0)
  #privacy = $state<PrivacyTerms['type']>('none')
  #rule = $state<RuleName>(DEFAULT_TERMS.rule)
  #weighting = $state<TrainingTerms['weighting']>(DEFAULT_TERMS.weighting)
  #head = $state<TrainingTerms['head']>(DEFAULT_TERMS.head)
  /** Until somebody chooses, what the room proposes for data dealt as they are. */
  #drift = $state<TrainingTerms['drift'] | null>(null)
  readonly #model: () => ModelSpec | null
  readonly #usual: () => TrainingTerms

  readonly canSum: boolean = $derived.by(() => {
    const model = this.#model()
    return model === null || canSum(model)
  })
  /** Nobody sees a single update: what would compare, weigh, encode or leave out single ones is not offered. */
  readonly sums: boolean = $derived(this.privacy === 'masks')
  readonly rules: readonly RuleName[] = $derived.by(() => {
    if (this.sums) return ['mean']
    return this.profile === 'sparse' ? RULES.filter(weighsWholeUpdates) : RULES
  })
  readonly canWeigh: boolean = $derived(!this.sums && !weighsWholeUpdates(this.rule))
  readonly canKeepHead: boolean = $derived.by(() => {
    const model = this.#model()
    return model === null || canKeepHead(model)
  })
  readonly invalid: readonly LearningNumber[] = $derived(
    (Object.keys(LEARNING_RANGES) as LearningNumber[]).filter(
      name => this.#asked(name) && !isInRange(name, this.numbers[name]),
    ),
  )
  /** How many choices are not the usual ones. */
  readonly changed: number = $derived.by(() => {
    const { privacy, proximalMicro: _, ...terms } = this.#choices()
    const usual = this.#usual()
    // What masks ask for is one choice.
    const asked: readonly string[] = this.sums ? ['profile', 'rule', 'weighting', 'committee'] : []
    const plain = (Object.keys(terms) as (keyof typeof terms)[]).filter(
      name => terms[name] !== usual[name] && !asked.includes(name),
    ).length
    return plain + (privacy.type === 'none' ? 0 : 1)
  })

  /**
   * @param model what the room will train, once that is known
   * @param usual the terms that a room proposes for its data
   */
  constructor(model: () => ModelSpec | null, usual: () => TrainingTerms) {
    this.#model = model
    this.#usual = usual
  }

  get drift(): TrainingTerms['drift'] {
    return this.#drift ?? this.#usual().drift
  }
  set drift(drift: TrainingTerms['drift']) {
    this.#drift = drift
  }

  get profile(): TrainingTerms['profile'] {
    return this.sums ? DEFAULT_TERMS.profile : this.#profile
  }
  set profile(profile: TrainingTerms['profile']) {
    this.#profile = profile
  }

  get lot(): boolean {
    return !this.sums && this.#lot
  }
  set lot(lot: boolean) {
    this.#lot = lot
  }

  get privacy(): PrivacyTerms['type'] {
    return this.#privacy === 'masks' && !this.canSum ? 'none' : this.#privacy
  }
  set privacy(privacy: PrivacyTerms['type']) {
    this.#privacy = privacy
  }

  get rule(): RuleName {
    return this.rules.includes(this.#rule) ? this.#rule : this.rules[0]!
  }
  set rule(rule: RuleName) {
    this.#rule = rule
  }

  get weighting(): TrainingTerms['weighting'] {
    return this.canWeigh ? this.#weighting : 'equal'
  }
  set weighting(weighting: TrainingTerms['weighting']) {
    this.#weighting = weighting
  }

  get head(): TrainingTerms['head'] {
    return this.canKeepHead ? this.#head : 'shared'
  }
  set head(head: TrainingTerms['head']) {
    this.#head = head
  }

  /** Null without noise, or while its numbers do not fit. */
  get noiseTerms(): Noise | null {
    const privacy = this.invalid.length === 0 ? this.#choices().privacy : null
    return privacy?.type === 'noise' ? privacy : null
  }

  /** Only while nothing is invalid; else null. */
  terms(): Choices | null {
    return this.invalid.length === 0 ? this.#choices() : null
  }

  #choices(): Choices {
    const { mu, committee } = this.numbers
    return {
      profile: this.profile,
      rule: this.rule,
      weighting: this.weighting,
      drift: this.drift,
      proximalMicro: this.drift === 'prox' ? Math.round((mu ?? 0) * 1e6) : 0,
      head: this.head,
      committee: this.lot ? (committee ?? 0) : 0,
      privacy: this.#privacyTerms(),
    }
  }

  #privacyTerms(): PrivacyTerms {
    const { privacy: type } = this
    if (type !== 'noise') return { type }
    const { clip, sigma, deltaExponent } = this.numbers
    return {
      type,
      clipMicro: Math.round((clip ?? 0) * 1e6),
      noiseMilli: Math.round((sigma ?? 0) * 1000),
      deltaExponent: deltaExponent ?? 0,
    }
  }

  /** Whether a number is part of what is chosen: what nobody sees must not be in the way. */
  #asked(name: LearningNumber): boolean {
    if (name === 'mu') return this.drift === 'prox'
    if (name === 'committee') return this.lot
    return this.privacy === 'noise'
  }
}

function isInRange(name: LearningNumber, value: number | null): boolean {
  const { min, max, step } = LEARNING_RANGES[name]
  if (value === null || !Number.isFinite(value) || value < min || value > max) return false
  return step === 'any' || Number.isInteger(value)
}
