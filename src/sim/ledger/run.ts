// One run of the ledger's simulation: real peers on virtual time act out a plan, an omniscient observer looks on. The same
// seed gives the same run. What a run found is in its report; it throws only where the simulation itself is wrong.
import { DEFAULT_TERMS } from '../../core/ledger/terms.ts'
import type { Dataset } from '../../core/data/dataset.ts'
import { defaultGovernance, defaultQuorum, defaultResumeQuorum } from '../../core/governance/terms.ts'
import { UNGOVERNED } from '../../core/gossip/halts.ts'
import { NO_ORDERS } from '../../core/gossip/halts.ts'
import { hashOf } from '../../core/ledger/chain.ts'
import type { MemberId } from '../../core/num/ids.ts'
import { createRng } from '../../core/num/rng.ts'
import type { GovernanceAction } from '../../ports/governance-view.ts'
import type { Peer } from '../../peer/peer.ts'
import { createSimSigner } from '../sim-signer.ts'
import { Swarm, type PeerPorts, type SimMember } from '../swarm.ts'
import { crookPorts, spam, type CrookKind, type CrookWorld } from './crook.ts'
import { Observer, type Violation } from './observer.ts'
import { planOf, type LedgerPlan, type Wanted } from './plan.ts'
import { splitTransport, type SplitTransport } from './twins.ts'

export interface RunReport {
  readonly seed: string
  readonly members: number
  readonly sealing: LedgerPlan['sealing']
  readonly violations: readonly Violation[]
  readonly epochs: number
  readonly virtualSeconds: number
  /** How often each kind of crook did what it should not have done. */
  readonly acts: Readonly<Partial<Record<CrookKind, number>>>
  readonly crooks: number
  readonly convicted: number
  readonly buriedForks: number
  readonly cuts: number
  readonly pauses: number
  readonly unsoundSeals: number
  readonly publishedInPause: number
  readonly frozenBehindCut: number
  readonly successions: number
}

export interface RunOptions extends Wanted {
  /** Does something to every honest peer before it starts: controls that must fail. */
  readonly sabotage?: (peer: Peer) => void
}

const REWARD = 1_000_000n
const INPUTS = 4
const CLASSES = ['0', '1']
const SAMPLES = 6
const TICK_MS = 1_000
const QUIET_MS = 2_000
const EXPLORE_MS = 7_000
/** A polite close lets what was said before arrive. */
const FAREWELL_MS = 1_500
/** All that was open when the room healed is sealed within this. */
const SETTLE_MS = 300_000
/** Forty members need less than a million. */
const MAX_TURNS = 5_000_000
/** Beyond the quota of an epoch. */
const SPAM = 2_050
/** So many FLOP that nobody uses them up, few enough to be a cap. */
const CAP = '1000000000000'

export async function runLedger(seed: string, options: RunOptions = {}): Promise<RunReport> {
  return new LedgerRun(planOf(seed, options), options).play()
}

class LedgerRun {
  private readonly swarm: Swarm
  private readonly rng
  private readonly ids: readonly MemberId[]
  private readonly observer: Observer
  private readonly acts: Partial<Record<CrookKind, number>> = {}
  /** By index; undefined before it came. */
  private readonly members: (SimMember | undefined)[] = []
  private readonly away = new Set<number>()
  private readonly left = new Set<number>()
  private readonly order: number[]
  private quiet = false
  private turns = 0

  constructor(
    private readonly plan: LedgerPlan,
    private readonly options: RunOptions,
  ) {
    const { seed, members, crooks } = plan
    this.rng = createRng(`run/${seed}`)
    // The swarm numbers members as they come; identities follow that number.
    this.order = Array.from({ length: members }, (_, i) => i).sort(
      (a, b) => plan.joinAtMs[a]! - plan.joinAtMs[b]! || a - b,
    )
    const ids: MemberId[] = []
    for (const [place, member] of this.order.entries()) ids[member] = createSimSigner(`${seed}/${place}`).id
    this.ids = ids
    const guardians = plan.guardians.map(i => ids[i]!).sort()
    const parts = Math.min(999, members)
    this.swarm = new Swarm({
      seed,
      latencyMs: plan.latencyMs,
      lossRate: 0.2,
      stepMs: () => plan.stepMs,
      overlay: { meshMembers: 6, degree: 4, maxDegree: 6 },
      testData: samples(seed),
      partData: part => samples(`${seed}/${part}`),
      charter: {
        title: 'ledger',
        task: 'own',
        classes: CLASSES,
        model: { input: [INPUTS], layers: [{ type: 'dense', units: CLASSES.length, activation: 'linear' }] },
        partition: { type: 'iid' },
        parts,
        partSamples: 0,
        schema: '',
        rewardMicro: REWARD.toString(),
        governance: {
          ...defaultGovernance(guardians),
          quorum: defaultQuorum(guardians.length),
          resumeQuorum: defaultResumeQuorum(guardians.length),
          sealing: plan.sealing,
          budget: { memberFlop: '0', roundFlop: '0', lineageFlop: plan.capped ? CAP : '0' },
        },
        terms: {
          ...DEFAULT_TERMS,
          batchSize: 2,
          localSteps: 1,
          rounds: 0,
        },
      },
    })
    const bad = new Set([...crooks.keys()].map(i => ids[i]!))
    this.observer = new Observer(() => this.swarm.clock.now(), bad, REWARD, plan.sealing === 'host')
  }

  async play(): Promise<RunReport> {
    const { plan, swarm, observer } = this
    const { clock } = swarm
    await this.join(this.order[0]!)
    for (const member of this.order.slice(1)) this.at(plan.joinAtMs[member]!, () => this.join(member))
    for (const { fromMs, toMs, straddled } of plan.cuts) {
      this.at(fromMs, () => this.cut(straddled))
      this.at(toMs, () => swarm.network.heal())
    }
    for (const { member, fromMs, toMs } of plan.kills) {
      this.at(fromMs, () => this.kill(member))
      this.at(toMs, () => this.revive(member))
    }
    for (const { member, atMs } of plan.leaves) this.at(atMs, () => this.leave(member))
    for (const at of plan.payments) this.at(at, () => this.pay())
    for (const { fromMs, toMs } of plan.pauses) {
      this.at(fromMs, () => this.command({ type: 'order', action: 'pause', target: '', reason: 'look' }))
      this.at(toMs, () => this.command({ type: 'order', action: 'resume', target: '', reason: 'fine' }))
    }
    if (plan.holdAtMs !== null) this.at(plan.holdAtMs, () => this.command({ type: 'hold', reason: 'wait' }))
    if (plan.amendAtMs !== null) this.at(plan.amendAtMs, () => this.amend())
    if (plan.licenceAtMs !== null) this.at(plan.licenceAtMs, () => this.license())
    this.tick()
    this.explore()
    await this.until(plan.healAtMs)
    swarm.network.heal()
    for (const member of this.away) if (!this.returnsLater(member)) await this.revive(member)
    // Somebody may still have to end a pause, and the orders have to arrive.
    await this.until(plan.healAtMs + QUIET_MS)
    if (this.rng.next() < 0.8)
      await this.command({ type: 'order', action: 'resume', target: '', reason: 'at last' })
    await this.until(plan.healAtMs + 2 * QUIET_MS)
    this.quiet = true
    for (const peer of this.everyPeer()) peer.setPaused(true)
    const healedEpoch = Math.max(0, ...observer.finals.keys())
    const until = plan.healAtMs + SETTLE_MS
    let settled = false
    while (!settled && clock.now() < until && this.turns <= MAX_TURNS) {
      await this.until(clock.now() + 1_500)
      settled = this.isSettled(healedEpoch)
    }
    const honest = this.honestPeers()
    if (!settled && honest.every(({ book }) => book.epoch === healedEpoch && book.ledger.size > 0))
      observer.violate('same-ledger', `no seal after epoch ${healedEpoch} in ${SETTLE_MS} ms`)
    observer.conclude(honest, new Set([...this.left].map(i => this.ids[i]!)))
    const convicted = honest[0]?.book.live.members.convicted ?? new Map<MemberId, number>()
    swarm.close()
    return {
      seed: plan.seed,
      members: plan.members,
      sealing: plan.sealing,
      violations: observer.violations,
      epochs: Math.max(0, ...observer.finals.keys()),
      virtualSeconds: clock.now() / 1000,
      acts: this.acts,
      crooks: plan.crooks.size,
      convicted: convicted.size,
      buriedForks: observer.buriedForks(convicted),
      cuts: plan.cuts.length,
      pauses: observer.pauseCount,
      unsoundSeals: observer.unsoundSeals,
      publishedInPause: observer.publishedInPause,
      frozenBehindCut: observer.frozenBehindCut,
      successions: observer.successions,
    }
  }

  /** Messages that go round for ever would never let a run end. */
  private async until(ms: number): Promise<void> {
    const isEndless = await this.swarm.clock.run(ms, () => ++this.turns > MAX_TURNS)
    if (isEndless) this.observer.violate('fault', `the room is never quiet: ${MAX_TURNS} events`)
  }

  private at(ms: number, act: () => void | Promise<void>): void {
    this.swarm.clock.after(ms - this.swarm.clock.now(), () => {
      if (!this.quiet || ms > this.plan.healAtMs) void act()
    })
  }

  private honestPeers(): Peer[] {
    return this.members.flatMap((member, i) =>
      member && !this.plan.crooks.has(i) && !this.away.has(i) && !this.left.has(i) ? [member.peer] : [],
    )
  }

  private everyPeer(): Peer[] {
    return this.members.flatMap((member, i) =>
      member && !this.away.has(i) && !this.left.has(i) ? [member.peer] : [],
    )
  }

  private honestIndexes(): number[] {
    return this.members.flatMap((member, i) =>
      member?.peer.phase === 'training' && !this.plan.crooks.has(i) && !this.away.has(i) && !this.left.has(i)
        ? [i]
        : [],
    )
  }

  private returnsLater(index: number): boolean {
    return this.plan.kills.some(({ member, toMs }) => member === index && toMs > this.plan.healAtMs)
  }

  private sideOf = (member: MemberId): 0 | 1 => this.plan.sides[this.ids.indexOf(member)] ?? 0

  private async join(index: number): Promise<void> {
    const kind = this.plan.crooks.get(index)
    const { observer, options } = this
    if (kind === undefined) {
      this.members[index] = await this.swarm.join({
        ports: ports => this.mortal(index, ports),
        prepare: peer => {
          options.sabotage?.(peer)
          observer.watch(peer)
        },
      })
    } else await this.joinCrook(index, kind)
  }

  private async joinCrook(index: number, kind: CrookKind): Promise<void> {
    const { observer, swarm } = this
    const world = this.worldOf(index, kind)
    const prepare = (peer: Peer): void => {
      observer.watchPublishing(peer)
      if (kind === 'pause-ignorer') this.ignorePauses(peer, world)
    }
    let split: SplitTransport | undefined
    const member = await swarm.join({
      prepare,
      ports: ports => {
        if (kind !== 'twin') return crookPorts(kind, ports, world)
        split = splitTransport(ports.transport, this.sideOf)
        return { ...ports, transport: split.halves[0] }
      },
    })
    this.members[index] = member
    if (split) {
      const { halves } = split
      const { split: parts } = split
      const torn = this.plan.cuts.find(({ straddled }) => straddled)
      this.at(torn?.fromMs ?? this.plan.attackAtMs, async () => {
        parts()
        const second = await swarm.twin(member, own => ({ ...own, transport: halves[1] }), prepare)
        for (const { wire } of [second, member.peer]) {
          const { machine } = wire.seals
          const step = machine.step.bind(machine)
          machine.step = (event, now) => {
            const effects = step(event, now)
            if (effects.some(({ type }) => type === 'say')) world.acted()
            return effects
          }
        }
      })
    }
    if (kind === 'spammer')
      this.at(this.plan.attackAtMs, async () => {
        const { ledger } = member.peer.book
        const { id } = member.signer
        const draft = ledger.draft(id, { kind: 'leave' }, swarm.clock.unixMs())
        const chain = spam(draft, SPAM, this.ids[0]!, world, member.signer)
        world.acted()
        await member.peer.offerEntries(chain)
      })
  }

  private worldOf(index: number, kind: CrookKind): CrookWorld {
    const { swarm, plan } = this
    const { clock } = swarm
    return {
      rng: createRng(`crook/${plan.seed}/${index}`),
      room: swarm.room!,
      now: () => clock.now(),
      attackAt: plan.attackAtMs,
      sideOf: this.sideOf,
      acted: () => {
        this.acts[kind] = (this.acts[kind] ?? 0) + 1
      },
    }
  }

  /** Goes on training and mixing, under no order at all or one that it guesses. */
  private ignorePauses(peer: Peer, world: CrookWorld): void {
    const { overseer } = peer.citizen
    const real = overseer.governed.bind(overseer)
    overseer.refuses = () => null
    overseer.governed = () => {
      const { frozen, cut, segments } = real()
      if (!frozen) return { frozen, cut: null, segments }
      world.acted()
      if (this.plan.stepMs % 3 === 0 || cut === null) return UNGOVERNED
      // The order that it breaks, an older one, or none.
      const known = overseer.compute()
      const ref =
        known.status === 'paused' && this.plan.stepMs % 3 === 1
          ? known.order.slice(0, NO_ORDERS.length)
          : (segments[segments.length - 1]?.ref ?? '5'.repeat(NO_ORDERS.length))
      return { frozen: false, cut: null, segments: [...segments, { after: cut, ref }] }
    }
  }

  /** A transport that says nothing when its member dies, and what it was told to say before it closes. */
  private mortal(index: number, ports: PeerPorts): PeerPorts {
    const { away, left, swarm } = this
    const { transport } = ports
    return {
      ...ports,
      transport: {
        ...transport,
        close() {
          if (left.has(index)) swarm.clock.after(FAREWELL_MS, () => transport.close())
          else if (!away.has(index)) transport.close()
        },
      },
    }
  }

  private kill(index: number): void {
    const member = this.members[index]
    if (!member || this.away.has(index) || this.left.has(index)) return
    this.away.add(index)
    this.swarm.kill(member)
  }

  private async revive(index: number): Promise<void> {
    const member = this.members[index]
    if (!member || !this.away.delete(index)) return
    const { observer, options, quiet } = this
    await this.swarm.rejoin(member, {
      ports: ports => this.mortal(index, ports),
      prepare: peer => {
        options.sabotage?.(peer)
        observer.watch(peer)
      },
    })
    if (quiet) this.at(this.swarm.clock.now() + 6_000, () => member.peer.setPaused(true))
  }

  private async leave(index: number): Promise<void> {
    const member = this.members[index]
    if (!member || this.away.has(index) || this.left.has(index) || member.peer.phase !== 'training') return
    this.left.add(index)
    await member.peer.leave()
  }

  private cut(straddled: boolean): void {
    const { network } = this.swarm
    const { sides, crooks } = this.plan
    const side = (wanted: 0 | 1): MemberId[] => this.ids.filter((_, i) => sides[i] === wanted)
    if (!straddled) return network.partition([side(0), side(1)])
    for (const [a, one] of this.ids.entries())
      for (const [b, other] of this.ids.entries())
        if (a < b && sides[a] !== sides[b] && !crooks.has(a) && !crooks.has(b)) network.disconnect(one, other)
  }

  private explore(): void {
    this.swarm.network.explore()
    this.swarm.clock.after(EXPLORE_MS, () => this.explore())
  }

  /** What guardians do now and then: sign what honest guardians ask for, vouch for who came. */
  private tick(): void {
    const { plan } = this
    for (const index of this.honestIndexes()) {
      if (!plan.guardians.includes(index)) continue
      const { peer } = this.members[index]!
      const { motions, signatures } = peer.book.live.governance
      for (const [hash, { author, body }] of motions) {
        if (body.kind === 'evict' || signatures.get(hash)?.has(peer.self) || this.isCrook(author)) continue
        void this.act(peer, { type: 'endorse', subject: hash })
      }
      if (index === 0 && plan.sealing === 'consortium') this.vouch(peer)
    }
    if (this.swarm.clock.now() < plan.healAtMs) this.swarm.clock.after(TICK_MS, () => this.tick())
  }

  /** Honest ones first, so that every seal that includes some of it is sound. */
  private vouch(peer: Peer): void {
    const { crooks } = this.plan
    const vouched = peer.book.live.governance.vouches
    const unknown = this.ids.filter(
      id => id !== peer.self && peer.citizen.members.has(id) && !vouched.has(id),
    )
    const here = (bad: boolean): MemberId[] => unknown.filter(id => crooks.has(this.ids.indexOf(id)) === bad)
    const isReady = this.swarm.clock.now() > 7_000
    if (!isReady || unknown.length === 0) return
    for (const subject of [...here(false), ...here(true)])
      void this.act(peer, {
        type: 'vouch',
        subject,
        level: 1,
        owner: '',
        expiresUnixMs: peer.citizen.time.unixMs() + 3_600_000,
      })
  }

  private isCrook(member: MemberId): boolean {
    return this.plan.crooks.has(this.ids.indexOf(member))
  }

  private async act(peer: Peer, action: GovernanceAction): Promise<void> {
    await peer.desk.act(action)
  }

  /** By an honest guardian that may: one that is told no asks nobody else. */
  private async command(action: GovernanceAction): Promise<void> {
    const guardians = this.honestIndexes().filter(i => this.plan.guardians.includes(i))
    const index = guardians[this.rng.below(Math.max(1, guardians.length))]
    if (index !== undefined) await this.act(this.members[index]!.peer, action)
  }

  private async pay(): Promise<void> {
    const honest = this.honestIndexes()
    const index = this.rng.next() < 0.6 ? 0 : honest[this.rng.below(Math.max(1, honest.length))]
    const to = this.ids[this.rng.below(this.ids.length)]!
    if (index === undefined || !honest.includes(index)) return
    const amountMicro = String(1 + this.rng.below(300_000))
    await this.act(this.members[index]!.peer, { type: 'pay', to, amountMicro, memo: 'for work' })
  }

  private async amend(): Promise<void> {
    const [index] = this.honestIndexes().filter(i => this.plan.guardians.includes(i))
    if (index === undefined) return
    const { peer } = this.members[index]!
    const governance = { ...peer.charter.governance, expiresUnixMs: peer.citizen.time.unixMs() + 86_400_000 }
    await this.act(peer, { type: 'amend', governance, reason: 'an end' })
  }

  private async license(): Promise<void> {
    const honest = this.honestIndexes()
    const [index] = honest.filter(i => this.plan.guardians.includes(i))
    const subject = honest[this.rng.below(Math.max(1, honest.length))]
    if (index === undefined || subject === undefined) return
    const { device } = this.members[subject]!.peer.citizen.devices
    const now = this.members[index]!.peer.citizen.time.unixMs()
    await this.act(this.members[index]!.peer, {
      type: 'licence',
      subject: this.ids[subject]!,
      devices: [device],
      budgetFlop: '1000000000',
      rateFlops: '0',
      notBeforeUnixMs: now - 1_000,
      expiresUnixMs: now + 3_600_000,
    })
  }

  /** Everybody stands where everybody stands, on a seal of after the healing. */
  private isSettled(healedEpoch: number): boolean {
    if (this.away.size > 0) return false
    const [first, ...others] = this.honestPeers()
    if (!first || (first.book.epoch <= healedEpoch && first.book.ledger.size > 0)) return false
    // Proofs are written one after the other, so that one is usually enough.
    const convicted = first.book.live.members.convicted
    for (const member of this.observer.accused(this.honestPeers())) if (!convicted.has(member)) return false
    const heads = hashOf(first.book.ledger.heads())
    const seal = first.book.seal && hashOf(first.book.seal)
    return others.every(
      ({ book }) =>
        book.epoch === first.book.epoch &&
        book.seal !== null &&
        hashOf(book.seal) === seal &&
        hashOf(book.ledger.heads()) === heads,
    )
  }
}

/** A few points on two sides of a line: something to train on that costs nothing. */
function samples(seed: string): Dataset {
  const rng = createRng(`samples/${seed}`)
  const y = Uint16Array.from({ length: SAMPLES }, (_, i) => i % CLASSES.length)
  const x = Float32Array.from(
    { length: SAMPLES * INPUTS },
    (_, i) => rng.next() - 0.5 + 2 * y[Math.floor(i / INPUTS)]!,
  )
  return { shape: [INPUTS], classes: CLASSES, x, y }
}
