// One run of the chaos engine: real peers on virtual time act out a plan while a witness looks on. The same seed gives the
// same run. What broke is in the report; it throws only where the simulation itself is wrong.
import { createReferenceModel } from '../../core/model/reference/model.ts'
import { evaluateSamples } from '../../core/model/reference/train.ts'
import type { MemberId } from '../../core/num/ids.ts'
import { blobs, blobCharter, CLASSES } from '../blobs.ts'
import { simNetwork, type SimNetwork } from '../network.ts'
import { createSimSigner } from '../sim-signer.ts'
import { Swarm, type MemberOptions, type PeerPorts, type SimMember } from '../swarm.ts'
import { liarOptions, type Attack } from './attacks.ts'
import { planOf, type ChaosEvent, type ChaosPlan, type EventKind, type Wanted } from './plan.ts'
import { Witness, type HealReport, type Violation } from './witness.ts'

export interface ChaosReport {
  readonly seed: string
  readonly members: number
  readonly kinds: readonly EventKind[]
  readonly violations: readonly Violation[]
  readonly rounds: number
  readonly virtualSeconds: number
  readonly heals: readonly HealReport[]
  readonly disagreements: number
  readonly longestWaitMs: number
  readonly peakBufferedBytes: number
  readonly sentBytes: number
  readonly lowestAccuracy: number
  readonly attacks: Readonly<Partial<Record<Attack, number>>>
}

/** What a curve of the run shows, once a second. */
export interface Moment {
  readonly seconds: number
  /** By member; null while it is not there. */
  readonly rounds: readonly (number | null)[]
  readonly accuracies: readonly (number | null)[]
}

export interface RunOptions extends Wanted {
  readonly onMoment?: (moment: Moment) => void
  /** What every honest member gets as well: controls that must fail. */
  readonly honest?: MemberOptions
}

const LOCAL_STEPS = 4
const SAMPLES = 240
const TEST_SAMPLES = 300
const LOOK_MS = 500
/** Members of bigger rooms know a part of it only, and look for others now and then. */
const OVERLAY = { meshMembers: 6, degree: 4, maxDegree: 6 }
const EXPLORE_MS = 7_000
/** Rounds after the quiet begins by which everybody must have caught up with learning. */
const TAIL_MS = 24_000
const SETTLE_MS = 8_000
/** Of everybody's way to the ledger's end: entries travel by comparison of heads, every ten seconds. */
const LEDGER_MS = 60_000
const MAX_BUFFERED = 2 * 1024 * 1024
const LOWEST_ACCURACY = 0.8
const WITHIN = 0.05
const FAREWELL_MS = 1_500
/** A member that should die while it sends dies anyway after this. */
const PATIENCE_MS = 8_000
const MAX_TURNS = 3_000_000

export async function runChaos(seed: string, options: RunOptions = {}): Promise<ChaosReport> {
  return new ChaosRun(planOf(seed, options), options).play()
}

class ChaosRun {
  private readonly swarm: Swarm
  private readonly network: SimNetwork
  private readonly witness: Witness
  private readonly ids: readonly MemberId[]
  private readonly byPlan: (SimMember | undefined)[] = []
  private readonly order: readonly number[]
  private readonly dead = new Set<number>()
  private readonly gone = new Set<number>()
  private readonly still = new Set<number>()
  private readonly attacks: Partial<Record<Attack, number>> = {}
  private partitions = 0
  private turns = 0
  private readonly model
  private readonly testData

  constructor(
    private readonly plan: ChaosPlan,
    private readonly options: RunOptions,
  ) {
    const { seed, members, liars } = plan
    const storm = plan.events.flatMap(event => (event.type === 'storm' ? event.members : []))
    this.order = [...Array.from({ length: members }, (_, i) => i).filter(i => !storm.includes(i)), ...storm]
    const ids: MemberId[] = []
    this.order.forEach((index, place) => (ids[index] = createSimSigner(`${seed}/${place}`).id))
    this.ids = ids
    this.network = simNetwork(plan.network, member => ids.indexOf(member))
    this.testData = blobs(`${seed}/test`, CLASSES.map(Number), TEST_SAMPLES)
    const charter = blobCharter(
      {
        rounds: 0,
        localSteps: LOCAL_STEPS,
        batchSize: 16,
        learningRateMicro: 200_000,
        trusted: 'no',
      },
      members,
    )
    const parts = new Map<number, ReturnType<typeof blobs>>()
    this.swarm = new Swarm({
      seed,
      charter,
      overlay: OVERLAY,
      network: this.network.options,
      partData(part) {
        const made = parts.get(part) ?? blobs(`${seed}/part/${part}`, CLASSES.map(Number), SAMPLES)
        parts.set(part, made)
        return made
      },
      testData: this.testData,
      stepMs: place => plan.stepMs[this.order[place]!]!,
    })
    this.model = createReferenceModel(charter.model)
    const honest = new Set(ids.filter((_, i) => !liars.has(i)))
    this.witness = new Witness(() => this.swarm.clock.now(), honest)
  }

  async play(): Promise<ChaosReport> {
    const { plan, swarm, witness } = this
    const storm = new Set(plan.events.flatMap(event => (event.type === 'storm' ? event.members : [])))
    for (const index of this.order) if (!storm.has(index)) await this.join(index)
    for (const event of plan.events) this.at(event.atMs, () => this.act(event))
    this.look()
    this.explore()
    if (this.options.onMoment) this.moment()
    await this.until(plan.quietAtMs)
    for (const index of [...this.dead]) if (this.returns(index)) await this.revive(index)
    this.network.lose(0)
    witness.healed('the quiet', this.present())
    const steps = this.present().map(({ peer }) => peer.training?.totalSteps ?? 0)
    const after = this.present()
    await this.until(plan.quietAtMs + TAIL_MS)
    after.forEach((member, i) => {
      const { peer, index } = member
      if (peer.phase !== 'training') witness.violate('trains-on', `member ${index} is ${peer.phase}`)
      else if ((peer.training?.totalSteps ?? 0) <= steps[i]! && !peer.machine.isInAdvance)
        witness.violate('trains-on', `member ${index} did no step in the last ${TAIL_MS / 1000} s`)
    })
    const accuracies = this.judgeModels()
    await this.endLedger()
    for (const { peer } of this.present()) witness.judge(peer)
    this.judgeNetwork()
    const rounds = Math.max(...this.present().map(({ peer }) => peer.machine.round))
    const records = swarm.network.records()
    swarm.close()
    return {
      seed: plan.seed,
      members: plan.members,
      kinds: plan.kinds,
      violations: witness.violations,
      rounds,
      virtualSeconds: Math.round(swarm.clock.now() / 1000),
      heals: witness.heals,
      disagreements: witness.disagreements,
      longestWaitMs: Math.round(witness.longestWaitMs),
      peakBufferedBytes: Math.max(0, ...records.map(record => record.peakBufferedBytes)),
      sentBytes: records.reduce((sum, record) => sum + record.sentBytes, 0),
      lowestAccuracy: Math.min(...accuracies),
      attacks: this.attacks,
    }
  }

  private async until(ms: number): Promise<void> {
    if (await this.swarm.clock.run(ms, () => ++this.turns > MAX_TURNS))
      throw new Error(`seed ${this.plan.seed}: the room is never quiet`)
  }

  private at(ms: number, act: () => void | Promise<void>): void {
    this.swarm.clock.after(ms - this.swarm.clock.now(), () => void act())
  }

  /** Honest members whose process runs. */
  private present(): SimMember[] {
    return this.byPlan.flatMap((member, i) =>
      member &&
      !this.plan.liars.has(i) &&
      !this.dead.has(i) &&
      !this.gone.has(i) &&
      !this.still.has(i) &&
      member.peer.phase !== 'joining' &&
      member.peer.phase !== 'preparing'
        ? [member]
        : [],
    )
  }

  private async join(index: number): Promise<void> {
    this.byPlan[index] = await this.swarm.join(this.optionsOf(index))
  }

  private optionsOf(index: number): MemberOptions {
    const { liars, skewMs, seed } = this.plan
    const attack = liars.get(index)
    const common = { skewMs: skewMs[index]!, part: index }
    if (attack !== undefined) {
      const acted = (): void => void (this.attacks[attack] = (this.attacks[attack] ?? 0) + 1)
      return { ...common, ...liarOptions(attack, { seed: `${seed}/${index}`, acted }) }
    }
    const { honest } = this.options
    return {
      ...common,
      ...honest,
      ports: ports => this.mortal(index, honest?.ports ? honest.ports(ports) : ports),
      prepare: peer => {
        honest?.prepare?.(peer)
        this.witness.watch(peer)
      },
    }
  }

  /** A transport that says nothing when its member dies, and what it was told to say before it closes. */
  private mortal(index: number, ports: PeerPorts): PeerPorts {
    const { transport } = ports
    const close = (): void => {
      if (this.gone.has(index)) this.swarm.clock.after(FAREWELL_MS, () => transport.close())
      else if (!this.dead.has(index)) transport.close()
    }
    return { ...ports, transport: { ...transport, close } }
  }

  private async act(event: ChaosEvent): Promise<void> {
    const { swarm, witness } = this
    switch (event.type) {
      case 'kill':
        this.kill(event.member)
        if (event.backAtMs !== null) this.at(event.backAtMs, () => this.revive(event.member))
        break
      case 'kill-sending':
        await this.killSending(event.member, swarm.clock.now() + PATIENCE_MS)
        if (event.backAtMs !== null) this.at(event.backAtMs + PATIENCE_MS, () => this.revive(event.member))
        break
      case 'suspend': {
        const member = this.byPlan[event.member]
        if (!member) break
        this.still.add(event.member)
        swarm.suspend(member)
        this.at(event.untilMs, () => {
          witness.interrupted(member.peer)
          this.still.delete(event.member)
          swarm.resume(member)
        })
        break
      }
      case 'storm':
        for (const index of event.members) await this.join(index)
        break
      case 'partition': {
        this.partitions++
        witness.torn()
        swarm.network.partition([event.side.map(i => this.ids[i]!)])
        this.at(event.untilMs, () => {
          this.partitions--
          swarm.network.heal()
          witness.healed('a partition', this.present())
        })
        break
      }
      case 'loss': {
        const { around, rate } = event
        this.network.lose(rate, around === null ? undefined : new Set([this.ids[around]!]))
        this.at(event.untilMs, () => this.network.lose(0))
        break
      }
      case 'leave': {
        const member = this.byPlan[event.member]
        if (!member || member.peer.phase !== 'training') break
        witness.judge(member.peer)
        this.gone.add(event.member)
        await member.peer.leave()
        break
      }
      default:
        event satisfies never
    }
  }

  private kill(index: number): void {
    const member = this.byPlan[index]
    if (!member || this.dead.has(index) || this.gone.has(index)) return
    this.witness.judge(member.peer)
    this.dead.add(index)
    this.swarm.kill(member)
  }

  /** Looks a hundred times a second whether something of it is on its way. */
  private async killSending(index: number, until: number): Promise<void> {
    const { clock, network } = this.swarm
    while (clock.now() < until && network.bufferedBytes(this.ids[index]!) === 0)
      await new Promise<void>(resolve => clock.after(10, resolve))
    this.kill(index)
  }

  private returns(index: number): boolean {
    return !this.plan.events.some(
      event =>
        (event.type === 'kill' || event.type === 'kill-sending') &&
        event.member === index &&
        event.backAtMs === null,
    )
  }

  private async revive(index: number): Promise<void> {
    const member = this.byPlan[index]
    if (!member || !this.dead.delete(index)) return
    await this.swarm.rejoin(member, this.optionsOf(index))
  }

  private look(): void {
    this.witness.look(this.present(), this.partitions === 0)
    this.swarm.clock.after(LOOK_MS, () => this.look())
  }

  private explore(): void {
    this.swarm.network.explore()
    this.swarm.clock.after(EXPLORE_MS, () => this.explore())
  }

  private moment(): void {
    const here = new Set(this.present())
    const of = (what: (member: SimMember) => number): (number | null)[] =>
      Array.from({ length: this.plan.members }, (_, i) => {
        const member = this.byPlan[i]
        return member && here.has(member) ? what(member) : null
      })
    this.options.onMoment!({
      seconds: this.swarm.clock.now() / 1000,
      rounds: of(({ peer }) => peer.machine.round),
      accuracies: of(member => this.accuracyOf(member)),
    })
    this.swarm.clock.after(1_000, () => this.moment())
  }

  private accuracyOf({ peer }: SimMember): number {
    return evaluateSamples(this.model, this.testData, peer.modelParams()).accuracy
  }

  private judgeModels(): number[] {
    const present = this.present()
    const accuracies = present.map(member => this.accuracyOf(member))
    const best = Math.max(...accuracies)
    present.forEach(({ index }, i) => {
      const accuracy = accuracies[i]!
      if (accuracy < best - WITHIN)
        this.witness.violate('accuracy', `member ${index} is at ${accuracy}, the best at ${best}`)
      else if (accuracy < LOWEST_ACCURACY)
        this.witness.violate('accuracy', `member ${index} is at ${accuracy}, under ${LOWEST_ACCURACY}`)
    })
    return accuracies
  }

  /** Nobody works any more; the entries have to reach everybody. */
  private async endLedger(): Promise<void> {
    const { clock } = this.swarm
    for (const member of this.byPlan) member?.peer.setPaused(true)
    await this.until(clock.now() + SETTLE_MS)
    const until = clock.now() + LEDGER_MS
    while (clock.now() < until && !this.isOneLedger()) await this.until(clock.now() + 1_000)
    if (!this.isOneLedger()) this.witness.violate('one-ledger', `not equal after ${LEDGER_MS / 1000} s`)
  }

  private isOneLedger(): boolean {
    const documents = this.present().map(({ peer }) => Buffer.from(peer.doc.encode()))
    return documents.every(bytes => bytes.equals(documents[0]!))
  }

  private judgeNetwork(): void {
    const { network } = this.swarm
    const isHonest = (id: MemberId): boolean => !this.plan.liars.has(this.ids.indexOf(id))
    for (const { by, member } of network.refusals())
      if (isHonest(by) && isHonest(member))
        this.witness.violate('blame', `${this.ids.indexOf(by)} banned ${this.ids.indexOf(member)}`)
    for (const { from, to, peakBufferedBytes } of network.records())
      if (peakBufferedBytes > MAX_BUFFERED && isHonest(from))
        this.witness.violate(
          'buffer',
          `${peakBufferedBytes} bytes from ${this.ids.indexOf(from)} to ${this.ids.indexOf(to)}`,
        )
  }
}
