// The first entry of a room: the founder's charter, whose author and salt give the room its id.
import { entryBytes, Ledger, roomIdBytes } from '../core/ledger/chain.ts'
import type { CharterBody, Entry } from '../core/ledger/entry.ts'
import { encodeBase64url } from '../core/num/base64url.ts'
import type { RoomId } from '../core/num/ids.ts'
import type { Entropy } from '../ports/clock.ts'
import type { Signer } from '../ports/signer.ts'
import { MAX_CHARTER_BYTES } from '../protocol/preview.ts'
import { signEntry } from './entry-signing.ts'

export type CharterEntry = Entry & { readonly body: CharterBody }

/**
 * Signs the charter under a fresh salt; the seed of parameters and partition is fresh too unless given. Without guardians
 * named the founder is the only one.
 */
export async function foundRoom(
  terms: Omit<CharterBody, 'kind' | 'salt' | 'seed'> & { readonly seed?: string },
  signer: Signer,
  entropy: Entropy,
  unixMs: number,
): Promise<CharterEntry> {
  const salt = encodeBase64url(entropy.bytes(16))
  const seed = terms.seed ?? encodeBase64url(entropy.bytes(12))
  const room = encodeBase64url(roomIdBytes(signer.id, salt)) as RoomId
  const { guardians } = terms.governance
  const alone = { guardians: [signer.id], quorum: 1, resumeQuorum: 1 }
  const governance = { ...terms.governance, ...(guardians.length === 0 && alone) }
  const body: CharterBody = { ...terms, governance, kind: 'charter', salt, seed }
  const entry = await signEntry(new Ledger(room), body, unixMs, signer)
  if (entryBytes(entry).length > MAX_CHARTER_BYTES)
    throw new RangeError('the charter is too long to be handed on')
  return entry as CharterEntry
}
