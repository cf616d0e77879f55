// Signing own entries and checking those from outside: decoding, the signature, and for a proof the signatures that it
// rests on. Nothing is admitted or stored here.
import { headOf, signingBytes, type Ledger } from '../core/ledger/chain.ts'
import { decodeEntry } from '../core/ledger/decode.ts'
import type { Entry, EntryBody, ProofBody, SignedHead } from '../core/ledger/entry.ts'
import { readEvidence } from '../core/ledger/evidence.ts'
import { decodeBase64url, encodeBase64url } from '../core/num/base64url.ts'
import type { RoomId } from '../core/num/ids.ts'
import { headText, signedText, statementText } from '../core/room/signed-text.ts'
import type { Signer } from '../ports/signer.ts'

export type EntryCheck =
  { readonly entry: Entry } | { readonly fault: 'malformed' | 'bad-signature' | 'wrong-room' | 'bad-entry' }

/** Decodes an entry from outside, checks its signature and, for a proof, the signatures that it rests on. */
export async function checkEntry(bytes: Uint8Array, room: RoomId, signer: Signer): Promise<EntryCheck> {
  const entry = decodeEntry(bytes)
  return entry ? checkDecoded(entry, room, signer) : { fault: 'malformed' }
}

/** The same for one that came through the decoder. */
export async function checkDecoded(entry: Entry, room: RoomId, signer: Signer): Promise<EntryCheck> {
  if (entry.room !== room) return { fault: 'wrong-room' }
  if (!(await isSigned(headOf(entry), signer))) return { fault: 'bad-signature' }
  if (entry.body.kind === 'proof' && !(await convicts(entry.body, room, signer)))
    return { fault: 'bad-entry' }
  return { entry }
}

async function isSigned(head: SignedHead, signer: Signer): Promise<boolean> {
  const signature = decodeBase64url(head.sig, 64)
  if (!signature) return false
  return signer.verify(head.author, headText(head), signature)
}

/** Whether a proof's two texts exclude each other and both are the accused's. */
async function convicts(proof: ProofBody, room: RoomId, signer: Signer): Promise<boolean> {
  const evidence = readEvidence(proof)
  if (!evidence || evidence.pair[0].room !== room) return false
  if (evidence.kind === 'entries') {
    const [first, second] = await Promise.all(evidence.pair.map(head => isSigned(head, signer)))
    return first === true && second === true
  }
  const checks = evidence.pair.map(statement => {
    const signature = decodeBase64url(statement.sig, 64)
    return signature ? signer.verify(statement.author, statementText(statement), signature) : false
  })
  return (await Promise.all(checks)).every(Boolean)
}

/** Signs the next entry of the signer's chain. Nothing is admitted or stored. */
export async function signEntry(
  ledger: Ledger,
  body: EntryBody,
  unixMs: number,
  signer: Signer,
): Promise<Entry> {
  const unsigned = ledger.draft(signer.id, body, unixMs)
  const signature = await signer.sign(signedText('entry', ledger.room, signingBytes(unsigned)))
  return { ...unsigned, sig: encodeBase64url(signature) }
}
