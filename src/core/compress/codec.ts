// What a codec of updates is. A payload has exactly one length and one form per (codec, parameters, round), so a decoder
// checks it whole before anything is computed, and every member reads the same numbers from it. Codecs know no rule.

/** Byte 3 of an update's header. 1: one bit; 2: one bit by the round's shared mask; 3: the largest few, two bits each. */
export type CodecId = 1 | 2 | 3

export type CodecFault = 'wrong-length' | 'not-finite' | 'not-canonical'

export interface Codec {
  readonly id: CodecId
  readonly parameters: number
  /**
   * The part of a residual that goes on into the next round: whoever adds the next change to what encode() left
   * multiplies what was left by this first. 1: all of it.
   */
  readonly carry: number
  /** Exact length of a payload of the round, bytes. */
  payloadBytes(round: number): number
  /**
   * Encodes the error of a round and takes what was encoded out of it: afterwards it holds what is still owed. Every
   * value must be finite.
   */
  encode(error: Float32Array, round: number): Uint8Array
  /** What is wrong with a payload from outside, or null. The other functions want one that was checked. */
  check(payload: Uint8Array, round: number): CodecFault | null
  /** Euclidean norm of what a payload says. */
  norm(payload: Uint8Array, round: number): number
  /** out[at + i - from] = value of parameter i, for from <= i < to. 0 where the payload says nothing. */
  read(payload: Uint8Array, round: number, from: number, to: number, out: Float64Array, at: number): void
  /** Whether payloads of the round speak of a block of 4096 parameters at all; a coordinate is averaged over those that do. */
  covers(round: number, block: number): boolean
}

/** Parameters of a block: the unit of scales, masks and index ranges. */
export const BLOCK = 4096

/** What of a magnitude in half precision (16 bits) no payload may say: infinity, NaN, below or minus zero. */
export function scaleFault(bits: number): CodecFault | null {
  if ((bits & 0x7c00) === 0x7c00) return 'not-finite'
  return bits & 0x8000 ? 'not-canonical' : null
}
