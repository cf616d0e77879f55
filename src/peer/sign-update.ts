// A header and its payload become an update that others can check.
import {
  encodeHeader,
  SIGNED_HEADER_BYTES,
  updateId,
  type Update,
  type UpdateHeader,
} from '../core/gossip/update.ts'
import type { Signer } from '../ports/signer.ts'
import { signedText } from '../core/room/signed-text.ts'

export async function signUpdate(header: UpdateHeader, payload: Uint8Array, signer: Signer): Promise<Update> {
  const body = encodeHeader(header)
  const signed = new Uint8Array(SIGNED_HEADER_BYTES)
  signed.set(body)
  signed.set(await signer.sign(signedText('update', header.room, body)), body.length)
  return { ...header, id: updateId(signed), signed, payload }
}
