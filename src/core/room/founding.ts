// A room proves its founder: whose key and salt make the room's id made the room.
import type { Entry } from '../ledger/entry.ts'
import { roomIdBytes } from '../ledger/chain.ts'
import { decodeBase64url } from '../num/base64url.ts'

/** Whether this entry is the charter that its room's id was made from. */
export function isFounding({ author, body, room, seq }: Entry): boolean {
  const id = decodeBase64url(room, 16)
  if (!id || body.kind !== 'charter' || seq !== 0) return false
  return roomIdBytes(author, body.salt).every((byte, i) => byte === id[i])
}
