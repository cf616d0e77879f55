// Building blocks of message layouts: fixed-size records, length-prefixed blobs, hashes and member keys. Big-endian. Reading
// checks lengths and limits before anything is allocated.
import { decodeBase64url } from '../core/num/base64url.ts'
import { bytesToHex, hexToBytes } from '../core/num/hex.ts'
import type { MemberId } from '../core/num/ids.ts'

export function tagged(code: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 1))
  bytes[0] = code
  let at = 1
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

export function records<T>(
  code: number,
  items: readonly T[],
  size: number,
  write: (view: DataView, at: number, item: T) => void,
): Uint8Array {
  const bytes = new Uint8Array(1 + items.length * size)
  bytes[0] = code
  const view = new DataView(bytes.buffer)
  items.forEach((item, i) => write(view, 1 + i * size, item))
  return bytes
}

export function readRecords<T>(
  body: Uint8Array,
  size: number,
  limit: number,
  read: (at: number) => T,
): T[] | undefined {
  const count = body.length / size
  if (!Number.isInteger(count) || count > limit) return undefined
  return Array.from({ length: count }, (_, i) => read(i * size))
}

export function setHash(view: DataView, at: number, hex: string): void {
  new Uint8Array(view.buffer, at, 32).set(hexToBytes(hex))
}

export function getHash(body: Uint8Array, at: number): string {
  return bytesToHex(body.subarray(at, at + 32))
}

export function memberBytes(member: MemberId): Uint8Array {
  const bytes = decodeBase64url(member, 32)
  if (!bytes) throw new RangeError(`not a member id: ${member}`)
  return bytes
}

/** Each blob with its length (u32) in front. */
export function blobs(code: number, items: readonly Uint8Array[]): Uint8Array {
  let total = 1
  for (const item of items) total += 4 + item.length
  const bytes = new Uint8Array(total)
  const view = new DataView(bytes.buffer)
  bytes[0] = code
  let at = 1
  for (const item of items) {
    view.setUint32(at, item.length)
    bytes.set(item, at + 4)
    at += 4 + item.length
  }
  return bytes
}

export interface BlobLimits {
  readonly count: number
  readonly each: number
  readonly all: number
}

/** Views into `body`; undefined when lengths do not fit exactly or a limit is passed. */
export function readBlobs(body: Uint8Array, limits: BlobLimits): Uint8Array[] | undefined {
  if (body.length > limits.all) return undefined
  const view = new DataView(body.buffer, body.byteOffset, body.length)
  const items: Uint8Array[] = []
  for (let at = 0; at < body.length;) {
    if (at + 4 > body.length) return undefined
    const length = view.getUint32(at)
    at += 4
    if (length === 0 || length > limits.each || at + length > body.length || items.length >= limits.count)
      return undefined
    items.push(body.subarray(at, at + length))
    at += length
  }
  return items
}
