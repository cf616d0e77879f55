// Samples on their way to the one member that signed for them: X25519 agreement (RFC 7748) over ephemeral keys, HKDF-SHA-256
// (RFC 5869), AES-256-GCM (NIST SP 800-38D) for every chunk. The key is one shard's in one direction and the nonce its chunk's
// number, so no nonce ever seals two texts; contract, number and count are authenticated with each chunk. Pure: entropy and
// signatures come from the caller. Software AES rather than the browser's, so that simulated rooms run the same code on
// virtual time. Byte tables: docs/lending.md.
import { gcm } from '@noble/ciphers/aes.js'
import { x25519 } from '@noble/curves/ed25519.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Samples } from '../model/samples.ts'
import { hexToBytes } from '../num/hex.ts'

export const SHARD = {
  keyBytes: 32,
  /** Of the shard in one chunk; the last is shorter. */
  chunkBytes: 128 * 1024,
  tagBytes: 16,
  /** Samples and labels of one shard. */
  mostBytes: 128 * 1024 * 1024,
} as const

const HEADER_BYTES = 12
const FLOATS = 1
const BYTES = 0

/** What was agreed and among which keys: under both signatures, and in the derivation of the key. */
export interface Agreement {
  /** Hex hash of the contract, which names both members, the run and the mode. */
  readonly contract: string
  readonly ownerKey: Uint8Array
  readonly providerKey: Uint8Array
}

export function ephemeralPublic(secret: Uint8Array): Uint8Array {
  return x25519.getPublicKey(secret)
}

/** What each side signs: not the same bytes, so that a signature cannot be handed back. */
export function agreementText(
  side: 'owner' | 'provider',
  { contract, ownerKey, providerKey }: Agreement,
): Uint8Array {
  return concatBytes(utf8ToBytes(`${side}/`), hexToBytes(contract), ownerKey, providerKey)
}

/** 32 bytes; null for a public key of small order, with which everybody would know the secret. */
export function shardKey(secret: Uint8Array, theirs: Uint8Array, agreement: Agreement): Uint8Array | null {
  let shared: Uint8Array
  try {
    shared = x25519.getSharedSecret(secret, theirs)
  } catch {
    // reason: the library tells a secret of zeros only by throwing; here that is an answer.
    return null
  }
  const transcript = concatBytes(hexToBytes(agreement.contract), agreement.ownerKey, agreement.providerKey)
  const key = hkdf(sha256, shared, transcript, utf8ToBytes('yoriai/2/shard'), 32)
  shared.fill(0)
  return key
}

export function chunkCount(sizeBytes: number): number {
  return Math.ceil(sizeBytes / SHARD.chunkBytes)
}

export function sealChunk(key: Uint8Array, contract: string, index: number, shard: Uint8Array): Uint8Array {
  const plain = shard.subarray(index * SHARD.chunkBytes, (index + 1) * SHARD.chunkBytes)
  return gcm(key, nonceOf(index), bound(contract, index, chunkCount(shard.length))).encrypt(plain)
}

/** Null for what was not sealed with this key as this chunk of this contract. */
export function openChunk(
  key: Uint8Array,
  contract: string,
  index: number,
  total: number,
  sealed: Uint8Array,
): Uint8Array | null {
  try {
    return gcm(key, nonceOf(index), bound(contract, index, total)).decrypt(sealed)
  } catch {
    // reason: the library tells a wrong tag only by throwing; here that is an answer.
    return null
  }
}

/** Bytes of a shard of so many samples of `width` values. */
export function shardBytes(samples: number, width: number, isBytes: boolean): number {
  return valuesAt(samples) + samples * width * (isBytes ? 1 : 4)
}

/** Form, number of samples, values in each; labels; values: in the machine's byte order, little-endian wherever browsers run. */
export function encodeShard({ x, y }: Samples, width: number): Uint8Array {
  const isBytes = x instanceof Uint8Array
  const bytes = new Uint8Array(shardBytes(y.length, width, isBytes))
  const view = new DataView(bytes.buffer)
  view.setUint8(0, isBytes ? BYTES : FLOATS)
  view.setUint32(4, y.length, true)
  view.setUint32(8, width, true)
  new Uint16Array(bytes.buffer, HEADER_BYTES, y.length).set(y)
  bytes.set(new Uint8Array(x.buffer, x.byteOffset, x.byteLength), valuesAt(y.length))
  return bytes
}

/**
 * The samples, as views of `bytes` (offset 0 of its buffer): whoever overwrites those overwrites them. Null for anything that
 * is not exactly a shard of at most `most` samples of `width` finite values with labels below `classes`.
 */
export function decodeShard(bytes: Uint8Array, width: number, classes: number, most: number): Samples | null {
  if (bytes.length < HEADER_BYTES) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const form = view.getUint8(0)
  const count = view.getUint32(4, true)
  const isFit = count > 0 && count <= most && view.getUint32(8, true) === width
  if (!isFit || (form !== BYTES && form !== FLOATS)) return null
  if (bytes.length !== shardBytes(count, width, form === BYTES)) return null
  const y = new Uint16Array(bytes.buffer, HEADER_BYTES, count)
  const x = form === BYTES ? bytes.subarray(valuesAt(count)) : new Float32Array(bytes.buffer, valuesAt(count))
  if (!y.every(label => label < classes)) return null
  return x instanceof Uint8Array || x.every(Number.isFinite) ? { x, y } : null
}

/** Labels are padded so that floats begin at a multiple of four. */
function valuesAt(samples: number): number {
  return HEADER_BYTES + 4 * Math.ceil(samples / 2)
}

function nonceOf(index: number): Uint8Array {
  const nonce = new Uint8Array(12)
  new DataView(nonce.buffer).setUint32(8, index)
  return nonce
}

function bound(contract: string, index: number, total: number): Uint8Array {
  const numbers = new Uint8Array(8)
  const view = new DataView(numbers.buffer)
  view.setUint32(0, index)
  view.setUint32(4, total)
  return concatBytes(hexToBytes(contract), numbers)
}
