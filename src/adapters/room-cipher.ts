// What a room's key does: it seals signaling payloads (AES-GCM-256, random 96-bit nonces) and names the room to the
// server by an opaque hash. Both keys come from the link's 32 bytes by HKDF-SHA256 with the room id as salt, so neither
// tells anything about the other or the key. Sealed payloads are bound to version, room, sender and receiver. Replay
// within a connection is the payload's own business (nonces of the handshake).
import { encodeBase64url } from '../core/num/base64url.ts'
import type { RoomId } from '../core/num/ids.ts'
import type { SocketId } from '../ports/signaling.ts'
import type { RoomHash } from '../protocol/signaling.ts'

const VERSION = 1
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
/** Version, nonce and tag around every payload. */
export const SEAL_OVERHEAD_BYTES = 1 + NONCE_BYTES + TAG_BYTES

export class RoomCipherError extends Error {
  override readonly name = 'RoomCipherError'
  constructor(
    readonly kind: 'bad-key' | 'no-crypto',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

export interface RoomCipher {
  /** The room as the server knows it. */
  readonly roomHash: RoomHash
  seal(payload: Uint8Array, from: SocketId, to: SocketId): Promise<Uint8Array>
  /** Undefined for whatever was not sealed with this room's key for this way. */
  open(sealed: Uint8Array, from: SocketId, to: SocketId): Promise<Uint8Array | undefined>
}

/** `key`: the 32 bytes of the link. Throws RoomCipherError. */
export async function createRoomCipher(room: RoomId, key: Uint8Array): Promise<RoomCipher> {
  if (key.byteLength !== KEY_BYTES) throw new RoomCipherError('bad-key', `a room key has ${KEY_BYTES} bytes`)
  if (globalThis.crypto?.subtle === undefined) {
    throw new RoomCipherError('no-crypto', 'WebCrypto needs https or localhost')
  }
  const text = new TextEncoder()
  const base = await crypto.subtle.importKey('raw', new Uint8Array(key), 'HKDF', false, [
    'deriveBits',
    'deriveKey',
  ])
  const derive = (purpose: string): HkdfParams => ({
    name: 'HKDF',
    hash: 'SHA-256',
    salt: text.encode(room),
    info: text.encode(`yoriai ${purpose} ${VERSION}`),
  })
  const hash = new Uint8Array(await crypto.subtle.deriveBits(derive('room hash'), base, 256))
  const seals = await crypto.subtle.deriveKey(
    derive('signaling'),
    base,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  )
  const parameters = (nonce: Uint8Array<ArrayBuffer>, from: SocketId, to: SocketId): AesGcmParams => ({
    name: 'AES-GCM',
    iv: nonce,
    additionalData: text.encode(`${VERSION} ${room} ${from} ${to}`),
  })
  return {
    roomHash: encodeBase64url(hash) as RoomHash,
    async seal(payload, from, to) {
      const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))
      const body = await crypto.subtle.encrypt(parameters(nonce, from, to), seals, new Uint8Array(payload))
      const sealed = new Uint8Array(1 + NONCE_BYTES + body.byteLength)
      sealed[0] = VERSION
      sealed.set(nonce, 1)
      sealed.set(new Uint8Array(body), 1 + NONCE_BYTES)
      return sealed
    },
    async open(sealed, from, to) {
      if (sealed.byteLength < SEAL_OVERHEAD_BYTES || sealed[0] !== VERSION) return undefined
      const nonce = new Uint8Array(sealed.subarray(1, 1 + NONCE_BYTES))
      const body = new Uint8Array(sealed.subarray(1 + NONCE_BYTES))
      try {
        return new Uint8Array(await crypto.subtle.decrypt(parameters(nonce, from, to), seals, body))
      } catch {
        // The one way WebCrypto says that a tag does not fit.
        return undefined
      }
    },
  }
}
