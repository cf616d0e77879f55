// Golden figures of codecs and rules: hashes of payloads, residuals and directions from seeded inputs. Only + - * / on
// seeded fractions goes in, so that every engine has to come to the same bits.
import { sha256 } from '@noble/hashes/sha2.js'
import type { Codec } from '../../src/core/compress/codec.ts'
import { createMasked } from '../../src/core/compress/masked.ts'
import { createOneBit } from '../../src/core/compress/one-bit.ts'
import { createSparse } from '../../src/core/compress/sparse.ts'
import type { RuleName } from '../../src/core/ledger/entry.ts'
import { bytesToHex } from '../../src/core/num/hex.ts'
import { createRng } from '../../src/core/num/rng.ts'
import { ruleOf } from '../../src/core/robust/rules.ts'
import { vectorsSaid, type Said } from '../core/robust/vectors.ts'

/** Hex SHA-256 by what was hashed. */
export type CodecVectors = Readonly<Record<string, string>>

const PARAMETERS = 21_770
const MEMBERS = 11
const ROUNDS = [0, 3, 1_000_001]
const RULES: readonly RuleName[] = [
  'clip-trim',
  'clip-mean',
  'multi-krum',
  'nearest-median',
  'centered-clip',
  'mean',
]

export function codecVectors(): CodecVectors {
  const [whole, narrow, sparse] = [createOneBit, createMasked, createSparse].map(create => create(PARAMETERS))
  const vectors: Record<string, string> = {}
  for (const [name, codec] of Object.entries({ 'one-bit': whole!, masked: narrow!, sparse: sparse! })) {
    for (const round of ROUNDS) {
      const error = errorOf(0)
      vectors[`payload ${name} round ${round}`] = hashOf(codec.encode(error, round))
      vectors[`residual ${name} round ${round}`] = hashOf(error)
    }
  }
  const sets: Record<string, readonly Said[]> = {
    'one-bit': saidBy(() => whole!),
    mixed: saidBy(k => (k % 3 === 1 ? narrow! : whole!)),
    sparse: saidBy(() => sparse!),
  }
  for (const [name, said] of Object.entries(sets)) {
    for (const rule of RULES) {
      const { direction } = ruleOf(rule, { trusted: false })(vectorsSaid(said))
      vectors[`direction ${rule} of ${name}`] = hashOf(direction)
    }
  }
  return vectors
}

function saidBy(codecOf: (member: number) => Codec): readonly Said[] {
  return Array.from({ length: MEMBERS }, (_, k) => {
    const codec = codecOf(k)
    return { codec, payload: codec.encode(errorOf(k), 3), round: 3, weight: 20 + 7 * (k % 4) }
  })
}

/** Seeded, near what all share; the last member is turned round and forty times too large. */
function errorOf(member: number): Float32Array {
  const shared = createRng('golden codecs')
  const own = createRng(`golden codecs ${member}`)
  const size = member === MEMBERS - 1 ? -40 : 1 + member / 4
  return Float32Array.from(
    { length: PARAMETERS },
    () => size * (shared.next() + shared.next() - 0.9 + own.next() - own.next()),
  )
}

/** Of numbers as they lie in memory, low byte first on whatever runs this. */
function hashOf({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  return bytesToHex(sha256(new Uint8Array(buffer, byteOffset, byteLength)))
}
