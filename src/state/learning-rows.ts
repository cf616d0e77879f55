// The training terms that differ from the usual ones, as sentences for a participant; and what a promise of privacy is worth.
// Nothing to say is nothing to worry about.
import type { CharterBody, PrivacyTerms } from '../core/ledger/entry.ts'
import { DEFAULT_TERMS } from '../core/ledger/terms.ts'
import { epsilonAfter, type Spent } from '../core/privacy/accountant.ts'
import type { Format } from '../i18n/format.ts'
import type { LearningWords } from './learning-words.ts'
import { deltaText, epsilonText } from './swarm-facts.ts'

/** A room without a last round is told for this many. */
const ENDLESS_ROUNDS = 100

export type PromiseLevel = 'strong' | 'fair' | 'weak' | 'nothing'

/** What a member who trains in every planned round will have spent. */
export function plannedSpending(terms: Extract<PrivacyTerms, { type: 'noise' }>, rounds: number): Spent {
  return epsilonAfter(rounds === 0 ? ENDLESS_ROUNDS : rounds, terms)
}

/** As the field reads epsilon: up to 1 strong, up to 10 fair; e^50 is no bound that means anything. */
export function promiseOf(epsilon: number): PromiseLevel {
  return epsilon <= 1 ? 'strong' : epsilon <= 10 ? 'fair' : epsilon <= 50 ? 'weak' : 'nothing'
}

export function learningRows(
  { terms }: Pick<CharterBody, 'terms'>,
  words: LearningWords,
  f: Format,
): readonly string[] {
  const w = words.terms
  const { profile, rule, weighting, drift, head, committee, privacy } = terms
  const rows: string[] = []
  if (profile !== 'auto' && profile !== DEFAULT_TERMS.profile) rows.push(w.profile[profile])
  if (rule !== 'clip-trim') rows.push(w.rule[rule])
  if (weighting === 'samples') rows.push(w.samples)
  if (drift !== 'none') rows.push(w[drift])
  if (head === 'own') rows.push(w.own)
  if (privacy.type === 'masks') rows.push(w.masks)
  else if (committee === 0) rows.push(w.everybody)
  else if (committee !== DEFAULT_TERMS.committee) rows.push(w.committee(f.int(committee)))
  if (terms.trusted === 'no') rows.push(w.strangers)
  if (privacy.type === 'noise') {
    const { epsilon, delta, rounds } = plannedSpending(privacy, terms.rounds)
    rows.push(w.noise(epsilonText(epsilon, f) || '∞', deltaText(delta), f.int(rounds)))
  }
  return rows
}
