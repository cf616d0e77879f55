// Bytes of a table to text: UTF-8, UTF-16 with a mark, or Shift_JIS (what Excel writes in Japan). Nothing is guessed
// beyond that: text that is none of these is an error, never mojibake.
import { DataError } from '../core/data/error.ts'

export interface DecodedText {
  readonly text: string
  readonly encoding: string
}

/** Throws DataError 'encoding'. */
export function decodeText(bytes: Uint8Array, file: string): DecodedText {
  const marked =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : null
  for (const encoding of marked ? [marked] : ['utf-8', 'shift_jis']) {
    const text = tryDecode(bytes, encoding)
    // A NUL is in no table: these bytes are something else.
    if (text !== null && !text.includes('\0')) return { text, encoding }
  }
  throw new DataError('encoding', { file })
}

function tryDecode(bytes: Uint8Array, encoding: string): string | null {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    // reason: not this encoding; the caller tries the next.
    return null
  }
}
