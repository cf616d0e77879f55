// The charter's profile as the gossip machine wants it: which codecs a room takes, its rule, the outer step. The only place
// where codecs and rules meet.
import { sha256 } from '@noble/hashes/sha2.js'
import type { Codec } from '../core/compress/codec.ts'
import { createMasked } from '../core/compress/masked.ts'
import { createOneBit } from '../core/compress/one-bit.ts'
import { createSparse } from '../core/compress/sparse.ts'
import type { Encoded, Profile as Mixing } from '../core/gossip/machine.ts'
import type { Update } from '../core/gossip/update.ts'
import type { TrainingTerms } from '../core/ledger/entry.ts'
import { BLOCK, type Vectors } from '../core/robust/rule.ts'
import { meanFactors, ruleOf } from '../core/robust/rules.ts'
import { createSumProfile } from './sum-profile.ts'

/** What the machine needs, and the parts that contributions are measured by. */
export interface Profile extends Mixing {
  /**
   * What each update put into the round's mean: its vector, cut and weighted as the rule does, nothing if the rule left it out.
   * They add up to the mean over all; rules that trim single values or choose among vectors differ from it a little.
   */
  parts(updates: readonly Update[]): readonly Float32Array[]
}

/** @param parameters of which updates speak: fewer than the model's where members keep their own head */
export function createProfile(parameters: number, terms: TrainingTerms): Profile {
  if (terms.privacy.type === 'masks') {
    // What one member put into a sum is what nobody is to know.
    const parts = (updates: readonly Update[]) => updates.map(() => new Float32Array(parameters))
    return { ...createSumProfile(parameters, terms), parts }
  }
  const { whole, narrow, codecs } = codecsOf(parameters, terms.profile)
  const rule = ruleOf(terms.rule, { trusted: terms.trusted === 'yes' })
  const codecOf = ({ codec }: Pick<Encoded, 'codec'>): Codec => {
    const found = codecs.get(codec)
    if (!found) throw new RangeError(`codec ${codec} is not of this room`)
    return found
  }
  return {
    carry: whole.carry,
    updateBytes: whole.payloadBytes(0),
    outerRate: terms.outerRateMilli / 1000,
    outerMomentum: terms.outerMomentumMilli / 1000,
    encode(error, round, isNarrow) {
      const codec = isNarrow ? narrow : whole
      const payload = codec.encode(error.subarray(0, parameters), round)
      return { codec: codec.id, payload, payloadHash: sha256(payload) }
    },
    check(update) {
      const codec = codecs.get(update.codec)
      return codec ? codec.check(update.payload, update.round) : 'wrong-codec'
    },
    restore(error, update) {
      const taken = decode(codecOf(update), update)
      for (let i = 0; i < parameters; i++) error[i] = error[i]! + taken[i]!
    },
    localStart(params, error, last) {
      if (last === null) return params
      const codec = codecOf(last)
      let start = params
      for (let from = 0; from < parameters; from += BLOCK) {
        if (codec.covers(last.round, from / BLOCK)) continue
        if (start === params) start = params.slice()
        const to = Math.min(parameters, from + BLOCK)
        for (let i = from; i < to; i++) start[i] = params[i]! - error[i]!
      }
      return start
    },
    parts(updates) {
      const factors = meanFactors(terms.rule, vectorsOf(updates, parameters, terms.weighting, codecOf))
      return updates.map((update, k) =>
        Float32Array.from(decode(codecOf(update), update), value => factors[k]! * value),
      )
    },
    mix(updates) {
      const { direction, outsized } = rule(vectorsOf(updates, parameters, terms.weighting, codecOf))
      return { direction, outsized: outsized.map(position => updates[position]!.author) }
    },
  }
}

function codecsOf(
  parameters: number,
  profile: TrainingTerms['profile'],
): { whole: Codec; narrow: Codec; codecs: ReadonlyMap<number, Codec> } {
  const of = (whole: Codec, narrow = whole) => ({
    whole,
    narrow,
    codecs: new Map([whole, narrow].map(codec => [codec.id as number, codec])),
  })
  switch (profile) {
    case 'auto':
      return of(createOneBit(parameters), createMasked(parameters))
    case 'one-bit':
      return of(createOneBit(parameters))
    case 'masked':
      return of(createMasked(parameters))
    case 'sparse':
      return of(createSparse(parameters))
  }
}

function vectorsOf(
  updates: readonly Update[],
  parameters: number,
  weighting: TrainingTerms['weighting'],
  codecOf: (update: Update) => Codec,
): Vectors {
  const used = updates.map(codecOf)
  return {
    count: updates.length,
    parameters,
    norms: updates.map(
      ({ payload, round }, k) => used[k]!.norm(payload, round) * Math.sqrt(shareOf(used[k]!, round)),
    ),
    weights: updates.map(({ samples }) => (weighting === 'samples' ? Math.max(1, samples) : 1)),
    read: (k, from, to, out, at) => used[k]!.read(updates[k]!.payload, updates[k]!.round, from, to, out, at),
    covering(from) {
      const positions: number[] = []
      updates.forEach(({ round }, k) => used[k]!.covers(round, from / BLOCK) && positions.push(k))
      return positions.length === updates.length ? null : positions
    },
  }
}

/** Part of the blocks that a codec speaks of in a round: what it says of each is so much more than a round's worth. */
function shareOf(codec: Codec, round: number): number {
  const blocks = Math.ceil(codec.parameters / BLOCK)
  let covered = 0
  for (let block = 0; block < blocks; block++) if (codec.covers(round, block)) covered++
  return covered / blocks
}

function decode(codec: Codec, { payload, round }: Encoded): Float64Array {
  const out = new Float64Array(codec.parameters)
  codec.read(payload, round, 0, codec.parameters, out, 0)
  return out
}
