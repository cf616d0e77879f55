// One member's view of the swarm (gossip.md steps 1-8, profile A): train H local steps, publish one error-fed update,
// mix what arrived, go on. Everything that takes time or touches the world is an effect; time and results come back as
// events. Signatures, payload hashes and membership are checked before an update gets here.
import { bytesToHex, hexToBytes } from '../num/hex.ts'
import { ordersFor, UNGOVERNED, validityOf, type Governed } from './halts.ts'
import type { MemberId, RoomId } from '../num/ids.ts'
import { lowerMedian } from '../num/stats.ts'
import { ArrivalHistory, graceWith, localStepsFor, MAX_GRACE_MS, quorumOf, roundEndsAt } from './pacing.ts'
import { isFollower, Presences, type Presence } from './presence.ts'
import { drawAhead, isDraw } from './sortition.ts'
import { type Update, type UpdateHeader } from './update.ts'
import { hashState, type ModelState } from './state.ts'
import { WINDOW, Window, type FrozenRound, type Mixer } from './window.ts'

/** What the charter's profile brings: codecs and the mixing rule. */
export interface Profile extends Mixer {
  /** Takes what it encodes out of `error`, which keeps the residual. `narrow`: the uplink is too slow for every parameter. */
  encode(
    error: Float32Array,
    round: number,
    narrow: boolean,
  ): { readonly codec: number; readonly payload: Uint8Array; readonly payloadHash: Uint8Array }
  check(update: Encoded): EncodingFault | null
  /** Part of the residual that the next round still owes, (0, 1]. */
  readonly carry: number
  /** Of a whole payload. */
  readonly updateBytes: number
  /** Puts back into `error` what a payload took out of it: its update was voided by an order. */
  restore(error: Float32Array, update: Encoded): void
  /**
   * Where the next local job starts. What the last own update was not allowed to say stays in the local model; were it
   * taken back there and owed as well, it would count twice.
   */
  localStart(params: Float32Array, error: Float32Array, last: Encoded | null): Float32Array
  /**
   * Members' changes are summed under masks and one of them publishes the sum: nobody encodes its own, a round ends with the
   * first update, and without any when its grace is over.
   */
  readonly isSummed?: boolean
}

export type EncodingFault = 'wrong-length' | 'not-finite' | 'not-canonical' | 'wrong-codec'

/** What a codec must know of an update. */
export type Encoded = Pick<Update, 'codec' | 'round' | 'payload'>

export interface GossipConfig {
  readonly room: RoomId
  readonly self: MemberId
  readonly profile: Profile
  readonly localSteps: number
  /** 0: no end. */
  readonly rounds: number
  /** Members that a round draws, about; 0: everybody publishes (sortition.ts). */
  readonly committee: number
}

export type GossipEvent =
  | { readonly type: 'update'; readonly update: Update }
  | {
      readonly type: 'trained'
      readonly round: number
      readonly start: Float32Array
      readonly params: Float32Array
      readonly steps: number
      readonly samples: number
    }
  /** The sum of a round, in rooms that sum: to be published by this member, which led it. */
  | {
      readonly type: 'summed'
      readonly round: number
      readonly steps: number
      readonly samples: number
      readonly codec: number
      readonly payload: Uint8Array
      readonly payloadHash: Uint8Array
    }
  | { readonly type: 'presence'; readonly presence: Presence }
  | { readonly type: 'gone'; readonly member: MemberId }
  | { readonly type: 'role'; readonly training: boolean }
  /** What the orders in force allow; told whenever it changed. */
  | { readonly type: 'governed'; readonly governed: Governed }
  | { readonly type: 'speed'; readonly stepsPerSecond: number }
  /** Whether this member's uplink is too slow for whole updates. */
  | { readonly type: 'uplink'; readonly narrow: boolean }
  /** How many train, by the ledger, where presence is heard from neighbours only; 0 where everybody is heard. */
  | { readonly type: 'crowd'; readonly trainers: number }
  /** `held`: updates that were announced here before; the state may be older than the rounds that are open. */
  | {
      readonly type: 'state'
      readonly state: ModelState
      readonly hash: string
      readonly held: readonly Update[]
    }
  | { readonly type: 'state-failed' }
  /** Whoever is here would have been heard by now. */
  | { readonly type: 'arrived' }
  /** Updates that links announced and that are still on their way, by round. */
  | { readonly type: 'expecting'; readonly counts: ReadonlyMap<number, number> }
  | { readonly type: 'tick' }

export type GossipRefusal = EncodingFault | 'outsized' | 'equivocation' | 'wrong-room' | 'not-drawn'

export type GossipEffect =
  | { readonly type: 'train'; readonly round: number; readonly params: Float32Array; readonly steps: number }
  /** Ends the running job; its result still arrives as 'trained'. */
  | { readonly type: 'stop' }
  | { readonly type: 'publish'; readonly header: UpdateHeader; readonly payload: Uint8Array }
  /** In rooms that sum: what this member adds to the sum of the round, start minus end. */
  | {
      readonly type: 'contribute'
      readonly round: number
      readonly change: Float32Array
      readonly steps: number
      readonly samples: number
    }
  /** A new update to offer to others. */
  | { readonly type: 'announce'; readonly update: Update }
  /** The current model changed; `closed` is the round that just ended, if one did. */
  | { readonly type: 'model'; readonly state: ModelState; readonly closed: ClosedRound | null }
  /** Rounds that can not change any more: what contributions are measured on. */
  | { readonly type: 'frozen'; readonly rounds: readonly FrozenRound[] }
  | { readonly type: 'refused'; readonly author: MemberId; readonly reason: GossipRefusal }
  | {
      readonly type: 'fetch-state'
      readonly round: number
      readonly hash: string
      readonly from: readonly MemberId[]
    }
  | { readonly type: 'finished' }

export interface ClosedRound {
  readonly round: number
  readonly before: ModelState
  readonly after: ModelState
  /** Local steps behind an update, the middle one; 0 without any. */
  readonly medianSteps: number
  readonly contributors: readonly MemberId[]
  readonly durationMs: number
}

/** When the updates of a round came, from its start here. */
interface Arrivals {
  startedAt: number
  readonly offsetsMs: number[]
  /**
   * Of a round that was run through to catch up all updates were here at once, which says nothing of how long members take. It
   * matters where rounds end by time alone: by lot.
   */
  readonly teaches: boolean
}

const AHEAD = 2 * WINDOW
const SUSPICION_MS = 1_500
const SKIP_AFTER_MS = 5_000
/** A sum has more to say to each other than an update: what its rounds get beyond the usual grace. */
const SUM_GRACE_MS = 5_000

export class GossipMachine {
  readonly window: Window
  readonly presences = new Presences()
  readonly ejected = new Set<MemberId>()
  private readonly residual: Float32Array
  private readonly arrivals = new ArrivalHistory()
  private readonly offsets = new Map<number, Arrivals>()
  private training = false
  private jobRunning = false
  private stopSent = false
  /** The round of an own update that is being signed. */
  private signing = -1
  private speed = 0
  private narrow = false
  private crowd = 0
  private lastOwn: Encoded | null = null
  private roundStartedAt: number
  private quorumAt: number | undefined
  /** Rounds up to this one were published or given up: never publish two updates for one round. */
  private publishedThrough: number
  /** In rooms that sum: the round that the own change was handed on for. */
  private contributed = -1
  /** Orders of own updates that a pause took back, by round: under the same orders the round is not published again. */
  private readonly voided = new Map<number, string>()
  private expecting: ReadonlyMap<number, number> = new Map()
  private fetching = false
  private adoptedAt = -Infinity
  private settled = false
  /** Since when this member stands on another state than most; undefined while it does not. */
  private suspectSince: number | undefined
  private announcedEnd = false
  private governed: Governed = UNGOVERNED
  private frozenAt: number | undefined

  constructor(
    private readonly config: GossipConfig,
    base: ModelState,
    hash: string,
    now: number,
    publishedThrough = -1,
    /**
     * Until somebody is heard, or 'arrived' says that nobody is here, nothing is done: many who come at once and take their own
     * start for the room's would outvote those who hold its state.
     */
    private listening = false,
  ) {
    this.window = new Window(base, config.profile, hash, config.committee)
    this.residual = new Float32Array(base.params.length)
    this.roundStartedAt = now
    this.publishedThrough = publishedThrough
    this.timeRound(now, false)
  }

  get round(): number {
    return this.window.current.round
  }

  /**
   * Whether this member has been where the others are. Before, it says so (status preparing) and nobody counts it: many who come
   * at once would outvote those who hold the room's state.
   */
  get isSettled(): boolean {
    return this.settled
  }

  /** Whether the rounds that are open here have its updates already, from before it went back to where the others are. */
  get isInAdvance(): boolean {
    return !this.jobRunning && !this.mayPublish(this.round)
  }

  get finished(): boolean {
    return this.config.rounds > 0 && this.round >= this.config.rounds
  }

  step(event: GossipEvent, now: number): GossipEffect[] {
    const effects: GossipEffect[] = []
    const { config } = this
    switch (event.type) {
      case 'update':
        this.receive(event.update, now, effects)
        break
      case 'trained':
        if (config.profile.isSummed) this.contribute(event, effects)
        else this.publish(event, effects)
        break
      case 'summed':
        this.publishSum(event, effects)
        break
      case 'presence':
        this.presences.hear(event.presence, now)
        if (isFollower(event.presence)) this.listening = false
        break
      case 'arrived':
        this.listening = false
        break
      case 'gone':
        this.presences.forget(event.member)
        break
      case 'role':
        this.training = event.training
        if (!event.training && this.jobRunning) this.stop(effects)
        break
      case 'governed':
        this.govern(event.governed, now, effects)
        break
      case 'speed':
        this.speed = event.stepsPerSecond
        break
      case 'uplink':
        this.narrow = event.narrow
        break
      case 'crowd':
        this.crowd = event.trainers
        break
      case 'state':
        // Whoever made such a state, it says nothing of this room.
        if (!isDraw(event.state.draw, config.committee)) this.fetching = false
        else this.adopt(event.state, event.hash, this.usable(event.held), now, effects)
        break
      case 'expecting':
        this.expecting = event.counts
        break
      case 'state-failed':
        this.fetching = false
        break
      case 'tick':
        this.presences.expire(now)
        if (!this.listening && !this.isBehind()) this.settled = true
        this.compareBases(now, effects)
        if (!this.governed.frozen) this.skipPublished(now, effects)
        break
      default:
        event satisfies never
    }
    this.proceed(now, effects)
    return effects
  }

  /** A frozen state that most of those heard agree on, for a seal; round -1 where there is none. */
  sealableBase(): { readonly round: number; readonly hash: string } {
    const others = this.presences.followers().length
    for (const { round, hash } of [...this.window.anchors].reverse()) {
      const agreeing = this.presences.votes(round).get(hash)?.length ?? 0
      if (2 * (agreeing + 1) > others + 1) return { round, hash }
    }
    return { round: -1, hash: '' }
  }

  /** Of the open round. */
  get progress(): { readonly expected: number; readonly startedAt: number; readonly drawn: boolean } {
    const expected = Math.max(this.liveCount(), this.window.updatesOf(this.round).size)
    return {
      expected,
      startedAt: this.roundStartedAt,
      drawn: this.window.isDrawn(this.config.self, this.round),
    }
  }

  /** How this member's updates are encoded now; 0 before the first. */
  get codec(): number {
    return this.lastOwn?.codec ?? 0
  }

  /** Of the payloads that this member sends now. */
  updateBytes(): number {
    return this.lastOwn?.payload.length ?? this.config.profile.updateBytes
  }

  /** Of a payload that speaks of everything. */
  get wholeBytes(): number {
    return this.config.profile.updateBytes
  }

  /** Whether an update counts under the orders in force. */
  validityOf(header: Pick<UpdateHeader, 'round' | 'orders'>): 'good' | 'void' | 'unknown' {
    return validityOf(header, this.governed)
  }

  /** When the round may end if nothing else happens; Infinity: not by time alone. */
  wakeAt(now: number): number {
    return this.finished || this.governed.frozen ? Infinity : roundEndsAt(this.facts(now))
  }

  private receive(update: Update, now: number, effects: GossipEffect[]): void {
    if (update.room !== this.config.room) {
      effects.push({ type: 'refused', author: update.author, reason: 'wrong-room' })
      return
    }
    const isOwn = update.author === this.config.self
    if (isOwn && update.round === this.signing) this.signing = -1
    if (
      this.ejected.has(update.author) ||
      update.round < this.window.base.round ||
      update.round > this.round + AHEAD
    )
      return
    if (this.validityOf(update) !== 'good') {
      // A pause overtook it on its way: as if it had been taken back.
      if (isOwn) this.takeBack([update])
      return
    }
    const fault = this.config.profile.check(update)
    if (fault) {
      effects.push({ type: 'refused', author: update.author, reason: fault })
      return
    }
    if (!this.window.isDrawn(update.author, update.round)) {
      // Blamed only by those who stand where the author stood: elsewhere other members may have been drawn.
      if (this.window.anchors.some(({ hash }) => hash === bytesToHex(update.base)))
        effects.push({ type: 'refused', author: update.author, reason: 'not-drawn' })
      return
    }
    const held = this.window.updatesOf(update.round).get(update.author)
    if (held?.id === update.id) return
    if (held) {
      this.ejected.add(update.author)
      effects.push(
        { type: 'refused', author: update.author, reason: 'equivocation' },
        { type: 'announce', update },
      )
      if (this.window.expel(update.author, update.round))
        effects.push({ type: 'model', state: this.window.current, closed: null })
      return
    }
    const changed = this.window.insert(update)
    const timing = this.offsets.get(update.round)
    timing?.offsetsMs.push(Math.max(0, now - timing.startedAt))
    effects.push({ type: 'announce', update })
    if (changed) {
      this.nameOutsized(update.round, effects)
      effects.push({ type: 'model', state: this.window.current, closed: null })
    }
  }

  private publish(job: GossipEvent & { type: 'trained' }, effects: GossipEffect[]): void {
    this.jobRunning = false
    this.stopSent = false
    if (job.steps === 0 || !this.mayOffer(job.round)) return
    // e <- e + (theta_start - theta_local): the residual carries what one bit could not say (gossip.md step 2).
    const { residual } = this
    const { carry } = this.config.profile
    for (let i = 0; i < residual.length; i++) {
      const owed = Math.fround(carry * residual[i]! + job.start[i]! - job.params[i]!)
      if (!Number.isFinite(owed)) {
        // Our own training diverged: nobody gets it, and the residual would poison every later round.
        residual.fill(0)
        effects.push({ type: 'refused', author: this.config.self, reason: 'not-finite' })
        return
      }
    }
    for (let i = 0; i < residual.length; i++)
      residual[i] = carry * residual[i]! + job.start[i]! - job.params[i]!
    this.offer({ ...job, ...this.config.profile.encode(residual, job.round, this.narrow) }, effects)
  }

  /** What training found is summed with that of others before anybody sees it. */
  private contribute(job: GossipEvent & { type: 'trained' }, effects: GossipEffect[]): void {
    this.jobRunning = false
    this.stopSent = false
    if (job.steps === 0 || job.round !== this.round || this.validityHere(job.round) !== 'good') return
    const change = new Float32Array(job.start.length)
    for (let i = 0; i < change.length; i++) change[i] = job.start[i]! - job.params[i]!
    if (!change.every(Number.isFinite)) {
      effects.push({ type: 'refused', author: this.config.self, reason: 'not-finite' })
      return
    }
    this.contributed = job.round
    const { round, steps, samples } = job
    effects.push({ type: 'contribute', round, change, steps, samples })
  }

  private publishSum(sum: GossipEvent & { type: 'summed' }, effects: GossipEffect[]): void {
    if (this.mayOffer(sum.round)) this.offer(sum, effects)
  }

  private mayOffer(round: number): boolean {
    // A round ahead of the current one was trained from a state that a pause has cut off.
    const inWindow = round >= this.window.base.round && round <= this.round
    // Another state may have come meanwhile, and with it another lot.
    if (!inWindow || !this.window.isDrawn(this.config.self, round) || !this.mayPublish(round)) return false
    // One that ends behind the cut of a pause counts for nobody; the round is trained anew after the resume.
    return this.validityHere(round) === 'good'
  }

  private validityHere(round: number): 'good' | 'void' | 'unknown' {
    return this.validityOf({ round, orders: ordersFor(this.governed, round) })
  }

  private offer(
    said: Pick<UpdateHeader, 'round' | 'steps' | 'samples' | 'codec' | 'payloadHash'> & {
      readonly payload: Uint8Array
    },
    effects: GossipEffect[],
  ): void {
    const { round, steps, samples, codec, payload, payloadHash } = said
    this.lastOwn = { codec, round, payload }
    this.publishedThrough = round
    this.signing = round
    effects.push({
      type: 'publish',
      payload,
      header: {
        room: this.config.room,
        codec,
        round,
        steps,
        samples,
        author: this.config.self,
        base: hexToBytes(this.window.baseHash),
        payloadHash,
        payloadBytes: payload.length,
        orders: ordersFor(this.governed, round),
      },
    })
  }

  /** Ends rounds that are due, then starts the next local job. */
  private proceed(now: number, effects: GossipEffect[]): void {
    if (this.governed.frozen || this.listening) return
    while (!this.finished) {
      const updates = this.window.updatesOf(this.round).size
      if (this.quorumAt === undefined && updates >= quorumOf(this.liveCount())) this.quorumAt = now
      if (roundEndsAt(this.facts(now)) > now) break
      this.advance(now, effects)
    }
    if (this.finished) {
      if (this.jobRunning) this.stop(effects)
      if (!this.announcedEnd) effects.push({ type: 'finished' })
      this.announcedEnd = true
      return
    }
    if (!this.training || this.jobRunning || !this.mayPublish(this.round) || this.isBehind()) return
    if (!this.window.isDrawn(this.config.self, this.round) || this.contributed === this.round) return
    this.jobRunning = true
    const others = this.presences.trainers().map(({ stepsPerSecond }) => stepsPerSecond)
    const steps = localStepsFor(this.config.localSteps, this.speed, others)
    const params = this.config.profile.localStart(this.window.current.params, this.residual, this.lastOwn)
    effects.push({ type: 'train', round: this.round, params, steps })
  }

  /** Freezes and goes on; a pause also takes back what lies behind its cut. The time of a freeze is no time of the round. */
  private govern(governed: Governed, now: number, effects: GossipEffect[]): void {
    this.governed = governed
    if (governed.frozen) this.frozenAt ??= now
    else if (this.frozenAt !== undefined) {
      const away = now - this.frozenAt
      this.frozenAt = undefined
      this.roundStartedAt += away
      if (this.quorumAt !== undefined) this.quorumAt += away
      for (const offset of this.offsets.values()) offset.startedAt += away
    }
    const before = this.round
    const { changed, removed } = this.window.retract(
      update => this.validityOf(update) === 'void',
      governed.cut,
    )
    for (const round of this.voided.keys()) if (round < this.window.base.round) this.voided.delete(round)
    this.takeBack(removed.filter(({ author }) => author === this.config.self))
    if (this.round < before) {
      this.roundStartedAt = now
      this.quorumAt = undefined
      this.timeRound(now, true)
      if (this.jobRunning) this.stop(effects)
    }
    if (changed) effects.push({ type: 'model', state: this.window.current, closed: null })
  }

  /** Own updates that are void: what they took out of the residual goes back, and their rounds are open again. */
  private takeBack(own: readonly Update[]): void {
    for (const update of own) {
      const { round, orders } = update
      this.config.profile.restore(this.residual, update)
      this.publishedThrough = Math.min(this.publishedThrough, round - 1)
      this.voided.set(round, orders)
    }
  }

  /** Two updates for one round under the same orders would be an equivocation, even where a pause voided the first. */
  private mayPublish(round: number): boolean {
    return round > this.publishedThrough && this.voided.get(round) !== ordersFor(this.governed, round)
  }

  private advance(now: number, effects: GossipEffect[]): void {
    const closing = this.round
    const updates = this.window.updatesOf(closing)
    const contributors = [...updates.keys()].sort()
    // As their authors say: the middle of what can be true, so that no single word moves it.
    const said = [...updates.values()].map(update => Math.min(update.steps, 2 * this.config.localSteps))
    const medianSteps = said.length === 0 ? 0 : lowerMedian(said)
    const before = this.window.current
    const state = this.window.advance(now)
    this.nameOutsized(closing, effects)
    // Late arrivals of the round before still lengthen the grace: a slow member is waited for a little more each time.
    const settled = this.offsets.get(closing - 1)
    if (settled?.teaches) this.arrivals.record(settled.offsetsMs)
    this.offsets.delete(closing - WINDOW - 1)
    this.timeRound(now, !this.isOvertaken())
    const durationMs = now - this.roundStartedAt
    this.roundStartedAt = now
    this.quorumAt = undefined
    const closed = { round: closing, before, after: state, medianSteps, contributors, durationMs }
    effects.push({ type: 'model', state, closed })
    const { frozenNow } = this.window
    if (frozenNow.length > 0) effects.push({ type: 'frozen', rounds: frozenNow })
    if (this.jobRunning) this.stop(effects)
  }

  /** The current round begins here; `inStep`: when it begins elsewhere. */
  private timeRound(now: number, inStep: boolean): void {
    const teaches = inStep || this.window.drawsAll(this.round)
    this.offsets.set(this.round, { startedAt: now, offsetsMs: [], teaches })
  }

  private usable(held: readonly Update[]): Update[] {
    return held.filter(update => !this.ejected.has(update.author) && this.validityOf(update) === 'good')
  }

  private adopt(
    state: ModelState,
    hash: string,
    held: readonly Update[],
    now: number,
    effects: GossipEffect[],
  ): void {
    this.fetching = false
    this.settled = true
    this.adoptedAt = now
    this.window.rebase(state, hash, now, held)
    this.roundStartedAt = now
    this.quorumAt = undefined
    this.timeRound(now, false)
    if (this.jobRunning) this.stop(effects)
    effects.push({ type: 'model', state: this.window.current, closed: null })
  }

  /**
   * Fetches a common state when the others' window has left this member behind, or when most of them froze another
   * state for the same round. Ties go to one side for good, so two halves do not swap.
   */
  private compareBases(now: number, effects: GossipEffect[]): void {
    if (this.fetching) return
    const others = this.presences.followers()
    const middle = lowerMedian(others.map(({ baseRound }) => baseRound))
    if (others.length > 0 && middle > this.round) {
      // The updates since the state that came may be on their way: they cost less than another state.
      if (now - this.adoptedAt < SUSPICION_MS) return
      // Among the rounds that most have reached: the one with the most statements, so that no single voice decides.
      let best: { round: number; hash: string; members: readonly MemberId[] } | undefined
      for (const round of this.presences.baseRounds()) {
        if (round <= this.round || round > middle) continue
        const candidate = leader(this.presences.votes(round))
        if (!best || candidate.members.length >= best.members.length) best = { round, ...candidate }
      }
      if (best) this.fetch(best.round, best, effects)
      return
    }
    if (this.isAheadAlone(others)) return this.goBack(now, effects)
    const anchors = new Map(this.window.anchors.map(anchor => [anchor.round, anchor.hash]))
    // The newest of the rounds that most have spoken of: at a newer one the first few to speak would decide, this time for
    // one side, next time for the other, and where rounds are short no suspicion would last.
    let round: number | undefined
    let spoken = 0
    for (const candidate of this.presences.baseRounds()) {
      const statements = anchors.has(candidate) ? countOf(this.presences.votes(candidate)) : 0
      if (statements === 0 || statements < spoken) continue
      round = candidate
      spoken = statements
    }
    if (round === undefined) return
    const votes = this.presences.votes(round)
    const own = anchors.get(round)!
    votes.set(own, [...(votes.get(own) ?? []), this.config.self])
    const winner = leader(votes)
    if (winner.hash === own) this.suspectSince = undefined
    else {
      // A mismatch may be a late update on its way; a lasting one is divergence.
      this.suspectSince ??= now
      if (now - this.suspectSince >= SUSPICION_MS) this.fetch(round, winner, effects)
    }
  }

  /**
   * More than half of all have not reached the oldest state that is still held here: a split has healed in which the few were
   * faster. Nothing can be compared, and the many do not follow the few, whoever says what a few have signed; so the few go back.
   */
  private isAheadAlone(others: readonly Presence[]): boolean {
    const oldest = this.window.anchors[0]!.round
    return 2 * others.filter(({ round }) => round < oldest).length > others.length + 1
  }

  private goBack(now: number, effects: GossipEffect[]): void {
    this.suspectSince ??= now
    if (now - this.suspectSince < SUSPICION_MS) return
    let best: { round: number; hash: string; members: readonly MemberId[] } | undefined
    for (const round of this.presences.baseRounds()) {
      const candidate = leader(this.presences.votes(round))
      if (round < this.window.anchors[0]!.round && candidate.members.length >= (best?.members.length ?? 0))
        best = { round, ...candidate }
    }
    if (best) this.fetch(best.round, best, effects)
  }

  /**
   * After a reload the newest rounds are published already and their updates may be gone with everybody: when nothing
   * comes for a while, the next round that may be published starts from the state at hand.
   */
  private skipPublished(now: number, effects: GossipEffect[]): void {
    const stuck = this.training && !this.jobRunning && this.signing === -1 && !this.mayPublish(this.round)
    if (!stuck || this.window.updatesOf(this.round).size > 0 || this.isBehind() || this.finished) return
    if (now - this.roundStartedAt < SKIP_AFTER_MS + this.longestJobMs()) return
    const { params, momentum, draw, round: from } = this.window.current
    let round = Math.max(this.round, this.publishedThrough) + 1
    while (!this.mayPublish(round)) round++
    const skipped = drawAhead(draw, this.config.committee, round - from)
    const state = { round, params, momentum, draw: skipped }
    this.adopt(state, hashState(state), [], now, effects)
  }

  /** Of others who are at work; who has just reloaded has no speed yet. */
  private longestJobMs(): number {
    const { localSteps } = this.config
    const jobs = this.presences.trainers().map(({ stepsPerSecond: speed }) => (1000 * localSteps) / speed)
    return Math.min(MAX_GRACE_MS, Math.max(0, ...jobs.filter(Number.isFinite)))
  }

  private fetch(
    round: number,
    { hash, members }: { hash: string; members: readonly MemberId[] },
    effects: GossipEffect[],
  ): void {
    this.fetching = true
    this.suspectSince = undefined
    effects.push({ type: 'fetch-state', round, hash, from: members })
  }

  private stop(effects: GossipEffect[]): void {
    if (!this.stopSent) effects.push({ type: 'stop' })
    this.stopSent = true
  }

  private nameOutsized(round: number, effects: GossipEffect[]): void {
    for (const author of this.window.outsizedOf(round))
      effects.push({ type: 'refused', author, reason: 'outsized' })
  }

  private facts(now: number) {
    const published = this.window.updatesOf(this.round)
    const mayPublish = this.jobRunning || this.mayPublish(this.round) || this.signing === this.round
    const selfAwaited =
      this.training &&
      !published.has(this.config.self) &&
      mayPublish &&
      this.window.isDrawn(this.config.self, this.round)
    // Catching up through a round before its updates are here would freeze a state that nobody else has. In step with
    // the others announcements count for nothing, or whoever announces what it never sends could slow every round.
    // Who is behind waits for nothing else: others behind with it train no more than it does, and awaiting each other
    // they would never catch up.
    const behind = this.isBehind()
    const { isSummed = false } = this.config.profile
    const mayBeEmpty = this.isSomebodyTraining() && (isSummed || !this.window.drawsAll(this.round))
    const onTheWay = this.expecting.get(this.round) ?? 0
    const isSaid = isSummed && published.size > 0
    const awaited = this.othersAwaited(published) + (selfAwaited ? 1 : 0)
    return {
      now,
      startedAt: this.roundStartedAt,
      quorumAt: this.quorumAt,
      updates: published.size,
      awaited: behind ? onTheWay : isSaid ? 0 : awaited,
      graceMs: this.graceMs(now, published.size, mayBeEmpty, behind),
      mayBeEmpty,
    }
  }

  private graceMs(now: number, updates: number, mayBeEmpty: boolean, behind: boolean): number {
    const graceMs = this.arrivals.graceMs()
    if (this.config.profile.isSummed) return Math.min(MAX_GRACE_MS, graceMs + SUM_GRACE_MS)
    // Rounds that may be empty end by time alone: whoever takes them for shorter than the others do would run away from them.
    if (mayBeEmpty) return this.isAhead() ? MAX_GRACE_MS : graceMs
    // Otherwise the updates of most would come when this round is frozen here, and make another state there.
    if (this.isFarAhead(now)) return MAX_GRACE_MS
    return behind ? graceMs : graceWith(graceMs, updates, this.liveCount())
  }

  /** Others that may still publish in this round. In a crowd nobody knows them all: a number stands for them. */
  private othersAwaited(published: ReadonlyMap<MemberId, Update>): number {
    if (this.crowd > 0) return Math.max(0, this.expectedPublishers() - published.size)
    return this.drawnTrainers().filter(
      ({ member, round }) => round <= this.round && !published.has(member) && !this.ejected.has(member),
    ).length
  }

  private drawnTrainers(): Presence[] {
    const trainers = this.presences.trainers()
    if (this.window.drawsAll(this.round)) return trainers
    return trainers.filter(({ member }) => this.window.isDrawn(member, this.round))
  }

  /** In a crowd. */
  private expectedPublishers(): number {
    return this.window.drawsAll(this.round) ? this.crowd : Math.min(this.crowd, this.config.committee)
  }

  private isSomebodyTraining(): boolean {
    return this.training || this.presences.trainers().length > 0
  }

  private liveCount(): number {
    if (this.crowd > 0) return this.expectedPublishers()
    const self = this.training && this.window.isDrawn(this.config.self, this.round)
    return this.drawnTrainers().length + (self ? 1 : 0)
  }

  /** Training for a round that most have left is wasted: catch up first. */
  private isBehind(): boolean {
    return this.middleRound() > this.round
  }

  /** Most have reached the current round, as far as they have said. */
  private isOvertaken(): boolean {
    return this.middleRound() >= this.round
  }

  /** Most have not reached the current round. */
  private isAhead(): boolean {
    const middle = this.middleRound()
    return middle !== -Infinity && middle < this.round
  }

  /** Most of those heard lately have not reached the round before the current one. */
  isFarAhead(now: number): boolean {
    const rounds = this.presences.lately(now).map(({ round }) => round)
    return rounds.length > 0 && lowerMedian(rounds) < this.round - 1
  }

  /** Where most others are at least; -Infinity without others. */
  private middleRound(): number {
    const others = this.presences.followers()
    return others.length === 0 ? -Infinity : lowerMedian(others.map(({ round }) => round))
  }
}

function countOf(votes: ReadonlyMap<string, readonly MemberId[]>): number {
  let count = 0
  for (const members of votes.values()) count += members.length
  return count
}

/** Ties go to the side of the smallest member, which is the same side in every round. */
function leader(votes: ReadonlyMap<string, readonly MemberId[]>): {
  hash: string
  members: readonly MemberId[]
} {
  let best: { hash: string; members: readonly MemberId[]; first: MemberId } | undefined
  for (const [hash, members] of votes) {
    const first = members.reduce((a, b) => (b < a ? b : a))
    if (
      !best ||
      members.length > best.members.length ||
      (members.length === best.members.length && first < best.first)
    )
      best = { hash, members, first }
  }
  return best!
}
