// The signatures that a line of an exported ledger stands on, as checks for a verifier to carry out, many at once.
import type { Entry } from '../ledger/entry.ts'
import { readEvidence } from '../ledger/evidence.ts'
import type { Certificate } from '../ledger/seal.ts'
import { decodeBase64url } from '../num/base64url.ts'
import type { MemberId } from '../num/ids.ts'
import type { LedgerRecord } from './audit-lines.ts'
import type { AuditFault } from './audit-report.ts'
import { entryText, headText, statementText } from './signed-text.ts'

/** Ed25519; false for a bad signature, key or length. */
export type Verify = (
  author: MemberId,
  message: Uint8Array,
  signature: Uint8Array,
) => Promise<boolean> | boolean

interface SignatureCheck {
  readonly author: MemberId
  readonly message: Uint8Array
  readonly sig: string
  /** What the line suffers from if the signature is wrong. */
  readonly fault: AuditFault
}

/** What checking a line's signatures came to. */
export interface SignatureVerdict {
  readonly checked: number
  readonly fault: AuditFault | null
}

/** Starts all checks of the records before it waits for any. */
export function verifyRecords(verify: Verify, records: readonly LedgerRecord[]): Promise<SignatureVerdict[]> {
  return Promise.all(records.map(record => verifyAll(verify, checksOf(record))))
}

export async function verifyAll(
  verify: Verify,
  checks: readonly SignatureCheck[],
): Promise<SignatureVerdict> {
  const outcomes = await Promise.all(
    checks.map(({ author, message, sig }) => {
      const signature = decodeBase64url(sig, 64)
      return signature !== undefined && verify(author, message, signature)
    }),
  )
  const at = outcomes.indexOf(false)
  return { checked: checks.length, fault: checks[at]?.fault ?? null }
}

function checksOf(record: LedgerRecord): readonly SignatureCheck[] {
  switch (record.type) {
    case 'entry':
    case 'charter':
      return entryChecks(record.entry)
    case 'certificate':
      return certificateChecks(record.certificate)
    case 'head':
    case 'snapshot':
    case 'end':
      return []
    default:
      return record satisfies never
  }
}

/** Of the entry itself, and of the two signed texts that a proof shows. */
export function entryChecks(entry: Entry): readonly SignatureCheck[] {
  const own: SignatureCheck = {
    author: entry.author,
    message: entryText(entry),
    sig: entry.sig,
    fault: 'bad-signature',
  }
  // Evidence that cannot be read is the walk's to refuse.
  const evidence = entry.body.kind === 'proof' ? readEvidence(entry.body) : undefined
  if (!evidence) return [own]
  const shown = evidence.kind === 'entries' ? evidence.pair.map(headText) : evidence.pair.map(statementText)
  return [
    own,
    ...shown.map((message, i): SignatureCheck => {
      const { author, sig } = evidence.pair[i]!
      return { author, message, sig, fault: 'bad-proof' }
    }),
  ]
}

export function certificateChecks({ statements }: Certificate): readonly SignatureCheck[] {
  return statements.map(statement => ({
    author: statement.author,
    message: statementText(statement),
    sig: statement.sig,
    fault: 'bad-signature',
  }))
}
