// Seeded randomness for everything that must replay: sfc32 (Chris Doty-Humphrey, PractRand), seeded by
// FNV-1a over a text. Not for secrets: those come from the Entropy port.

export interface Rng {
  /** Uniform in [0, 1), 32 bits of resolution. */
  next(): number
  /** Uniform integer in [0, bound). Throws RangeError unless bound is a positive integer. */
  below(bound: number): number
  /** Standard normal by the polar method of Marsaglia; not bit-equal across engines (uses Math.log). */
  normal(): number
}

/** The same text gives the same stream on every engine. */
export function createRng(seed: string | number): Rng {
  const text = String(seed)
  let hash = 0x811c9dc5
  const mix = (): number => {
    for (let i = 0; i < text.length; i++) {
      hash ^= text.charCodeAt(i)
      hash = Math.imul(hash, 0x01000193)
    }
    hash ^= hash >>> 15
    return hash >>> 0
  }
  let a = mix()
  let b = mix()
  let c = mix()
  let counter = 1
  const bits = (): number => {
    const t = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return t >>> 0
  }
  for (let i = 0; i < 12; i++) bits()

  const rng: Rng = {
    next: () => bits() / 4294967296,
    below(bound) {
      if (!Number.isInteger(bound) || bound <= 0)
        throw new RangeError(`bound must be a positive integer: ${bound}`)
      return Math.floor(rng.next() * bound)
    },
    normal() {
      for (;;) {
        const u = rng.next() * 2 - 1
        const v = rng.next() * 2 - 1
        const s = u * u + v * v
        if (s > 0 && s < 1) return u * Math.sqrt((-2 * Math.log(s)) / s)
      }
    },
  }
  return rng
}

/** Fisher-Yates in place; returns the same array. */
export function shuffle<T>(items: T[], rng: Rng): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = rng.below(i + 1)
    const held = items[i]!
    items[i] = items[j]!
    items[j] = held
  }
  return items
}
