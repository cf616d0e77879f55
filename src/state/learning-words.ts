// Words of the training terms, loaded with the screens that show them; holds the compiler to "every kind has its words".
import type { RuleName, TrainingTerms } from '../core/ledger/entry.ts'
import { enLearning } from '../i18n/en-learning.ts'
import type { Language } from '../i18n/format.ts'
import { jaLearning } from '../i18n/ja-learning.ts'

interface Option {
  readonly name: string
  readonly hint: string
}

interface Unions {
  readonly profile: Record<TrainingTerms['profile'], Option>
  readonly rule: Record<RuleName, Option>
  readonly weighting: Record<TrainingTerms['weighting'], Option>
  readonly drift: Record<TrainingTerms['drift'], Option>
  readonly head: Record<TrainingTerms['head'], Option>
  readonly privacy: Record<TrainingTerms['privacy']['type'], Option>
  readonly terms: {
    readonly profile: Record<Exclude<TrainingTerms['profile'], 'auto'>, string>
    readonly rule: Record<Exclude<RuleName, 'clip-trim'>, string>
  }
}

export type LearningWords = typeof enLearning & Unions

const WORDS: Record<Language, LearningWords> = { en: enLearning, ja: jaLearning }

export function learningOf(language: Language): LearningWords {
  return WORDS[language]
}
