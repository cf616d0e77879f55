// Words of the appraisal's cards, loaded with them; holds the compiler to "every kind has its words".
import type {
  AppraisalRefusal,
  AppraisalStage,
  AppraisalWarningKind,
} from '../core/data/appraisal/records.ts'
import type { ScalingLaw, ScalingWarning } from '../core/economics/scaling-records.ts'
import { enAppraisal } from '../i18n/en-appraisal.ts'
import type { Language } from '../i18n/format.ts'
import { jaAppraisal } from '../i18n/ja-appraisal.ts'

interface Unions {
  readonly warns: Record<AppraisalWarningKind, (n: number, count: string, share: string) => string>
  readonly refused: Record<AppraisalRefusal['kind'], string>
  readonly run: { readonly stage: Record<AppraisalStage | 'measuring', string> }
  readonly scaling: {
    readonly law: Record<ScalingLaw['law'], string>
    readonly warns: Record<ScalingWarning['kind'], (value: string) => string>
  }
}

export type AppraisalWords = typeof enAppraisal & Unions

const WORDS: Record<Language, AppraisalWords> = { en: enAppraisal, ja: jaAppraisal }

export function appraisalOf(language: Language): AppraisalWords {
  return WORDS[language]
}
