// What a codec of updates is. A payload has exactly one length and one form per (codec, parameters, round), so a decoder
// checks it whole before anything is computed, and every member reads the same numbers from it. Codecs know no rule.

/** Byte 3 of an update's header. 1: one bit; 2: one bit by the round's shared mask; 3: the largest few, two bits each. */
export type CodecId = 1 | 2 | 3

export type CodecFault = 'wrong-length' | 'not-finite' | 'not-canonical'

export interface Codec {
  readonly id: CodecId
  readonly parameters: number
  /** Exact length of a payload, bytes; the same in every round. */
  readonly payloadBytes: number
  /** Encodes the error of a round and takes what was encoded out of it: afterwards it holds what is still owed. */
  encode(error: Float32Array, round: number): Uint8Array
  check(payload: Uint8Array, round: number): CodecFault | null
  /** Euclidean norm of what a checked payload says. */
  norm(payload: Uint8Array): number
  /** out[at + i - from] = value of parameter i, for from <= i < to. 0 where the payload says nothing. */
  read(payload: Uint8Array, round: number, from: number, to: number, out: Float64Array, at: number): void
  /** Whether payloads of the round speak of a block of 4096 parameters at all; a coordinate is averaged over those that do. */
  covers(round: number, block: number): boolean
}
