// Profile A of gossip.md: one bit per parameter, every parameter in every round. The form of a payload is in signs.ts; its
// size is known without a codec, for those who tell what a room will cost.
import { BLOCK, type Codec } from './codec.ts'
import { createSigns } from './signs.ts'

export const CHUNK = BLOCK

/** Throws RangeError unless there are parameters. */
export function createOneBit(parameters: number): Codec {
  return createSigns(1, parameters, 1)
}

export function oneBitBytes(parameters: number): number {
  return 2 * Math.ceil(parameters / CHUNK) + Math.ceil(parameters / 8)
}

/** See Codec.encode. */
export function encodeOneBit(error: Float32Array): Uint8Array {
  return createOneBit(error.length).encode(error, 0)
}

/** out[i] += factor * decoded[i], in float64. */
export function addOneBit(out: Float64Array, payload: Uint8Array, factor: number): void {
  const said = decodeOneBit(payload, out.length)
  for (let i = 0; i < out.length; i++) out[i]! += factor * said[i]!
}

export function decodeOneBit(payload: Uint8Array, parameters: number): Float64Array {
  const out = new Float64Array(parameters)
  createOneBit(parameters).read(payload, 0, 0, parameters, out, 0)
  return out
}
