// One member of one room: drives the gossip machine and the trainer, and keeps its part of the ledger, through ports. No
// DOM, no globals: the same file runs in a tab's worker, in Node and in the simulator. What it says to others is in
// wire.ts, what a person sees of it in peer-view.ts.
import type { Dataset } from '../core/data/dataset.ts'
import {
  GossipMachine,
  type ClosedRound,
  type GossipEffect,
  type GossipEvent,
} from '../core/gossip/machine.ts'
import type { TrainingStatus } from '../core/gossip/presence.ts'
import { isDraw } from '../core/gossip/sortition.ts'
import { hashState } from '../core/gossip/state.ts'
import type { Update } from '../core/gossip/update.ts'
import { WINDOW } from '../core/gossip/window.ts'
import { previewBalances } from '../core/ledger/credits.ts'
import type { CharterBody, Entry } from '../core/ledger/entry.ts'
import { initialParams } from '../core/model/init.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { LedgerPage, LedgerQuery } from '../ports/ledger-view.ts'
import type { LendingView, ReconstructionView } from '../ports/lending-view.ts'
import type { Phase, Prediction, Receipt, SessionFault, WholeMeasure } from '../ports/session.ts'
import type { Trainer } from '../ports/trainer.ts'
import { Citizen } from './citizen.ts'
import { faultOf } from './fault.ts'
import { forgivingStore, type ForgivingStore } from './forgiving-store.ts'
import type { PeerDeps, PeerOptions } from './deps.ts'
import { ComputeGate } from './compute-gate.ts'
import { Gauge } from './gauge.ts'
import { gaugeHostOf } from './gauge-host.ts'
import { freshState, recallHead } from './kept.ts'
import { LendingDesk } from './lending-desk.ts'
import { LocalRounds } from './local-rounds.ts'
import { createProfile } from './profile.ts'
import { RoomBook } from './room-book.ts'
import { RoomDoc } from './room-doc.ts'
import { openRunOffice, type RunOffice } from './run-office.ts'
import { createReceipt } from './receipt.ts'
import { Seat } from './seat.ts'
import { SumDesk } from './sum-desk.ts'
import { createReferenceSegment } from './segment-reference.ts'
import { GovernanceDesk } from './governance-desk.ts'
import { Training } from './training.ts'
import type { Standing } from './update-exchange.ts'
import { Uplink } from './uplink.ts'
import { Wire } from './wire.ts'

const TICK_MS = 250
/** Once a second; in rooms that no longer are a full mesh every other second, since statements are passed on. */
const PRESENCE_TICKS = 4
/** After links are up: two statements of presence of whoever is here. */
const LISTEN_MS = 2_500
const MESH_MEMBERS = 8
const RECEIPT_TICKS = 40
const RUN_TICKS = 2
/** A member that finds nobody goes on alone after this. */
const ALONE_AFTER_MS = 4_000
/** Own entries that others say there are, and that are not here, are waited for so long: anybody can say so. */
const OWN_AFTER_MS = 20_000
const PART_CHECK_MS = 3_000
/** Presence is a second or two old: so many rounds apart may be no distance. */
const NEAR = 8

export class Peer {
  readonly book: RoomBook
  readonly citizen: Citizen
  readonly desk: GovernanceDesk
  readonly doc = new RoomDoc()
  readonly wire: Wire
  readonly machine: GossipMachine
  readonly startParams: Float32Array
  readonly gauge: Gauge
  trainer: Trainer | null = null
  training: Training | null = null
  phase: Phase = 'joining'
  fault: SessionFault | null = null
  readonly seat: Seat
  effort = 1
  float32Bytes = 0
  readonly startedAt: number
  readonly store: ForgivingStore
  readonly rounds: LocalRounds
  /** Null in rooms without sums under masks. */
  readonly sums: SumDesk | null
  private readonly lendingDesk: LendingDesk
  readonly runs: RunOffice
  private readonly gate: ComputeGate
  private readonly uplink: Uplink
  private readonly listeners = new Set<() => void>()
  private readonly timers = new Set<() => void>()
  private cancelWake: () => void = () => undefined
  private ticks = 0
  private measureScheduled = false
  private restored = false
  private following = false
  /** As of the book when the document was begun. */
  private takenBack = 0
  private crowd = 0
  private closed = false

  constructor(
    readonly deps: PeerDeps,
    readonly options: PeerOptions,
  ) {
    const { clock, signer } = deps
    const { room } = options.link
    const charter = options.charter.body
    this.startedAt = clock.now()
    this.store = forgivingStore(deps.store)
    this.startParams = initialParams(charter.model, charter.seed)
    const kept = options.resume?.state
    const fresh = freshState(this.startParams, charter)
    const parameters = fresh.params.length
    const fits = kept?.params.length === parameters && isDraw(kept.draw, charter.terms.committee)
    const base = fits ? kept : fresh
    const publishedThrough = options.resume?.publishedThrough ?? -1
    const profile = deps.profile?.(parameters, charter) ?? createProfile(parameters, charter.terms)
    const { localSteps, rounds, committee } = charter.terms
    const config = { room, self: signer.id, profile, localSteps, rounds, committee }
    // Who founds a room has nobody to listen to.
    const listens = options.resume !== null || options.charter.author !== signer.id
    this.machine = new GossipMachine(config, base, hashState(base), clock.now(), publishedThrough, listens)
    this.sums = charter.terms.privacy.type === 'masks' ? this.openSums(parameters) : null
    this.book = new RoomBook(options.charter, deps.checked?.epochs)
    this.doc.append(options.charter)
    this.wire = new Wire(deps, this.book, this.store, {
      parameters,
      span: () => ({ from: this.machine.window.base.round, to: this.machine.round + 2 * WINDOW }),
      accept: update => {
        this.citizen.signed(update.author)
        this.dispatch({ type: 'update', update })
      },
      onSigned: member => this.citizen.signed(member),
      expecting: counts => this.dispatch({ type: 'expecting', counts }),
      standing: update => this.standingOf(update),
      isVouched: update => this.sums?.isVouched(update) ?? Promise.resolve(true),
      sums: this.sums && {
        rounds: () => ({ from: this.machine.window.base.round, to: this.machine.round + WINDOW }),
        isTrainer: member => this.isTrainer(member),
        heard: part => this.sums?.heard(part),
      },
      anchors: () => this.machine.window.anchors,
      isMember: member => this.citizen.members.has(member),
      isForAll: member => this.citizen.isForAll(member),
      onEntry: entry => this.entryAdmitted(entry),
      onProof: proof => {
        this.citizen.accuse(proof)
        this.followSoon()
      },
      onSealed: () => this.sealed(),
      sealFacts: () => this.citizen.proposalFacts(),
      onPresence: ({ author, counter, ...rest }) => {
        this.citizen.heard(author, counter)
        this.dispatch({ type: 'presence', presence: { member: author, ...rest } })
      },
      onState: (state, hash) => {
        this.dispatch({ type: 'state', state, hash, held: this.wire.updates.heldFrom(state.round) })
        // What counted for nobody on the old state may count on this one.
        this.wire.updates.forgetRefused()
        this.wire.updates.compareWithAllLinks()
      },
      onStateFailed: () => this.dispatch({ type: 'state-failed' }),
      onLend: (from, message, sizeBytes) => this.lendingDesk.onMessage(from, message, sizeBytes),
      onLinkDown: member => this.lendingDesk.linkDown(member),
      onLinkUp: () => this.statePresence(),
      onChange: () => this.changed(),
      onFault: cause => this.fail(cause),
    })
    this.uplink = new Uplink(deps.transport)
    this.gauge = new Gauge(gaugeHostOf(this))
    const links = (): readonly MemberId[] => deps.transport.links()
    this.citizen = new Citizen(this.book, {
      wire: this.wire,
      self: signer.id,
      clock,
      ownDevice: deps.deviceId,
      startHash: hashState(fresh),
      training: () => this.training,
      report: () => this.trainer?.report ?? null,
      round: () => this.machine.round,
      modelHash: () => this.machine.window.baseHash,
      sealableModel: () => this.machine.sealableBase(),
      validityOf: header => this.machine.validityOf(header),
      isEjected: member => this.machine.ejected.has(member),
      after: (ms, callback) => this.after(ms, callback),
    })
    this.desk = new GovernanceDesk(this.citizen, {
      self: signer.id,
      store: deps.store,
      entropy: deps.entropy,
      round: () => this.machine.round,
      balance: () => previewBalances(this.book.live.credits).get(signer.id) ?? 0n,
    })
    const closed = (): boolean => this.closed
    this.rounds = new LocalRounds({
      citizen: this.citizen,
      store: this.store,
      strictStore: deps.store,
      entropy: deps.entropy,
      signer,
      get closed() {
        return closed()
      },
      training: () => this.training,
      trainer: () => this.trainer,
      dispatch: event => this.dispatch(event),
      oversee: () => this.gate.oversee(),
      measure: () => void this.measure(),
      fail: cause => this.fail(cause),
      after: (ms, callback) => this.after(ms, callback),
    })
    this.lendingDesk = new LendingDesk({
      self: signer.id,
      model: charter.model,
      clock,
      entropy: deps.entropy,
      party: { room, signer, entropy: deps.entropy },
      transport: deps.transport,
      openSegment: deps.openSegment ?? (config => Promise.resolve(createReferenceSegment(config))),
      plan: () => this.runs.steward.plan(),
      allowance: () => this.gate.lendable(),
      effort: () => this.effort,
      states: () =>
        [this.machine.window.current, ...this.machine.window.anchors.map(({ state }) => state)].map(
          ({ params }) => params,
        ),
      params: () => this.modelParams(),
      lend: (to, message, coarse) => this.wire.lend(to, message, coarse),
      refuse: (member, reason) => this.wire.refuse(member, reason),
      strike: (member, reason) => this.wire.strike(member, reason),
      onChange: () => this.changed(),
    })
    this.gate = new ComputeGate(this.citizen, {
      phase: () => this.phase,
      trainer: () => this.trainer,
      dispatch: event => this.dispatch(event),
      statePresence: () => this.statePresence(),
      rests: () => this.runs.steward.rests,
    })
    this.runs = openRunOffice(this, signer.id)
    this.seat = new Seat(
      charter,
      signer.id,
      options,
      room,
      clock,
      () => this.citizen.members,
      this.wire,
      links,
      deps.loadPart.bind(deps),
      () => this.citizen.isInCrowd,
    )
  }

  get charter(): CharterBody {
    return this.options.charter.body
  }

  get self(): MemberId {
    return this.deps.signer.id
  }

  /** What others may know: a phase has more shades. */
  get status(): TrainingStatus {
    if (!this.machine.isSettled) return 'preparing'
    // A room that is paused as a whole goes on counting its trainers; one whose own work may not go on is not awaited.
    if (this.phase === 'training') return this.gate.allowed ? 'training' : 'paused'
    if (this.phase === 'paused') return 'paused'
    return this.phase === 'joining' || this.phase === 'preparing' ? 'preparing' : 'watching'
  }

  /** Called after anything that a screen shows changed; the listener throttles. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  async start(): Promise<void> {
    try {
      await this.restore()
      this.wire.open()
      this.tick()
      const opening = this.deps.openTrainer(this.charter, this.options.role)
      // Reported below, after the links are settled; without this a quick failure would count as unhandled.
      opening.catch(() => undefined)
      await this.settleLinks()
      if (this.closed) return
      this.after(this.citizen.isInCrowd ? 2 * LISTEN_MS : LISTEN_MS, () => this.dispatch({ type: 'arrived' }))
      this.citizen.overseer.arrive()
      this.phase = 'preparing'
      await this.seat.take()
      this.trainer = this.lendingDesk.wrap(await opening)
      if (this.closed) return this.trainer.close()
      const start = await recallHead(
        this.store,
        this.options.link.room,
        this.self,
        this.charter,
        this.startParams,
      )
      this.training = new Training(this.charter, this.self, this.trainer, this.deps.clock, start)
      this.trainer.setEffort(this.effort)
      await this.seat.load(this.trainer)
      if (this.options.role === 'trainer') await this.citizen.registerDevice()
    } catch (cause) {
      return this.fail(cause)
    }
    if (this.closed) return
    this.phase =
      this.options.role === 'watcher' ? 'watching' : this.machine.finished ? 'finished' : 'training'
    if (this.phase === 'training') {
      this.gate.oversee()
      this.dispatch({ type: 'role', training: this.gate.allowed })
      this.after(PART_CHECK_MS, () => void this.settlePart())
    } else {
      void this.measure()
    }
    this.statePresence()
    this.changed()
  }

  setPaused(paused: boolean): void {
    if (this.phase !== 'training' && this.phase !== 'paused') return
    this.phase = paused ? 'paused' : 'training'
    // Order matters: the running job must be free to end when it is told to stop.
    this.gate.holdTrainer()
    this.dispatch({ type: 'role', training: !paused && this.gate.allowed })
    this.statePresence()
    this.changed()
  }

  setEffort(effort: number): void {
    this.effort = Math.min(1, Math.max(0.05, effort))
    this.trainer?.setEffort(this.effort)
    this.changed()
  }

  async predict(sample: Float32Array): Promise<Prediction> {
    const { trainer, training } = this
    if (!trainer || !training) throw new Error('the trainer is not ready')
    const [mine, swarm, start] = await Promise.all([
      trainer.predict(training.own, sample),
      trainer.predict(this.modelParams(), sample),
      trainer.predict(this.startParams, sample),
    ])
    return { mine, swarm, start }
  }

  async addExamples(added: Dataset): Promise<void> {
    if (!this.trainer) throw new Error('the trainer is not ready')
    await this.seat.add(this.trainer, added)
    this.changed()
  }

  /** Trains on so many of its samples: what a sponsored run agreed on; null for all. */
  async bring(samples: number | null): Promise<void> {
    if (!this.trainer) return
    try {
      await this.seat.bring(this.trainer, samples)
    } catch (cause) {
      this.fail(cause)
    }
  }

  /** The trainer's worker died: nothing that was asked of it will be answered. */
  trainerCrashed(detail: string): void {
    this.fail(new Error(detail))
  }

  /** Entries from another tab of this device. */
  async offerEntries(entries: readonly Uint8Array[]): Promise<void> {
    if (!this.closed) await this.wire.ledger.onEntries(null, entries)
  }

  /** The swarm's model now; with this member's own head where members keep their own. */
  modelParams(): Float32Array {
    const { params } = this.machine.window.current
    return (
      this.training?.whole(params) ?? (params.length === this.startParams.length ? params : this.startParams)
    )
  }

  /** Both models on all held-out samples; null while there are none here. */
  measureWhole(): Promise<WholeMeasure | null> {
    return this.gauge.whole()
  }

  /** What the activations that this member sends to a lender tell of its samples, measured now; null where it sends none. */
  measureReconstruction(): ReconstructionView | null {
    return this.lendingDesk.measureReconstruction()
  }

  /** What lending comes to; null while no pair names this member. */
  lendingView(): LendingView | null {
    return this.lendingDesk.view
  }

  /** Whether samples that were handed over under this contract are here. */
  holdsShard(contract: string): boolean {
    return this.lendingDesk.holds(contract)
  }

  /** Jobs that were completed under this contract since the tab began. */
  jobsOf(contract: string): number {
    return this.lendingDesk.jobsOf(contract)
  }

  ledgerPage(query: LedgerQuery): Promise<LedgerPage> {
    return this.wire.history.page(query, member => this.citizen.members.get(member)?.nickname ?? '')
  }

  /** Signs what was done since the last receipt, then the leave; tells the others; stops. */
  async leave(): Promise<Receipt> {
    this.dispatch({ type: 'role', training: false })
    this.rounds.stop()
    await this.citizen.stateReceipt().catch(() => undefined)
    await this.citizen.passAnchorOn()
    this.lendingDesk.wipe()
    await this.runs.steward.stateServices(true).catch(() => undefined)
    await this.runs.steward.stateDeletions(true).catch(() => undefined)
    // A full ledger keeps nobody: the receipt then ends with the last entry that it took.
    await this.wire.ledger.append({ kind: 'leave' }).catch(() => undefined)
    this.phase = 'left'
    const receipt = createReceipt(await this.wire.history.chainOf(this.self), this.options.charter, this.self)
    this.changed()
    this.close()
    return receipt
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    for (const cancel of this.timers) cancel()
    this.timers.clear()
    this.cancelWake()
    this.sums?.close()
    this.runs.steward.close()
    this.wire.close()
    this.lendingDesk.close()
    this.trainer?.close()
    this.deps.transport.close()
    this.doc.destroy()
  }

  private dispatch(event: GossipEvent): void {
    if (this.closed) return
    const now = this.deps.clock.now()
    for (const effect of this.machine.step(event, now)) this.perform(effect)
    this.cancelWake()
    const wakeAt = this.machine.wakeAt(now)
    if (wakeAt === Infinity) return this.changed()
    this.cancelWake = this.deps.clock.after(Math.max(5, wakeAt - now), () => this.dispatch({ type: 'tick' }))
    this.changed()
  }

  private perform(effect: GossipEffect): void {
    switch (effect.type) {
      case 'train':
        void this.rounds.train(effect.round, effect.params, effect.steps)
        this.sums?.roundOpen()
        break
      case 'contribute':
        this.sums?.contribute(effect.round, effect)
        break
      case 'stop':
        this.rounds.stop()
        break
      case 'publish':
        void this.rounds.publish(effect.header, effect.payload)
        break
      case 'announce':
        this.wire.updates.announce(effect.update)
        this.sums?.published(effect.update)
        break
      case 'model':
        if (effect.closed) this.roundClosed(effect.closed)
        else if (this.phase === 'finished') this.measureSoon()
        this.rounds.keepState(this.machine.window.anchors)
        break
      case 'frozen':
        for (const round of effect.rounds) this.runs.steward.frozen(round)
        break
      case 'refused':
        this.wire.refuse(effect.author, effect.reason)
        if (effect.author === this.self && effect.reason === 'not-finite') this.rounds.diverged()
        break
      case 'fetch-state':
        this.wire.states.fetch(effect.round, effect.hash, effect.from)
        break
      case 'finished':
        void this.finish()
        break
      default:
        effect satisfies never
    }
  }

  private roundClosed({ round, contributors, before, after, medianSteps }: ClosedRound): void {
    this.sums?.roundClosed(round, contributors.length === 0)
    this.training?.roundMixed(before, after, medianSteps)
    const others = contributors.filter(member => member !== this.self).length
    const vectors = others * (contributors.includes(this.self) ? 2 : 1)
    this.float32Bytes += 4 * this.startParams.length * vectors
    // Trainers measure after their jobs; the others have only the rounds.
    if (this.phase !== 'training') void this.measure()
  }

  private async measure(): Promise<void> {
    try {
      // A finished room shows the figures on all samples; a quick one that was under way must not replace them.
      await this.gauge.quick(() => this.closed || this.phase === 'finished')
    } catch (cause) {
      this.fail(cause)
    }
  }

  /** A late update changed a finished model: its figures follow, once for a burst of them. */
  private measureSoon(): void {
    if (this.measureScheduled) return
    this.measureScheduled = true
    this.after(1_000, () => {
      this.measureScheduled = false
      this.measureWhole().catch((cause: unknown) => this.fail(cause))
    })
  }

  private async finish(): Promise<void> {
    if (this.phase === 'training' || this.phase === 'paused') this.phase = 'finished'
    this.statePresence()
    try {
      await this.citizen.stateReceipt()
      await this.measureWhole()
    } catch (cause) {
      this.fail(cause)
    }
  }

  private tick(): void {
    if (this.closed) return
    this.ticks++
    this.uplink.sample()
    this.dispatch({ type: 'tick' })
    this.sums?.tick()
    this.wire.tick()
    this.judgeUplink()
    this.gate.oversee()
    this.lendingDesk.tick()
    this.wire.seals.tick(this.citizen.needsSeal(this.phase) || this.runs.steward.needsSeal)
    if (this.ticks % RUN_TICKS === 0 && this.restored && this.seat.summary) this.runs.steward.tick()
    const crowded = this.citizen.members.size > MESH_MEMBERS
    if (this.ticks % (crowded ? 2 * PRESENCE_TICKS : PRESENCE_TICKS) === 0) this.statePresence()
    if (this.ticks % RECEIPT_TICKS === 0) this.citizen.stateReceipt().catch(() => undefined)
    this.after(TICK_MS, () => this.tick())
  }

  /** Whole updates or smaller ones. */
  private judgeUplink(): void {
    if (this.phase !== 'training') return
    const { machine, uplink } = this
    const before = uplink.isNarrow
    if (uplink.judge(machine.wholeBytes / machine.updateBytes()) !== before)
      this.dispatch({ type: 'uplink', narrow: uplink.isNarrow })
  }

  /** In a crowd presence comes from neighbours only; the ledger says how many there are. */
  private countCrowd(): void {
    const crowd = this.citizen.isInCrowd ? this.book.here.trainers : 0
    if (crowd === this.crowd) return
    this.crowd = crowd
    this.dispatch({ type: 'crowd', trainers: crowd })
  }

  /** Waits until the ledger of the first link is here, or until it is clear that nobody is there. */
  private async settleLinks(): Promise<void> {
    const { clock } = this.deps
    const { heads } = this.wire.ledger
    const since = clock.now()
    const isWaiting = (): boolean => {
      const waited = clock.now() - since
      return heads.lacksOwn ? waited < OWN_AFTER_MS : !heads.caughtUp && waited < ALONE_AFTER_MS
    }
    while (!this.closed && isWaiting()) await new Promise<void>(resolve => this.after(50, resolve))
    await this.wire.drained()
  }

  /** Clashes over a part can show late (slow links, a healed split): look again and again, move when one is seen. */
  private async settlePart(): Promise<void> {
    const active = this.phase === 'training' || this.phase === 'paused'
    if (this.closed || !this.trainer) return
    try {
      if (active && (await this.seat.settle())) await this.seat.load(this.trainer)
    } catch (cause) {
      return this.fail(cause)
    }
    this.after(PART_CHECK_MS, () => void this.settlePart())
  }

  /** The newest seal that this device kept, then the entries since, then the own votes. */
  private async restore(): Promise<void> {
    const kept = await this.wire.archive.latest()
    if (kept && this.wire.seals.resume(kept.certificate, kept.snapshot)) this.sealed()
    await this.wire.ledger.restore()
    await this.wire.seals.restore()
    await this.wire.archive.recount()
    await this.desk.restore()
    this.restored = true
    this.follow()
  }

  /** Another epoch begins: the document of the old one is history. */
  private sealed(): void {
    this.beginDoc()
    this.follow()
  }

  private statePresence(): void {
    if (this.closed || this.phase === 'joining') return
    const { window, round } = this.machine
    void this.wire.presence.state({
      status: this.status,
      round,
      baseRound: window.base.round,
      baseHash: window.baseHash,
      stepsPerSecond: Math.min(1e5, this.training?.stepsPerSecond ?? 0),
      // Measured before noise and masks: in a room that asks for either it would tell of the data past them.
      accuracy: this.charter.terms.privacy.type === 'none' ? (this.gauge.own?.accuracy ?? null) : null,
      steps: this.training?.totalSteps ?? 0,
      links: this.deps.transport.links().length,
    })
  }

  private openSums(parameters: number): SumDesk {
    const { clock, entropy, signer, store } = this.deps
    const { room } = this.options.link
    return new SumDesk({
      room,
      self: signer.id,
      parameters,
      clock,
      entropy,
      store,
      relay: () => this.wire.sums!,
      round: () => this.machine.round,
      trainers: () => {
        // Who is far behind has nothing to add here.
        const near = this.machine.presences
          .trainers()
          .filter(({ round }) => round + NEAR >= this.machine.round)
        const others = near.map(({ member }) => member).filter(member => this.isTrainer(member))
        return this.status === 'training' ? [...others, signer.id] : others
      },
      isTrainer: member => this.isTrainer(member),
      dispatch: event => this.dispatch(event),
      blame: member => this.wire.refuse(member, 'bad-sum'),
      fail: cause => this.fail(cause),
    })
  }

  private isTrainer(member: MemberId): boolean {
    return this.citizen.members.get(member)?.role === 'trainer' && !this.machine.ejected.has(member)
  }

  private standingOf(update: Update): Standing {
    const standing = this.citizen.standing(update)
    // Who vouches for a sum may have joined a moment ago.
    const isKnown = standing.type !== 'good' || (this.sums?.strangersIn(update) ?? []).length === 0
    return isKnown ? standing : { type: 'unknown' }
  }

  private entryAdmitted(entry: Entry): void {
    this.doc.append(entry)
    this.citizen.admitted(entry)
    if (entry.body.kind === 'leave' && entry.author !== this.self) {
      this.wire.presence.forget(entry.author)
      this.dispatch({ type: 'gone', member: entry.author })
    }
    this.followSoon()
  }

  /** What entries mean is looked at once for all that came together: a flood must not cost a judgement each. */
  private followSoon(): void {
    if (this.following) return
    this.following = true
    void Promise.resolve().then(() => {
      this.following = false
      if (!this.closed && this.restored) this.follow()
    })
  }

  private follow(): void {
    const { takenBack } = this.book
    if (takenBack !== this.takenBack) this.beginDoc()
    this.citizen.overseer.noteOrders()
    this.countCrowd()
    this.gate.oversee()
    this.changed()
  }

  private beginDoc(): void {
    this.takenBack = this.book.takenBack
    this.doc.begin(this.book.ledger.openEntries() ?? [])
  }

  private fail(cause: unknown): void {
    if (this.closed) return
    this.fault = faultOf(cause)
    this.phase = 'failed'
    this.dispatch({ type: 'role', training: false })
    this.statePresence()
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

  changed(): void {
    for (const listener of this.listeners) listener()
  }
}
