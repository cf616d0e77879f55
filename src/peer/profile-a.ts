// Profile A of gossip.md as the gossip machine wants it: one-bit codec, clip to the median norm, trimmed mean, outer
// Nesterov. The only place where codec and rule meet.
import { sha256 } from '@noble/hashes/sha2.js'
import {
  addOneBit,
  checkOneBit,
  CHUNK,
  decodeOneBit,
  encodeOneBit,
  oneBitBytes,
  oneBitNorm,
  oneBitScale,
} from '../core/compress/one-bit.ts'
import type { Profile } from '../core/gossip/machine.ts'
import type { TrainingTerms } from '../core/ledger/entry.ts'
import { combine, type PackedVector } from '../core/robust/combine.ts'

export function createProfileA(parameters: number, terms: TrainingTerms): Profile {
  const pack = (payload: Uint8Array): PackedVector => {
    const signs = 2 * Math.ceil(parameters / CHUNK)
    const scales = Float64Array.from({ length: signs / 2 }, (_, chunk) => oneBitScale(payload, chunk))
    return {
      norm: oneBitNorm(payload, parameters),
      valueAt: i =>
        payload[signs + (i >>> 3)]! & (1 << (i & 7)) ? -scales[(i / CHUNK) | 0]! : scales[(i / CHUNK) | 0]!,
      addTo: (out, factor) => addOneBit(out, payload, factor),
    }
  }
  return {
    updateBytes: oneBitBytes(parameters),
    outerRate: terms.outerRateMilli / 1000,
    outerMomentum: terms.outerMomentumMilli / 1000,
    encode(error) {
      const payload = encodeOneBit(error)
      return { codec: 1, payload, payloadHash: sha256(payload) }
    },
    check: ({ codec, payload }) => (codec === 1 ? checkOneBit(payload, parameters) : 'wrong-codec'),
    localStart: params => params,
    restore(error, { payload }) {
      const taken = decodeOneBit(payload, parameters)
      for (let i = 0; i < parameters; i++) error[i] = error[i]! + taken[i]!
    },
    mix(updates) {
      const vectors = updates.map(({ payload }) => pack(payload))
      const { direction, outsized } = combine(vectors, parameters, terms.trusted === 'yes')
      return { direction, outsized: outsized.map(position => updates[position]!.author) }
    },
  }
}
