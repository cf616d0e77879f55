// Ed25519 identities that are the same in every run: the key's seed is made of a number. For tests and recorded files only.
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { encodeBase64url } from '../../src/core/num/base64url.ts'
import type { MemberId } from '../../src/core/num/ids.ts'

export interface TestIdentity {
  readonly id: MemberId
  /** 64 bytes, base64url. */
  sign(message: Uint8Array): string
}

/** What stands before the seed in PKCS #8, and before the key in SubjectPublicKeyInfo (RFC 8410). */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const PUBLIC_PREFIX_BYTES = 12

export function testIdentity(number: number): TestIdentity {
  const seed = createHash('sha256').update(`yoriai test identity ${number}`).digest()
  const key = createPrivateKey({
    key: Buffer.concat([PRIVATE_PREFIX, seed]),
    format: 'der',
    type: 'pkcs8',
  })
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return {
    id: encodeBase64url(spki.subarray(PUBLIC_PREFIX_BYTES)) as MemberId,
    sign: message => encodeBase64url(sign(null, message, key)),
  }
}
