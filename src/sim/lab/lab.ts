// Rounds of a room without its network: real gradient steps, the real codecs and rules, the real window of open rounds. A
// synchronous clock stands for all clocks, so that a table of accuracies costs minutes. Everything follows from the plan;
// runs in Node and in web workers. Not for traffic, timing or agreement: those are tests of real peers (sim/swarm.ts).
import { initialParams } from '../../core/model/init.ts'
import { createRng, type Rng } from '../../core/num/rng.ts'
import type { MemberId } from '../../core/num/ids.ts'
import { NO_ORDERS } from '../../core/gossip/halts.ts'
import type { Encoded, Profile } from '../../core/gossip/machine.ts'
import { hashState, type ModelState } from '../../core/gossip/state.ts'
import { SIGNED_HEADER_BYTES, type Update } from '../../core/gossip/update.ts'
import { roundToHalf } from '../../core/params/half-vector.ts'
import { headRange, joinHead, sharedParameters, splitHead, type HeadRange } from '../../core/params/head.ts'
import { LocalDrift } from '../../peer/local-drift.ts'
import type { Optimizer } from '../../ports/trainer.ts'
import { attackVector, trainsItself } from './attacks.ts'
import { labMemberId, LAB_ROOM } from './identities.ts'
import type { LabPart, LabTrainer } from './jobs.ts'
import type { LabPlan } from './plan.ts'
import { profileOf } from './profile-of.ts'
import { createReplicas, type Replica } from './replicas.ts'

interface Member {
  readonly id: MemberId
  readonly index: number
  readonly part: LabPart
  readonly lies: boolean
  readonly residual: Float32Array
  /** Its own last layer where heads are not shared; else empty. */
  head: Float32Array
  readonly drift: LocalDrift
  /** What it said last: a mask decides where the next job starts. */
  last: Encoded | null
  away: boolean
}

/** An update on its way to one replica. */
interface Parcel {
  readonly update: Update
  readonly to: number
  readonly dueAfter: number
}

export class Lab {
  readonly members: readonly Member[]
  readonly profile: Profile
  /** One for all where everybody hears everything in its round, else one a member. */
  readonly replicas: readonly Replica[]
  /** Bytes of one update with its signed header. */
  updateBytes = 0
  private parcels: Parcel[] = []
  private readonly chance: Rng
  private readonly optimizer: Optimizer
  /** What is sent and agreed on: the first parameters, all of them or all but the head. */
  private readonly shared: number
  private readonly range: HeadRange

  /** @param parts what each member trains on; as many as the plan has members */
  constructor(
    readonly plan: LabPlan,
    private readonly trainer: LabTrainer,
    parts: readonly LabPart[],
  ) {
    this.range = headRange(plan.model)
    this.shared = sharedParameters(plan.model, plan.terms.head)
    this.profile = profileOf(plan, this.shared)
    const whole = initialParams(plan.model, plan.seed)
    this.members = parts.map((part, index) => ({
      id: labMemberId(plan.seed, index),
      index,
      part,
      lies: index >= plan.members - plan.liars,
      residual: new Float32Array(this.shared),
      head: whole.slice(this.shared),
      drift: new LocalDrift(plan.terms, this.shared),
      last: null,
      away: false,
    }))
    const params = whole.slice(0, this.shared)
    if (plan.halfStates) roundToHalf(params)
    const start: ModelState = {
      round: 0,
      params,
      momentum: new Float32Array(this.shared),
      draw: new Uint8Array(0),
    }
    this.replicas = createReplicas(plan, start, this.profile, this.members.length)
    this.chance = createRng(`${plan.seed}/lab`)
    this.optimizer = { type: 'sgd', learningRate: plan.terms.learningRateMicro / 1e6 }
    if (plan.terms.optimizer === 'adam')
      // As peers do (peer/training.ts).
      this.optimizer = { ...this.optimizer, type: 'adam', keepMoments: true }
  }

  get round(): number {
    return this.replicas[0]!.state.round
  }

  /** One round of everybody. */
  step(): void {
    const { chance, plan } = this
    const round = this.round
    this.deliver(({ dueAfter }) => dueAfter <= round)
    if (plan.churn) this.churn(plan.churn.leave, plan.churn.rejoin)
    const before = this.members.map(member => this.replicaOf(member).state)
    const updates = this.publish(round)
    for (const update of updates) this.send(update, round, chance)
    for (const replica of this.replicas) replica.advance()
    for (const member of this.members) {
      const { state } = this.replicaOf(member)
      if (!member.away) member.drift.roundMixed(before[member.index]!, state, plan.terms.localSteps)
    }
  }

  /** Everything that is still on its way arrives: the network heals. */
  heal(): void {
    this.deliver(() => true)
  }

  /** The model as a member uses it. */
  paramsOf(index: number): Float32Array {
    const member = this.members[index]!
    return this.withHead(this.replicaOf(member).state.params, member)
  }

  /** Names of the replicas' current states: one when all agree bit by bit. */
  hashes(): Set<string> {
    return new Set(this.replicas.map(({ state }) => hashState(state)))
  }

  /** Mean distance of the replicas from their mean, over its length. */
  drift(): number {
    const all = this.replicas.map(({ state }) => state.params)
    const mean = all[0]!.map((_, i) => all.reduce((sum, params) => sum + params[i]!, 0) / all.length)
    const length = (vector: Float32Array): number => Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0))
    const away = all.map(params => length(params.map((value, i) => value - mean[i]!)))
    return away.reduce((sum, distance) => sum + distance, 0) / all.length / length(mean)
  }

  private publish(round: number): Update[] {
    const { attack } = this.plan
    const present = this.members.filter(({ away }) => !away)
    const updates = present
      .filter(({ lies }) => !lies || attack === null)
      .map(member => this.say(member, round))
    if (attack === null) return updates
    const honest = updates.map(update => this.decode(update))
    for (const member of present) {
      if (!member.lies) continue
      const own = trainsItself(attack) ? this.work(member, round) : null
      // Poisoned labels are honest work otherwise: with error feedback, as everybody's.
      if (attack === 'labels') updates.push(this.encode(member, member.residual, round))
      else updates.push(this.encode(member, attackVector(attack, honest, own), round))
    }
    return updates
  }

  private say(member: Member, round: number): Update {
    this.work(member, round)
    return this.encode(member, member.residual, round)
  }

  /** One local job; the residual afterwards holds what is to be said: e <- e + (start - end). Returned: the change alone. */
  private work(member: Member, round: number): Float32Array {
    const { terms, seed } = this.plan
    const { residual } = member
    const { params } = this.replicaOf(member).state
    const start = this.profile.localStart(params, residual, member.last)
    const trained = this.trainer.train(member.part, this.withHead(start, member), {
      steps: terms.localSteps,
      batchSize: terms.batchSize,
      optimizer: this.optimizer,
      seed: `${seed}/${member.index}/${round}`,
      drift: member.drift.control(this.trainer.parameters),
    })
    const end = this.keepHead(trained, member)
    const change = start.map((value, i) => value - end[i]!)
    const { carry } = this.profile
    for (let i = 0; i < residual.length; i++) residual[i] = carry * residual[i]! + change[i]!
    member.drift.jobDone(start, end, terms.localSteps)
    return change
  }

  private encode(member: Member, error: Float32Array, round: number): Update {
    const { codec, payload, payloadHash } = this.profile.encode(error, round, false)
    const { terms } = this.plan
    this.updateBytes = payload.length + SIGNED_HEADER_BYTES
    const update: Update = {
      room: LAB_ROOM,
      codec,
      round,
      steps: terms.localSteps,
      samples:
        terms.weighting === 'samples' ? member.part.samples.length : terms.localSteps * terms.batchSize,
      author: member.id,
      base: new Uint8Array(32),
      payloadHash,
      payloadBytes: payload.length,
      orders: NO_ORDERS,
      id: `${round}/${member.index}`,
      signed: new Uint8Array(0),
      payload,
    }
    const fault = this.profile.check(update)
    if (fault !== null) throw new Error(`member ${member.index} encoded what its room refuses: ${fault}`)
    member.last = { codec, round, payload }
    return update
  }

  private decode(update: Encoded): Float32Array {
    const values = new Float32Array(this.shared)
    this.profile.restore(values, update)
    return values
  }

  private withHead(body: Float32Array, { head }: Member): Float32Array {
    return head.length === 0 ? body : joinHead(this.range, body, head)
  }

  /** The shared part of what was trained; the rest stays with the member. */
  private keepHead(trained: Float32Array, member: Member): Float32Array {
    if (member.head.length === 0) return trained
    const { body, head } = splitHead(this.range, trained)
    member.head = head
    return body
  }

  private replicaOf({ index }: Member): Replica {
    return this.replicas.length === 1 ? this.replicas[0]! : this.replicas[index]!
  }

  private send(update: Update, round: number, chance: Rng): void {
    const { delays } = this.plan
    this.replicas.forEach((replica, to) => {
      const isOwn = this.replicas.length > 1 && this.members[to]!.id === update.author
      const isLate = delays !== null && !isOwn && chance.next() < delays.rate
      if (!isLate) replica.insert(update)
      else this.parcels.push({ update, to, dueAfter: round + 1 + chance.below(delays.rounds) })
    })
  }

  private deliver(isDue: (parcel: Parcel) => boolean): void {
    const due = this.parcels.filter(isDue)
    this.parcels = this.parcels.filter(parcel => !isDue(parcel))
    if (this.plan.delays?.late === 'drop') return
    for (const { update, to } of due) this.replicas[to]!.insert(update)
  }

  private churn(leave: number, rejoin: number): void {
    for (const member of this.members) {
      const roll = this.chance.next()
      if (member.away) {
        if (roll >= rejoin) continue
        member.away = false
        member.residual.fill(0)
        member.last = null
      } else if (roll < leave && this.members.filter(({ away }) => !away).length > 2) member.away = true
    }
  }
}
