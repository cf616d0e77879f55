// An owner and a provider in one process: real messages through the real codec, delivered by turns of the event loop, with
// places to break them.
import { createReferenceTrainer } from '../../../src/adapters/trainer-reference.ts'
import { systemClock } from '../../../src/adapters/clock-system.ts'
import type { ModelSpec } from '../../../src/core/model/spec.ts'
import type { RoomId } from '../../../src/core/num/ids.ts'
import { createRng } from '../../../src/core/num/rng.ts'
import type { LendEvent } from '../../../src/peer/lend-dialogue.ts'
import { Lender, type LendAllowance, type LenderHost } from '../../../src/peer/lender.ts'
import { LentTrainer } from '../../../src/peer/lent-trainer.ts'
import { createReferenceSegment } from '../../../src/peer/segment-reference.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { LendFault, LendingPlan } from '../../../src/ports/lending-view.ts'
import type { OpenSegment } from '../../../src/ports/segment.ts'
import type { Trainer } from '../../../src/ports/trainer.ts'
import { createSimSigner } from '../../../src/sim/sim-signer.ts'
import { decodeLending, encodeLending, type LendMessage } from '../../../src/protocol/lending.ts'

const OWNER_SIGNER = createSimSigner('pair owner')
const PROVIDER_SIGNER = createSimSigner('pair provider')
export const OWNER = OWNER_SIGNER.id
export const PROVIDER = PROVIDER_SIGNER.id

export const PLAN: LendingPlan = {
  contract: 'c0'.repeat(32),
  owner: OWNER,
  provider: PROVIDER,
  mode: 'split',
  clipMilli: 0,
  noiseMilli: 0,
  samples: 64,
}

export interface PairOptions {
  readonly plan?: Partial<LendingPlan>
  readonly coarse?: boolean
  readonly clock?: Clock
  readonly local?: (model: ModelSpec) => Trainer
  readonly states?: () => readonly Float32Array[]
  /** The owner's plan at every moment; that of `plan` unless told. */
  readonly ownerPlan?: () => LendingPlan | null
  /** What the provider really lives by; the owner's plan unless told. */
  readonly providerPlan?: () => LendingPlan | null
  readonly middle?: OpenSegment
  /** Every message on its way: what it becomes; null loses it. */
  readonly toProvider?: (message: LendMessage) => LendMessage | readonly LendMessage[] | null
  readonly toOwner?: (message: LendMessage) => LendMessage | readonly LendMessage[] | null
}

export interface Pair {
  readonly trainer: LentTrainer
  /** Another one after reload. */
  readonly lender: Lender
  readonly faults: LendFault[]
  readonly sent: LendMessage[]
  readonly strikes: string[]
  readonly allowance: { -readonly [Key in keyof LendAllowance]: LendAllowance[Key] }
  effort: number
  /** The link goes down, for good. */
  cutLink(): void
  mendLink(): void
  /** The provider's tab begins anew. */
  reload(): void
  close(): void
}

export function createPair(model: ModelSpec, options: PairOptions = {}): Pair {
  const { clock = systemClock, coarse = false } = options
  const plan: LendingPlan = { ...PLAN, ...options.plan }
  const faults: LendFault[] = []
  const sent: LendMessage[] = []
  const strikes: string[] = []
  const listeners = new Set<(event: LendEvent) => void>()
  const rng = createRng('pair')
  let isUp = true

  const deliver = (bytes: Uint8Array, to: (message: LendMessage) => void): boolean => {
    if (!isUp) return false
    setImmediate(() => {
      const message = decodeLending(bytes)
      if (!message) throw new Error('a side sent what the decoder refuses')
      if (isUp) to(message)
    })
    return true
  }
  const entropy = { bytes: (length: number) => Uint8Array.from({ length }, () => rng.below(256)) }
  const room = 'pair room' as RoomId
  const allowance: Pair['allowance'] = { refusal: null, budgetFlop: null, rateFlops: null }
  const host: LenderHost = {
    model,
    clock,
    openSegment: options.middle ?? (config => Promise.resolve(createReferenceSegment(config))),
    party: { room, signer: PROVIDER_SIGNER, entropy },
    planFor: owner => (owner === OWNER ? (options.providerPlan ?? (() => plan))() : null),
    allowance: () => allowance,
    effort: () => pair.effort,
    states: options.states ?? (() => []),
    send: (_to, message, isCoarse) => {
      const changed = options.toOwner ? options.toOwner(message) : message
      const all = changed === null ? [] : 'type' in changed ? [changed] : changed
      return all.every(item =>
        deliver(encodeLending(item, isCoarse && item.type !== 'params'), received => {
          for (const listener of [...listeners]) listener({ type: 'message', message: received })
        }),
      )
    },
    isUp: () => isUp,
    strike: (_member, reason) => strikes.push(reason),
  }
  let lender = new Lender(host)
  const trainer = new LentTrainer({
    model,
    local: (options.local ?? (spec => createReferenceTrainer({ model: spec })))(model),
    clock,
    entropy,
    openSegment: config => Promise.resolve(createReferenceSegment(config)),
    party: { room, signer: OWNER_SIGNER, entropy },
    lender: () => {
      const now = options.ownerPlan ? options.ownerPlan() : plan
      return (
        now && {
          plan: now,
          coarse,
          link: {
            get isUp() {
              return isUp
            },
            send: (message, isCoarse) => {
              sent.push(message)
              const changed = options.toProvider ? options.toProvider(message) : message
              const all = changed === null ? [] : 'type' in changed ? [changed] : changed
              if (all.length === 0) return isUp
              return all.every(item =>
                deliver(encodeLending(item, isCoarse), received => lender.onMessage(OWNER, received)),
              )
            },
            subscribe: listener => {
              listeners.add(listener)
              return () => listeners.delete(listener)
            },
          },
        }
      )
    },
    onFault: (_provider, fault) => faults.push(fault),
  })
  const pair: Pair = {
    trainer,
    get lender() {
      return lender
    },
    faults,
    sent,
    strikes,
    allowance,
    effort: 1,
    cutLink() {
      isUp = false
      lender.ownerGone(OWNER)
      for (const listener of [...listeners]) listener({ type: 'down' })
    },
    mendLink() {
      isUp = true
    },
    reload() {
      lender.close()
      lender = new Lender(host)
    },
    close() {
      trainer.close()
      lender.close()
    },
  }
  return pair
}
