// Hexadecimal text of bytes, lower case.

const PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export function bytesToHex(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i++) text += PAIRS[bytes[i]!]
  return text
}

/** Throws RangeError unless the text is an even number of lower-case hexadecimal digits. */
export function hexToBytes(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length >>> 1)
  for (let i = 0; i < bytes.length; i++) {
    const byte = 16 * digitAt(hex, 2 * i) + digitAt(hex, 2 * i + 1)
    if (!(byte >= 0)) throw new RangeError('not lower-case hexadecimal')
    bytes[i] = byte
  }
  if (hex.length % 2 !== 0) throw new RangeError('not lower-case hexadecimal')
  return bytes
}

/** NaN for anything else. */
function digitAt(hex: string, at: number): number {
  const code = hex.charCodeAt(at)
  if (code >= 48 && code <= 57) return code - 48
  return code >= 97 && code <= 102 ? code - 87 : NaN
}
