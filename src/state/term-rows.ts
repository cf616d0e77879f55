// Governance terms as rows of label and value: for the terms of the room, for what an amendment would change, and for the
// green room before consent.
import type { GovernanceTerms } from '../core/ledger/entry.ts'
import type { Format } from '../i18n/format.ts'
import type { GovernanceWords } from './oversight.ts'
import type { People } from './people.ts'

export interface TermRow {
  readonly name: string
  readonly label: string
  readonly value: string
}

export function termRows(
  terms: GovernanceTerms,
  words: GovernanceWords,
  people: People,
  f: Format,
): readonly TermRow[] {
  const w = words.terms
  const cap = (flop: string): string => (flop === '0' ? w.noCap : f.flop(BigInt(flop)))
  const of = f.int(terms.guardians.length)
  const signatures = (n: number): string => w.quorumValue(n, f.int(n), of)
  return [
    { name: 'guardians', label: w.guardians, value: people.names(terms.guardians) },
    { name: 'quorum', label: w.quorum, value: signatures(terms.quorum) },
    { name: 'resumeQuorum', label: w.resumeQuorum, value: signatures(terms.resumeQuorum) },
    {
      name: 'issuers',
      label: w.issuers,
      value: terms.issuers.length === 0 ? w.none : people.names(terms.issuers),
    },
    { name: 'licensing', label: w.licensing, value: w.licensingValue[terms.licensing] },
    { name: 'memberFlop', label: w.memberCap, value: cap(terms.budget.memberFlop) },
    { name: 'roundFlop', label: w.roundCap, value: cap(terms.budget.roundFlop) },
    { name: 'lineageFlop', label: w.lineageCap, value: cap(terms.budget.lineageFlop) },
    { name: 'sealing', label: w.sealing, value: w.sealingValue[terms.sealing] },
    {
      name: 'heartbeat',
      label: w.heartbeat,
      value: terms.heartbeatMs === 0 ? w.heartbeatOff : w.heartbeatOn(f.seconds(terms.heartbeatMs / 1000)),
    },
    {
      name: 'expires',
      label: w.expires,
      value: terms.expiresUnixMs === 0 ? w.noEnd : f.dateTime(terms.expiresUnixMs),
    },
  ]
}
