// Packer on the platform's compression streams (browsers and Node): raw deflate. A bomb is cut off at the limit while it
// unfolds, so it costs no more memory than what was asked for.
import type { Packer } from '../ports/packer.ts'

const FORMAT = 'deflate-raw'

export const streamPacker: Packer = {
  async pack(bytes) {
    const packed = await collect(transform(bytes, new CompressionStream(FORMAT)), Infinity)
    if (!packed) throw new RangeError('no limit, and yet too large')
    return packed
  },
  async unpack(bytes, limitBytes) {
    try {
      return await collect(transform(bytes, new DecompressionStream(FORMAT)), limitBytes)
    } catch {
      // Not packed bytes: the caller learns that there is nothing to be had from them.
      return undefined
    }
  },
}

function transform(
  bytes: Uint8Array,
  stream: CompressionStream | DecompressionStream,
): ReadableStream<Uint8Array> {
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      controller.enqueue(Uint8Array.from(bytes))
      controller.close()
    },
  })
  return source.pipeThrough(stream as TransformStream<Uint8Array<ArrayBuffer>, Uint8Array>)
}

async function collect(
  stream: ReadableStream<Uint8Array>,
  limitBytes: number,
): Promise<Uint8Array | undefined> {
  const pieces: Uint8Array[] = []
  let total = 0
  const reader = stream.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    total += value.length
    if (total > limitBytes) {
      await reader.cancel()
      return undefined
    }
    pieces.push(value)
  }
  const bytes = new Uint8Array(total)
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}
