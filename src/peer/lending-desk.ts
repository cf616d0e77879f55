// Lent compute in a peer: who lends to whom comes from the ledger as a plan, the desk makes it work. It wraps the peer's trainer
// for the case that this member is the owner, serves as lender where it is the provider, passes messages to whichever side
// they are for, and keeps what a screen shows.
import type { ModelSpec } from '../core/model/spec.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { Clock, Entropy } from '../ports/clock.ts'
import type { LendFault, LendingPlan, LendingView, ReconstructionView } from '../ports/lending-view.ts'
import type { OpenSegment } from '../ports/segment.ts'
import type { RefusalReason } from '../ports/session.ts'
import type { Trainer } from '../ports/trainer.ts'
import type { Transport } from '../ports/transport.ts'
import type { LendMessage } from '../protocol/lending.ts'
import type { LendEvent, LendLink } from './lend-dialogue.ts'
import type { Party } from './lend-exchange.ts'
import { Lender, type LendAllowance } from './lender.ts'
import { measureReconstruction } from './lent-price.ts'
import { LentTrainer } from './lent-trainer.ts'

/** Values as scaled bytes: a quarter of the traffic; what that costs in accuracy is in docs/lending.md. */
const COARSE = true

export interface LendingHost {
  readonly self: MemberId
  readonly model: ModelSpec
  readonly clock: Clock
  readonly entropy: Entropy
  readonly party: Party
  readonly transport: Transport
  readonly openSegment: OpenSegment
  /** The pair that this member belongs to now. */
  plan(): LendingPlan | null
  allowance(): LendAllowance
  effort(): number
  states(): readonly Float32Array[]
  /** The whole model as it is now. */
  params(): Float32Array
  /** Bytes queued; 0 where nothing was. */
  lend(to: MemberId, message: LendMessage, coarse: boolean): number
  refuse(member: MemberId, reason: RefusalReason): void
  strike(member: MemberId, reason: RefusalReason): void
  onChange(): void
}

export class LendingDesk {
  private readonly lender: Lender
  private trainer: LentTrainer | null = null
  private readonly listeners = new Map<MemberId, Set<(event: LendEvent) => void>>()
  private sentBytes = 0
  private receivedBytes = 0
  private reconstruction: ReconstructionView | null = null
  /** Jobs done when the price was first measured; 0 before. */
  private measuredAfter = 0

  constructor(private readonly host: LendingHost) {
    const { model, clock, openSegment, party } = host
    this.lender = new Lender({
      model,
      clock,
      openSegment,
      party,
      planFor: owner => {
        const plan = host.plan()
        return plan?.provider === host.self && plan.owner === owner ? plan : null
      },
      allowance: () => host.allowance(),
      effort: () => host.effort(),
      states: () => host.states(),
      send: (to, message, coarse) => this.send(to, message, coarse),
      isUp: member => host.transport.links().includes(member),
      strike: (member, reason) => host.strike(member, reason),
    })
  }

  /** The trainer that borrows whenever a plan says so. */
  wrap(local: Trainer): Trainer {
    const { model, clock, entropy, openSegment, party } = this.host
    this.trainer = new LentTrainer({
      model,
      local,
      clock,
      entropy,
      openSegment,
      party,
      lender: () => {
        const plan = this.host.plan()
        return plan?.owner === this.host.self
          ? { plan, link: this.linkTo(plan.provider), coarse: COARSE }
          : null
      },
      onFault: (provider, fault) => this.blame(provider, fault),
    })
    return this.trainer
  }

  onMessage(from: MemberId, message: LendMessage, sizeBytes: number): void {
    this.receivedBytes += sizeBytes
    if (!isForOwner(message)) return this.lender.onMessage(from, message)
    // Nobody but the provider of a running job is listened to.
    for (const listener of this.listeners.get(from) ?? []) listener({ type: 'message', message })
  }

  linkDown(member: MemberId): void {
    this.lender.ownerGone(member)
    for (const listener of [...(this.listeners.get(member) ?? [])]) listener({ type: 'down' })
  }

  tick(): void {
    this.lender.tick()
    const { trainer } = this
    if (!trainer || trainer.record.jobs === 0 || this.host.plan()?.owner !== this.host.self) return
    // Once without being asked: who lends out activations should see what they tell.
    if (this.measuredAfter === 0) {
      this.measuredAfter = trainer.record.jobs
      this.measureReconstruction()
    }
  }

  /** Measures what the activations tell of the inputs now, for the view; takes part of a second. Null where it can not be. */
  measureReconstruction(): ReconstructionView | null {
    const plan = this.host.plan()
    const samples = this.trainer?.trainingSamples
    const cut = this.trainer?.cut
    if (plan?.mode !== 'split' || !samples || !cut) return null
    const { host } = this
    this.reconstruction = measureReconstruction(cut, host.params(), samples, plan, host.entropy.bytes(32))
    host.onChange()
    return this.reconstruction
  }

  /** Null where no plan names this member. */
  get view(): LendingView | null {
    const plan = this.host.plan()
    if (!plan) return null
    const { lender, sentBytes, receivedBytes, reconstruction } = this
    if (plan.owner !== this.host.self) {
      return {
        plan,
        role: 'provider',
        active: lender.active,
        jobs: lender.jobs,
        ownJobs: 0,
        steps: lender.steps,
        stepsPerSecond: lender.stepsPerSecond,
        sentBytes,
        receivedBytes,
        ownFlop: lender.flop,
        otherFlop: lender.otherFlop,
        faults: [],
        dropped: lender.dropped,
        labelsShow: plan.mode === 'paired' || lender.labelsShow,
        reconstruction: null,
      }
    }
    if (!this.trainer) return null
    const { record, cut } = this.trainer
    const { faults, ...rest } = record
    return {
      plan,
      role: 'owner',
      ...rest,
      sentBytes,
      receivedBytes,
      faults: [...faults].map(([fault, count]) => ({ fault, count })),
      labelsShow: plan.mode === 'paired' || cut?.tail === null,
      reconstruction,
    }
  }

  /** Jobs that were completed under that contract, as this side saw it since the tab began. */
  jobsOf(contract: string): number {
    return (this.trainer?.completed.get(contract) ?? 0) + (this.lender.completed.get(contract) ?? 0)
  }

  /** Whether anything of that contract's data is here. */
  holds(contract: string): boolean {
    return this.lender.holds(contract)
  }

  /** Deletes whatever owners handed over. */
  wipe(): void {
    this.lender.wipe()
  }

  close(): void {
    this.lender.close()
  }

  private send(to: MemberId, message: LendMessage, coarse: boolean): boolean {
    const queued = this.host.lend(to, message, coarse)
    this.sentBytes += queued
    return queued > 0
  }

  private linkTo(member: MemberId): LendLink {
    const { transport } = this.host
    return {
      get isUp() {
        return transport.links().includes(member)
      },
      send: (message, coarse) => this.send(member, message, coarse),
      subscribe: listener => {
        const all = this.listeners.get(member) ?? new Set()
        this.listeners.set(member, all.add(listener))
        return () => {
          all.delete(listener)
          if (all.size === 0) this.listeners.delete(member)
        }
      },
    }
  }

  private blame(provider: MemberId, fault: LendFault): void {
    switch (fault) {
      case 'wrong-length':
      case 'not-finite':
        this.host.refuse(provider, fault)
        break
      case 'unrelated':
      case 'stale':
      case 'false-meter':
      case 'unproven':
        this.host.refuse(provider, 'bad-lending')
        break
      case 'timeout':
      case 'vanished':
      case 'refused':
        // Nothing was wrong with what came; the view counts it.
        break
      default:
        fault satisfies never
    }
    this.host.onChange()
  }
}

/** Sent by a provider. */
function isForOwner(message: LendMessage): boolean {
  switch (message.type) {
    case 'need':
    case 'ready':
    case 'outputs':
    case 'backprop':
    case 'done':
    case 'refuse':
    case 'welcome':
    case 'take':
    case 'losses':
      return true
    case 'params':
      return message.what === 'result'
    case 'open':
    case 'forward':
    case 'gradient':
    case 'finish':
    case 'cancel':
    case 'greet':
    case 'prove':
    case 'shard':
    case 'work':
      return false
    default:
      return message satisfies never
  }
}
