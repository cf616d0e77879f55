// The provider's side of lent compute: runs the middle of the model for at most a few owners with whom it has a contract, one
// request after the other, within its own pause, effort, limits and the room's orders. It sees activations and gradients,
// never samples. What does not fit a job's course is refused; a job that falls silent is forgotten. Takes messages from
// anybody and trusts none.
import { trainingFlop } from '../core/model/flops.ts'
import { cutModel, type ModelCut } from '../core/model/split.ts'
import type { ModelSpec } from '../core/model/spec.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { Clock } from '../ports/clock.ts'
import type { LendingPlan } from '../ports/lending-view.ts'
import type { OpenSegment, SegmentEngine } from '../ports/segment.ts'
import type { RefusalReason } from '../ports/session.ts'
import type { LendMessage, LendRefusal, OpenLending } from '../protocol/lending.ts'
import { Collector, piecesOf } from './lend-dialogue.ts'
import { createPace } from './trainer-pace.ts'
import { vectorHash } from './vector-hash.ts'

const MAX_OWNERS = 4
/** Messages of one owner that may wait: a whole model with a correction, and a little. */
const MAX_WAITING = 160
const SILENT_MS = 60_000
const ROOM_CHECK_MS = 5
const SEND_MS = 10_000

/** What this member may lend now. */
export interface LendAllowance {
  readonly refusal: LendRefusal | null
  /** FLOP that it may still do, its own work and lent work together; null for no cap. */
  readonly budgetFlop: bigint | null
  /** FLOP per second; null for no rate. */
  readonly rateFlops: bigint | null
}

export interface LenderHost {
  readonly model: ModelSpec
  readonly clock: Clock
  readonly openSegment: OpenSegment
  /** The plan under which this member serves that owner; null without one. */
  planFor(owner: MemberId): LendingPlan | null
  allowance(): LendAllowance
  effort(): number
  /** Common states of the room that are at hand, as parameter vectors. */
  states(): readonly Float32Array[]
  /** False: no link, or its queue is full. */
  send(to: MemberId, message: LendMessage, half: boolean): boolean
  isUp(member: MemberId): boolean
  strike(member: MemberId, reason: RefusalReason): void
}

interface Job {
  readonly open: OpenLending
  readonly correction: Collector | null
  readonly start: Collector
  phase: 'loading' | 'ready' | 'forwarded'
  step: number
  steps: number
  flop: bigint
  beganAt: number
}

interface Owner {
  waiting: number
  lastJob: number
  job: Job | null
  engine: SegmentEngine | null
  /** What its last job ended with: often what the next one starts from. */
  result: Float32Array | null
  heardAt: number
}

export class Lender {
  jobs = 0
  steps = 0
  flop = 0n
  /** Requests that were refused, and messages that fitted nothing. */
  refused = 0
  dropped = 0
  stepsPerSecond = 0
  private readonly cut: ModelCut | null
  /** Of one sample: the provider's part, and the rest. */
  private readonly sampleFlop: bigint
  private readonly ownerFlop: bigint
  private readonly owners = new Map<MemberId, Owner>()
  private readonly hashes = new WeakMap<Float32Array, string>()
  private readonly pace: ReturnType<typeof createPace>
  private tail: Promise<void> = Promise.resolve()
  /** Computed and not rested for yet. */
  private computedMs = 0
  private closed = false

  constructor(private readonly host: LenderHost) {
    this.cut = cutModel(host.model)
    this.sampleFlop = this.cut ? BigInt(trainingFlop(this.cut.middle.spec)) : 0n
    this.ownerFlop = BigInt(trainingFlop(host.model)) - this.sampleFlop
    this.pace = createPace(host.clock, { wait: () => Promise.resolve(), close: () => undefined })
  }

  /** What the owners' side of the steps came to. */
  get otherFlop(): bigint {
    return this.sampleFlop === 0n ? 0n : (this.flop / this.sampleFlop) * this.ownerFlop
  }

  /** Whether the outputs are the logits. */
  get labelsShow(): boolean {
    return this.cut?.tail === null
  }

  /** Whether a job is open. */
  get active(): boolean {
    return [...this.owners.values()].some(({ job }) => job !== null)
  }

  onMessage(from: MemberId, message: LendMessage): void {
    const owner = this.ownerOf(from)
    if (owner.waiting >= MAX_WAITING) return this.host.strike(from, 'flooding')
    owner.waiting++
    owner.heardAt = this.host.clock.now()
    this.tail = this.tail
      .then(() => this.take(from, owner, message))
      .catch(() => {
        this.refuse(from, owner, message.job, 'failed')
        // An engine that broke is of no use to the next job.
        owner.engine?.close()
        owner.engine = null
      })
      .finally(() => owner.waiting--)
  }

  ownerGone(member: MemberId): void {
    this.owners.get(member)?.engine?.close()
    this.owners.delete(member)
  }

  /** Now and then: ends the jobs that may not go on, and those of owners that fell silent. */
  tick(): void {
    if (this.owners.size === 0) return
    const { refusal } = this.host.allowance()
    const now = this.host.clock.now()
    for (const [member, owner] of this.owners) {
      if (owner.job && refusal) this.refuse(member, owner, owner.job.open.job, refusal)
      if (owner.job && !this.host.planFor(member))
        this.refuse(member, owner, owner.job.open.job, 'no-contract')
      if (now - owner.heardAt > SILENT_MS) this.ownerGone(member)
    }
  }

  close(): void {
    this.closed = true
    this.pace.close()
    for (const member of [...this.owners.keys()]) this.ownerGone(member)
  }

  private ownerOf(member: MemberId): Owner {
    let owner = this.owners.get(member)
    if (!owner) {
      owner = { waiting: 0, lastJob: 0, job: null, engine: null, result: null, heardAt: 0 }
      this.owners.set(member, owner)
    }
    return owner
  }

  private async take(from: MemberId, owner: Owner, message: LendMessage): Promise<void> {
    if (this.closed || this.owners.get(from) !== owner) return
    if (message.type === 'open') return this.open(from, owner, message)
    const { job } = owner
    if (job?.open.job !== message.job) {
      this.dropped++
      // Who goes on with a job that ended here must not wait for an answer.
      if (message.type === 'forward' || message.type === 'finish')
        this.refuse(from, owner, message.job, this.host.allowance().refusal ?? 'stale')
      return
    }
    switch (message.type) {
      case 'params':
        return this.load(from, owner, job, message)
      case 'forward':
        return this.forward(from, owner, job, message)
      case 'gradient':
        return this.backward(from, owner, job, message)
      case 'finish':
        return this.finish(from, owner, job, message.steps)
      case 'cancel':
        owner.job = null
        return
      default:
        this.dropped++
    }
  }

  private async open(from: MemberId, owner: Owner, open: OpenLending): Promise<void> {
    const { host, cut } = this
    const plan = host.planFor(from)
    const { refusal } = host.allowance()
    if (refusal) return this.refuse(from, owner, open.job, refusal)
    if (!plan || plan.contract !== open.contract || plan.mode !== open.mode)
      return this.refuse(from, owner, open.job, 'no-contract')
    if (!cut || open.mode !== 'split') return this.refuse(from, owner, open.job, 'bad-request')
    if (open.job <= owner.lastJob) return this.refuse(from, owner, open.job, 'stale')
    const others = [...this.owners].filter(([member, { engine }]) => engine && member !== from)
    if (others.length >= MAX_OWNERS) return this.refuse(from, owner, open.job, 'busy')
    if (!this.mayStep(open.batchSize)) return this.refuse(from, owner, open.job, 'not-allowed')
    const size = cut.middle.to - cut.middle.from
    owner.lastJob = open.job
    owner.job = {
      open,
      start: new Collector(size),
      correction: open.corrected ? new Collector(size) : null,
      phase: 'loading',
      step: 0,
      steps: 0,
      flop: 0n,
      beganAt: host.clock.now(),
    }
    owner.engine ??= await host.openSegment({ spec: cut.middle.spec, wantsInput: true })
    const held = this.recall(owner, open.start)
    if (held) owner.job.start.add({ total: size, offset: 0, values: held })
    else await this.say(from, owner.job, { type: 'need', job: open.job })
    await this.beginWhenLoaded(from, owner, owner.job)
  }

  private async load(
    from: MemberId,
    owner: Owner,
    job: Job,
    piece: Extract<LendMessage, { type: 'params' }>,
  ): Promise<void> {
    const into = piece.what === 'start' ? job.start : piece.what === 'correction' ? job.correction : null
    if (job.phase !== 'loading' || !into?.add(piece))
      return this.refuse(from, owner, job.open.job, 'bad-request')
    await this.beginWhenLoaded(from, owner, job)
  }

  private async beginWhenLoaded(from: MemberId, owner: Owner, job: Job): Promise<void> {
    const params = job.start.whole
    const correction = job.correction?.whole ?? null
    if (!params || (job.correction && !correction)) return
    const { open } = job
    // Named by its hash: what came must be what was named.
    const isSound = params.every(Number.isFinite) && (correction?.every(Number.isFinite) ?? true)
    if (!isSound || vectorHash(params) !== open.start)
      return this.refuse(from, owner, open.job, 'bad-request')
    const { learningRate, keepMoments, proximal } = open
    await owner.engine!.begin({
      params,
      optimizer:
        open.optimizer === 'sgd'
          ? { type: 'sgd', learningRate }
          : { type: 'adam', learningRate, keepMoments },
      drift: proximal > 0 || correction ? { proximal, correction } : null,
    })
    await this.pace.begin(0)
    job.phase = 'ready'
    await this.say(from, job, { type: 'ready', job: open.job })
  }

  private async forward(
    from: MemberId,
    owner: Owner,
    job: Job,
    { step, count, values }: Extract<LendMessage, { type: 'forward' }>,
  ): Promise<void> {
    const { refusal } = this.host.allowance()
    if (refusal) return this.refuse(from, owner, job.open.job, refusal)
    if (!this.mayStep(count)) return this.refuse(from, owner, job.open.job, 'not-allowed')
    if (job.phase !== 'ready' || step !== job.step + 1) {
      this.dropped++
      return
    }
    if (count !== job.open.batchSize || values.length !== count * this.cut!.sentValues || !areFinite(values))
      return this.refuse(from, owner, job.open.job, 'bad-request')
    job.step = step
    job.phase = 'forwarded'
    const outputs = await this.timed(owner.engine!.forward(values, count))
    await this.say(from, job, { type: 'outputs', job: job.open.job, step, values: outputs })
  }

  private async backward(
    from: MemberId,
    owner: Owner,
    job: Job,
    { step, values }: Extract<LendMessage, { type: 'gradient' }>,
  ): Promise<void> {
    if (job.phase !== 'forwarded' || step !== job.step) {
      this.dropped++
      return
    }
    const { batchSize } = job.open
    if (values.length !== batchSize * this.cut!.returnedValues || !areFinite(values))
      return this.refuse(from, owner, job.open.job, 'bad-request')
    const input = await this.timed(owner.engine!.backward(values))
    await this.say(from, job, { type: 'backprop', job: job.open.job, step, values: input! })
    // The owner goes on meanwhile.
    await this.timed(owner.engine!.apply())
    job.phase = 'ready'
    job.steps++
    const flop = this.sampleFlop * BigInt(batchSize)
    job.flop += flop
    this.flop += flop
    this.steps++
    await this.rest(flop)
    const seconds = (this.host.clock.now() - job.beganAt) / 1_000
    if (seconds > 0) this.stepsPerSecond = job.steps / seconds
  }

  private async finish(from: MemberId, owner: Owner, job: Job, steps: number): Promise<void> {
    if (job.phase !== 'ready' || steps !== job.steps)
      return this.refuse(from, owner, job.open.job, 'bad-request')
    const result = await owner.engine!.read()
    owner.result = result
    for (const piece of piecesOf(job.open.job, 'result', result)) await this.say(from, job, piece)
    await this.say(from, job, { type: 'done', job: job.open.job, steps, flop: job.flop })
    owner.job = null
    this.jobs++
  }

  /** The part of that hash, from a state of the room or from this owner's last job. */
  private recall(owner: Owner, hash: string): Float32Array | null {
    const { from, to } = this.cut!.middle
    if (owner.result && this.hashOf(owner.result, owner.result) === hash) return owner.result
    for (const state of this.host.states()) {
      if (state.length < to) continue
      const part = state.subarray(from, to)
      if (this.hashOf(state, part) === hash) return part
    }
    return null
  }

  private hashOf(key: Float32Array, part: Float32Array): string {
    let hash = this.hashes.get(key)
    if (hash === undefined) {
      hash = vectorHash(part)
      this.hashes.set(key, hash)
    }
    return hash
  }

  private mayStep(batchSize: number): boolean {
    const { budgetFlop } = this.host.allowance()
    return budgetFlop === null || this.flop + this.sampleFlop * BigInt(batchSize) <= budgetFlop
  }

  private refuse(from: MemberId, owner: Owner, job: number, reason: LendRefusal): void {
    this.refused++
    if (owner.job?.open.job === job) owner.job = null
    this.host.send(from, { type: 'refuse', job, reason }, false)
  }

  private async say(to: MemberId, { open }: Job, message: LendMessage): Promise<void> {
    const { host } = this
    const since = host.clock.now()
    while (!host.send(to, message, open.half)) {
      if (!host.isUp(to) || host.clock.now() - since > SEND_MS) return
      await new Promise<void>(resolve => host.clock.after(ROOM_CHECK_MS, resolve))
    }
  }

  private async timed<T>(work: Promise<T>): Promise<T> {
    const start = this.host.clock.now()
    const value = await work
    this.computedMs += this.host.clock.now() - start
    return value
  }

  /** Effort and rate, for all owners together. */
  private async rest(flop: bigint): Promise<void> {
    const { rateFlops } = this.host.allowance()
    const rateMs = rateFlops && rateFlops > 0n ? Number((flop * 1_000_000n) / rateFlops) / 1_000 : 0
    const computedMs = this.computedMs
    this.computedMs = 0
    this.pace.setEffort(this.host.effort())
    await this.pace.rest(computedMs, Math.max(0, rateMs - computedMs))
  }
}

function areFinite(values: Float32Array): boolean {
  return values.every(Number.isFinite)
}
