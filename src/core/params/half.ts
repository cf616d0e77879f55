// IEEE 754 binary16 by hand: Float16Array is not everywhere yet. Numbers round once, from float64 straight to half,
// ties to even, so the bits are the same on every engine. Pure arithmetic; no tables, no allocation per value.

const scratch = new DataView(new ArrayBuffer(8))

/** The 16 bits of the half nearest to x (ties to even). Beyond 65,504 + half a unit: infinity. NaN: 0x7e00. */
export function toHalfBits(x: number): number {
  scratch.setFloat64(0, x)
  const high = scratch.getUint32(0)
  const sign = (high >>> 16) & 0x8000
  if (Number.isNaN(x)) return 0x7e00
  const size = Math.abs(x)
  if (size >= 65520) return sign | 0x7c00
  const exponent = ((high >>> 20) & 0x7ff) - 1023
  // Below 2^-14 halves are evenly spaced by 2^-24, above by 2^(exponent - 10). Scaling by a power of two is exact.
  if (exponent < -14) return sign | roundHalfEven(size * 0x1000000)
  const units = roundHalfEven((size / powerOfTwo(exponent)) * 1024)
  // units is in [1024, 2048]; a carry into the exponent falls out of the addition.
  return sign | (((exponent + 14) << 10) + units)
}

/** The number that 16 bits of a half stand for. */
export function fromHalfBits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >>> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return (sign * fraction) / 0x1000000
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1 + fraction / 1024) * powerOfTwo(exponent - 15)
}

/** 2^n for an integer n in [-1022, 1023], from its bits: Math.pow need not be exact. */
function powerOfTwo(n: number): number {
  scratch.setUint32(0, (n + 1023) << 20)
  scratch.setUint32(4, 0)
  return scratch.getFloat64(0)
}

function roundHalfEven(x: number): number {
  const floor = Math.floor(x)
  const rest = x - floor
  if (rest < 0.5) return floor
  if (rest > 0.5) return floor + 1
  return floor % 2 === 0 ? floor : floor + 1
}
