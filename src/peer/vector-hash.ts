// Names a parameter vector by its bits, so that two members can tell that they hold the same one without sending it.
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '../core/num/hex.ts'

/** Hex SHA-256 of the float32 values, in the machine's byte order: little-endian wherever browsers run. */
export function vectorHash(values: Float32Array): string {
  return bytesToHex(sha256(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)))
}
