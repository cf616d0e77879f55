// Modified clients: what a member with its own build of the program could send in place of an honest update. Used on
// virtual time (tests/sim) and, built into a real tab's worker, end to end. Seeded; no attack knows others' updates.
import { sha256 } from '@noble/hashes/sha2.js'
import { BLOCK } from '../../src/core/compress/codec.ts'
import { oneBitBytes } from '../../src/core/compress/one-bit.ts'
import { addOneBit } from './one-bit.ts'
import type { Profile } from '../../src/core/gossip/machine.ts'
import type { CharterBody } from '../../src/core/ledger/entry.ts'
import { createRng } from '../../src/core/num/rng.ts'
import { fromHalfBits, toHalfBits } from '../../src/core/params/half.ts'
import { createProfile } from '../../src/peer/profile.ts'

export const PAYLOAD_ATTACKS = [
  'nan',
  'infinite',
  'wrong-shape',
  'million-fold',
  'garbage',
  'wrong-hash',
] as const
export type PayloadAttack = (typeof PAYLOAD_ATTACKS)[number]

const MILLION = 1e6
const LARGEST_HALF = 65_504

/** PeerDeps.profile of the modified client: it follows the honest model, so that it can go on attacking it. */
export function hostileProfile(attack: PayloadAttack): (parameters: number, charter: CharterBody) => Profile {
  return (parameters, charter) => {
    const honest = createProfile(parameters, charter.terms)
    const rng = createRng(`attack/${attack}`)
    return {
      ...honest,
      encode(error, round) {
        const { codec, payload, payloadHash } = honest.encode(error, round, false)
        const bad = corrupt(attack, payload, parameters, () => rng.below(256))
        return { codec, payload: bad, payloadHash: attack === 'wrong-hash' ? payloadHash : sha256(bad) }
      },
      // Its own updates must not end its own run.
      check: () => null,
      mix: updates => honest.mix(updates.filter(update => honest.check(update) === null)),
    }
  }
}

/** No defence at all: what comes is believed, and the plain mean is taken. The control for every attack. */
export function undefendedProfile(parameters: number, charter: CharterBody): Profile {
  return {
    ...createProfile(parameters, charter.terms),
    check: () => null,
    mix(updates) {
      const direction = new Float64Array(parameters)
      for (const { payload } of updates) addOneBit(direction, padded(payload, parameters), 1 / updates.length)
      return { direction, outsized: [] }
    },
  }
}

function corrupt(
  attack: PayloadAttack,
  payload: Uint8Array,
  parameters: number,
  randomByte: () => number,
): Uint8Array {
  switch (attack) {
    case 'nan':
      return withScales(payload, parameters, () => 0x7e00)
    case 'infinite':
      return withScales(payload, parameters, () => 0x7c00)
    case 'million-fold':
      return withScales(payload, parameters, bits =>
        toHalfBits(Math.min(LARGEST_HALF, MILLION * fromHalfBits(bits))),
      )
    case 'wrong-shape':
      return withScales(payload, parameters, () => toHalfBits(LARGEST_HALF)).subarray(0, payload.length >> 1)
    case 'garbage':
    case 'wrong-hash':
      return payload.map(randomByte)
  }
  attack satisfies never
  return payload
}

function withScales(payload: Uint8Array, parameters: number, change: (bits: number) => number): Uint8Array {
  const changed = payload.slice()
  const view = new DataView(changed.buffer)
  for (let at = 0; at < 2 * Math.ceil(parameters / BLOCK); at += 2)
    view.setUint16(at, change(view.getUint16(at)))
  return changed
}

function padded(payload: Uint8Array, parameters: number): Uint8Array {
  const whole = new Uint8Array(oneBitBytes(parameters))
  whole.set(payload.subarray(0, whole.length))
  return whole
}
