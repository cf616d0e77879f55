// Base64url without padding (RFC 4648 section 5), pure: no atob, no Buffer. Strict: one text for each byte string, so a
// decoded identifier encodes back to itself. Not for streaming or large files.

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

const VALUE_OF = new Int8Array(128).fill(-1)
for (let i = 0; i < 64; i++) VALUE_OF[ALPHABET.charCodeAt(i)] = i

/** 4 characters for every 3 bytes, then 2 or 3 for the rest. */
export function encodeBase64url(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const rest = bytes.length - i
    const bits = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    text += ALPHABET[bits >>> 18]! + ALPHABET[(bits >>> 12) & 63]!
    if (rest > 1) text += ALPHABET[(bits >>> 6) & 63]!
    if (rest > 2) text += ALPHABET[bits & 63]!
  }
  return text
}

/**
 * The bytes, or undefined where the text is not canonical base64url (padding, foreign characters, stray bits) or does not
 * hold exactly `length` bytes, when that is given.
 */
export function decodeBase64url(text: string, length?: number): Uint8Array<ArrayBuffer> | undefined {
  const size = Math.floor((text.length * 3) / 4)
  if (text.length % 4 === 1 || (length !== undefined && size !== length)) return undefined
  const bytes = new Uint8Array(size)
  let bits = 0
  let held = 0
  let at = 0
  for (let i = 0; i < text.length; i++) {
    const value = VALUE_OF[text.charCodeAt(i)] ?? -1
    if (value < 0) return undefined
    bits = ((bits << 6) | value) & 0xffff
    held += 6
    if (held < 8) continue
    held -= 8
    bytes[at++] = bits >>> held
  }
  const stray = bits & ((1 << held) - 1)
  return stray === 0 ? bytes : undefined
}
