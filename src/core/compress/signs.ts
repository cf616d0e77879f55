// One bit per parameter with error feedback (Seide et al. 2014; Karimireddy et al. 2019, EF-SignSGD): profile A of gossip.md
// for every block in every round, profile B for one block in K. Per block of 4096 parameters: an fp16 scale (the mean
// magnitude) and the signs. Signs cannot hold NaN or outliers, so only scales need checking. Under the mask block b speaks
// in round r iff (b + r) mod K = 0; what is not said stays owed.
//
//   payload = scales of the blocks that speak (u16 big-endian each) || their signs (bit i of byte j = parameter 8j + i of
//   the block, 1 = negative; only the last block may end within a byte, and the rest of that byte is 0)
import { fromHalfBits, toHalfBits } from '../params/half.ts'
import { BLOCK, scaleFault, type Codec, type CodecId } from './codec.ts'

const BLOCK_SIGN_BYTES = BLOCK / 8
const MAX_FINITE_HALF = 65504

/**
 * Every block speaks once in `stride` rounds; at most the number of blocks. Throws RangeError unless there are parameters.
 */
export function createSigns(id: CodecId, parameters: number, stride: number): Codec {
  if (!Number.isInteger(parameters) || parameters < 1) throw new RangeError(`no parameters: ${parameters}`)
  const blocks = Math.ceil(parameters / BLOCK)
  /** First block that speaks in a round; there always is one, as stride <= blocks. */
  const firstOf = (round: number): number => (stride - (round % stride)) % stride
  const spokenIn = (round: number): number => Math.floor((blocks - 1 - firstOf(round)) / stride) + 1
  const payloadBytes = (round: number): number => {
    const spoken = spokenIn(round)
    const last = firstOf(round) + (spoken - 1) * stride
    const lastSize = Math.min(BLOCK, parameters - last * BLOCK)
    return 2 * spoken + (spoken - 1) * BLOCK_SIGN_BYTES + Math.ceil(lastSize / 8)
  }
  const scaleAt = (payload: Uint8Array, at: number): number =>
    fromHalfBits((payload[2 * at]! << 8) | payload[2 * at + 1]!)

  return {
    id,
    parameters,
    carry: 1,
    payloadBytes,

    encode(error, round) {
      const payload = new Uint8Array(payloadBytes(round))
      const spoken = spokenIn(round)
      for (let k = 0, block = firstOf(round); k < spoken; k++, block += stride) {
        const from = block * BLOCK
        const to = Math.min(parameters, from + BLOCK)
        const bits = toHalfBits(Math.min(MAX_FINITE_HALF, meanMagnitude(error, from, to)))
        payload[2 * k] = bits >>> 8
        payload[2 * k + 1] = bits & 255
        takeSigns(error, from, to, fromHalfBits(bits), payload, 2 * spoken + k * BLOCK_SIGN_BYTES)
      }
      return payload
    },

    check(payload, round) {
      if (payload.length !== payloadBytes(round)) return 'wrong-length'
      const spoken = spokenIn(round)
      for (let k = 0; k < spoken; k++) {
        const fault = scaleFault((payload[2 * k]! << 8) | payload[2 * k + 1]!)
        if (fault !== null) return fault
      }
      const endsWithin = (blocks - 1 + round) % stride === 0 ? parameters & 7 : 0
      return endsWithin !== 0 && payload[payload.length - 1]! >>> endsWithin !== 0 ? 'not-canonical' : null
    },

    norm(payload, round) {
      const spoken = spokenIn(round)
      let sum = 0
      for (let k = 0, from = firstOf(round) * BLOCK; k < spoken; k++, from += stride * BLOCK) {
        const scale = scaleAt(payload, k)
        sum += scale * scale * Math.min(BLOCK, parameters - from)
      }
      return Math.sqrt(sum)
    },

    read(payload, round, from, to, out, at) {
      const first = firstOf(round)
      const signs = 2 * spokenIn(round)
      for (let block = Math.floor(from / BLOCK); block * BLOCK < to; block++) {
        const start = block * BLOCK
        const low = Math.max(from, start)
        const high = Math.min(to, start + BLOCK)
        if ((block + round) % stride !== 0) {
          out.fill(0, at + low - from, at + high - from)
          continue
        }
        const k = (block - first) / stride
        spreadSigns(
          payload,
          signs + k * BLOCK_SIGN_BYTES,
          low - start,
          high - start,
          scaleAt(payload, k),
          out,
          at + low - from,
        )
      }
    },

    covers: (round, block) => (block + round) % stride === 0,
  }
}

function meanMagnitude(error: Float32Array, from: number, to: number): number {
  let sum = 0
  for (let i = from; i < to; i++) sum += Math.abs(error[i]!)
  return sum / (to - from)
}

/** Writes the signs of error[from..to) and takes plus or minus the scale out of it. */
function takeSigns(
  error: Float32Array,
  from: number,
  to: number,
  scale: number,
  payload: Uint8Array,
  at: number,
): void {
  const words = new Uint32Array(error.buffer, error.byteOffset, error.length)
  for (let start = from; start < to; start += 8) {
    const end = Math.min(to, start + 8)
    let byte = 0
    for (let i = start; i < end; i++) {
      // value < 0 without a branch that nobody can predict: the sign bit, unless all other bits are 0 (minus zero).
      const rest = words[i]! << 1
      const negative = (words[i]! >>> 31) & ((rest | -rest) >>> 31)
      byte |= negative << (i - start)
      error[i] = error[i]! - scale * (1 - 2 * negative)
    }
    payload[at++] = byte
  }
}

/** Parameters from to to of the block whose signs begin at `signs`. */
function spreadSigns(
  payload: Uint8Array,
  signs: number,
  from: number,
  to: number,
  scale: number,
  out: Float64Array,
  at: number,
): void {
  for (let i = from; i < to; i++) {
    // 1 or -1 times the scale: exact, and no branch that nobody can predict.
    out[at++] = scale * (1 - 2 * ((payload[signs + (i >>> 3)]! >>> (i & 7)) & 1))
  }
}
