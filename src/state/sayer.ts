// Who puts entries into sentences needs the members by name, the words, and the form of numbers.
import type { Format } from '../i18n/format.ts'
import type { Motion } from '../ports/governance-view.ts'
import type { LedgerWords } from './oversight.ts'
import type { People } from './people.ts'

export interface Sayer {
  readonly people: People
  readonly words: LedgerWords
  readonly f: Format
  /** Motions that may have been signed, to say what an 'endorse' entry is about. */
  readonly motions: readonly Pick<Motion, 'hash' | 'kind' | 'action'>[]
}
