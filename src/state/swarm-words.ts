// Words of the Swarm page, loaded with it; holds the compiler to "every kind has its words".
import type { RuleName } from '../core/ledger/entry.ts'
import { enSwarm } from '../i18n/en-swarm.ts'
import type { Language } from '../i18n/format.ts'
import { jaSwarm } from '../i18n/ja-swarm.ts'
import type { SwarmView } from '../ports/swarm-view.ts'

interface Unions {
  readonly bytes: { readonly codec: Record<SwarmView['bytes']['codec'], string> }
  readonly tolerance: { readonly rules: Record<RuleName, string> }
}

export type SwarmWords = typeof enSwarm & Unions

const WORDS: Record<Language, SwarmWords> = { en: enSwarm, ja: jaSwarm }

export function swarmOf(language: Language): SwarmWords {
  return WORDS[language]
}
