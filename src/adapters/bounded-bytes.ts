// Byte streams of unknown origin with a hard limit: read to the end, or stop at the first byte too many. gzip goes
// through the platform's DecompressionStream (browsers, workers, Node 20).
import { DataError } from '../core/data/error.ts'

/** Throws DataError 'file-too-big' as soon as the stream exceeds the limit; the source is cancelled then. */
export async function readBounded(
  stream: ReadableStream<Uint8Array>,
  limit: number,
  file: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.length
    if (length > limit) {
      // reason: the source's own complaint about being cancelled is of no interest next to the limit.
      await reader.cancel().catch(() => undefined)
      throw new DataError('file-too-big', { file, limit })
    }
    chunks.push(value)
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}

/** Throws DataError 'file-too-big' past the limit, 'unreadable' if it is no gzip or cut short. */
export async function gunzip(
  bytes: Uint8Array,
  limit: number,
  file: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const source = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream()
  try {
    return await readBounded(source.pipeThrough(new DecompressionStream('gzip')), limit, file)
  } catch (cause) {
    throw cause instanceof DataError ? cause : new DataError('unreadable', { file }, { cause })
  }
}
