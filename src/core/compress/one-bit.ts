// Profile A: one bit per parameter with error feedback (Seide et al. 2014; Karimireddy et al. 2019, EF-SignSGD).
// Per chunk of 4096 parameters: an fp16 scale (the mean magnitude) and the signs. Signs cannot hold NaN or outliers;
// only scales need checking.
//
//   payload = scales (u16 big-endian each, one per chunk) || signs (bit i of byte j = parameter 8j+i, 1 = negative)
import { fromHalfBits, toHalfBits } from '../params/half.ts'
import type { Codec } from './codec.ts'
import { createSigns } from './signs.ts'

export const CHUNK = 4096
const MAX_FINITE_HALF = 65504

/** Profile A as a codec: every parameter in every round. Throws RangeError unless there are parameters. */
export function createOneBit(parameters: number): Codec {
  return createSigns(1, parameters, 1)
}

export function oneBitBytes(parameters: number): number {
  return 2 * Math.ceil(parameters / CHUNK) + Math.ceil(parameters / 8)
}

/**
 * Encodes `error` and takes what was encoded out of it: afterwards it holds what is still owed (the residual).
 * Every value must be finite.
 */
export function encodeOneBit(error: Float32Array): Uint8Array {
  const count = error.length
  const chunks = Math.ceil(count / CHUNK)
  const payload = new Uint8Array(oneBitBytes(count))
  const signs = 2 * chunks
  for (let chunk = 0; chunk < chunks; chunk++) {
    const from = chunk * CHUNK
    const to = Math.min(count, from + CHUNK)
    let sum = 0
    for (let i = from; i < to; i++) sum += Math.abs(error[i]!)
    const bits = toHalfBits(Math.min(MAX_FINITE_HALF, sum / (to - from)))
    const scale = fromHalfBits(bits)
    payload[2 * chunk] = bits >>> 8
    payload[2 * chunk + 1] = bits & 255
    for (let i = from; i < to; i++) {
      const value = error[i]!
      if (value < 0) {
        payload[signs + (i >>> 3)]! |= 1 << (i & 7)
        error[i] = value + scale
      } else {
        error[i] = value - scale
      }
    }
  }
  return payload
}

export type OneBitFault = 'wrong-length' | 'not-finite'

/** What is wrong with a payload from outside, or null. Unused bits must be zero, so one update has one encoding. */
export function checkOneBit(payload: Uint8Array, parameters: number): OneBitFault | null {
  if (payload.length !== oneBitBytes(parameters)) return 'wrong-length'
  const chunks = Math.ceil(parameters / CHUNK)
  for (let chunk = 0; chunk < chunks; chunk++) {
    // fp16 exponent all ones means infinity or NaN; a set sign bit would be a negative magnitude.
    const high = payload[2 * chunk]!
    if ((high & 0x7c) === 0x7c || high & 0x80) return 'not-finite'
  }
  const spare = parameters & 7
  if (spare !== 0 && payload[payload.length - 1]! >>> spare !== 0) return 'wrong-length'
  return null
}

export function oneBitScale(payload: Uint8Array, chunk: number): number {
  return fromHalfBits((payload[2 * chunk]! << 8) | payload[2 * chunk + 1]!)
}

/** Euclidean norm without decoding: sqrt(sum over chunks of size * scale^2), chunks in order. */
export function oneBitNorm(payload: Uint8Array, parameters: number): number {
  let sum = 0
  for (let chunk = 0, from = 0; from < parameters; chunk++, from += CHUNK) {
    const scale = oneBitScale(payload, chunk)
    sum += scale * scale * Math.min(CHUNK, parameters - from)
  }
  return Math.sqrt(sum)
}

/** out[i] += factor * decoded[i], in float64. */
export function addOneBit(out: Float64Array, payload: Uint8Array, factor: number): void {
  const count = out.length
  const signs = 2 * Math.ceil(count / CHUNK)
  for (let chunk = 0, from = 0; from < count; chunk++, from += CHUNK) {
    const to = Math.min(count, from + CHUNK)
    const plus = factor * oneBitScale(payload, chunk)
    for (let i = from; i < to; i++) {
      out[i] = payload[signs + (i >>> 3)]! & (1 << (i & 7)) ? out[i]! - plus : out[i]! + plus
    }
  }
}

export function decodeOneBit(payload: Uint8Array, parameters: number): Float64Array {
  const out = new Float64Array(parameters)
  addOneBit(out, payload, 1)
  return out
}
