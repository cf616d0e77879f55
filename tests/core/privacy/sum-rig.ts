// A room for secure sums: members, a lead and links that deliver in any order, all from one seed. Members can fall silent
// before any message of theirs, and a tamperer can change what is under way.
import { createRng, type Rng } from '../../../src/core/num/rng.ts'
import type { MemberId } from '../../../src/core/num/ids.ts'
import {
  decodeSumMessage,
  encodeSumMessage,
  type SumMessage,
} from '../../../src/core/privacy/secure-messages.ts'
import { defaultThreshold, shapeOf, type SumConfig } from '../../../src/core/privacy/secure-record.ts'
import { SecureSumLead, type LeadEffect } from '../../../src/core/privacy/secure-sum-lead.ts'
import { SecureSumMember, type SumEffect } from '../../../src/core/privacy/secure-sum.ts'

export type Kind = SumMessage['kind']

export interface Flight {
  readonly from: MemberId
  readonly to: MemberId
  readonly bytes: Uint8Array
}

export interface RigOptions {
  readonly seed: string
  readonly members: number
  readonly parameters: number
  readonly threshold?: number
  /** Member index: the first kind of message that it no longer sends. */
  readonly silentFrom?: ReadonlyMap<number, Kind>
  readonly inputs?: readonly Uint32Array[]
  /** What becomes of a message under way; several, one or none. */
  readonly tamper?: (flight: Flight, message: SumMessage) => readonly Flight[]
}

export interface RigResult {
  readonly config: SumConfig
  readonly inputs: readonly Uint32Array[]
  readonly lead: readonly LeadEffect[]
  readonly members: ReadonlyMap<MemberId, readonly SumEffect[]>
  /** Every message once, as sent. */
  readonly sent: readonly {
    readonly from: MemberId
    readonly message: SumMessage
    readonly bytes: Uint8Array
  }[]
}

export const LEAD = 'lead' as MemberId

export function configOf(
  members: number,
  parameters: number,
  threshold = defaultThreshold(members),
): SumConfig {
  return {
    context: new TextEncoder().encode('room/7'),
    members: Array.from({ length: members }, (_, i) => `m${String(i).padStart(3, '0')}` as MemberId),
    lead: LEAD,
    threshold,
    parameters,
  }
}

export function randomWords(rng: Rng, count: number): Uint32Array {
  return Uint32Array.from({ length: count }, () => Math.floor(rng.next() * 2 ** 32))
}

export function randomBytes(rng: Rng, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => Math.floor(rng.next() * 256))
}

export function plainSum(vectors: readonly Uint32Array[]): Uint32Array {
  const sum = new Uint32Array(vectors[0]!.length)
  for (const vector of vectors) for (let i = 0; i < sum.length; i++) sum[i]! += vector[i]!
  return sum
}

export function runSum(options: RigOptions): RigResult {
  const rng = createRng(options.seed)
  const config = configOf(options.members, options.parameters, options.threshold)
  const shape = shapeOf(config)
  const inputs = options.inputs ?? config.members.map(() => randomWords(rng, options.parameters))
  const machines = new Map(
    config.members.map(id => [id, new SecureSumMember(config, id, randomBytes(rng, 32))]),
  )
  const lead = new SecureSumLead(config)
  const told = new Map<MemberId, SumEffect[]>(config.members.map(id => [id, []]))
  const leadEffects: LeadEffect[] = []
  const sent: { from: MemberId; message: SumMessage; bytes: Uint8Array }[] = []
  const silent = new Set<MemberId>()
  const flights: Flight[] = []

  const cast = (from: MemberId, bytes: Uint8Array): void => {
    const message = decodeSumMessage(bytes, shape)
    if (typeof message === 'string') throw new Error(`the rig can not read what ${from} sent: ${message}`)
    if (options.silentFrom?.get(config.members.indexOf(from)) === message.kind) silent.add(from)
    if (silent.has(from)) return
    sent.push({ from, message, bytes })
    for (const to of [...config.members, LEAD]) {
      if (to === from) continue
      const flight = { from, to, bytes }
      flights.push(...(options.tamper?.(flight, message) ?? [flight]))
    }
  }
  const take = (id: MemberId, effects: SumEffect[]): void => {
    told.get(id)!.push(...effects)
    for (const effect of effects) if (effect.type === 'send') cast(id, effect.bytes)
  }
  const takeLead = (effects: LeadEffect[]): void => {
    leadEffects.push(...effects)
    for (const effect of effects) if (effect.type === 'send') cast(LEAD, effect.bytes)
  }

  config.members.forEach((id, i) => {
    take(id, machines.get(id)!.step({ type: 'start' }))
    take(id, machines.get(id)!.step({ type: 'input', vector: inputs[i]! }))
  })
  while (lead.now !== 'ended') {
    while (flights.length > 0) {
      const [flight] = flights.splice(Math.floor(rng.next() * flights.length), 1)
      const { from, to, bytes } = flight!
      if (to === LEAD) takeLead(lead.step({ type: 'message', from, bytes }))
      else if (!silent.has(to)) take(to, machines.get(to)!.step({ type: 'message', from, bytes }))
    }
    takeLead(lead.step({ type: 'close' }))
  }
  return { config, inputs, lead: leadEffects, members: told, sent }
}

export function encodeFor(config: SumConfig, message: SumMessage): Uint8Array {
  return encodeSumMessage(message, shapeOf(config))
}

export const sumOf = (result: RigResult): Extract<LeadEffect, { type: 'sum' }> | undefined =>
  result.lead.find(effect => effect.type === 'sum')

export const failureOf = (
  result: RigResult,
): Extract<LeadEffect, { type: 'failed' }>['failure'] | undefined =>
  result.lead.find(effect => effect.type === 'failed')?.failure
