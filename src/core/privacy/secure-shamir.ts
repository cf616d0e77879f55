// Shamir's secret sharing (1979) byte by byte over GF(2^8) with the polynomial x^8 + x^4 + x^3 + x + 1: a share is as long as
// the secret, nothing is rounded, and any `threshold` shares give it back while fewer say nothing about it. The field is
// exact for at most 255 holders. Coefficients come from the caller; table look-ups are not constant in time.

const EXP = new Uint8Array(510)
const LOG = new Uint8Array(256)
for (let power = 0, value = 1; power < 255; power++) {
  EXP[power] = EXP[power + 255] = value
  LOG[value] = power
  // Times 3, which generates the field's units.
  value ^= (value << 1) ^ (value & 0x80 ? 0x11b : 0)
}

export const MAX_HOLDERS = 255

export interface Share {
  /** Where the polynomial was evaluated: 1 to 255. */
  readonly x: number
  readonly bytes: Uint8Array
}

function times(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : EXP[LOG[a]! + LOG[b]!]!
}

/** The share at x; `coefficients` holds threshold - 1 uniform bytes for every byte of the secret, shared by all calls. */
export function shareAt(secret: Uint8Array, coefficients: Uint8Array, x: number): Uint8Array {
  const degree = coefficients.length / secret.length
  return secret.map((byte, i) => {
    // Horner, highest coefficient first.
    let value = 0
    for (let k = degree - 1; k >= 0; k--) value = times(value, x) ^ coefficients[i * degree + k]!
    return times(value, x) ^ byte
  })
}

/** The secret, if the shares are right and as many as the threshold: Lagrange interpolation at zero. */
export function combineShares(shares: readonly Share[]): Uint8Array {
  const out = new Uint8Array(shares[0]?.bytes.length ?? 0)
  for (const { x, bytes } of shares) {
    let weight = 1
    for (const other of shares) {
      if (other.x !== x) weight = times(weight, EXP[LOG[other.x]! + 255 - LOG[other.x ^ x]!]!)
    }
    for (let i = 0; i < out.length; i++) out[i]! ^= times(weight, bytes[i]!)
  }
  return out
}
