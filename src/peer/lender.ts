// The provider's side of lent compute: runs the middle of the model, or in mode 'paired' all of it, for at most a few owners with
// whom it has a contract, one request after the other, within its own pause, effort, limits and the room's orders. In mode
// 'split' it sees activations and gradients, never samples; in 'paired' those that were handed over (lent-shards.ts). What does not fit a job's course is refused; a job that falls silent is forgotten. Takes messages from
// anybody and trusts none.
import { trainingFlop } from '../core/model/flops.ts'
import { crossEntropyGradient } from '../core/model/reference/loss.ts'
import { takeSamples } from '../core/model/samples.ts'
import { classCount, product } from '../core/model/shapes.ts'
import { cutModel, type ModelCut, type ModelPart } from '../core/model/split.ts'
import type { ModelSpec } from '../core/model/spec.ts'
import type { MemberId } from '../core/num/ids.ts'
import { layoutParams } from '../core/params/layout.ts'
import type { Clock } from '../ports/clock.ts'
import type { LendingPlan } from '../ports/lending-view.ts'
import type { OpenSegment, SegmentEngine } from '../ports/segment.ts'
import type { RefusalReason } from '../ports/session.ts'
import {
  LEND_LIMITS,
  type HandoverMessage,
  type LendMessage,
  type LendMode,
  type LendRefusal,
  type OpenLending,
} from '../protocol/lending.ts'
import { Collector, piecesOf } from './lend-dialogue.ts'
import type { Party } from './lend-exchange.ts'
import { ShardKeeper } from './lent-shards.ts'
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
  /** Without one nobody can hand samples over: mode 'paired' is refused. */
  readonly party?: Party
  /** The plan under which this member serves that owner; null without one. */
  planFor(owner: MemberId): LendingPlan | null
  allowance(): LendAllowance
  effort(): number
  /** Common states of the room that are at hand, as parameter vectors. */
  states(): readonly Float32Array[]
  /** False: no link, or its queue is full. */
  send(to: MemberId, message: LendMessage, coarse: boolean): boolean
  isUp(member: MemberId): boolean
  strike(member: MemberId, reason: RefusalReason): void
}

/** What the provider computes in a mode, and what a sample of it costs: here, and at the owner. */
interface Share {
  readonly part: ModelPart
  readonly wantsInput: boolean
  readonly sampleFlop: bigint
  readonly ownerFlop: bigint
}

interface Job {
  readonly open: OpenLending
  readonly share: Share
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
  /** What the engine was opened for. */
  mode: LendMode
  /** What its last job ended with: often what the next one starts from. */
  result: Float32Array | null
  heardAt: number
}

export class Lender {
  jobs = 0
  steps = 0
  flop = 0n
  /** What the owners' side of the steps came to. */
  otherFlop = 0n
  /** Requests that were refused, and messages that fitted nothing. */
  refused = 0
  dropped = 0
  stepsPerSecond = 0
  /** Jobs by contract. */
  readonly completed = new Map<string, number>()
  private readonly cut: ModelCut | null
  private readonly shares: Readonly<Record<LendMode, Share | null>>
  private readonly shards: ShardKeeper | null
  private readonly owners = new Map<MemberId, Owner>()
  /** Of each mode's part of a vector. */
  private readonly hashes = {
    split: new WeakMap<Float32Array, string>(),
    paired: new WeakMap<Float32Array, string>(),
  } as const satisfies Record<LendMode, WeakMap<Float32Array, string>>
  private readonly pace: ReturnType<typeof createPace>
  private tail: Promise<void> = Promise.resolve()
  /** Computed and not rested for yet. */
  private computedMs = 0
  private closed = false

  constructor(private readonly host: LenderHost) {
    this.cut = cutModel(host.model)
    const { model } = host
    const whole = { spec: model, from: 0, to: layoutParams(model).size }
    this.shares = {
      split: this.cut && shareOf(model, this.cut.middle, true),
      paired: host.party ? shareOf(model, whole, false) : null,
    }
    this.shards = host.party
      ? new ShardKeeper({
          model,
          now: () => host.clock.now(),
          party: host.party,
          planFor: owner => host.planFor(owner),
          say: (to, message) => this.tell(to, message, false),
        })
      : null
    this.pace = createPace(host.clock, { wait: () => Promise.resolve(), close: () => undefined })
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
    this.shards?.sweep()
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

  /** Whether anything of that contract's data is here. */
  holds(contract: string): boolean {
    return this.shards?.holds(contract) ?? false
  }

  /** Everything that owners handed over is gone after this. */
  wipe(): void {
    this.shards?.wipeAll()
  }

  close(): void {
    this.closed = true
    this.wipe()
    this.pace.close()
    for (const member of [...this.owners.keys()]) this.ownerGone(member)
  }

  private ownerOf(member: MemberId): Owner {
    let owner = this.owners.get(member)
    if (!owner) {
      owner = { waiting: 0, lastJob: 0, job: null, engine: null, mode: 'split', result: null, heardAt: 0 }
      this.owners.set(member, owner)
    }
    return owner
  }

  private async take(from: MemberId, owner: Owner, message: LendMessage): Promise<void> {
    if (this.closed || this.owners.get(from) !== owner) return
    if (message.type === 'open') return this.open(from, owner, message)
    if (isHandover(message)) return this.takeShard(from, owner, message)
    const { job } = owner
    if (job?.open.job !== message.job) {
      this.dropped++
      // Who goes on with a job that ended here must not wait for an answer.
      if (message.type === 'forward' || message.type === 'work' || message.type === 'finish')
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
      case 'work':
        return this.work(from, owner, job, message)
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
    const { host } = this
    const plan = host.planFor(from)
    const { refusal } = host.allowance()
    if (refusal) return this.refuse(from, owner, open.job, refusal)
    if (!plan || plan.contract !== open.contract || plan.mode !== open.mode)
      return this.refuse(from, owner, open.job, 'no-contract')
    const share = this.shares[open.mode]
    if (!share) return this.refuse(from, owner, open.job, 'bad-request')
    if (open.mode === 'paired' && !this.shards?.samplesOf(from, open.contract))
      return this.refuse(from, owner, open.job, 'no-shard')
    if (open.job <= owner.lastJob) return this.refuse(from, owner, open.job, 'stale')
    const others = [...this.owners].filter(([member, { engine }]) => engine && member !== from)
    if (others.length >= MAX_OWNERS) return this.refuse(from, owner, open.job, 'busy')
    const { part, wantsInput } = share
    if (!this.mayStep(share, open.batchSize)) return this.refuse(from, owner, open.job, 'not-allowed')
    const size = part.to - part.from
    owner.lastJob = open.job
    owner.job = {
      open,
      share,
      start: new Collector(size),
      correction: open.corrected ? new Collector(size) : null,
      phase: 'loading',
      step: 0,
      steps: 0,
      flop: 0n,
      beganAt: host.clock.now(),
    }
    if (owner.mode !== open.mode) {
      owner.engine?.close()
      owner.engine = null
      owner.mode = open.mode
    }
    owner.engine ??= await host.openSegment({ spec: part.spec, wantsInput })
    const held = this.recall(owner, part, open.start)
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
    if (!this.mayStep(job.share, count)) return this.refuse(from, owner, job.open.job, 'not-allowed')
    if (job.open.mode !== 'split' || job.phase !== 'ready' || step !== job.step + 1) {
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
    await this.countStep(job)
  }

  /** Steps on samples that the owner handed over. */
  private async work(
    from: MemberId,
    owner: Owner,
    job: Job,
    { step, indices }: Extract<LendMessage, { type: 'work' }>,
  ): Promise<void> {
    const { host, shards } = this
    const { batchSize, contract, mode } = job.open
    if (mode !== 'paired' || job.phase !== 'ready' || step !== job.step + 1) {
      this.dropped++
      return
    }
    const refuse = (reason: LendRefusal): void => this.refuse(from, owner, job.open.job, reason)
    const samples = shards?.samplesOf(from, contract)
    if (!samples) return refuse('no-shard')
    const steps = indices.length / batchSize
    const fits = Number.isInteger(steps) && steps <= LEND_LIMITS.workSteps
    if (!fits || !indices.every(index => index < samples.y.length)) return refuse('bad-request')
    const width = product(host.model.input)
    const x = new Float32Array(batchSize * width)
    const y = new Uint16Array(batchSize)
    const losses = new Float32Array(steps)
    for (let i = 0; i < steps; i++) {
      const { refusal } = host.allowance()
      if (refusal) return refuse(refusal)
      if (!this.mayStep(job.share, batchSize)) return refuse('not-allowed')
      // The contract may have ended, and the samples with it, since the last step.
      if (owner.job !== job) return
      if (shards?.samplesOf(from, contract) !== samples) return refuse('no-shard')
      takeSamples(samples, indices.subarray(i * batchSize, (i + 1) * batchSize), width, x, y)
      const logits = await this.timed(owner.engine!.forward(x, batchSize))
      losses[i] = crossEntropyGradient(logits, y, batchSize, classCount(host.model))
      await this.timed(owner.engine!.backward(logits))
      await this.timed(owner.engine!.apply())
      x.fill(0)
      job.step++
      await this.countStep(job)
    }
    await this.say(from, job, { type: 'losses', job: job.open.job, step: job.step, values: losses })
  }

  private async takeShard(from: MemberId, owner: Owner, message: HandoverMessage): Promise<void> {
    const refusal = this.host.allowance().refusal
    const reason = refusal ?? (this.shards ? await this.shards.take(from, message) : 'bad-request')
    if (reason) this.refuse(from, owner, message.job, reason)
  }

  private async countStep(job: Job): Promise<void> {
    const { share } = job
    const samples = BigInt(job.open.batchSize)
    const flop = share.sampleFlop * samples
    job.steps++
    job.flop += flop
    this.flop += flop
    this.otherFlop += share.ownerFlop * samples
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
    const { contract } = job.open
    if (job.steps > 0) this.completed.set(contract, (this.completed.get(contract) ?? 0) + 1)
  }

  /** The part of that hash, from a state of the room or from this owner's last job. */
  private recall({ mode, result }: Owner, { from, to }: ModelPart, hash: string): Float32Array | null {
    if (result?.length === to - from && this.hashOf(mode, result, result) === hash) return result
    for (const state of this.host.states()) {
      if (state.length < to) continue
      const part = state.subarray(from, to)
      if (this.hashOf(mode, state, part) === hash) return part
    }
    return null
  }

  private hashOf(mode: LendMode, key: Float32Array, part: Float32Array): string {
    const hashes = this.hashes[mode]
    let hash = hashes.get(key)
    if (hash === undefined) {
      hash = vectorHash(part)
      hashes.set(key, hash)
    }
    return hash
  }

  private mayStep({ sampleFlop }: Share, batchSize: number): boolean {
    const { budgetFlop } = this.host.allowance()
    return budgetFlop === null || this.flop + sampleFlop * BigInt(batchSize) <= budgetFlop
  }

  private refuse(from: MemberId, owner: Owner, job: number, reason: LendRefusal): void {
    this.refused++
    if (owner.job?.open.job === job) owner.job = null
    this.host.send(from, { type: 'refuse', job, reason }, false)
  }

  private say(to: MemberId, { open }: Job, message: LendMessage): Promise<void> {
    return this.tell(to, message, open.coarse)
  }

  private async tell(to: MemberId, message: LendMessage, coarse: boolean): Promise<void> {
    const { host } = this
    const since = host.clock.now()
    while (!host.send(to, message, coarse)) {
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

function shareOf(model: ModelSpec, part: ModelPart, wantsInput: boolean): Share {
  const sampleFlop = BigInt(trainingFlop(part.spec))
  return { part, wantsInput, sampleFlop, ownerFlop: BigInt(trainingFlop(model)) - sampleFlop }
}

function isHandover(message: LendMessage): message is HandoverMessage {
  return message.type === 'greet' || message.type === 'prove' || message.type === 'shard'
}

function areFinite(values: Float32Array): boolean {
  return values.every(Number.isFinite)
}
