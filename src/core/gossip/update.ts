// A signed update: fixed-layout header, 64-byte signature, content-addressed payload. The header is what is signed; the
// payload is named in it by length and SHA-256, so it can be pulled from anybody.
//
//   offset size  field
//        0    2  "YU"
//        2    1  version = 2
//        3    1  codec: 1 = one bit a parameter, 2 = one bit by the round's mask, 3 = the largest few (core/compress/),
//                  4 = a sum under masks (core/privacy/sum-payload.ts)
//        4   16  room id
//       20    4  round, u32 big-endian (as all integers here)
//       24    4  steps really done
//       28    4  samples seen
//       32    4  payload length
//       36   32  author, Ed25519 public key
//       68   32  base: SHA-256 of the newest frozen model state that the author had
//      100   32  SHA-256 of the payload
//      132    8  orders: the first bytes of the hash of the newest order to resume that the author obeys; zeros before any.
//                  Nobody can name it before it is signed, so what carries it was published after the pause.
//      140  (64  signature over bytes 0..139)
import { sha256 } from '@noble/hashes/sha2.js'
import { decodeBase64url, encodeBase64url } from '../num/base64url.ts'
import { bytesToHex, hexToBytes } from '../num/hex.ts'
import type { MemberId, RoomId } from '../num/ids.ts'

export const HEADER_BYTES = 140
export const ORDERS_BYTES = 8
export const SIGNATURE_BYTES = 64
export const SIGNED_HEADER_BYTES = HEADER_BYTES + SIGNATURE_BYTES
const CODECS = 4
const VERSION = 2

export interface UpdateHeader {
  readonly room: RoomId
  /** How the payload is encoded; which codecs a room takes is for its profile to say. */
  readonly codec: number
  readonly round: number
  readonly steps: number
  readonly samples: number
  readonly author: MemberId
  readonly base: Uint8Array
  readonly payloadHash: Uint8Array
  readonly payloadBytes: number
  /** 16 hex digits. */
  readonly orders: string
}

/** An update whose signature and payload hash somebody checked. */
export interface Update extends UpdateHeader {
  /** Hex SHA-256 of the signed header: names the update in announcements. */
  readonly id: string
  /** Header and signature, 204 bytes, as they travel. */
  readonly signed: Uint8Array
  readonly payload: Uint8Array
}

export function encodeHeader(header: UpdateHeader): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  bytes.set([0x59, 0x55, VERSION, header.codec])
  bytes.set(idBytes(header.room, 16), 4)
  view.setUint32(20, header.round)
  view.setUint32(24, header.steps)
  view.setUint32(28, header.samples)
  view.setUint32(32, header.payloadBytes)
  bytes.set(idBytes(header.author, 32), 36)
  bytes.set(header.base, 68)
  bytes.set(header.payloadHash, 100)
  bytes.set(hexToBytes(header.orders), 132)
  return bytes
}

/** Undefined unless the bytes are a whole header of this version and codec. Says nothing about the signature. */
export function decodeHeader(bytes: Uint8Array): UpdateHeader | undefined {
  if (bytes.length < HEADER_BYTES) return undefined
  const codec = bytes[3]!
  if (bytes[0] !== 0x59 || bytes[1] !== 0x55 || bytes[2] !== VERSION || codec < 1 || codec > CODECS)
    return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES)
  return {
    room: encodeBase64url(bytes.subarray(4, 20)) as RoomId,
    codec,
    round: view.getUint32(20),
    steps: view.getUint32(24),
    samples: view.getUint32(28),
    payloadBytes: view.getUint32(32),
    author: encodeBase64url(bytes.subarray(36, 68)) as MemberId,
    base: bytes.slice(68, 100),
    payloadHash: bytes.slice(100, 132),
    orders: bytesToHex(bytes.subarray(132, 140)),
  }
}

function idBytes(id: MemberId | RoomId, length: number): Uint8Array {
  const bytes = decodeBase64url(id, length)
  if (!bytes) throw new RangeError(`not an id of ${length} bytes: ${id}`)
  return bytes
}

export function updateId(signed: Uint8Array): string {
  return bytesToHex(sha256(signed.subarray(0, SIGNED_HEADER_BYTES)))
}
