// Profile C of gossip.md: of every block of 4096 parameters the 64 largest by magnitude, two bits each (after SparseLoCo,
// Sarfi et al. 2025), with error feedback that forgets 5 % a round. Meant for large models in rooms whose rule weighs whole
// vectors: coordinate-wise rules lose what few members speak of. A last block that is shorter sends one in 64.
//
//   payload = per block: low, high magnitude (u16 big-endian halves, low <= high) || per value, ascending by index, 14 bits:
//   index in the block (12), sign (1 = negative), level (1 = high); bits from the high end, the last byte filled with 0
import { fromHalfBits, toHalfBits } from '../params/half.ts'
import { BLOCK, scaleFault, type Codec, type CodecFault } from './codec.ts'

/** One parameter in this many is sent. */
const SPARSITY = 64
const SCALE_BYTES = 4
const VALUE_BITS = 14
const MAX_FINITE_HALF = 65504
/** beta of SparseLoCo. */
const CARRY = 0.95
/** Passes of Lloyd's iteration over at most 64 magnitudes; beyond four the levels hardly move. */
const LEVEL_PASSES = 4

const valuesIn = (size: number): number => Math.ceil(size / SPARSITY)
const bytesFor = (size: number): number => SCALE_BYTES + Math.ceil((valuesIn(size) * VALUE_BITS) / 8)
const FULL_BLOCK_BYTES = bytesFor(BLOCK)

/** Throws RangeError unless there are parameters. */
export function createSparse(parameters: number): Codec {
  if (!Number.isInteger(parameters) || parameters < 1) throw new RangeError(`no parameters: ${parameters}`)
  const blocks = Math.ceil(parameters / BLOCK)
  const sizeOf = (block: number): number => Math.min(BLOCK, parameters - block * BLOCK)
  const totalBytes = (blocks - 1) * FULL_BLOCK_BYTES + bytesFor(sizeOf(blocks - 1))

  return {
    id: 3,
    parameters,
    carry: CARRY,
    payloadBytes: () => totalBytes,

    encode(error) {
      const payload = new Uint8Array(totalBytes)
      const chosen = new Uint16Array(BLOCK / SPARSITY)
      const histogram = new Uint32Array(2048)
      for (let block = 0; block < blocks; block++) {
        const from = block * BLOCK
        const values = error.subarray(from, from + sizeOf(block))
        const count = chooseLargest(values, chosen, histogram)
        takeValues(values, chosen, count, payload, block * FULL_BLOCK_BYTES)
      }
      return payload
    },

    check(payload) {
      if (payload.length !== totalBytes) return 'wrong-length'
      for (let block = 0; block < blocks; block++) {
        const fault = blockFault(payload, block * FULL_BLOCK_BYTES, sizeOf(block))
        if (fault !== null) return fault
      }
      return null
    },

    norm(payload) {
      let sum = 0
      for (let block = 0; block < blocks; block++) {
        const at = block * FULL_BLOCK_BYTES
        const count = valuesIn(sizeOf(block))
        let high = 0
        for (let k = 0; k < count; k++) high += valueAt(payload, at, k) & 1
        const [small, large] = [scaleAt(payload, at), scaleAt(payload, at + 2)]
        sum += small * small * (count - high) + large * large * high
      }
      return Math.sqrt(sum)
    },

    read(payload, _round, from, to, out, at) {
      out.fill(0, at, at + to - from)
      for (let block = Math.floor(from / BLOCK); block * BLOCK < to; block++) {
        const start = block * FULL_BLOCK_BYTES
        const count = valuesIn(sizeOf(block))
        const [small, large] = [scaleAt(payload, start), scaleAt(payload, start + 2)]
        for (let k = 0; k < count; k++) {
          const value = valueAt(payload, start, k)
          const index = block * BLOCK + (value >>> 2)
          if (index < from || index >= to) continue
          const magnitude = value & 1 ? large : small
          out[at + index - from] = value & 2 ? -magnitude : magnitude
        }
      }
    },

    covers: () => true,
  }
}

function scaleAt(payload: Uint8Array, at: number): number {
  return fromHalfBits((payload[at]! << 8) | payload[at + 1]!)
}

/** The 14 bits of value k of the block that begins at `at`. */
function valueAt(payload: Uint8Array, at: number, k: number): number {
  const bit = k * VALUE_BITS
  const byte = at + SCALE_BYTES + (bit >>> 3)
  // At most 14 + 6 bits from the byte's start; what lies beyond the payload is shifted out again.
  const window = (payload[byte]! << 16) | (payload[byte + 1]! << 8) | (payload[byte + 2] ?? 0)
  return (window >>> (24 - VALUE_BITS - (bit & 7))) & 0x3fff
}

function blockFault(payload: Uint8Array, at: number, size: number): CodecFault | null {
  const [low, high] = [(payload[at]! << 8) | payload[at + 1]!, (payload[at + 2]! << 8) | payload[at + 3]!]
  const fault = scaleFault(low) ?? scaleFault(high)
  if (fault !== null) return fault
  // Halves that are not negative order as their bits do.
  if (low > high) return 'not-canonical'
  const count = valuesIn(size)
  for (let k = 0, above = -1; k < count; k++) {
    const index = valueAt(payload, at, k) >>> 2
    if (index <= above || index >= size) return 'not-canonical'
    above = index
  }
  const used = (count * VALUE_BITS) & 7
  return used !== 0 && (payload[at + bytesFor(size) - 1]! << used) & 255 ? 'not-canonical' : null
}

/**
 * Indices of the largest magnitudes, ascending, into `chosen`; returns how many. Of equal ones the smaller indices go first.
 * Magnitudes of floats order as their bits without the sign do, so the threshold comes from counting, 11 + 10 + 10 bits.
 */
function chooseLargest(values: Float32Array, chosen: Uint16Array, histogram: Uint32Array): number {
  const keys = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const count = valuesIn(values.length)
  let threshold = 0
  let atThreshold = count
  for (let above = 31, shift = 20; shift >= 0; above = shift, shift -= 10) {
    histogram.fill(0)
    const mask = (1 << (above - shift)) - 1
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]! & 0x7fffffff
      if (key >>> above === threshold) histogram[(key >>> shift) & mask]!++
    }
    let bin = mask
    while (atThreshold > histogram[bin]!) atThreshold -= histogram[bin--]!
    threshold = (threshold << (above - shift)) | bin
  }
  let found = 0
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]! & 0x7fffffff
    if (key > threshold || (key === threshold && atThreshold-- > 0)) chosen[found++] = i
  }
  return found
}

/** Writes the chosen values of a block and takes what was written out of them. */
function takeValues(
  values: Float32Array,
  chosen: Uint16Array,
  count: number,
  payload: Uint8Array,
  at: number,
): void {
  const levels = levelsOf(values, chosen, count)
  for (let k = 0; k < 2; k++) {
    payload[at + 2 * k] = levels[k]! >>> 8
    payload[at + 2 * k + 1] = levels[k]! & 255
  }
  const [low, high] = [fromHalfBits(levels[0]), fromHalfBits(levels[1])]
  const middle = (low + high) / 2
  let held = 0
  let heldBits = 0
  let byte = at + SCALE_BYTES
  for (let k = 0; k < count; k++) {
    const index = chosen[k]!
    const value = values[index]!
    const isHigh = high > low && Math.abs(value) > middle
    const magnitude = isHigh ? high : low
    values[index] = value < 0 ? value + magnitude : value - magnitude
    held = (held << VALUE_BITS) | (index << 2) | (value < 0 ? 2 : 0) | (isHigh ? 1 : 0)
    heldBits += VALUE_BITS
    while (heldBits >= 8) {
      heldBits -= 8
      payload[byte++] = (held >>> heldBits) & 255
    }
    held &= 255
  }
  if (heldBits > 0) payload[byte] = (held << (8 - heldBits)) & 255
}

/** The two magnitudes, as halves, that stand for the chosen ones: Lloyd's iteration (1982) from their mean. */
function levelsOf(values: Float32Array, chosen: Uint16Array, count: number): readonly [number, number] {
  let sum = 0
  for (let k = 0; k < count; k++) sum += Math.abs(values[chosen[k]!]!)
  let low = sum / count
  let high = low
  for (let pass = 0; pass < LEVEL_PASSES; pass++) {
    const boundary = (low + high) / 2
    let [lowSum, highSum, highCount] = [0, 0, 0]
    for (let k = 0; k < count; k++) {
      const magnitude = Math.abs(values[chosen[k]!]!)
      if (magnitude > boundary) {
        highSum += magnitude
        highCount++
      } else {
        lowSum += magnitude
      }
    }
    if (highCount === 0 || highCount === count) break
    low = lowSum / (count - highCount)
    high = highSum / highCount
  }
  const half = (magnitude: number): number => toHalfBits(Math.min(MAX_FINITE_HALF, magnitude))
  return [half(low), half(high)]
}
