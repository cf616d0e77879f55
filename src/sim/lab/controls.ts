// What the laboratory compares rooms with and rooms do not offer: updates of whole float32 numbers, a coordinate-wise
// median, states that are not rounded, rules in the place of a room's. Written against the same interfaces as the real ones.
import { sha256 } from '@noble/hashes/sha2.js'
import type { Codec } from '../../core/compress/codec.ts'
import type { Profile } from '../../core/gossip/machine.ts'
import type { ModelState } from '../../core/gossip/state.ts'
import type { Mixer } from '../../core/gossip/window.ts'
import type { Update } from '../../core/gossip/update.ts'
import type { TrainingTerms } from '../../core/ledger/entry.ts'
import { BLOCK, type Rule, type Vectors } from '../../core/robust/rule.ts'

/** Little-endian float32, nothing owed afterwards. Its id means nothing: such updates never meet others. */
export function float32Codec(parameters: number): Codec {
  const view = (payload: Uint8Array): Float32Array =>
    new Float32Array(payload.buffer, payload.byteOffset, parameters)
  return {
    id: 1,
    parameters,
    carry: 1,
    payloadBytes: () => 4 * parameters,
    encode(error) {
      const payload = new Uint8Array(error.slice().buffer)
      error.fill(0)
      return payload
    },
    check(payload) {
      if (payload.length !== 4 * parameters) return 'wrong-length'
      return view(payload).every(Number.isFinite) ? null : 'not-finite'
    },
    norm(payload) {
      let sum = 0
      for (const value of view(payload)) sum += value * value
      return Math.sqrt(sum)
    },
    read: (payload, _round, from, to, out, at) => out.set(view(payload).subarray(from, to), at),
    covers: () => true,
  }
}

/** Yin et al. 2018, option I: the middle value of every coordinate, or the mean of the two. */
export const coordinateMedian: Rule = vectors => {
  const { count, parameters } = vectors
  const direction = new Float64Array(parameters)
  const rows = new Float64Array(count * BLOCK)
  const column = new Float64Array(count)
  for (let from = 0; from < parameters; from += BLOCK) {
    const to = Math.min(parameters, from + BLOCK)
    for (let k = 0; k < count; k++) vectors.read(k, from, to, rows, k * BLOCK)
    for (let i = 0; i < to - from; i++) {
      for (let k = 0; k < count; k++) column[k] = rows[k * BLOCK + i]!
      column.sort()
      direction[from + i] = (column[(count - 1) >> 1]! + column[count >> 1]!) / 2
    }
  }
  return { direction, outsized: [] }
}

/** One codec that speaks of every block and one rule as a profile. */
export function joinProfile(codec: Codec, rule: Rule, terms: TrainingTerms): Profile {
  return {
    carry: codec.carry,
    updateBytes: codec.payloadBytes(0),
    outerRate: terms.outerRateMilli / 1000,
    outerMomentum: terms.outerMomentumMilli / 1000,
    encode(error, round) {
      const payload = codec.encode(error, round)
      return { codec: codec.id, payload, payloadHash: sha256(payload) }
    },
    check: ({ payload, round }) => codec.check(payload, round),
    restore(error, { payload, round }) {
      const taken = new Float64Array(codec.parameters)
      codec.read(payload, round, 0, codec.parameters, taken, 0)
      for (let i = 0; i < taken.length; i++) error[i] = error[i]! + taken[i]!
    },
    localStart: params => params,
    mix(updates) {
      const { direction, outsized } = rule(vectorsOf(updates, codec, terms))
      return { direction, outsized: outsized.map(position => updates[position]!.author) }
    },
  }
}

function vectorsOf(updates: readonly Update[], codec: Codec, { weighting }: TrainingTerms): Vectors {
  return {
    count: updates.length,
    parameters: codec.parameters,
    norms: updates.map(({ payload, round }) => codec.norm(payload, round)),
    weights: updates.map(({ samples }) => (weighting === 'samples' ? samples : 1)),
    read: (k, from, to, out, at) => codec.read(updates[k]!.payload, updates[k]!.round, from, to, out, at),
    covering: () => null,
  }
}

/** The outer step of core/gossip/window.ts without its rounding. */
export function unroundedStep(state: ModelState, updates: readonly Update[], mixer: Mixer): ModelState {
  const round = state.round + 1
  if (updates.length === 0) return { ...state, round }
  const { direction } = mixer.mix(updates)
  const { outerRate: alpha, outerMomentum: mu } = mixer
  const momentum = state.momentum.map((value, i) => mu * value + direction[i]!)
  const params = state.params.map((value, i) => value - alpha * (mu * momentum[i]! + direction[i]!))
  return { ...state, round, params, momentum }
}
