// Own data in storage, so that a reload comes back with them: a small header as JSON, then the values and labels as they
// are. Read back with the same suspicion as a file.
import * as v from 'valibot'
import type { Dataset } from '../core/data/dataset.ts'
import { product } from '../core/model/shapes.ts'

const header = v.strictObject({
  shape: v.pipe(
    v.array(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4096))),
    v.minLength(1),
    v.maxLength(3),
  ),
  classes: v.pipe(v.array(v.pipe(v.string(), v.maxLength(80))), v.minLength(1), v.maxLength(1000)),
  samples: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1_000_000)),
  bytesPerValue: v.picklist([1, 4]),
})

export function encodeDataset({ shape, classes, x, y }: Dataset): Uint8Array {
  const bytesPerValue = x instanceof Uint8Array ? 1 : 4
  const head = new TextEncoder().encode(JSON.stringify({ shape, classes, samples: y.length, bytesPerValue }))
  const bytes = new Uint8Array(4 + head.length + x.byteLength + y.byteLength)
  new DataView(bytes.buffer).setUint32(0, head.length)
  bytes.set(head, 4)
  bytes.set(new Uint8Array(x.buffer, x.byteOffset, x.byteLength), 4 + head.length)
  bytes.set(new Uint8Array(y.buffer, y.byteOffset, y.byteLength), 4 + head.length + x.byteLength)
  return bytes
}

/** Undefined for anything that encodeDataset did not write. */
export function decodeDataset(bytes: Uint8Array): Dataset | undefined {
  if (bytes.length < 4) return undefined
  const headBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  if (headBytes > 512 * 1024 || 4 + headBytes > bytes.length) return undefined
  let parsed
  try {
    parsed = v.safeParse(
      header,
      JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(4, 4 + headBytes))),
    )
  } catch {
    // Not the JSON of a header: there are no data to read.
    return undefined
  }
  if (!parsed.success) return undefined
  const { shape, classes, samples, bytesPerValue } = parsed.output
  const xBytes = samples * product(shape) * bytesPerValue
  if (bytes.length !== 4 + headBytes + xBytes + 2 * samples) return undefined
  const values = bytes.slice(4 + headBytes, 4 + headBytes + xBytes)
  const y = new Uint16Array(bytes.slice(4 + headBytes + xBytes).buffer)
  if (y.some(label => label >= classes.length)) return undefined
  return { shape, classes, x: bytesPerValue === 1 ? values : new Float32Array(values.buffer), y }
}
