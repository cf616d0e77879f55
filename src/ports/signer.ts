// Port: an Ed25519 identity and the verification of others'. Private keys never leave the adapter.
import type { MemberId } from '../core/num/ids.ts'

export interface Signer {
  readonly id: MemberId
  /** 64 bytes. */
  sign(message: Uint8Array): Promise<Uint8Array>
  /** False for a bad signature, key or length; never throws for input from outside. */
  verify(author: MemberId, message: Uint8Array, signature: Uint8Array): Promise<boolean>
}
