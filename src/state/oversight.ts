// Words of the ledger, of governance and of the detectors: loaded with the screens that use them, so that the first screen
// stays small. Holds the compiler to "every kind has its words", as kinds.ts does for the rest.
import type { Evasion } from '../core/governance/detectors/measured-records.ts'
import type { Finding, ReceiptFault, Severity } from '../core/governance/detectors/findings.ts'
import type { EntryBody, GovernanceTerms } from '../core/ledger/entry.ts'
import type { AuditFault, AuditLimit, AuditProof } from '../core/room/audit-report.ts'
import { enDetectors } from '../i18n/en-detectors.ts'
import { enGovernance } from '../i18n/en-governance.ts'
import { enLedger } from '../i18n/en-ledger.ts'
import type { Language } from '../i18n/format.ts'
import { jaDetectors } from '../i18n/ja-detectors.ts'
import { jaGovernance } from '../i18n/ja-governance.ts'
import { jaLedger } from '../i18n/ja-ledger.ts'
import type {
  ActionRefusal,
  ComputeState,
  LicenceView,
  MeterView,
  Motion,
  OwnStanding,
  ViolationKind,
} from '../ports/governance-view.ts'
import type { SealView } from '../ports/ledger-view.ts'
import type { AmountFault } from './amount.ts'

type Status = ComputeState['status']

interface LedgerUnions {
  readonly kinds: Record<EntryBody['kind'], string>
  readonly seal: { readonly path: Record<SealView['path'], (anchor: string) => string> }
  readonly send: { readonly fault: Record<AmountFault, string> }
  readonly report: {
    readonly faults: Record<AuditFault, string>
    readonly proofs: Record<AuditProof, string>
    readonly limits: Record<AuditLimit, string>
  }
}

interface GovernanceUnions {
  readonly compute: {
    readonly chip: Record<Status, string>
    readonly work: Record<Status, string>
    readonly member: Record<Status, string>
    readonly guardian: Record<Status, string>
  }
  readonly act: { readonly refused: Record<ActionRefusal, string> }
  readonly standing: {
    readonly name: Record<OwnStanding, string>
    readonly text: Record<OwnStanding, string>
    readonly todo: Record<OwnStanding, string>
  }
  readonly motions: { readonly status: Record<Motion['status'], string> }
  readonly licences: { readonly status: Record<LicenceView['status'], string> }
  readonly identity: { readonly level: Record<MeterView['level'], string> }
  readonly terms: {
    readonly licensingValue: Record<GovernanceTerms['licensing'], string>
    readonly sealingValue: Record<GovernanceTerms['sealing'], string>
  }
  readonly violations: { readonly kind: Record<ViolationKind, string> }
}

interface DetectorUnions {
  readonly severity: Record<Severity, string>
  readonly rules: Record<Finding['rule'], string>
  readonly says: { readonly receipt: Record<ReceiptFault, (name: string, amount: string) => string> }
  readonly measured: { readonly evasions: Record<Evasion, string> }
}

export type LedgerWords = typeof enLedger & LedgerUnions
export type GovernanceWords = typeof enGovernance & GovernanceUnions
export type DetectorWords = typeof enDetectors & DetectorUnions

export interface Oversight {
  readonly ledger: LedgerWords
  readonly governance: GovernanceWords
  readonly detectors: DetectorWords
}

const WORDS: Record<Language, Oversight> = {
  en: { ledger: enLedger, governance: enGovernance, detectors: enDetectors },
  ja: { ledger: jaLedger, governance: jaGovernance, detectors: jaDetectors },
}

export function oversightOf(language: Language): Oversight {
  return WORDS[language]
}
