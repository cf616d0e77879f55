// Members that lie about what they learned: the real peer with other updates in its mouth. They see what an honest member
// sees, no more; who needs the updates of others takes those of the same round that have come, or else of the round before,
// and trains a little longer to have them. Sources stand at each attack.
import { sha256 } from '@noble/hashes/sha2.js'
import type { Dataset } from '../../core/data/dataset.ts'
import type { Encoded, Profile } from '../../core/gossip/machine.ts'
import {
  decodeHeader,
  encodeHeader,
  HEADER_BYTES,
  SIGNED_HEADER_BYTES,
  updateId,
} from '../../core/gossip/update.ts'
import type { MemberId } from '../../core/num/ids.ts'
import { createRng } from '../../core/num/rng.ts'
import { signedText } from '../../core/room/signed-text.ts'
import type { Peer } from '../../peer/peer.ts'
import { createProfile } from '../../peer/profile.ts'
import type { Transport } from '../../ports/transport.ts'
import { decodeMessage, encodeMessage, type PeerMessage } from '../../protocol/messages.ts'
import type { MemberOptions, PeerPorts } from '../swarm.ts'

export const ATTACKS = [
  'sign-flip',
  'ipm',
  'alie',
  'scaling',
  'label-flip',
  'dissensus',
  'noise',
  'idle',
  'copier',
  'equivocator',
  'lazy',
  'slow',
  'adaptive',
] as const
export type Attack = (typeof ATTACKS)[number]

const FLIP = -3
const SCALE = -50
/** Xie et al. 2020, "Fall of Empires": the mean of the others, turned round. */
const IPM = -1.5
/** Baruch et al. 2019, "A Little Is Enough": so many deviations from the mean that it still looks usual. */
const ALIE = -1.5
/** A lazy member works in one round of these and says the same again in the others. */
const LAZY_ROUNDS = 4

export interface AttackWorld {
  readonly seed: string
  /** One more thing that it should not have done. */
  acted(): void
}

export function liarOptions(attack: Attack, world: AttackWorld): MemberOptions {
  switch (attack) {
    case 'label-flip':
      // Its work is honest, its data are not: y becomes the last class minus y (Tolpegin et al. 2020).
      return { data: flipLabels(world) }
    case 'slow':
      // Nothing but late; the plan gives it its step.
      return {}
    case 'equivocator':
      return twoFaced(world, () => 'other')
    case 'dissensus':
      // Tells every neighbour something else, so that their models part (He, Karimireddy, Jaggi 2022, ClippedGossip).
      return twoFaced(world, to => to)
    default:
      return mouthpiece(attack, world)
  }
}

function flipLabels({ acted }: AttackWorld): (samples: Dataset) => Dataset {
  return samples => {
    acted()
    return { ...samples, y: samples.y.map(label => samples.classes.length - 1 - label) }
  }
}

type Spoken = Exclude<Attack, 'label-flip' | 'slow' | 'equivocator' | 'dissensus'>

function mouthpiece(attack: Spoken, world: AttackWorld): MemberOptions {
  let peer: Peer | undefined
  const rng = createRng(`attack/${world.seed}`)
  let kept: Encoded | null = null
  return {
    prepare: own => (peer = own),
    profile(parameters, charter) {
      const honest = createProfile(parameters, charter.terms)
      const speak = (vector: Float32Array, round: number, narrow: boolean): ReturnType<Profile['encode']> => {
        world.acted()
        return honest.encode(vector, round, narrow)
      }
      return {
        ...honest,
        encode(error, round, narrow) {
          const own = error.slice()
          // What it owes to nobody must not pile up: the next true change is wanted, not the sum of all.
          error.fill(0)
          const others = othersOf(peer, round)
          const heard = others.map(update => decoded(honest, parameters, update))
          switch (attack) {
            case 'sign-flip':
              return speak(
                own.map(value => FLIP * value),
                round,
                narrow,
              )
            case 'scaling':
              return speak(
                own.map(value => SCALE * value),
                round,
                narrow,
              )
            case 'noise': {
              const size = Math.sqrt(own.reduce((sum, value) => sum + value * value, 0) / own.length)
              return speak(
                own.map(() => size * rng.normal()),
                round,
                narrow,
              )
            }
            case 'idle':
              return speak(new Float32Array(own.length), round, narrow)
            case 'lazy': {
              if (kept === null || round % LAZY_ROUNDS === 0 || honest.check({ ...kept, round }) !== null) {
                const said = honest.encode(own, round, narrow)
                kept = { codec: said.codec, round, payload: said.payload }
                return said
              }
              world.acted()
              return { codec: kept.codec, payload: kept.payload, payloadHash: sha256(kept.payload) }
            }
            case 'copier': {
              const victim = others[0]
              if (!victim || honest.check({ ...victim, round }) !== null)
                return honest.encode(own, round, narrow)
              world.acted()
              return {
                codec: victim.codec,
                payload: victim.payload.slice(),
                payloadHash: sha256(victim.payload),
              }
            }
            case 'ipm':
            case 'alie':
            case 'adaptive':
              if (heard.length < 2) return honest.encode(own, round, narrow)
              return speak(against(attack, heard), round, narrow)
          }
        },
      }
    },
  }
}

function othersOf(peer: Peer | undefined, round: number): Encoded[] {
  if (!peer) return []
  const { window } = peer.machine
  for (const wanted of [round, round - 1]) {
    const others = [...window.updatesOf(wanted).values()].filter(({ author }) => author !== peer.self)
    if (others.length > 1) return others
  }
  return []
}

function decoded(honest: Profile, parameters: number, update: Encoded): Float32Array {
  const out = new Float32Array(parameters)
  honest.restore(out, update)
  return out
}

function against(attack: 'ipm' | 'alie' | 'adaptive', heard: readonly Float32Array[]): Float32Array {
  const count = heard.length
  // Of those that the trimmed mean leaves in, the one that pulls hardest against the others.
  const trimmed = Math.floor(0.2 * (count + 1))
  return heard[0]!.map((_, i) => {
    const values = heard.map(vector => vector[i]!).sort((a, b) => a - b)
    const mean = values.reduce((sum, value) => sum + value, 0) / count
    if (attack === 'ipm') return IPM * mean
    const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count)
    if (attack === 'alie') return mean + ALIE * spread
    return mean > 0 ? values[trimmed]! : values[count - 1 - trimmed]!
  })
}

/**
 * Signs a second update (or one for every neighbour) beside its true one, with the opposite payload, and tells some of the
 * others of that one only. `faceFor` names which of its faces a neighbour sees; neighbours at even places see the true one.
 */
function twoFaced(world: AttackWorld, faceFor: (to: MemberId) => string): MemberOptions {
  let peer: Peer | undefined
  return {
    prepare: own => (peer = own),
    ports(ports) {
      /** By face and id of the true one, and by their own ids. */
      const faces = new Map<string, string>()
      const made = new Map<string, PeerMessage & { type: 'update' }>()
      const falseIdOf = (id: string, round: number, to: MemberId): string => {
        const own = peer?.machine.window.updatesOf(round).get(ports.signer.id)
        if (own?.id !== id || sees(ports, to)) return id
        const key = `${faceFor(to)} ${id}`
        const known = faces.get(key)
        if (known !== undefined) return known
        const lie = lieFrom(own.signed, own.payload, key, ports)
        const lieId = updateId(lie.signed)
        faces.set(key, lieId)
        made.set(lieId, lie)
        world.acted()
        return lieId
      }
      return { ...ports, transport: speaking(ports.transport, falseIdOf, made) }
    },
  }
}

function sees({ transport }: PeerPorts, to: MemberId): boolean {
  return [...transport.links()].sort().indexOf(to) % 2 === 0
}

/** One bit of the first sign turned per face would do; all of them turned pull the models apart. */
function lieFrom(
  signed: Uint8Array,
  payload: Uint8Array,
  face: string,
  { signer }: PeerPorts,
): PeerMessage & { type: 'update' } {
  const header = decodeHeader(signed)!
  const turned = payload.slice()
  // Behind the scales, two bytes for every block, each bit is a sign; the last byte may have bits that must stay zero.
  const scales = 2 * Math.ceil(((payload.length - 2) * 8) / 4096)
  const salt = sha256(new TextEncoder().encode(face))[0]! | 1
  for (let i = scales; i < turned.length - 1; i++) turned[i] = turned[i]! ^ (i % 2 === 0 ? 255 : salt)
  const body = encodeHeader({ ...header, payloadHash: sha256(turned) })
  const lie = new Uint8Array(SIGNED_HEADER_BYTES)
  lie.set(body)
  lie.set(signer.signNow(signedText('update', header.room, body)), HEADER_BYTES)
  return { type: 'update', signed: lie, payload: turned }
}

function speaking(
  inner: Transport,
  falseIdOf: (id: string, round: number, to: MemberId) => string,
  made: ReadonlyMap<string, PeerMessage & { type: 'update' }>,
): Transport {
  return {
    self: inner.self,
    links: () => inner.links(),
    stats: member => inner.stats(member),
    ban: member => inner.ban(member),
    close: () => inner.close(),
    send(to, bytes, priority) {
      const message = decodeMessage(bytes)
      if (message?.type !== 'have') return inner.send(to, bytes, priority)
      const updates = message.updates.map(({ round, id }) => ({ round, id: falseIdOf(id, round, to) }))
      return inner.send(to, encodeMessage({ type: 'have', updates }), priority)
    },
    subscribe: listener =>
      inner.subscribe(event => {
        const message = event.type === 'message' ? decodeMessage(event.bytes) : undefined
        if (event.type === 'message' && message?.type === 'want')
          for (const id of message.ids) {
            const lie = made.get(id)
            if (lie) inner.send(event.from, encodeMessage(lie), 'bulk')
          }
        listener(event)
      }),
  }
}
