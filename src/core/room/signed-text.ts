// What the signatures in a room cover. Domain separation: a signature for one purpose is worth nothing for another or in
// another room.
import { canonicalise } from '../ledger/canonical.ts'
import type { Entry, SignedHead } from '../ledger/entry.ts'
import { headSigningBytes, signingBytes } from '../ledger/chain.ts'
import type { SealStatement } from '../ledger/seal.ts'
import type { RoomId } from '../num/ids.ts'

/** The bytes under a signature: the purpose and the room in clear, then the body. */
export function signedText(
  purpose: 'entry' | 'seal' | 'update' | 'presence' | 'lend' | 'sum',
  room: RoomId,
  body: Uint8Array,
): Uint8Array {
  const prefix = new TextEncoder().encode(`yoriai/2/${purpose}/${room}/`)
  const bytes = new Uint8Array(prefix.length + body.length)
  bytes.set(prefix)
  bytes.set(body, prefix.length)
  return bytes
}

export function entryText(entry: Entry): Uint8Array {
  return signedText('entry', entry.room, signingBytes(entry))
}

export function headText(head: SignedHead): Uint8Array {
  return signedText('entry', head.room, headSigningBytes(head))
}

export function statementText(statement: Omit<SealStatement, 'sig'> & { readonly sig?: string }): Uint8Array {
  const { sig: _, ...unsigned } = statement
  return signedText('seal', statement.room, new TextEncoder().encode(canonicalise(unsigned)))
}
