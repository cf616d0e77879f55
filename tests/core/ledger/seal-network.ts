// A small world for the agreement on seals: members with machines and durable records, links that lose and delay, partitions,
// restarts, Byzantine members that know everything and work together. Virtual time, one seed, no signatures. Entries are a
// growing number that spreads between members; a seal names how many it includes.
import {
  faultsTolerated,
  isFinal,
  SEAL_RULES,
  type SealMode,
  type SealRules,
} from '../../../src/core/ledger/quorum.ts'
import type { Certificate, Seal, SealStatement } from '../../../src/core/ledger/seal.ts'
import type { MemberId } from '../../../src/core/num/ids.ts'
import { createRng, type Rng } from '../../../src/core/num/rng.ts'
import { EventQueue } from './event-queue.ts'
import { Crook } from './seal-crook.ts'
import { CHARTER, name, ROOM, sealHash, type Actor, type Ground, type Message } from './seal-fixtures.ts'
import { Honest } from './seal-honest.ts'

export interface WorldOptions {
  readonly seed: string
  readonly n: number
  readonly mode: SealMode
  /** Indexes of Byzantine members; 0 is the founder and first anchor. */
  readonly byzantine?: readonly number[]
  readonly loss?: number
  readonly rules?: SealRules
  /** Chance per second that an honest member restarts, while the world is unkind. */
  readonly churn?: number
  readonly everyMs?: number
  /** Chance that whoever is first to hold a final seal is cut off in that moment. */
  readonly cuts?: number
}

export class World {
  readonly rng: Rng
  readonly nodes: Honest[] = []
  readonly crooks: Crook[] = []
  readonly members: MemberId[]
  now = 1_000_000
  entries = 1
  loss: number
  /** Side of a partition that each member is on; no links between sides. */
  side: number[]
  /** Hashes of final seals by epoch, and whose. */
  readonly finals = new Map<number, Map<string, Certificate>>()
  readonly proofs: (readonly [SealStatement, SealStatement])[] = []
  readonly contents = new Map<string, Seal>()
  /** Members that do not come back. */
  readonly gone = new Set<number>()
  /** For how long an honest member did not hear its host, at most. */
  longestSilence = 0
  churn: number
  private unkind = true
  private readonly queue = new EventQueue()
  private readonly names = new Map<MemberId, number>()

  constructor(readonly options: WorldOptions) {
    this.rng = createRng(options.seed)
    this.members = Array.from({ length: options.n }, (_, i) => name(i))
    for (const [i, member] of this.members.entries()) this.names.set(member, i)
    this.loss = options.loss ?? 0.2
    this.churn = options.churn ?? 0
    this.side = this.members.map(() => 0)
    for (const i of this.members.keys())
      if (this.isByzantine(i)) this.crooks.push(new Crook(this, i))
      else this.nodes.push(new Honest(this, i))
    for (const node of this.nodes) this.every(node)
    for (const crook of this.crooks) this.every(crook)
  }

  get rules(): SealRules {
    return this.options.rules ?? SEAL_RULES
  }

  isByzantine(index: number): boolean {
    return this.options.byzantine?.includes(index) ?? false
  }

  at(delayMs: number, act: () => void): void {
    this.queue.push(this.now + delayMs, act)
  }

  run(ms: number, until: () => boolean = () => false): boolean {
    const end = this.now + ms
    for (;;) {
      const next = this.queue.peek()
      if (next === undefined || next > end) break
      const act = this.queue.pop()
      this.now = next
      act()
      if (until()) return true
    }
    this.now = end
    return until()
  }

  indexOf(member: MemberId): number {
    return this.names.get(member)!
  }

  actorOf(index: number): Actor {
    return (this.nodes.find(node => node.index === index) ??
      this.crooks.find(crook => crook.index === index)) as Actor
  }

  /** Byzantine members have links of their own: no partition holds them. */
  reaches(a: number, b: number): boolean {
    const linked = this.side[a] === this.side[b] || this.isByzantine(a) || this.isByzantine(b)
    return linked && this.actors[a]!.up && this.actors[b]!.up
  }

  get genesis(): Ground {
    const { members } = this
    return { epoch: 0, hash: CHARTER, size: 0, members, anchor: members[0]! }
  }

  private actorsCache: Actor[] | undefined
  get actors(): Actor[] {
    this.actorsCache ??= this.members.map((_, i) => this.actorOf(i))
    return this.actorsCache
  }

  send(from: number, to: number, message: Message): void {
    if (!this.reaches(from, to) || this.rng.next() < this.loss) return
    this.at(10 + this.rng.next() * 200, () => {
      if (this.reaches(from, to)) this.actors[to]!.receive(from, message)
    })
  }

  broadcast(from: number, message: Message): void {
    for (const to of this.members.keys()) if (to !== from) this.send(from, to, message)
  }

  /** Members heard by one, itself included. */
  presentAt(index: number): MemberId[] {
    return this.members.filter((_, i) => i === index || this.reaches(index, i))
  }

  seal(
    at: Ground,
    by: { entries: number; present: readonly MemberId[]; anchor: MemberId },
    salt: string,
  ): Seal {
    const wanted =
      this.options.mode === 'consortium' ? this.members : [...new Set([...by.present, by.anchor])]
    const seal: Seal = {
      v: 2,
      room: ROOM,
      epoch: at.epoch + 1,
      previous: at.hash,
      unixMs: Math.floor(this.now),
      size: by.entries,
      root: '0'.repeat(64),
      heads: '0'.repeat(64),
      state: salt,
      members: this.withinAssumption(wanted.sort(), by.anchor),
      anchor: by.anchor,
      modelRound: -1,
      modelHash: '',
    }
    this.contents.set(sealHash(seal), seal)
    return seal
  }

  /** What is promised holds while fewer than a third of each seal's members are Byzantine: surplus ones are left out. */
  private withinAssumption(members: readonly MemberId[], anchor: MemberId): MemberId[] {
    let kept = [...members]
    for (const crook of [...this.crooks].reverse()) {
      if (this.isWithinAssumption(kept)) break
      if (name(crook.index) !== anchor) kept = kept.filter(member => member !== name(crook.index))
    }
    return kept
  }

  /** A host that lies is outside of it anyway, and does not count. */
  isWithinAssumption(members: readonly MemberId[]): boolean {
    const crooks = members.map(member => this.indexOf(member)).filter(i => i !== 0 && this.isByzantine(i))
    return crooks.length <= faultsTolerated(members.length)
  }

  private readonly sound = new WeakMap<Certificate, boolean>()
  /** @param parent the one that the seal names */
  isSound(certificate: Certificate, parent: Ground): boolean {
    let sound = this.sound.get(certificate)
    if (sound === undefined) {
      sound = isFinal(certificate, parent, this.options.mode, this.rules)
      this.sound.set(certificate, sound)
    }
    return sound
  }

  recordFinal(certificate: Certificate, index: number): void {
    const { epoch } = certificate.seal
    if (!this.finals.has(epoch) && this.unkind && this.rng.next() < (this.options.cuts ?? 0))
      this.side[index] = 100 + index
    const known = this.finals.get(epoch) ?? new Map<string, Certificate>()
    known.set(sealHash(certificate.seal), certificate)
    this.finals.set(epoch, known)
  }

  /** Epochs with more than one final seal. */
  forks(): number[] {
    return [...this.finals].filter(([, seals]) => seals.size > 1).map(([epoch]) => epoch)
  }

  /** Everything back to normal, but for members that are gone. */
  heal(loss = this.loss): void {
    this.side = this.side.map(() => 0)
    this.loss = loss
    this.churn = 0
    this.unkind = false
    for (const node of this.nodes) if (!node.up && !this.gone.has(node.index)) node.start()
  }

  partition(sideOf: (index: number) => number): void {
    this.side = this.members.map((_, i) => sideOf(i))
  }

  leaveForGood(index: number): void {
    this.gone.add(index)
    this.actors[index]!.stop()
  }

  private every(actor: Actor): void {
    const beat = (): void => {
      if (actor.up) actor.beat()
      this.at(this.options.everyMs ?? 2_000, beat)
    }
    this.at(this.rng.below(2_000), beat)
  }
}
