// What the audit found, in English sentences for the console. The screens have words of their own (src/i18n).
import type { AuditFault, AuditLimit, AuditProof } from '../src/core/room/audit-report.ts'

export const FAULTS: Record<AuditFault, string> = {
  'unreadable-line': 'not a canonical line of this format',
  truncated: 'the file ends early, or lines are missing',
  'wrong-room': 'belongs to another room',
  'bad-signature': 'the signature does not fit the contents',
  'broken-chain': 'does not continue the chain of its author',
  'out-of-order': 'not what may stand here',
  'not-the-founder': 'no charter of the founder that the room id was made from',
  fork: 'the author signed something else for this place',
  'wrong-root': 'the Merkle root is not that of the entries',
  'wrong-heads': 'the heads are not those of the entries',
  'wrong-state': 'the sealed state is not what follows from the entries',
  'wrong-size': 'the seal counts other entries than are here',
  'wrong-previous-seal': 'the seal does not continue the one before',
  'wrong-members': 'sealing members or anchor are not those that the rules allow',
  'no-quorum': 'too few of those entitled signed the seal',
  'bad-proof': 'the evidence does not convict',
  'wrong-snapshot': 'the snapshot is not that of its seal',
}

export const PROVED: Record<AuditProof, string> = {
  authorship: 'every entry was signed by the key that it names',
  chains: 'nobody left out, changed or moved an entry in the middle of an author’s chain',
  seals: 'every seal names exactly these entries and what follows from them, and has its signatures',
  history: 'the history is whole from the founder’s charter on',
  balances: 'the balances follow from the entries and add up to what the charter issued',
  'compute-sums': 'the sums of metered computing are those of the receipts, checked by the room’s rules',
  orders: 'which orders, licences and amendments had their signatures',
  convictions: 'who contradicted itself, by two signatures of its own',
}

export const NOT_PROVED: Record<AuditLimit, string> = {
  'open-entries': 'entries after the last seal: their authors may still contradict them',
  'earlier-epochs': 'what was before the export begins: it rests on the signatures of its first seal',
  'work-was-done': 'that the work in the receipts was done: they are consistent, but their authors’ word',
  'who-people-are': 'who the people behind the keys are, but for what vouching says',
  'entries-never-shown': 'that there were no entries which nobody put into a seal or into this file',
}
