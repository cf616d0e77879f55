// The Signer port on WebCrypto's Ed25519: pages, workers and Node. The private key is not extractable; it lives in
// IndexedDB as a CryptoKey, so a page and its worker open the same identity by its slot. Needs a secure context. Not a
// backup: whoever clears the browser's storage loses the identity.
import { openDB, type IDBPDatabase } from 'idb'
import { decodeBase64url, encodeBase64url } from '../core/num/base64url.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { Signer } from '../ports/signer.ts'

export class SignerError extends Error {
  override readonly name = 'SignerError'
  constructor(
    readonly kind: 'no-ed25519' | 'no-storage',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

const ALGORITHM = 'Ed25519'
const KEY_BYTES = 32
const SIGNATURE_BYTES = 64
const STORE = 'keys'
/** Imported public keys kept at once. */
const KEY_CACHE = 512

/** A fresh identity that nothing keeps. Throws SignerError. */
export async function createEphemeralSigner(): Promise<Signer> {
  return createSigner(await generateKeys())
}

/**
 * The identity kept under a slot (one a room, say) of an IndexedDB database, made at the first call. Two tabs that race
 * for an empty slot get the same one. Throws SignerError.
 */
export async function loadOrCreateSigner(database: string, slot: string): Promise<Signer> {
  const db = await openKeys(database)
  try {
    const kept: unknown = await db.get(STORE, slot)
    if (isKeyPair(kept)) return await createSigner(kept)
    const fresh = await generateKeys()
    // One transaction decides the race: a transaction cannot stay open while keys are made.
    const transaction = db.transaction(STORE, 'readwrite')
    const winner: unknown = await transaction.store.get(slot)
    if (!isKeyPair(winner)) await transaction.store.put(fresh, slot)
    await transaction.done
    return await createSigner(isKeyPair(winner) ? winner : fresh)
  } catch (cause) {
    if (cause instanceof SignerError) throw cause
    throw new SignerError('no-storage', 'this browser does not keep keys', { cause })
  } finally {
    db.close()
  }
}

/** A signer over a pair that exists, e.g. one posted to a worker. */
export async function createSigner(keys: CryptoKeyPair): Promise<Signer> {
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', keys.publicKey))
  const id = encodeBase64url(raw) as MemberId
  return {
    id,
    async sign(message) {
      return new Uint8Array(await crypto.subtle.sign(ALGORITHM, keys.privateKey, buffer(message)))
    },
    verify: verifySignature,
  }
}

const publicKeys = new Map<MemberId, Promise<CryptoKey | undefined>>()

/** False for a bad signature, key or length; needs no identity of one's own. */
export async function verifySignature(
  author: MemberId,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (signature.byteLength !== SIGNATURE_BYTES) return false
  const key = await importKey(author)
  return key !== undefined && crypto.subtle.verify(ALGORITHM, key, buffer(signature), buffer(message))
}

/** Least recently used keys go first. */
function importKey(author: MemberId): Promise<CryptoKey | undefined> {
  let key = publicKeys.get(author)
  publicKeys.delete(author)
  if (!key) {
    const raw = decodeBase64url(author, KEY_BYTES)
    if (!raw) return Promise.resolve(undefined)
    // A key that is not a point of the curve is somebody's bad input, not a fault of ours.
    key = crypto.subtle.importKey('raw', raw, ALGORITHM, false, ['verify']).catch(() => undefined)
  }
  publicKeys.set(author, key)
  if (publicKeys.size > KEY_CACHE) {
    const oldest = publicKeys.keys().next()
    if (!oldest.done) publicKeys.delete(oldest.value)
  }
  return key
}

async function generateKeys(): Promise<CryptoKeyPair> {
  try {
    const keys = await crypto.subtle.generateKey(ALGORITHM, false, ['sign', 'verify'])
    if ('privateKey' in keys) return keys
    throw new TypeError('one key instead of a pair')
  } catch (cause) {
    throw new SignerError('no-ed25519', 'Ed25519 needs a current browser and https or localhost', { cause })
  }
}

async function openKeys(database: string): Promise<IDBPDatabase> {
  try {
    return await openDB(database, 1, {
      upgrade: db => {
        db.createObjectStore(STORE)
      },
    })
  } catch (cause) {
    throw new SignerError('no-storage', 'IndexedDB cannot be opened', { cause })
  }
}

function isKeyPair(value: unknown): value is CryptoKeyPair {
  if (typeof value !== 'object' || value === null) return false
  const { privateKey, publicKey } = value as Partial<CryptoKeyPair>
  return privateKey instanceof CryptoKey && publicKey instanceof CryptoKey
}

/** WebCrypto takes no view of a shared buffer, which is all that the type rules out. */
function buffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes)
}
