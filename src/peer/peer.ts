// One member of one room: wires the gossip machine, the ledger and the trainer to the ports. No DOM, no globals: the same
// file runs in a tab's worker, in Node and in the simulator. What a person sees of it is built in peer-view.ts.
import {
  GossipMachine,
  type ClosedRound,
  type GossipEffect,
  type GossipEvent,
  type Profile,
} from '../core/gossip/machine.ts'
import {
  encodeHeader,
  SIGNATURE_BYTES,
  SIGNED_HEADER_BYTES,
  updateId,
  type Update,
  type UpdateHeader,
} from '../core/gossip/update.ts'
import { hashState } from '../core/gossip/window.ts'
import { Ledger } from '../core/ledger/chain.ts'
import type { CharterBody, Entry } from '../core/ledger/entry.ts'
import { foldRoom, type RoomFold } from '../core/ledger/fold.ts'
import type { Dataset } from '../core/data/dataset.ts'
import { initialParams } from '../core/model/init.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { Clock } from '../ports/clock.ts'
import type {
  MetricPoint,
  Phase,
  Prediction,
  Receipt,
  RefusalReason,
  SessionFault,
  SessionView,
} from '../ports/session.ts'
import type { Signer } from '../ports/signer.ts'
import type { Store } from '../ports/store.ts'
import type { Evaluation, Trainer } from '../ports/trainer.ts'
import type { Priority, Transport, TransportEvent } from '../ports/transport.ts'
import { decodeMessage, encodeMessage, type PeerMessage } from '../protocol/messages.ts'
import { signedText, type PeerContext } from './context.ts'
import { LedgerSync } from './ledger-sync.ts'
import { choosePart, holdersOf, settlePart, type Holder } from './parts.ts'
import { buildView } from './peer-view.ts'
import { PRESENCE_EVERY_MS, PresenceSync } from './presence-sync.ts'
import { createProfileA } from './profile-a.ts'
import { RefusalBook } from './refusals.ts'
import { RoomDoc } from './room-doc.ts'
import { StateSync } from './state-sync.ts'
import { Traffic } from './traffic.ts'
import { Training } from './training.ts'
import { UpdateExchange } from './update-exchange.ts'

export interface TrainingData {
  readonly train: Dataset
  readonly test: Dataset
}

export interface PeerDeps {
  readonly transport: Transport
  readonly signer: Signer
  readonly clock: Clock
  readonly store: Store
  /** Called once, after consent. Watchers get one too: they measure and try the model. */
  openTrainer(charter: CharterBody, role: 'trainer' | 'watcher'): Promise<Trainer>
  /** The charter's codec and mixing rule; handed in only to play a modified client. */
  readonly profile?: (parameters: number, charter: CharterBody) => Profile
  /** Samples of a part of the built-in task; part -1 (watchers) has no training samples. */
  loadPart(
    charter: CharterBody,
    part: number,
  ): Promise<{ readonly train: Dataset | null; readonly test: Dataset }>
}

export interface PeerOptions {
  readonly link: SessionView['link']
  /** Verified: the founder's entry of this room. */
  readonly charter: Entry & { readonly body: CharterBody }
  readonly nickname: string
  readonly role: 'trainer' | 'watcher'
  /** -1 takes the lowest free part. */
  readonly part: number
  readonly own: TrainingData | null
}

const TICK_MS = 250
const ANTI_ENTROPY_TICKS = 8
const HEADS_TICKS = 40
const WORK_ENTRY_MS = 15_000
/** A member that finds nobody goes on alone after this. */
const ALONE_AFTER_MS = 4_000
const HISTORY_POINTS = 1_200
const TRAINER_RETRIES = 3
const PART_CHECK_MS = 3_000

export class Peer {
  readonly ledger: Ledger
  readonly doc = new RoomDoc()
  readonly refusals = new RefusalBook()
  readonly traffic: Traffic
  readonly machine: GossipMachine
  readonly presence: PresenceSync
  readonly startParams: Float32Array
  readonly history: MetricPoint[] = []
  trainer: Trainer | null = null
  training: Training | null = null
  phase: Phase = 'joining'
  fault: SessionFault | null = null
  fold: RoomFold
  part = -1
  effort = 1
  own: Evaluation | null = null
  swarm: Evaluation | null = null
  data: SessionView['data'] = null
  testData: Dataset | null = null
  float32Bytes = 0
  readonly startedAt: number
  private readonly context: PeerContext
  private readonly exchange: UpdateExchange
  private readonly ledgerSync: LedgerSync
  private readonly stateSync: StateSync
  private readonly listeners = new Set<() => void>()
  private readonly timers = new Set<() => void>()
  private unsubscribe: () => void = () => undefined
  private cancelWake: () => void = () => undefined
  private queue: Promise<unknown> = Promise.resolve()
  private ticks = 0
  private updatesInTally = 0
  private lastWorkAt: number
  private lastWorkRound = 0
  private sentAtWork = 0
  private receivedAtWork = 0
  private trainerFailures = 0
  private closed = false

  constructor(
    readonly deps: PeerDeps,
    readonly options: PeerOptions,
    publishedThrough = -1,
  ) {
    const { transport, signer, clock } = deps
    const { room } = options.link
    const charter = options.charter.body
    this.startedAt = clock.now()
    this.lastWorkAt = this.startedAt
    this.startParams = initialParams(charter.model, charter.seed)
    const base = { round: 0, params: this.startParams, momentum: new Float32Array(this.startParams.length) }
    this.ledger = new Ledger(room)
    this.fold = foldRoom(this.ledger)
    this.traffic = new Traffic(transport)
    this.context = {
      room,
      self: signer.id,
      transport,
      signer,
      clock,
      send: (to, message, priority) => this.send(to, message, priority),
      refuse: (member, reason) => this.refuse(member, reason),
      strike: (member, reason) => this.strike(member, reason),
    }
    const profile =
      deps.profile?.(base.params.length, charter) ?? createProfileA(base.params.length, charter.terms)
    const { localSteps, rounds } = charter.terms
    this.machine = new GossipMachine(
      { room, self: signer.id, profile, localSteps, rounds },
      base,
      hashState(base),
      clock.now(),
      publishedThrough,
    )
    this.exchange = new UpdateExchange(this.context, {
      span: () => ({ from: this.machine.window.base.round, to: this.machine.round + 6 }),
      open: () => this.openUpdates(),
      accept: update => this.dispatch({ type: 'update', update }),
      standing: author => this.standing(author),
    })
    this.ledgerSync = new LedgerSync(this.context, this.ledger, deps.store, entry =>
      this.entryAdmitted(entry),
    )
    this.presence = new PresenceSync(
      this.context,
      member => this.fold.members.has(member),
      statement => {
        const { author, ...rest } = statement
        this.dispatch({ type: 'presence', presence: { member: author, ...rest } })
      },
    )
    this.stateSync = new StateSync(
      this.context,
      () => this.machine.window.anchors,
      base.params.length,
      (state, hash) => this.dispatch({ type: 'state', state, hash }),
      () => this.dispatch({ type: 'state-failed' }),
    )
  }

  get charter(): CharterBody {
    return this.options.charter.body
  }

  get self(): MemberId {
    return this.deps.signer.id
  }

  get updatesSent(): number {
    return this.exchange.sentUpdates
  }

  get updatesReceived(): number {
    return this.exchange.receivedUpdates
  }

  view(): SessionView {
    return buildView(this)
  }

  /** Called after anything that a screen shows changed; the listener throttles. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  async start(): Promise<void> {
    await this.ledgerSync.restore()
    this.ledger.admit(this.options.charter)
    this.refold()
    this.unsubscribe = this.deps.transport.subscribe(event => this.onTransport(event))
    for (const member of this.deps.transport.links()) this.linkUp(member)
    this.tick()
    try {
      const opening = this.deps.openTrainer(this.charter, this.options.role)
      // Reported below, after the links are settled; without this a quick failure would count as unhandled.
      opening.catch(() => undefined)
      await this.settleLinks()
      if (this.closed) return
      this.phase = 'preparing'
      this.part = this.pickPart()
      await this.stateJoin()
      this.trainer = await opening
      if (this.closed) return this.trainer.close()
      this.training = new Training(this.charter, this.self, this.trainer, this.deps.clock, this.startParams)
      this.trainer.setEffort(this.effort)
      await this.loadData()
    } catch (cause) {
      this.fail(cause)
      return
    }
    if (this.closed) return
    if (this.options.role === 'watcher') this.phase = 'watching'
    else if (this.machine.finished) this.phase = 'finished'
    else {
      this.phase = 'training'
      this.dispatch({ type: 'role', training: true })
      this.after(PART_CHECK_MS, () => void this.settlePart())
    }
    await this.statePresence()
    this.changed()
  }

  setPaused(paused: boolean): void {
    if (this.phase !== 'training' && this.phase !== 'paused') return
    this.phase = paused ? 'paused' : 'training'
    // Order matters: the running job must be free to end when it is told to stop.
    this.trainer?.setPaused(paused)
    this.dispatch({ type: 'role', training: !paused })
    void this.statePresence()
    this.changed()
  }

  setEffort(effort: number): void {
    this.effort = Math.min(1, Math.max(0.05, effort))
    this.trainer?.setEffort(this.effort)
    this.changed()
  }

  async predict(sample: Float32Array): Promise<Prediction> {
    const trainer = this.trainer
    if (!trainer || !this.training) throw new Error('the trainer is not ready')
    const [mine, swarm, start] = await Promise.all(
      [this.training.own, this.machine.window.current.params, this.startParams].map(params =>
        trainer.predict(params, sample),
      ),
    )
    return { mine: mine!, swarm: swarm!, start: start! }
  }

  async addExamples(data: Dataset): Promise<void> {
    await this.trainer?.addExamples(data)
    if (!this.data) return
    const perClass = [...this.data.perClass]
    for (const label of data.y) perClass[label] = (perClass[label] ?? 0) + 1
    this.data = {
      ...this.data,
      perClass,
      trainSamples: this.data.trainSamples + data.y.length,
      addedExamples: this.data.addedExamples + data.y.length,
    }
    this.changed()
  }

  /** Parameters for export. */
  modelParams(): Float32Array {
    return this.machine.window.current.params
  }

  /** Signs what was done since the last work entry, then the leave; tells the others; stops. */
  async leave(): Promise<Receipt> {
    this.dispatch({ type: 'role', training: false })
    this.trainer?.stop()
    await this.stateWork()
    await this.ledgerSync.append({ kind: 'leave', unixMs: this.deps.clock.unixMs() })
    this.phase = 'left'
    const receipt: Receipt = {
      format: 'yoriai-receipt-1',
      room: this.options.link.room,
      member: this.self,
      entries: [
        this.options.charter,
        ...this.ledger
          .entriesOf(this.self)
          .filter(entry => entry !== this.options.charter && entry.body.kind !== 'charter'),
      ],
    }
    this.changed()
    this.close()
    return receipt
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.unsubscribe()
    for (const cancel of this.timers) cancel()
    this.timers.clear()
    this.cancelWake()
    this.stateSync.close()
    this.trainer?.close()
    this.deps.transport.close()
    this.doc.destroy()
  }

  private onTransport(event: TransportEvent): void {
    switch (event.type) {
      case 'up':
        this.linkUp(event.member)
        break
      case 'down':
        this.traffic.linkDown(event.member)
        this.ledgerSync.linkDown(event.member)
        this.stateSync.linkDown(event.member)
        break
      case 'message':
        this.onMessage(event.from, event.bytes)
        break
      case 'violation':
        this.refuse(event.member, 'malformed')
        break
      default:
        event satisfies never
    }
    this.changed()
  }

  private linkUp(member: MemberId): void {
    this.ledgerSync.linkUp(member)
    this.presence.linkUp(member)
    this.exchange.linkUp(member)
    if (this.phase !== 'joining') void this.statePresence()
  }

  /** One message after the other, so that entries are admitted before what depends on them. */
  private onMessage(from: MemberId, bytes: Uint8Array): void {
    this.queue = this.queue.then(async () => {
      if (this.closed) return
      const message = decodeMessage(bytes)
      if (!message) {
        this.strike(from, 'malformed')
        return
      }
      await this.handle(from, message)
    })
  }

  private async handle(from: MemberId, message: PeerMessage): Promise<void> {
    switch (message.type) {
      case 'presence':
        return this.presence.onPresence(from, message)
      case 'have':
        return this.exchange.onHave(from, message.updates)
      case 'want':
        return this.exchange.onWant(from, message.ids)
      case 'update':
        return this.exchange.onUpdate(from, message)
      case 'digest':
        return this.exchange.onDigest(from, message.rounds)
      case 'state-want':
        return this.stateSync.onWant(from, message)
      case 'state':
        return this.stateSync.onDelivery(from, message)
      case 'state-none':
        return this.stateSync.onNone(from, message)
      case 'heads':
        return this.ledgerSync.onHeads(from, message.heads)
      case 'entries':
        return this.ledgerSync.onEntries(from, message.entries)
      default:
        message satisfies never
    }
  }

  private dispatch(event: GossipEvent): void {
    if (this.closed) return
    const now = this.deps.clock.now()
    for (const effect of this.machine.step(event, now)) this.perform(effect)
    this.cancelWake()
    const wakeAt = this.machine.wakeAt(now)
    this.cancelWake =
      wakeAt === Infinity
        ? () => undefined
        : this.deps.clock.after(Math.max(5, wakeAt - now), () => this.dispatch({ type: 'tick' }))
    this.changed()
  }

  private perform(effect: GossipEffect): void {
    switch (effect.type) {
      case 'train':
        void this.train(effect.round, effect.params, effect.steps)
        break
      case 'stop':
        this.trainer?.stop()
        break
      case 'publish':
        void this.publish(effect.header, effect.payload)
        break
      case 'announce':
        this.exchange.announce(effect.update)
        break
      case 'model':
        if (effect.closed) this.roundClosed(effect.closed)
        break
      case 'refused':
        this.refuse(effect.author, effect.reason)
        break
      case 'fetch-state':
        this.stateSync.fetch(effect.round, effect.hash, effect.from)
        break
      case 'finished':
        void this.finish()
        break
      default:
        effect satisfies never
    }
  }

  private async train(round: number, params: Float32Array, steps: number): Promise<void> {
    const { training } = this
    if (!training) return
    try {
      const result = await training.run(round, params, steps)
      this.trainerFailures = 0
      this.dispatch({ type: 'speed', stepsPerSecond: training.stepsPerSecond })
      this.dispatch({
        type: 'trained',
        round,
        start: params,
        params: result.params,
        steps: result.steps,
        samples: result.samples,
      })
      void this.measure()
    } catch (cause) {
      if (this.closed) return
      if (++this.trainerFailures > TRAINER_RETRIES) return this.fail(cause)
      this.after(1_000 * this.trainerFailures, () => {
        this.dispatch({ type: 'trained', round, start: params, params, steps: 0, samples: 0 })
      })
    }
  }

  private async publish(header: UpdateHeader, payload: Uint8Array): Promise<void> {
    const body = encodeHeader(header)
    // Remembered before anybody can see it: after a reload a second update for this round would be an equivocation.
    const mark = new Uint8Array(4)
    new DataView(mark.buffer).setUint32(0, header.round)
    await this.deps.store.put(publishedKey(header.room, this.self), mark)
    const signature = await this.deps.signer.sign(signedText('update', header.room, body))
    const signed = new Uint8Array(SIGNED_HEADER_BYTES)
    signed.set(body)
    signed.set(signature.subarray(0, SIGNATURE_BYTES), body.length)
    this.updatesInTally++
    this.dispatch({ type: 'update', update: { ...header, id: updateId(signed), signed, payload } })
  }

  private roundClosed({ round, contributors }: ClosedRound): void {
    const perVector = 4 * this.startParams.length
    const others = contributors.filter(member => member !== this.self).length
    this.float32Bytes += perVector * others * (contributors.includes(this.self) ? 2 : 1)
    const reported = [...this.presence.all.values()]
      .map(({ statement }) => statement.accuracy)
      .filter(accuracy => accuracy !== null)
    if (this.own) reported.push(this.own.accuracy)
    this.history.push({
      round: round + 1,
      seconds: (this.deps.clock.now() - this.startedAt) / 1000,
      ownLoss: this.own?.loss ?? null,
      ownAccuracy: this.own?.accuracy ?? null,
      swarmLoss: this.swarm?.loss ?? null,
      swarmAccuracy: this.swarm?.accuracy ?? null,
      lowAccuracy: reported.length > 0 ? Math.min(...reported) : null,
      highAccuracy: reported.length > 0 ? Math.max(...reported) : null,
    })
    // Old points thin out: the curve keeps its shape and its memory stays bounded.
    if (this.history.length > HISTORY_POINTS)
      this.history.splice(
        0,
        HISTORY_POINTS / 2,
        ...this.history.slice(0, HISTORY_POINTS / 2).filter((_, i) => i % 2 === 0),
      )
    if (!this.trainer || this.phase === 'watching' || this.phase === 'paused') void this.measure()
  }

  private async measure(): Promise<void> {
    try {
      const measured = await this.training?.measure(this.machine.window.current.params)
      if (!measured || this.closed) return
      this.own = this.phase === 'watching' ? null : measured.own
      this.swarm = measured.swarm
      this.changed()
    } catch (cause) {
      if (!this.closed) this.fail(cause)
    }
  }

  private async finish(): Promise<void> {
    if (this.phase === 'training' || this.phase === 'paused') this.phase = 'finished'
    await this.stateWork()
    await this.statePresence()
    await this.measureWhole()
  }

  /** Also after late updates: the figures of a finished room are those of its last model. */
  async measureWhole(): Promise<{ own: Evaluation; swarm: Evaluation } | null> {
    const measured = await this.training?.measureWhole(this.machine.window.current.params)
    if (!measured) return null
    this.own = this.options.role === 'watcher' ? null : measured.own
    this.swarm = measured.swarm
    this.changed()
    return measured
  }

  private tick(): void {
    if (this.closed) return
    this.ticks++
    this.dispatch({ type: 'tick' })
    this.exchange.tick(this.deps.clock.now())
    this.traffic.sample()
    if (this.ticks % (PRESENCE_EVERY_MS / TICK_MS) === 0 && this.phase !== 'joining')
      void this.statePresence()
    if (this.ticks % ANTI_ENTROPY_TICKS === 0) this.exchange.compareWithNextLink()
    if (this.ticks % HEADS_TICKS === 0) this.ledgerSync.compareWithNextLink()
    if (this.deps.clock.now() - this.lastWorkAt > WORK_ENTRY_MS) void this.stateWork()
    this.after(TICK_MS, () => this.tick())
  }

  /** Waits until a link told its ledger, or until it is clear that nobody is there. */
  private settleLinks(): Promise<void> {
    const deadline = this.deps.clock.now() + ALONE_AFTER_MS
    return new Promise<void>(resolve => {
      const look = (): void => {
        if (this.closed || this.ledgerSync.headsHeard.size > 0 || this.deps.clock.now() >= deadline) resolve()
        else this.after(50, look)
      }
      look()
    }).then(async () => {
      await this.queue
    })
  }

  private pickPart(): number {
    if (this.options.role === 'watcher' || this.options.own) return -1
    if (this.options.part >= 0) return this.options.part
    // A member that comes back takes up the part that it had.
    const before = this.fold.members.get(this.self)?.part ?? -1
    return before >= 0 && before < this.charter.parts
      ? before
      : choosePart(this.charter.parts, this.partHolders())
  }

  private async settlePart(): Promise<void> {
    if (this.closed || this.options.part >= 0 || this.part < 0) return
    if (this.phase !== 'training' && this.phase !== 'paused') return
    const part = settlePart(this.part, this.charter.parts, this.partHolders(), this.self)
    if (part === this.part) return
    this.part = part
    try {
      await this.stateJoin()
      await this.loadData()
    } catch (cause) {
      this.fail(cause)
      return
    }
    this.after(PART_CHECK_MS, () => void this.settlePart())
  }

  private partHolders(): Holder[] {
    return holdersOf(this.fold.members.values(), this.self, member => this.isAlive(member))
  }

  /** Silent members free their part; before anybody was heard everyone present counts. */
  private isAlive(member: MemberId): boolean {
    const held = this.presence.all.get(member)
    if (!held) return this.deps.transport.links().includes(member)
    return this.deps.clock.now() - held.heardAt < 60_000
  }

  private async stateJoin(): Promise<void> {
    const known = this.fold.members.get(this.self)
    const { nickname, role } = this.options
    if (known?.present && known.part === this.part && known.role === role && known.nickname === nickname)
      return
    await this.ledgerSync.append({
      kind: 'join',
      nickname,
      role,
      part: this.part,
      unixMs: this.deps.clock.unixMs(),
    })
  }

  private async loadData(): Promise<void> {
    if (!this.trainer) return
    const { own } = this.options
    const { train, test } = own ?? (await this.deps.loadPart(this.charter, this.part))
    this.testData = test
    const perClass = new Array<number>(this.charter.classes.length).fill(0)
    for (const label of train?.y ?? []) perClass[label]!++
    this.data = {
      source: own ? 'own' : 'part',
      trainSamples: train?.y.length ?? 0,
      testSamples: test.y.length,
      perClass,
      addedExamples: 0,
    }
    await this.trainer.setData('test', test)
    if (train) await this.trainer.setData('train', train)
  }

  private async stateWork(): Promise<void> {
    const tally = this.training?.takeTally()
    this.lastWorkAt = this.deps.clock.now()
    if (!tally || tally.steps === 0) return
    const { window } = this.machine
    const sentBytes = this.traffic.sentBytes - this.sentAtWork
    const receivedBytes = this.traffic.receivedBytes - this.receivedAtWork
    this.sentAtWork += sentBytes
    this.receivedAtWork += receivedBytes
    const updates = this.updatesInTally
    this.updatesInTally = 0
    const fromRound = this.lastWorkRound
    this.lastWorkRound = this.machine.round
    await this.ledgerSync.append({
      kind: 'work',
      fromRound,
      toRound: this.machine.round,
      steps: tally.steps,
      samples: tally.samples,
      flop: tally.flop.toString(),
      computeMs: Math.round(tally.computeMs),
      updates,
      sentBytes,
      receivedBytes,
      modelHash: window.baseHash,
    })
  }

  private async statePresence(): Promise<void> {
    if (this.closed) return
    const { window, round } = this.machine
    await this.presence.state({
      status:
        this.phase === 'training' || this.phase === 'paused'
          ? this.phase
          : this.phase === 'joining' || this.phase === 'preparing'
            ? 'preparing'
            : 'watching',
      round,
      baseRound: window.base.round,
      baseHash: window.baseHash,
      stepsPerSecond: Math.min(1e5, this.training?.stepsPerSecond ?? 0),
      accuracy: this.own?.accuracy ?? null,
      steps: this.training?.totalSteps ?? 0,
    })
  }

  private standing(author: MemberId): 'trainer' | 'unknown' | 'refused' {
    if (this.ledger.forks.has(author) || this.machine.ejected.has(author)) return 'refused'
    const member = this.fold.members.get(author)
    return member ? (member.role === 'trainer' ? 'trainer' : 'refused') : 'unknown'
  }

  private *openUpdates(): Iterable<Update> {
    for (const round of this.machine.window.openRounds()) yield* this.machine.window.updatesOf(round).values()
    yield* this.machine.proofs.values()
  }

  private entryAdmitted(entry: Entry): void {
    this.doc.append(entry)
    this.refold()
    if (entry.body.kind === 'leave' && entry.author !== this.self) {
      this.presence.forget(entry.author)
      this.dispatch({ type: 'gone', member: entry.author })
    }
    this.changed()
  }

  private refold(): void {
    this.fold = foldRoom(this.ledger)
  }

  private send(to: MemberId, message: PeerMessage, priority: Priority = 'control'): boolean {
    return !this.closed && this.deps.transport.send(to, encodeMessage(message), priority)
  }

  private refuse(member: MemberId | null, reason: RefusalReason): void {
    this.refusals.record(member, reason, this.deps.clock.unixMs())
    this.changed()
  }

  private strike(member: MemberId, reason: RefusalReason): void {
    this.refuse(member, reason)
    if (this.refusals.strike(member)) this.deps.transport.ban(member)
  }

  private fail(cause: unknown): void {
    if (this.closed) return
    const kind = errorKind(cause)
    this.fault = { kind, detail: cause instanceof Error ? cause.message : String(cause) }
    this.phase = 'failed'
    this.dispatch({ type: 'role', training: false })
    void this.statePresence()
    this.changed()
  }

  /** A timer that close() cancels. */
  private after(ms: number, callback: () => void): void {
    const cancel = this.deps.clock.after(ms, () => {
      this.timers.delete(cancel)
      callback()
    })
    this.timers.add(cancel)
  }

  private changed(): void {
    for (const listener of this.listeners) listener()
  }
}

export function publishedKey(room: string, self: MemberId): string {
  return `published/${room}/${self}`
}

function errorKind(cause: unknown): SessionFault['kind'] {
  const kind = cause instanceof Error && 'kind' in cause ? cause.kind : undefined
  if (kind === 'no-backend') return 'no-backend'
  return cause instanceof Error && (cause.name === 'DataError' || kind === 'no-data')
    ? 'data-unavailable'
    : 'trainer-crashed'
}
