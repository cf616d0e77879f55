// Names in the laboratory: they look like keys, nobody signs with them.
import { sha256 } from '@noble/hashes/sha2.js'
import { encodeBase64url } from '../../core/num/base64url.ts'
import type { MemberId, RoomId } from '../../core/num/ids.ts'

// reason: ids are brands of base64url text of 16 and 32 bytes, made here as they are made of keys elsewhere.
export const LAB_ROOM = encodeBase64url(new Uint8Array(16)) as RoomId

export function labMemberId(seed: string, index: number): MemberId {
  return encodeBase64url(sha256(new TextEncoder().encode(`${seed}/member/${index}`))) as MemberId
}
