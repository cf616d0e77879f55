// Signer for simulations: a keyed hash in place of Ed25519, a hundred times cheaper and deterministic. Nobody but the
// holder of the secret can sign within one process because secrets never leave this file. Worthless outside a simulation.
import { sha256 } from '@noble/hashes/sha2.js'
import { encodeBase64url } from '../core/num/base64url.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { Signer } from '../ports/signer.ts'

const secrets = new Map<MemberId, Uint8Array>()

export interface SimSigner extends Signer {
  /** At once: for modified clients that alter what they are about to send. */
  signNow(message: Uint8Array): Uint8Array
}

export function createSimSigner(seed: string): SimSigner {
  const secret = sha256(new TextEncoder().encode(`secret/${seed}`))
  const id = encodeBase64url(sha256(secret)) as MemberId
  secrets.set(id, secret)
  return {
    id,
    sign: message => Promise.resolve(tag(secret, message)),
    signNow: message => tag(secret, message),
    verify(author, message, signature) {
      const known = secrets.get(author)
      if (!known || signature.length !== 64) return Promise.resolve(false)
      const expected = tag(known, message)
      return Promise.resolve(expected.every((byte, i) => byte === signature[i]))
    },
  }
}

function tag(secret: Uint8Array, message: Uint8Array): Uint8Array {
  const half = sha256.create().update(secret).update(message).digest()
  const signature = new Uint8Array(64)
  signature.set(half)
  signature.set(half, 32)
  return signature
}
