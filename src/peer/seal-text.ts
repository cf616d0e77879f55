// What the signature of a seal statement covers.
import { canonicalise } from '../core/ledger/canonical.ts'
import type { SealStatement } from '../core/ledger/seal.ts'
import { signedText } from './context.ts'

export function statementText(statement: Omit<SealStatement, 'sig'> & { readonly sig?: string }): Uint8Array {
  const { sig: _, ...unsigned } = statement
  return signedText('seal', statement.room, new TextEncoder().encode(canonicalise(unsigned)))
}
