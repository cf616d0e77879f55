// The safetensors file format, float32 only: a 64-bit little-endian header length, a JSON header that names every tensor
// with type, shape and byte range, then the raw values. The decoder is strict, since files come from anywhere: ranges
// must tile the data exactly, nothing may be unknown, and sizes are bounded.

export interface NamedTensor {
  readonly name: string
  readonly shape: readonly number[]
  /** Row-major, product(shape) values. */
  readonly values: Float32Array
}

export type SafetensorsFault =
  /** Shorter than its header says, or a header length out of bounds. */
  | { readonly kind: 'truncated'; readonly detail: string }
  | { readonly kind: 'bad-header'; readonly detail: string }
  /** A tensor of another type than float32. */
  | { readonly kind: 'unsupported-type'; readonly detail: string }
  /** Overlaps, gaps, or ranges that do not fit the shape. */
  | { readonly kind: 'bad-layout'; readonly detail: string }

export type DecodedSafetensors =
  | {
      readonly status: 'ok'
      readonly tensors: readonly NamedTensor[]
      readonly metadata: Readonly<Record<string, string>>
    }
  | { readonly status: 'refused'; readonly fault: SafetensorsFault }

const LENGTH_BYTES = 8
const MAX_HEADER_BYTES = 1 << 20
const MAX_TENSORS = 1_000
const MAX_RANK = 8
const METADATA = '__metadata__'

/** Throws RangeError for a shape that does not fit its values, or a name used twice. */
export function encodeSafetensors(
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const header: Record<string, unknown> = { [METADATA]: metadata }
  let offset = 0
  for (const { name, shape, values } of tensors) {
    if (Object.hasOwn(header, name)) throw new RangeError(`two tensors named ${name}`)
    if (elements(shape) !== values.length)
      throw new RangeError(`${name}: ${values.length} values for [${shape.join(', ')}]`)
    const end = offset + values.length * 4
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, end] }
    offset = end
  }
  let text = JSON.stringify(header)
  let headerBytes = new TextEncoder().encode(text)
  // Values start at a multiple of eight; the format pads with spaces.
  const padding = (8 - (headerBytes.length % 8)) % 8
  if (padding > 0) {
    text += ' '.repeat(padding)
    headerBytes = new TextEncoder().encode(text)
  }
  const bytes = new Uint8Array(LENGTH_BYTES + headerBytes.length + offset)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(headerBytes.length), true)
  bytes.set(headerBytes, LENGTH_BYTES)
  let at = LENGTH_BYTES + headerBytes.length
  for (const { values } of tensors) {
    for (const value of values) {
      view.setFloat32(at, value, true)
      at += 4
    }
  }
  return bytes
}

export function decodeSafetensors(bytes: Uint8Array): DecodedSafetensors {
  if (bytes.length < LENGTH_BYTES) return refuse('truncated', 'shorter than a header length')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const headerLength = view.getBigUint64(0, true)
  if (headerLength > MAX_HEADER_BYTES || LENGTH_BYTES + Number(headerLength) > bytes.length) {
    return refuse('truncated', `header of ${headerLength} bytes in a file of ${bytes.length}`)
  }
  const start = LENGTH_BYTES + Number(headerLength)
  const header = parseObject(bytes.subarray(LENGTH_BYTES, start))
  if (header === null) return refuse('bad-header', 'not a JSON object')
  const metadata: Record<string, string> = {}
  const entries: (Entry & { readonly name: string })[] = []
  for (const [name, value] of Object.entries(header)) {
    if (name === METADATA) {
      if (!isTextRecord(value)) return refuse('bad-header', 'metadata must hold texts')
      Object.assign(metadata, value)
      continue
    }
    const entry = readEntry(value)
    if (entry === null) return refuse('bad-header', `tensor ${name}`)
    if (entry.dtype !== 'F32') return refuse('unsupported-type', `tensor ${name} is ${entry.dtype}`)
    entries.push({ name, ...entry })
  }
  if (entries.length > MAX_TENSORS) return refuse('bad-header', `${entries.length} tensors`)

  let expected = 0
  for (const { name, shape, from, to } of [...entries].sort((a, b) => a.from - b.from || a.to - b.to)) {
    if (from !== expected || to - from !== elements(shape) * 4) {
      return refuse('bad-layout', `tensor ${name} at [${from}, ${to})`)
    }
    expected = to
  }
  if (start + expected !== bytes.length)
    return refuse('bad-layout', `${bytes.length - start - expected} bytes left over`)
  const tensors = entries.map(({ name, shape, from, to }) => {
    const values = new Float32Array((to - from) / 4)
    for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(start + from + i * 4, true)
    return { name, shape, values }
  })
  return { status: 'ok', tensors, metadata }
}

interface Entry {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly from: number
  readonly to: number
}

function readEntry(value: unknown): Entry | null {
  if (!isRecord(value) || Object.keys(value).length !== 3) return null
  const { dtype, shape, data_offsets: range } = value
  if (typeof dtype !== 'string' || !isCounts(shape, MAX_RANK) || !isCounts(range, 2) || range.length !== 2)
    return null
  return { dtype, shape, from: range[0]!, to: range[1]! }
}

function parseObject(bytes: Uint8Array): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return isRecord(value) ? value : null
  } catch {
    // reason: both decoders report malformed input only by throwing; the caller turns null into a fault.
    return null
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTextRecord(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every(text => typeof text === 'string')
}

function isCounts(value: unknown, maxLength: number): value is number[] {
  return (
    Array.isArray(value) &&
    value.length <= maxLength &&
    value.every(item => Number.isSafeInteger(item) && item >= 0)
  )
}

function elements(shape: readonly number[]): number {
  let size = 1
  for (const extent of shape) size *= extent
  return size
}

function refuse(kind: SafetensorsFault['kind'], detail: string): DecodedSafetensors {
  return { status: 'refused', fault: { kind, detail } }
}
