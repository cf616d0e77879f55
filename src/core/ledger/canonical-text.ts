// Bytes or text from outside become a value of a schema or nothing. The canonical form is demanded, not repaired: a record
// has exactly one encoding, so its hash is its name. Duplicate keys, spaces, other number forms and byte order marks all
// fail the comparison with the value's own encoding. Limits hold before anything is parsed.
import * as v from 'valibot'
import { canonicalise } from './canonical.ts'

export interface TextLimits {
  readonly bytes: number
  /** Nested objects and arrays. */
  readonly depth: number
}

export function parseBytes<Schema extends v.GenericSchema>(
  schema: Schema,
  bytes: Uint8Array,
  limits: TextLimits,
): v.InferOutput<Schema> | undefined {
  if (bytes.length > limits.bytes) return undefined
  let encoded: string
  try {
    encoded = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    // No UTF-8: the caller learns that it is no record, which is all there is to know.
    return undefined
  }
  return parseText(schema, encoded, limits)
}

/** For texts inside records, whose length the outer limit bounds already. */
export function parseText<Schema extends v.GenericSchema>(
  schema: Schema,
  encoded: string,
  { depth }: Pick<TextLimits, 'depth'>,
): v.InferOutput<Schema> | undefined {
  if (isDeeper(encoded, depth)) return undefined
  try {
    const value: unknown = JSON.parse(encoded)
    const parsed = v.safeParse(schema, value, { abortEarly: true })
    if (!parsed.success) return undefined
    // The output, not the value: keys of Object.prototype slip through the schema's check for unknown ones.
    return canonicalise(parsed.output) === encoded ? parsed.output : undefined
  } catch {
    // No JSON, or a value without canonical form (a fraction, a lone surrogate, null).
    return undefined
  }
}

const QUOTE = 34
const BACKSLASH = 92

/** Whether brackets outside of strings nest deeper, told without parsing. */
function isDeeper(encoded: string, limit: number): boolean {
  let depth = 0
  let inString = false
  for (let i = 0; i < encoded.length; i++) {
    const code = encoded.charCodeAt(i)
    if (inString) {
      if (code === BACKSLASH) i++
      else if (code === QUOTE) inString = false
    } else if (code === QUOTE) inString = true
    else if (code === 123 || code === 91) {
      if (++depth > limit) return true
    } else if (code === 125 || code === 93) depth--
  }
  return false
}
