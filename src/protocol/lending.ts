// What an owner of data and a lender of compute say to each other over their link: a closed union, version 1, big-endian
// heads, values as little-endian float32 or scaled halves. The decoder checks every length before it allocates and gives
// undefined for anything else. Every message names its job, and within a job its step, so that what is late or repeated can
// be told apart. Meaning is for peer/lent-split.ts and peer/lender.ts. Byte tables: docs/lending.md.
import { roundToHalf, writeHalves } from '../core/params/half-vector.ts'
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
  /** Activations and gradients travel as scaled halves, both ways. */
  readonly half: boolean
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
]

/** Version, code, job. */
const HEAD = 6
const FLOAT32 = 0
const HALVES = 1
/** Bits of the flags in `open`. */
const ADAM = 1
const KEEP = 2
const CORRECTED = 4
const HALF = 8
const OPEN_BYTES = HEAD + 1 + 1 + 2 + 32 + 32 + 8 + 8

/** `half` says how values travel; parameters always go as float32. */
export function encodeLending(message: LendMessage, half = false): Uint8Array {
  switch (message.type) {
    case 'open': {
      const { bytes, view } = begin(message, OPEN_BYTES)
      view.setUint8(HEAD, MODES.indexOf(message.mode))
      view.setUint8(
        HEAD + 1,
        (message.optimizer === 'adam' ? ADAM : 0) |
          (message.keepMoments ? KEEP : 0) |
          (message.corrected ? CORRECTED : 0) |
          (message.half ? HALF : 0),
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
      const { bytes, view } = begin(message, HEAD + 6 + valueBytes(message.values, half))
      view.setUint32(HEAD, message.step)
      view.setUint16(HEAD + 4, message.count)
      writeValues(bytes, HEAD + 6, message.values, half)
      return bytes
    }
    case 'outputs':
    case 'gradient':
    case 'backprop': {
      const { bytes, view } = begin(message, HEAD + 4 + valueBytes(message.values, half))
      view.setUint32(HEAD, message.step)
      writeValues(bytes, HEAD + 4, message.values, half)
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
    half: (flags & HALF) !== 0,
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

/** The form, for halves their scale, then the values. */
function valueBytes({ length }: Float32Array, half: boolean): number {
  return half ? 5 + 2 * length : 1 + 4 * length
}

/**
 * Halves are fractions of the largest magnitude, so that small gradients keep their digits; one that is not finite makes all
 * of them NaN, which the receiver refuses.
 */
function writeValues(bytes: Uint8Array, at: number, values: Float32Array, half: boolean): void {
  bytes[at] = half ? HALVES : FLOAT32
  if (!half) {
    if (LITTLE_ENDIAN) {
      bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at + 1)
      return
    }
    const view = new DataView(bytes.buffer, at + 1)
    for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i]!, true)
    return
  }
  const scale = largest(values)
  new DataView(bytes.buffer).setFloat32(at + 1, scale)
  if (!(scale > 0 && scale < Infinity)) return
  const fractions = values.map(value => value / scale)
  roundToHalf(fractions)
  writeHalves(fractions, bytes, at + 5)
}

function readValues(bytes: Uint8Array, at: number, limit: number): Float32Array | undefined {
  const isHalf = bytes[at] === HALVES
  if (!isHalf && bytes[at] !== FLOAT32) return undefined
  const start = at + (isHalf ? 5 : 1)
  const count = (bytes.length - start) / (isHalf ? 2 : 4)
  if (!Number.isInteger(count) || count <= 0 || count > limit) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const values = new Float32Array(count)
  if (isHalf) {
    const scale = view.getFloat32(at + 1)
    if (!(scale >= 0 && scale < Infinity)) return values.fill(NaN)
    for (let i = 0; i < count; i++) values[i] = scale * halfAt(bytes, start + 2 * i)
    return values
  }
  if (LITTLE_ENDIAN) new Uint8Array(values.buffer).set(bytes.subarray(start))
  else for (let i = 0; i < count; i++) values[i] = view.getFloat32(start + 4 * i, true)
  return values
}

/** A half that is no finite number reads as NaN. */
function halfAt(bytes: Uint8Array, at: number): number {
  const bits = bytes[at]! | (bytes[at + 1]! << 8)
  return HALF_VALUES[bits]!
}

/** NaN and infinities stay what they are. */
function largest(values: Float32Array): number {
  let most = 0
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]!)
    if (!(size <= most)) most = size
  }
  return most
}

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1

/** Every half precision number by its bits: a quarter of a megabyte for a read that costs nothing. */
const HALF_VALUES = Float32Array.from({ length: 65_536 }, (_, bits) => {
  const magnitude = bits & 0x7fff
  if (magnitude >= 0x7c00) return NaN
  const exponent = magnitude >> 10
  const fraction = magnitude & 0x3ff
  const value = exponent === 0 ? fraction / 2 ** 24 : (1 + fraction / 1024) * 2 ** (exponent - 15)
  return bits & 0x8000 ? -value : value
})
