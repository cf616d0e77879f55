// One-bit payloads without a room around them.
import { createOneBit } from '../../src/core/compress/one-bit.ts'

export function encodeOneBit(error: Float32Array): Uint8Array {
  return createOneBit(error.length).encode(error, 0)
}

export function decodeOneBit(payload: Uint8Array, parameters: number): Float64Array {
  const out = new Float64Array(parameters)
  createOneBit(parameters).read(payload, 0, 0, parameters, out, 0)
  return out
}

/** out[i] += factor * decoded[i], in float64. */
export function addOneBit(out: Float64Array, payload: Uint8Array, factor: number): void {
  const said = decodeOneBit(payload, out.length)
  for (let i = 0; i < out.length; i++) out[i]! += factor * said[i]!
}
