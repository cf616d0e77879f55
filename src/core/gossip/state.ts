// The state of a round as bytes: one canonical encoding, its name (the root of a Merkle tree over its chunks) and proofs
// by which any member can deliver any chunk. Whoever holds a name can check each chunk alone, so a state comes from
// several members at once and a false byte has a sender. What is in the draw is sortition's business.
import { bytesToHex } from '../num/hex.ts'
import { leafHash, levelsOf, proofIn, verifyInclusion, type Levels } from '../num/merkle.ts'
import { readHalves, writeHalves } from '../params/half-vector.ts'

/** Both vectors hold half-precision values (roundToHalf after every round), so two bytes a value are exact. */
export interface ModelState {
  readonly round: number
  readonly params: Float32Array
  readonly momentum: Float32Array
  /** Who publishes in this round, and what later rounds need to know of it (sortition.ts); empty: everybody, always. */
  readonly draw: Uint8Array
}

export const CHUNK_BYTES = 16 * 1024
const MAX_DRAW_BYTES = 1024
/** round u32, parameters u32, flags u8, bytes of the draw u16; big-endian. */
const HEAD_BYTES = 11
const HAS_MOMENTUM = 1

/**
 * Head, parameters, momentum unless all zero, draw; values as IEEE 754 binary16, little-endian. Kept with the state: not to
 * be written to.
 */
export function encodeState(state: ModelState): Uint8Array {
  return encodedOf(state).bytes
}

/** Undefined unless these are the bytes, all of them and no others, of a state with so many parameters. */
export function decodeState(bytes: Uint8Array, parameters: number): ModelState | undefined {
  const head = readHead(bytes)
  if (!head || head.parameters !== parameters || bytes.length !== head.totalBytes) return undefined
  const params = readHalves(bytes, HEAD_BYTES, parameters)
  const momentum = head.hasMomentum
    ? readHalves(bytes, HEAD_BYTES + 2 * parameters, parameters)
    : new Float32Array(parameters)
  if (!params || !momentum || (head.hasMomentum && isZero(momentum))) return undefined
  return { round: head.round, params, momentum, draw: bytes.slice(bytes.length - head.drawBytes) }
}

export interface StateHead {
  readonly round: number
  readonly parameters: number
  readonly hasMomentum: boolean
  readonly drawBytes: number
  /** Of the whole encoding. */
  readonly totalBytes: number
}

/** What the first chunk says of the whole. */
export function readHead(bytes: Uint8Array): StateHead | undefined {
  if (bytes.length < HEAD_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEAD_BYTES)
  const [round, parameters, flags, drawBytes] = [
    view.getUint32(0),
    view.getUint32(4),
    view.getUint8(8),
    view.getUint16(9),
  ]
  if (flags > HAS_MOMENTUM || drawBytes > MAX_DRAW_BYTES) return undefined
  const hasMomentum = flags === HAS_MOMENTUM
  const totalBytes = HEAD_BYTES + 2 * parameters * (hasMomentum ? 2 : 1) + drawBytes
  return { round, parameters, hasMomentum, drawBytes, totalBytes }
}

/** Every state with so many parameters is at least so long. */
export function leastStateBytes(parameters: number): number {
  return HEAD_BYTES + 2 * parameters
}

/** Whether a state with so many parameters can be so long. */
export function isStateLength(totalBytes: number, parameters: number): boolean {
  return [2, 4].some(perParameter => {
    const draw = totalBytes - HEAD_BYTES - perParameter * parameters
    return Number.isInteger(draw) && draw >= 0 && draw <= MAX_DRAW_BYTES
  })
}

/** The name of a state: hex root (RFC 9162) over the chunks of its encoding. */
export function hashState(state: ModelState): string {
  return encodedOf(state).hash
}

/** Views of the encoding, CHUNK_BYTES each but the last. */
export function stateChunks(state: ModelState): readonly Uint8Array[] {
  return encodedOf(state).chunks
}

export function chunkCount(totalBytes: number): number {
  return Math.ceil(totalBytes / CHUNK_BYTES)
}

/** Bytes of the index-th chunk. */
export function chunkBytes(totalBytes: number, index: number): number {
  return Math.min(CHUNK_BYTES, totalBytes - index * CHUNK_BYTES)
}

/** Audit path of a chunk, hex, from the bottom. Throws RangeError for an index outside. */
export function chunkProof(state: ModelState, index: number): string[] {
  return proofIn(encodedOf(state).levels, index)
}

/**
 * That the bytes are the index-th of `count` chunks under the name. A false count is not always found out by one proof:
 * only the head, in the first chunk, says how long the state is.
 */
export function checkChunk(
  hash: string,
  index: number,
  count: number,
  bytes: Uint8Array,
  proof: readonly string[],
): boolean {
  if (bytes.length === 0 || bytes.length > CHUNK_BYTES) return false
  return verifyInclusion(leafHash(bytes), index, { size: count, root: hash }, proof)
}

interface Encoded {
  readonly bytes: Uint8Array
  readonly chunks: readonly Uint8Array[]
  readonly levels: Levels
  readonly hash: string
}

/** States are never changed, so what was worked out once holds as long as the state lives. */
const encodings = new WeakMap<ModelState, Encoded>()

function encodedOf(state: ModelState): Encoded {
  const known = encodings.get(state)
  if (known) return known
  const bytes = encode(state)
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) chunks.push(bytes.subarray(at, at + CHUNK_BYTES))
  const levels = levelsOf(chunks.map(leafHash))
  const encoded = { bytes, chunks, levels, hash: bytesToHex(levels.at(-1)![0]!) }
  encodings.set(state, encoded)
  return encoded
}

function encode({ round, params, momentum, draw }: ModelState): Uint8Array {
  if (draw.length > MAX_DRAW_BYTES) throw new RangeError(`a draw of ${draw.length} bytes`)
  const hasMomentum = !isZero(momentum)
  const vectorBytes = 2 * params.length
  const bytes = new Uint8Array(HEAD_BYTES + vectorBytes * (hasMomentum ? 2 : 1) + draw.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, round)
  view.setUint32(4, params.length)
  view.setUint8(8, hasMomentum ? HAS_MOMENTUM : 0)
  view.setUint16(9, draw.length)
  writeHalves(params, bytes, HEAD_BYTES)
  if (hasMomentum) writeHalves(momentum, bytes, HEAD_BYTES + vectorBytes)
  bytes.set(draw, bytes.length - draw.length)
  return bytes
}

function isZero(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) return false
  return true
}
