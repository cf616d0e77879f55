// RFC 8785 (JSON Canonicalization Scheme) for the subset that entries use: objects, arrays, strings, safe integers.
// With no fractions and no exponents the scheme is: keys in UTF-16 order, no spaces, JSON.stringify's string escapes.

export type Canonical = string | number | readonly Canonical[] | { readonly [key: string]: Canonical }

/** Throws TypeError for anything outside the subset: fractions, null, booleans, lone surrogates, undefined. */
export function canonicalise(value: unknown): string {
  switch (typeof value) {
    case 'string':
      if (!isWellFormed(value)) throw new TypeError('text with a lone surrogate has no canonical form')
      return JSON.stringify(value)
    case 'number':
      if (!Number.isSafeInteger(value) || Object.is(value, -0))
        throw new TypeError(`not a safe integer: ${value}`)
      return String(value)
    case 'object': {
      if (value === null) break
      if (Array.isArray(value)) return `[${value.map(canonicalise).join(',')}]`
      const keys = Object.keys(value).sort()
      const members = value as Record<string, unknown>
      return `{${keys.map(key => `${canonicalise(key)}:${canonicalise(members[key])}`).join(',')}}`
    }
  }
  throw new TypeError(`no canonical form for ${value === null ? 'null' : typeof value}`)
}

function isWellFormed(text: string): boolean {
  // Almost no text has a surrogate at all, and that is quickly told.
  if (!/[\uD800-\uDFFF]/.test(text)) return true
  return !/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(text)
}
