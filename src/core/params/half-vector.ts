// Whole vectors of half precision: rounding in place, and the bits of values that are halves already. Integer arithmetic
// on the bits of float32, so every engine gets the same result; a few times faster than half.ts, which says what is right.

/** The largest finite half. */
const MAX_HALF = 65504
/** Magnitudes of float32 as bits: 2^-14 (the least normal half), 65520 (rounds beyond the largest), infinity. */
const LEAST_NORMAL = 0x38800000
const OVERFLOW = 0x477ff000
const INFINITE = 0x7f800000
/** Adding and taking it away rounds a small float64 to a multiple of 2^-24, ties to even: its own last place is that. */
const SUBNORMAL_GRID = 1.5 * 2 ** 28
const PER_SUBNORMAL = 2 ** 24

/**
 * Every value becomes the nearest half, ties to even. Beyond the range: the largest half of that sign. NaN and both zeros
 * become +0, so that equal states have equal bits.
 */
export function roundToHalf(values: Float32Array): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  for (let i = 0; i < bits.length; i++) {
    const word = bits[i]!
    const size = word & 0x7fffffff
    if (size >= LEAST_NORMAL && size < OVERFLOW) {
      // 13 bits of the fraction go; a carry into the exponent is the right result too.
      bits[i] = (word + 0xfff + ((word >>> 13) & 1)) & 0xffffe000
    } else if (size < LEAST_NORMAL) {
      const rounded = values[i]! + SUBNORMAL_GRID - SUBNORMAL_GRID
      values[i] = rounded === 0 ? 0 : rounded
    } else values[i] = size > INFINITE ? 0 : word >>> 31 ? -MAX_HALF : MAX_HALF
  }
}

/** Writes values that are halves (roundToHalf) as 2 bytes each, little-endian, from `at` on. */
export function writeHalves(values: Float32Array, bytes: Uint8Array, at: number): void {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length)
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    const size = word & 0x7fffffff
    const magnitude = size >= LEAST_NORMAL ? (size >>> 13) - 0x1c000 : Math.abs(values[i]!) * PER_SUBNORMAL
    const half = ((word >>> 16) & 0x8000) | magnitude
    bytes[at + 2 * i] = half & 255
    bytes[at + 2 * i + 1] = half >>> 8
  }
}

/** `count` halves from `at` on; undefined when one is no finite number or a negative zero. */
export function readHalves(bytes: Uint8Array, at: number, count: number): Float32Array | undefined {
  const values = new Float32Array(count)
  const words = new Uint32Array(values.buffer)
  for (let i = 0; i < count; i++) {
    const half = bytes[at + 2 * i]! | (bytes[at + 2 * i + 1]! << 8)
    const magnitude = half & 0x7fff
    if (magnitude >= 0x7c00 || half === 0x8000) return undefined
    if (magnitude >= 0x400) words[i] = ((half & 0x8000) << 16) | ((magnitude + 0x1c000) << 13)
    else values[i] = (half & 0x8000 ? -magnitude : magnitude) / PER_SUBNORMAL
  }
  return values
}
