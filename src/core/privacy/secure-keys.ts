// Keys of one secure sum: X25519 agreement (RFC 7748), HKDF-SHA-256 (RFC 5869) for every purpose, ChaCha20-Poly1305
// (RFC 8439) around shares, hash commitments. Every key is bound to the session and to the list of keys that it was agreed
// among, and seals one message, so nonces are zero. Pure; entropy comes from the caller and must never be used twice.
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { x25519 } from '@noble/curves/ed25519.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { bytesToHex } from '../num/hex.ts'
import { keystreamWords } from './keystream.ts'

export const KEY_BYTES = 32
export const BOX_BYTES = 2 * KEY_BYTES + 16
const NONCE = new Uint8Array(12)

export interface OwnSecrets {
  /** Opens and closes boxes of shares; never told. */
  readonly sealSecret: Uint8Array
  /** Makes the pairwise masks; told to nobody, given back by others if this member drops out. */
  readonly maskSecret: Uint8Array
  /** Of the self mask. */
  readonly seed: Uint8Array
  /** Stretched into the coefficients of Shamir's polynomials. */
  readonly sharing: Uint8Array
}

export function secretsFrom(entropy: Uint8Array, session: Uint8Array): OwnSecrets {
  const derived = (purpose: string): Uint8Array =>
    hkdf(sha256, entropy, session, utf8ToBytes(purpose), KEY_BYTES)
  return {
    sealSecret: derived('seal'),
    maskSecret: derived('mask'),
    seed: derived('seed'),
    sharing: derived('sharing'),
  }
}

export function publicOf(secret: Uint8Array): Uint8Array {
  return x25519.getPublicKey(secret)
}

/**
 * The encodings of all points of small order, the highest bit aside: zero, one, two of order eight, and p - 1, p, p + 1
 * (Bernstein 2006, "Curve25519", validation of public keys).
 */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
])

/** False for points of small order, with which every agreement gives the same secret. */
export function isSoundPublic(key: Uint8Array): boolean {
  const plain = key.slice()
  plain[KEY_BYTES - 1]! &= 0x7f
  return !SMALL_ORDER.has(bytesToHex(plain))
}

function pairKey(own: Uint8Array, other: Uint8Array, transcript: Uint8Array, info: Uint8Array): Uint8Array {
  return hkdf(sha256, x25519.getSharedSecret(own, other), transcript, info, KEY_BYTES)
}

/**
 * Adds the mask that members a and b share to a's vector, or takes it away: added by the lower of the two, subtracted by the
 * higher, so that it cancels in the sum (Bonawitz et al. 2017, section 4.0.1). `own` and `other` are mask keys.
 */
export function addPairMask(
  vector: Uint32Array,
  own: Uint8Array,
  other: Uint8Array,
  transcript: Uint8Array,
  [a, b]: readonly [number, number],
  direction: 1 | -1,
): void {
  const info = Uint8Array.of(1, Math.min(a, b), Math.max(a, b))
  addMask(vector, pairKey(own, other, transcript, info), a < b ? direction : direction === 1 ? -1 : 1)
}

const BATCH = 1 << 14

/** vector += direction * keystream(key), modulo 2^32: a one-time pad of the group, uniform whatever the vector is. */
export function addMask(vector: Uint32Array, key: Uint8Array, direction: 1 | -1): void {
  const batch = new Uint32Array(BATCH)
  for (let from = 0; from < vector.length; from += BATCH) {
    const part = batch.subarray(0, Math.min(BATCH, vector.length - from))
    keystreamWords(key, part, from)
    if (direction === 1) for (let i = 0; i < part.length; i++) vector[from + i]! += part[i]!
    else for (let i = 0; i < part.length; i++) vector[from + i]! -= part[i]!
  }
}

export interface BoxAddress {
  readonly from: number
  readonly to: number
}

function boxKey(
  own: Uint8Array,
  other: Uint8Array,
  transcript: Uint8Array,
  { from, to }: BoxAddress,
): Uint8Array {
  return pairKey(own, other, transcript, Uint8Array.of(2, from, to))
}

export function sealShares(
  seedShare: Uint8Array,
  keyShare: Uint8Array,
  own: Uint8Array,
  other: Uint8Array,
  transcript: Uint8Array,
  address: BoxAddress,
): Uint8Array {
  const key = boxKey(own, other, transcript, address)
  return chacha20poly1305(key, NONCE, transcript).encrypt(concatBytes(seedShare, keyShare))
}

/** Null when the box was not closed by this author for this reader in this session. */
export function openShares(
  box: Uint8Array,
  own: Uint8Array,
  other: Uint8Array,
  transcript: Uint8Array,
  address: BoxAddress,
): { readonly seedShare: Uint8Array; readonly keyShare: Uint8Array } | null {
  const key = boxKey(own, other, transcript, address)
  try {
    const plain = chacha20poly1305(key, NONCE, transcript).decrypt(box)
    return { seedShare: plain.subarray(0, KEY_BYTES), keyShare: plain.subarray(KEY_BYTES) }
  } catch {
    // The library tells a tag that does not fit only by throwing; here that is an answer.
    return null
  }
}

/** Hides and binds: what is committed to holds 256 bits of chance. */
export function commitTo(session: Uint8Array, purpose: readonly number[], secret: Uint8Array): Uint8Array {
  return sha256(concatBytes(session, Uint8Array.from(purpose), secret))
}

export function digest(...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(concatBytes(...parts))
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
