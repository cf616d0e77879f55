// What an owner of data and a lender of compute say to each other over their link: a closed union, version 1, big-endian
// heads, values as little-endian float32 or scaled bytes. The decoder checks every length before it allocates and gives
// undefined for anything else. Every message names its job, and within a job its step, so that what is late or repeated can
// be told apart. Meaning is for peer/lent-split.ts and peer/lender.ts. Byte tables: docs/lending.md.
import { SHARD } from '../core/privacy/sealed-shard.ts'
import { getHash, setHash } from './records.ts'

export type LendMode = 'split' | 'paired'

/** Why a provider does not do, or no longer does, what it is asked. */
export type LendRefusal =
  /** It, or the room, stands still. */
  | 'paused'
  /** No contract between the two that it knows. */
  | 'no-contract'
  /** It serves as many owners as it can. */
  | 'busy'
  /** A job, a step or a size that does not fit the charter's model. */
  | 'bad-request'
  /** Its licence or its budget ends here. */
  | 'not-allowed'
  /** A job number that was used already. */
  | 'stale'
  /** Keys that the contract's party did not sign (mode 'paired'). */
  | 'unproven'
  /** Chunks that are no part of a sealed shard, out of order, or no shard in the end. */
  | 'bad-shard'
  /** It holds no samples for this contract (any more). */
  | 'no-shard'
  /** Its own engine broke. */
  | 'failed'

export interface OpenLending {
  readonly type: 'open'
  readonly job: number
  readonly mode: LendMode
  /** Hex hash that names the contract of the two. */
  readonly contract: string
  /** Hex SHA-256 of the float32 bytes of the provider's part at the start. */
  readonly start: string
  readonly batchSize: number
  readonly optimizer: 'sgd' | 'adam'
  readonly keepMoments: boolean
  readonly learningRate: number
  readonly proximal: number
  /** A correction of every gradient follows (TrainJob.drift). */
  readonly corrected: boolean
  /** Activations and gradients travel as scaled bytes, both ways. */
  readonly coarse: boolean
}

export type LendMessage =
  | OpenLending
  /** Provider: the start is not at hand here. */
  | { readonly type: 'need'; readonly job: number }
  /** A piece of a parameter vector. */
  | {
      readonly type: 'params'
      readonly job: number
      readonly what: 'start' | 'correction' | 'result'
      readonly total: number
      readonly offset: number
      readonly values: Float32Array
    }
  | { readonly type: 'ready'; readonly job: number }
  /** Owner: activations at the cut, of `count` samples. */
  | {
      readonly type: 'forward'
      readonly job: number
      readonly step: number
      readonly count: number
      readonly values: Float32Array
    }
  | ValuesMessage
  /** Owner: so many steps it was. */
  | { readonly type: 'finish'; readonly job: number; readonly steps: number }
  /** Provider, after the pieces of the result: metered by layer shapes, of its own part. */
  | { readonly type: 'done'; readonly job: number; readonly steps: number; readonly flop: bigint }
  /** Owner: forget the job. */
  | { readonly type: 'cancel'; readonly job: number }
  | { readonly type: 'refuse'; readonly job: number; readonly reason: LendRefusal }
  | HandoverMessage
  /** Owner: so many steps on the samples that it handed over, whole batches of them, the first being this step. */
  | { readonly type: 'work'; readonly job: number; readonly step: number; readonly indices: Int32Array }
  /** Provider: mean loss of each batch; the last was this step. Always float32. */
  | { readonly type: 'losses'; readonly job: number; readonly step: number; readonly values: Float32Array }

/** Mode 'paired': samples go to the one member that signed for them, sealed (core/privacy/sealed-shard.ts). */
export type HandoverMessage =
  /** Owner: its ephemeral key for this contract. */
  | {
      readonly type: 'greet'
      readonly job: number
      /** Hex hash. */
      readonly contract: string
      readonly key: Uint8Array
    }
  /** Provider: its own key, and its signature over contract and keys. */
  | {
      readonly type: 'welcome'
      readonly job: number
      readonly key: Uint8Array
      readonly signature: Uint8Array
    }
  /** Owner: its signature, and how large the shard is. */
  | {
      readonly type: 'prove'
      readonly job: number
      readonly signature: Uint8Array
      readonly sizeBytes: number
    }
  /** Provider: the number of the chunk that it waits for; the count of chunks when it has all. */
  | { readonly type: 'take'; readonly job: number; readonly next: number }
  | {
      readonly type: 'shard'
      readonly job: number
      readonly index: number
      readonly total: number
      readonly sealed: Uint8Array
    }

/** Outputs of the provider's part, the owner's gradient of them, and the provider's of what it was sent. */
type ValuesMessage = LendValues<'outputs' | 'gradient' | 'backprop'>
type LendValues<Type extends string> = Type extends unknown
  ? { readonly type: Type; readonly job: number; readonly step: number; readonly values: Float32Array }
  : never

export const LEND_LIMITS = {
  /** Values in one message: 8 MiB of float32. */
  values: 2 * 1024 * 1024,
  /** Values in one piece of a parameter vector. */
  piece: 64 * 1024,
  parameters: 4_000_000,
  batch: 4_096,
  /** Of one 'work', and samples that they name. */
  workSteps: 64,
  indices: 64 * 1024,
} as const

const VERSION = 1
const CODES = {
  open: 1,
  need: 2,
  params: 3,
  ready: 4,
  forward: 5,
  outputs: 6,
  gradient: 7,
  backprop: 8,
  finish: 9,
  done: 10,
  cancel: 11,
  refuse: 12,
  greet: 13,
  welcome: 14,
  prove: 15,
  take: 16,
  shard: 17,
  work: 18,
  losses: 19,
} as const satisfies Record<LendMessage['type'], number>

const MODES: readonly LendMode[] = ['split', 'paired']
const WHATS = ['start', 'correction', 'result'] as const
const REFUSALS: readonly LendRefusal[] = [
  'paused',
  'no-contract',
  'busy',
  'bad-request',
  'not-allowed',
  'stale',
  'failed',
  'unproven',
  'bad-shard',
  'no-shard',
]

/** Version, code, job. */
const HEAD = 6
const FLOAT32 = 0
const BYTES = 2
/** Values that share a scale: a sample's own, about, so that a loud one does not silence the others. */
const BLOCK = 256
const STEPS = 127
/** Bits of the flags in `open`. */
const ADAM = 1
const KEEP = 2
const CORRECTED = 4
const COARSE = 8
const OPEN_BYTES = HEAD + 1 + 1 + 2 + 32 + 32 + 8 + 8
const SIGNATURE_BYTES = 64
const GREET_BYTES = HEAD + 32 + SHARD.keyBytes
const WELCOME_BYTES = HEAD + SHARD.keyBytes + SIGNATURE_BYTES
const PROVE_BYTES = HEAD + SIGNATURE_BYTES + 4

/** `coarse` says how values travel; parameters always go as float32. */
export function encodeLending(message: LendMessage, coarse = false): Uint8Array {
  switch (message.type) {
    case 'open': {
      const { bytes, view } = begin(message, OPEN_BYTES)
      view.setUint8(HEAD, MODES.indexOf(message.mode))
      view.setUint8(
        HEAD + 1,
        (message.optimizer === 'adam' ? ADAM : 0) |
          (message.keepMoments ? KEEP : 0) |
          (message.corrected ? CORRECTED : 0) |
          (message.coarse ? COARSE : 0),
      )
      view.setUint16(HEAD + 2, message.batchSize)
      setHash(view, HEAD + 4, message.contract)
      setHash(view, HEAD + 36, message.start)
      view.setFloat64(HEAD + 68, message.learningRate)
      view.setFloat64(HEAD + 76, message.proximal)
      return bytes
    }
    case 'need':
    case 'ready':
    case 'cancel':
      return begin(message, HEAD).bytes
    case 'params': {
      const { bytes, view } = begin(message, HEAD + 9 + valueBytes(message.values, false))
      view.setUint8(HEAD, WHATS.indexOf(message.what))
      view.setUint32(HEAD + 1, message.total)
      view.setUint32(HEAD + 5, message.offset)
      writeValues(bytes, HEAD + 9, message.values, false)
      return bytes
    }
    case 'forward': {
      const { bytes, view } = begin(message, HEAD + 6 + valueBytes(message.values, coarse))
      view.setUint32(HEAD, message.step)
      view.setUint16(HEAD + 4, message.count)
      writeValues(bytes, HEAD + 6, message.values, coarse)
      return bytes
    }
    case 'outputs':
    case 'gradient':
    case 'backprop': {
      const { bytes, view } = begin(message, HEAD + 4 + valueBytes(message.values, coarse))
      view.setUint32(HEAD, message.step)
      writeValues(bytes, HEAD + 4, message.values, coarse)
      return bytes
    }
    case 'finish': {
      const { bytes, view } = begin(message, HEAD + 4)
      view.setUint32(HEAD, message.steps)
      return bytes
    }
    case 'done': {
      const { bytes, view } = begin(message, HEAD + 12)
      view.setUint32(HEAD, message.steps)
      view.setBigUint64(HEAD + 4, message.flop)
      return bytes
    }
    case 'refuse': {
      const { bytes, view } = begin(message, HEAD + 1)
      view.setUint8(HEAD, REFUSALS.indexOf(message.reason))
      return bytes
    }
    case 'greet': {
      const { bytes, view } = begin(message, GREET_BYTES)
      setHash(view, HEAD, message.contract)
      bytes.set(message.key, HEAD + 32)
      return bytes
    }
    case 'welcome': {
      const { bytes } = begin(message, WELCOME_BYTES)
      bytes.set(message.key, HEAD)
      bytes.set(message.signature, HEAD + SHARD.keyBytes)
      return bytes
    }
    case 'prove': {
      const { bytes, view } = begin(message, PROVE_BYTES)
      bytes.set(message.signature, HEAD)
      view.setUint32(HEAD + SIGNATURE_BYTES, message.sizeBytes)
      return bytes
    }
    case 'take': {
      const { bytes, view } = begin(message, HEAD + 4)
      view.setUint32(HEAD, message.next)
      return bytes
    }
    case 'shard': {
      const { bytes, view } = begin(message, HEAD + 8 + message.sealed.length)
      view.setUint32(HEAD, message.index)
      view.setUint32(HEAD + 4, message.total)
      bytes.set(message.sealed, HEAD + 8)
      return bytes
    }
    case 'work': {
      const { bytes, view } = begin(message, HEAD + 4 + 4 * message.indices.length)
      view.setUint32(HEAD, message.step)
      message.indices.forEach((index, i) => view.setInt32(HEAD + 4 + 4 * i, index))
      return bytes
    }
    case 'losses': {
      const { bytes, view } = begin(message, HEAD + 4 + valueBytes(message.values, false))
      view.setUint32(HEAD, message.step)
      writeValues(bytes, HEAD + 4, message.values, false)
      return bytes
    }
    default:
      return message satisfies never
  }
}

/** Undefined for anything that is not exactly one message within LEND_LIMITS. Values are copies; they may not be finite. */
export function decodeLending(bytes: Uint8Array): LendMessage | undefined {
  if (bytes.length < HEAD || bytes[0] !== VERSION) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const job = view.getUint32(2)
  const { length } = bytes
  switch (bytes[1]) {
    case CODES.open:
      return length === OPEN_BYTES ? decodeOpen(bytes, view, job) : undefined
    case CODES.need:
      return length === HEAD ? { type: 'need', job } : undefined
    case CODES.ready:
      return length === HEAD ? { type: 'ready', job } : undefined
    case CODES.cancel:
      return length === HEAD ? { type: 'cancel', job } : undefined
    case CODES.params: {
      const what = length > HEAD + 9 ? WHATS[view.getUint8(HEAD)] : undefined
      if (what === undefined || bytes[HEAD + 9] !== FLOAT32) return undefined
      const total = view.getUint32(HEAD + 1)
      const offset = view.getUint32(HEAD + 5)
      const values = readValues(bytes, HEAD + 9, LEND_LIMITS.piece)
      if (!values || total > LEND_LIMITS.parameters || offset + values.length > total) return undefined
      return { type: 'params', job, what, total, offset, values }
    }
    case CODES.forward: {
      if (length < HEAD + 7) return undefined
      const count = view.getUint16(HEAD + 4)
      const values = readValues(bytes, HEAD + 6, LEND_LIMITS.values)
      if (!values || count === 0 || count > LEND_LIMITS.batch || values.length % count !== 0) return undefined
      return { type: 'forward', job, step: view.getUint32(HEAD), count, values }
    }
    case CODES.outputs:
      return decodeValues('outputs', bytes, view, job)
    case CODES.gradient:
      return decodeValues('gradient', bytes, view, job)
    case CODES.backprop:
      return decodeValues('backprop', bytes, view, job)
    case CODES.finish:
      return length === HEAD + 4 ? { type: 'finish', job, steps: view.getUint32(HEAD) } : undefined
    case CODES.done:
      if (length !== HEAD + 12) return undefined
      return { type: 'done', job, steps: view.getUint32(HEAD), flop: view.getBigUint64(HEAD + 4) }
    case CODES.refuse: {
      const reason = length === HEAD + 1 ? REFUSALS[view.getUint8(HEAD)] : undefined
      return reason && { type: 'refuse', job, reason }
    }
    case CODES.greet:
      if (length !== GREET_BYTES) return undefined
      return { type: 'greet', job, contract: getHash(bytes, HEAD), key: bytes.slice(HEAD + 32) }
    case CODES.welcome: {
      if (length !== WELCOME_BYTES) return undefined
      const signatureAt = HEAD + SHARD.keyBytes
      return {
        type: 'welcome',
        job,
        key: bytes.slice(HEAD, signatureAt),
        signature: bytes.slice(signatureAt),
      }
    }
    case CODES.prove: {
      const sizeBytes = length === PROVE_BYTES ? view.getUint32(HEAD + SIGNATURE_BYTES) : 0
      if (sizeBytes === 0 || sizeBytes > SHARD.mostBytes) return undefined
      return { type: 'prove', job, signature: bytes.slice(HEAD, HEAD + SIGNATURE_BYTES), sizeBytes }
    }
    case CODES.take:
      return length === HEAD + 4 ? { type: 'take', job, next: view.getUint32(HEAD) } : undefined
    case CODES.shard:
      return length > HEAD + 8 + SHARD.tagBytes ? decodeChunk(bytes, view, job) : undefined
    case CODES.work:
      return length > HEAD + 4 ? decodeWork(bytes, view, job) : undefined
    case CODES.losses: {
      if (length < HEAD + 6 || bytes[HEAD + 4] !== FLOAT32) return undefined
      const values = readValues(bytes, HEAD + 4, LEND_LIMITS.workSteps)
      return values && { type: 'losses', job, step: view.getUint32(HEAD), values }
    }
    default:
      return undefined
  }
}

function begin(message: LendMessage, size: number): { readonly bytes: Uint8Array; readonly view: DataView } {
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  bytes[0] = VERSION
  bytes[1] = CODES[message.type]
  view.setUint32(2, message.job)
  return { bytes, view }
}

function decodeOpen(bytes: Uint8Array, view: DataView, job: number): OpenLending | undefined {
  const mode = MODES[view.getUint8(HEAD)]
  const flags = view.getUint8(HEAD + 1)
  const batchSize = view.getUint16(HEAD + 2)
  const learningRate = view.getFloat64(HEAD + 68)
  const proximal = view.getFloat64(HEAD + 76)
  if (mode === undefined || flags > 15 || batchSize === 0 || batchSize > LEND_LIMITS.batch) return undefined
  const isRate = (value: number): boolean => Number.isFinite(value) && value >= 0
  if (!isRate(learningRate) || !isRate(proximal)) return undefined
  return {
    type: 'open',
    job,
    mode,
    contract: getHash(bytes, HEAD + 4),
    start: getHash(bytes, HEAD + 36),
    batchSize,
    optimizer: flags & ADAM ? 'adam' : 'sgd',
    keepMoments: (flags & KEEP) !== 0,
    learningRate,
    proximal,
    corrected: (flags & CORRECTED) !== 0,
    coarse: (flags & COARSE) !== 0,
  }
}

function decodeValues(
  type: ValuesMessage['type'],
  bytes: Uint8Array,
  view: DataView,
  job: number,
): ValuesMessage | undefined {
  const values = bytes.length > HEAD + 4 ? readValues(bytes, HEAD + 4, LEND_LIMITS.values) : undefined
  return values && { type, job, step: view.getUint32(HEAD), values }
}

function decodeChunk(bytes: Uint8Array, view: DataView, job: number): LendMessage | undefined {
  const index = view.getUint32(HEAD)
  const total = view.getUint32(HEAD + 4)
  const size = bytes.length - HEAD - 8 - SHARD.tagBytes
  // All but the last are full.
  const fits = index + 1 < total ? size === SHARD.chunkBytes : index + 1 === total && size <= SHARD.chunkBytes
  if (!fits || total > SHARD.mostBytes / SHARD.chunkBytes) return undefined
  return { type: 'shard', job, index, total, sealed: bytes.slice(HEAD + 8) }
}

function decodeWork(bytes: Uint8Array, view: DataView, job: number): LendMessage | undefined {
  const count = (bytes.length - HEAD - 4) / 4
  if (!Number.isInteger(count) || count > LEND_LIMITS.indices) return undefined
  const indices = new Int32Array(count)
  for (let i = 0; i < count; i++) {
    indices[i] = view.getInt32(HEAD + 4 + 4 * i)
    if (indices[i]! < 0) return undefined
  }
  return { type: 'work', job, step: view.getUint32(HEAD), indices }
}

/** The form, then the values; for bytes each block behind its scale. */
function valueBytes({ length }: Float32Array, coarse: boolean): number {
  return coarse ? 1 + 4 * Math.ceil(length / BLOCK) + length : 1 + 4 * length
}

function writeValues(bytes: Uint8Array, at: number, values: Float32Array, coarse: boolean): void {
  bytes[at] = coarse ? BYTES : FLOAT32
  if (coarse) return writeBlocks(bytes, at + 1, values)
  if (LITTLE_ENDIAN) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at + 1)
    return
  }
  const view = new DataView(bytes.buffer, at + 1)
  for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i]!, true)
}

/**
 * Each value as a signed byte, in 127ths of the largest magnitude of its block; one that is not finite makes the whole block NaN,
 * which the receiver refuses.
 */
function writeBlocks(bytes: Uint8Array, start: number, values: Float32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  let at = start
  for (let from = 0; from < values.length; from += BLOCK) {
    const to = Math.min(values.length, from + BLOCK)
    const scale = largest(values, from, to)
    view.setFloat32(at, scale)
    at += 4
    const isSound = scale > 0 && scale < Infinity
    for (let i = from; i < to; i++) bytes[at++] = isSound ? Math.round((values[i]! / scale) * STEPS) : 0
  }
}

function readValues(bytes: Uint8Array, at: number, limit: number): Float32Array | undefined {
  const start = at + 1
  if (bytes[at] === BYTES) return readBlocks(bytes, start, limit)
  const count = (bytes.length - start) / 4
  if (bytes[at] !== FLOAT32 || !isCount(count, limit)) return undefined
  const values = new Float32Array(count)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  if (LITTLE_ENDIAN) new Uint8Array(values.buffer).set(bytes.subarray(start))
  else for (let i = 0; i < count; i++) values[i] = view.getFloat32(start + 4 * i, true)
  return values
}

function readBlocks(bytes: Uint8Array, start: number, limit: number): Float32Array | undefined {
  const size = bytes.length - start
  const count = size - 4 * Math.ceil(size / (BLOCK + 4))
  // A last block of a scale and nothing is no block.
  if (!isCount(count, limit) || size !== 4 * Math.ceil(count / BLOCK) + count) return undefined
  const values = new Float32Array(count)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  let at = start
  for (let from = 0; from < count; from += BLOCK) {
    const to = Math.min(count, from + BLOCK)
    const scale = view.getFloat32(at)
    const step = scale >= 0 && scale < Infinity ? scale / STEPS : NaN
    at += 4
    for (let i = from; i < to; i++) values[i] = view.getInt8(at++) * step
  }
  return values
}

function isCount(count: number, limit: number): boolean {
  return Number.isInteger(count) && count > 0 && count <= limit
}

/** NaN and infinities stay what they are. */
function largest(values: Float32Array, from: number, to: number): number {
  let most = 0
  for (let i = from; i < to; i++) {
    const size = Math.abs(values[i]!)
    if (!(size <= most)) most = size
  }
  return most
}

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1
