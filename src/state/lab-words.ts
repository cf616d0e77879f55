// Words of the Lab page, loaded with it; holds the compiler to "every kind has its words".
import type { RuleName } from '../core/ledger/entry.ts'
import { enLab } from '../i18n/en-lab.ts'
import type { Language } from '../i18n/format.ts'
import { jaLab } from '../i18n/ja-lab.ts'
import type { LabAct, LabAttack, LabSetup } from '../ports/lab.ts'

interface Unions {
  readonly attacks: Record<LabAttack, string>
  readonly rules: Record<RuleName, string>
  readonly profiles: Record<LabSetup['profile'], string>
  readonly acts: Record<LabAct, string>
  readonly told: Record<LabAct, string>
}

export type LabWords = typeof enLab & Unions

const WORDS: Record<Language, LabWords> = { en: enLab, ja: jaLab }

export function labOf(language: Language): LabWords {
  return WORDS[language]
}
