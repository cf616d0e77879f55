// A small world for the agreement on seals: members with machines and durable records, links that lose and delay, partitions,
// restarts, Byzantine members that know everything and work together. Virtual time, one seed, no signatures. Entries are a
// growing number that spreads between members; a seal names how many it includes.
import {
  faultsTolerated,
  isFinal,
  SEAL_RULES,
  sealHash as computeHash,
  type SealMode,
  type SealRules,
} from '../../../src/core/ledger/quorum.ts'
import { SealMachine, type SealEffect, type SealEvent } from '../../../src/core/ledger/seal-machine.ts'
import { areContradicting } from '../../../src/core/ledger/evidence.ts'
import { NO_SEAL } from '../../../src/core/ledger/seal-events.ts'
import type { Certificate, Seal, SealStatement } from '../../../src/core/ledger/seal.ts'
import type { MemberId, RoomId } from '../../../src/core/num/ids.ts'
import { createRng, type Rng } from '../../../src/core/num/rng.ts'

export const ROOM = 'room' as RoomId
export const CHARTER = 'c'.repeat(64)
const hashes = new WeakMap<Seal, string>()
function sealHash(seal: Seal): string {
  let hash = hashes.get(seal)
  if (hash === undefined) hashes.set(seal, (hash = computeHash(seal)))
  return hash
}

const grounds = new WeakMap<Seal, Ground>()
function groundOf(seal: Seal): Ground {
  let ground = grounds.get(seal)
  if (ground === undefined) {
    const { epoch, size, members, anchor } = seal
    grounds.set(seal, (ground = { epoch, hash: sealHash(seal), size, members, anchor }))
  }
  return ground
}

export const name = (index: number): MemberId => `m${String(index).padStart(2, '0')}` as MemberId

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

type Message =
  | { readonly type: 'statements'; readonly statements: readonly SealStatement[] }
  | { readonly type: 'want'; readonly hash: string }
  | { readonly type: 'seal'; readonly seal: Seal; readonly hash: string }
  | { readonly type: 'certificate'; readonly certificate: Certificate }
  | { readonly type: 'entries'; readonly entries: number }
  | { readonly type: 'status'; readonly epoch: number; readonly digest: string; readonly entries: number }

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
  private readonly queue = new Heap()
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

export interface Ground {
  epoch: number
  hash: string
  size: number
  members: readonly MemberId[]
  anchor: MemberId
}

interface Actor {
  readonly index: number
  up: boolean
  receive(from: number, message: Message): void
  beat(): void
  stop(): void
}

export class Honest implements Actor {
  machine!: SealMachine
  up = true
  entries = 1
  /** Survives restarts: certificates, own statements with what belongs to them. */
  readonly chain: Certificate[] = []
  private kept: { statement: SealStatement; seal: Seal | null; evidence: readonly SealStatement[] }[] = []
  private life = 0
  private present = ''
  private wanted = -1
  private wakeAt = Infinity
  private contents = new Map<string, Seal>()
  private heardHostAt: number

  constructor(
    private readonly world: World,
    readonly index: number,
  ) {
    this.heardHostAt = world.now
    this.boot()
  }

  get self(): MemberId {
    return name(this.index)
  }

  get ground(): Ground {
    const last = this.chain[this.chain.length - 1]
    if (!last) return this.world.genesis
    return groundOf(last.seal)
  }

  stop(): void {
    this.up = false
    this.life++
  }

  start(): void {
    this.up = true
    this.boot()
  }

  beat(): void {
    const { world } = this
    if (world.rng.next() < world.churn) {
      this.stop()
      world.at(world.rng.next() * 20_000, () => {
        if (!this.up && !world.gone.has(this.index)) this.start()
      })
      return
    }
    if (world.rng.next() < 0.3) {
      this.entries = Math.max(this.entries, ++world.entries)
      world.broadcast(this.index, { type: 'entries', entries: this.entries })
    }
    const present = world.presentAt(this.index)
    if (present.join() !== this.present) {
      this.present = present.join()
      this.step({ type: 'present', members: present })
    }
    if (present.includes(this.ground.anchor)) {
      this.heardHostAt = world.now
      this.step({ type: 'host-heard' })
    }
    if (this.self !== this.ground.anchor)
      world.longestSilence = Math.max(world.longestSilence, world.now - this.heardHostAt)
    this.tellWant()
    const others = present.filter(member => member !== this.self)
    if (others.length === 0) return
    const to = world.indexOf(others[world.rng.below(others.length)]!)
    const { entries, machine } = this
    world.send(this.index, to, { type: 'status', epoch: this.ground.epoch, digest: machine.digest, entries })
  }

  receive(from: number, message: Message): void {
    switch (message.type) {
      case 'statements':
        for (const statement of message.statements)
          if (this.machine.isNews(statement)) this.step({ type: 'statement', statement })
        break
      case 'want': {
        const seal = this.contents.get(message.hash)
        if (seal) this.world.send(this.index, from, { type: 'seal', seal, hash: message.hash })
        break
      }
      case 'seal':
        this.contents.set(message.hash, message.seal)
        this.step({ type: 'seal', seal: message.seal, hash: message.hash })
        break
      case 'certificate':
        this.hear(message.certificate)
        break
      case 'entries':
        this.gain(message.entries)
        break
      case 'status':
        this.answer(from, message)
        break
      default:
        message satisfies never
    }
  }

  private gain(entries: number): void {
    if (entries <= this.entries) return
    this.entries = entries
    this.step({ type: 'recheck' })
    this.tellWant()
  }

  private answer(from: number, status: Message & { type: 'status' }): void {
    const { world } = this
    this.gain(status.entries)
    if (status.epoch < this.ground.epoch) {
      const certificate = this.chain[status.epoch]!
      world.send(this.index, from, { type: 'certificate', certificate })
    } else if (status.epoch === this.ground.epoch) {
      if (status.digest !== this.machine.digest)
        world.send(this.index, from, { type: 'statements', statements: this.machine.statements })
      const certificate = this.chain[this.chain.length - 1]
      // Both claim the same epoch: let each see the other's seal, should they differ.
      if (certificate && world.rng.next() < 0.2)
        world.send(this.index, from, { type: 'certificate', certificate })
    }
  }

  private hear(certificate: Certificate): void {
    const { seal } = certificate
    const { ground } = this
    if (seal.epoch > ground.epoch + 1) return
    if (seal.epoch <= ground.epoch && sealHash(seal) === sealHash(this.chain[seal.epoch - 1]!.seal)) return
    const parent = seal.epoch === 1 ? this.world.genesis : groundOf(this.chain[seal.epoch - 2]!.seal)
    if (seal.previous !== parent.hash || !this.world.isSound(certificate, parent)) return
    if (seal.epoch === ground.epoch + 1) this.stand(certificate)
    else this.step({ type: 'final', certificate })
  }

  private stand(certificate: Certificate): void {
    this.world.recordFinal(certificate, this.index)
    this.chain.push(certificate)
    this.entries = Math.max(this.entries, certificate.seal.size)
    this.kept = []
    this.contents.set(sealHash(certificate.seal), certificate.seal)
    this.step({ type: 'final', certificate })
    this.tellWant()
    this.world.broadcast(this.index, { type: 'certificate', certificate })
  }

  private tellWant(): void {
    const open = this.entries - this.ground.size
    if (open === this.wanted) return
    this.wanted = open
    this.step({ type: 'want', open, openBytes: open * 400, urgent: true })
  }

  private boot(): void {
    const { world, ground } = this
    const { mode } = world.options
    this.machine = new SealMachine({ room: ROOM, self: this.self, mode, ...ground, rules: world.rules })
    this.contents = new Map()
    this.present = ''
    this.wanted = -1
    this.wakeAt = Infinity
    this.heardHostAt = world.now
    const seals = this.kept.flatMap(({ seal }) => (seal ? [{ seal, hash: sealHash(seal) }] : []))
    for (const { seal, hash } of seals) this.contents.set(hash, seal)
    const statements = this.kept.flatMap(({ statement, evidence }) => [statement, ...evidence])
    this.step({ type: 'restore', statements, seals })
  }

  step(event: SealEvent): void {
    const { world } = this
    for (const effect of this.machine.step(event, world.now)) this.perform(effect)
    const at = this.machine.wakeAt(world.now)
    if (at >= this.wakeAt && this.wakeAt > world.now) return
    this.wakeAt = at
    const { life } = this
    if (at !== Infinity)
      world.at(Math.max(1, at - world.now), () => {
        if (this.life === life && this.up && this.wakeAt === at) {
          this.wakeAt = Infinity
          this.step({ type: 'tick' })
        }
      })
  }

  private perform(effect: SealEffect): void {
    const { world } = this
    switch (effect.type) {
      case 'prepare': {
        const { ground, entries } = this
        if (entries <= ground.size) return
        const anchor = effect.newAnchor ?? ground.anchor
        const present = world.presentAt(this.index)
        const seal = world.seal(ground, { entries, present, anchor }, `by ${this.index}`)
        const hash = sealHash(seal)
        this.contents.set(hash, seal)
        this.later(() => this.step({ type: 'candidate', seal, hash }))
        break
      }
      case 'fetch':
        for (let i = 0; i < 2; i++) {
          const to = world.rng.below(world.members.length)
          if (to !== this.index) world.send(this.index, to, { type: 'want', hash: effect.seal })
        }
        break
      case 'check':
        this.later(() => {
          const seal = this.contents.get(effect.seal)
          if (!seal) return
          const verdict =
            seal.state === 'wrong' || !world.isWithinAssumption(seal.members)
              ? 'bad'
              : seal.size > this.entries
                ? 'missing'
                : 'good'
          this.step({ type: 'checked', hash: effect.seal, verdict })
        })
        break
      case 'say': {
        const { statement: unsigned, seal, evidence } = effect
        const statement: SealStatement = { ...unsigned, sig: '' }
        this.later(() => {
          this.kept.push({ statement, seal, evidence })
          this.step({ type: 'statement', statement })
          world.broadcast(this.index, { type: 'statements', statements: [statement] })
        })
        break
      }
      case 'final':
        if (effect.certificate.seal.epoch === this.ground.epoch + 1) this.stand(effect.certificate)
        break
      case 'equivocation':
        if (!areContradicting(effect.first, effect.second)) throw new Error('a proof that proves nothing')
        if (!world.isByzantine(world.indexOf(effect.first.author)))
          throw new Error(`honest ${effect.first.author} convicted: ${JSON.stringify(effect)}`)
        world.proofs.push([effect.first, effect.second])
        break
      default:
        effect satisfies never
    }
  }

  /** Signing, storing and judging take a moment now and then, in which a restart forgets them. */
  private later(act: () => void): void {
    const { life } = this
    const delay = this.world.rng.next() < 0.7 ? 0 : this.world.rng.next() * 40
    this.world.at(delay, () => {
      if (this.life === life) act()
    })
  }
}

/** Knows what all others know, speaks to each as it likes. */
const HARMLESS = {
  doubleProposes: false,
  doubleVotes: false,
  assents: true,
  withholds: false,
  replays: false,
  floods: false,
  succeeds: false,
  splits: false,
}

export class Crook implements Actor {
  up = true
  private habits: {
    readonly doubleProposes: boolean
    readonly doubleVotes: boolean
    readonly assents: boolean
    readonly withholds: boolean
    readonly replays: boolean
    readonly floods: boolean
    readonly succeeds: boolean
    /** Brings one member to a final seal and lets nobody else see it; helps the others to another one. */
    readonly splits: boolean
  }
  private readonly heard: SealStatement[] = []
  private readonly places = new Set<string>()
  private readonly said: SealStatement[] = []
  private seals: { seal: Seal; hash: string }[] = []
  private epoch = 0
  private readonly proposedAt = new Set<string>()
  /** As a host. */
  private offers: { hash: string; view: number; to: readonly number[] }[] = []

  constructor(
    private readonly world: World,
    readonly index: number,
  ) {
    const { rng } = world
    const has = (chance: number) => rng.next() < chance
    this.habits = {
      doubleProposes: has(0.7),
      doubleVotes: has(0.6),
      assents: has(0.7),
      withholds: has(0.3),
      replays: has(0.4),
      floods: has(0.2),
      succeeds: has(0.5),
      splits: has(0.25),
    }
    if (this.habits.splits) this.habits = { ...HARMLESS, splits: true }
  }

  private get self(): MemberId {
    return name(this.index)
  }

  stop(): void {
    this.up = false
  }

  /** Where most of those that it reaches stand, as far as it matters: it attacks whoever is left to decide. */
  private get ground(): Ground {
    const { nodes } = this.world
    const near = nodes.filter(({ index }) => this.world.reaches(this.index, index))
    return (near.length > 0 ? near : nodes)
      .map(node => node.ground)
      .reduce((a, b) => (b.epoch > a.epoch ? b : a))
  }

  receive(from: number, message: Message): void {
    const { world } = this
    if (message.type === 'want') {
      const seal = world.contents.get(message.hash)
      if (seal && !(this.habits.withholds && world.rng.next() < 0.5))
        world.send(this.index, from, { type: 'seal', seal, hash: message.hash })
    }
    if (message.type !== 'statements' || this.habits.withholds) return
    for (const statement of message.statements) {
      if (statement.author === this.self || statement.epoch !== this.epoch + 1) continue
      const place = `${statement.author}/${statement.path}/${statement.phase}/${statement.view}/${statement.seal}`
      if (world.isByzantine(world.indexOf(statement.author)) || this.places.has(place)) continue
      this.places.add(place)
      this.heard.push(statement)
      this.react(statement)
    }
  }

  beat(): void {
    const { world, habits } = this
    const { rng } = world
    const { ground } = this
    if (ground.epoch !== this.epoch) {
      this.epoch = ground.epoch
      this.heard.length = 0
      this.places.clear()
      this.seals = []
      this.offers = []
      this.proposedAt.clear()
    }
    if (!ground.members.includes(this.self)) return
    if (ground.anchor === this.self && world.options.mode === 'host') this.host(ground)
    const sorted = [...ground.members].sort()
    const seen = this.heard.filter(({ path }) => path === 'quorum').map(({ view }) => view)
    const near = Math.max(0, ...seen.filter(view => view < 1_000))
    for (const view of [near, near + 1])
      if (
        sorted[(ground.epoch + 1 + view) % sorted.length] === this.self &&
        !this.proposedAt.has(`${view}`)
      ) {
        if (world.options.mode === 'host' && !habits.succeeds) break
        this.proposedAt.add(`${view}`)
        this.proposeBoth(ground, view)
      }
    if (habits.replays && this.said.length > 0)
      this.tell(this.said[rng.below(this.said.length)]!, this.some(0.5))
    if (habits.floods)
      for (let i = 0; i < 3; i++)
        this.say(
          'quorum',
          i === 0 ? 'vote' : 'commit',
          rng.below(1_000_000),
          this.anySeal(ground),
          this.some(1),
        )
    if (habits.succeeds && world.options.mode === 'host')
      this.say('quorum', 'vote', rng.below(2), this.anySeal(ground), this.some(0.7))
    if (!habits.splits && rng.next() < 0.2)
      this.say('quorum', 'commit', near, this.anySeal(ground), this.some(0.4))
  }

  private proposeBoth(ground: Ground, view: number): void {
    const { world, habits } = this
    const one = this.make(ground, `one ${view}`)
    const all = this.some(1)
    if (habits.splits) {
      const honest = world.nodes.map(({ index }) => index)
      const odd = honest[world.rng.below(honest.length)]!
      const others = all.filter(each => each !== odd)
      const two = this.make(ground, `two ${view}`)
      for (const phase of ['propose', 'vote'] as const) {
        this.say('quorum', phase, view, one, others)
        this.say('quorum', phase, view, two, [odd])
      }
      return this.say('quorum', 'commit', view, one, others.slice(0, 1))
    }
    if (!habits.doubleProposes) return this.say('quorum', 'propose', view, one, all)
    const two = this.make(ground, world.rng.next() < 0.2 ? 'wrong' : `two ${view}`)
    const [first, second] = this.split()
    this.say('quorum', 'propose', view, one, first)
    this.say('quorum', 'propose', view, two, second)
  }

  private make(ground: Ground, salt: string): string {
    const { world } = this
    const entries = Math.max(
      ground.size + 1,
      Math.max(...world.nodes.map(node => node.entries)) - world.rng.below(2),
    )
    const heir = world.rng.next() < 0.7 ? this.self : ground.anchor
    const anchor = world.options.mode === 'host' ? heir : ground.anchor
    const seal = world.seal(ground, { entries, present: world.presentAt(this.index), anchor }, salt)
    const hash = sealHash(seal)
    this.seals.push({ seal, hash })
    return hash
  }

  /** Votes and commits for whatever it hears of, to some; and for something else, to others. */
  private react({ path, phase, view, seal }: SealStatement): void {
    const { world, habits } = this
    const { rng } = world
    const { ground } = this
    if (path === 'host') {
      if (phase === 'propose' && habits.assents) this.say('host', 'vote', view, seal, this.some(rng.next()))
      return
    }
    if (habits.splits) {
      const mine = [...ground.members].sort()[(ground.epoch + 1 + view) % ground.members.length] === this.self
      if (mine || seal === NO_SEAL || phase !== 'propose') return
      this.say('quorum', 'vote', view, seal, this.some(1))
      return this.say('quorum', 'commit', view, seal, this.some(1))
    }
    if (rng.next() < 0.5) return
    if (habits.assents) {
      this.say('quorum', 'vote', view, seal, this.some(rng.next()))
      if (phase !== 'propose' && seal !== NO_SEAL)
        this.say('quorum', 'commit', view, seal, this.some(rng.next() * 0.6))
    }
    if (habits.doubleVotes) {
      const [, rest] = this.split()
      this.say('quorum', phase === 'commit' ? 'commit' : 'vote', view, this.anySeal(ground), rest)
    }
  }

  /** Different seals for different members, in one view or several; a commit for all that get their votes. */
  private host(ground: Ground): void {
    const { world } = this
    const { rng } = world
    if (this.offers.length < 6 && rng.next() < 0.4) {
      const [left, right] = this.sides()
      const view = this.offers.length
      for (const [i, to] of [left, right].entries()) {
        const present = [...to.map(name), this.self]
        // No more than all of them hold, so that they can come to the same.
        const held = world.nodes.filter(node => to.includes(node.index)).map(node => node.entries)
        const entries = Math.max(ground.size + 1, Math.min(...held))
        if (held.length === 0) continue
        const seal = world.seal(ground, { entries, present, anchor: this.self }, `host ${view} ${i}`)
        const hash = sealHash(seal)
        this.seals.push({ seal, hash })
        const at = rng.next() < 0.5 ? view : view + i
        this.offers.push({ hash, view: at, to })
        this.say('host', 'propose', at, hash, to)
        this.say('host', 'vote', at, hash, to)
      }
    }
    // All votes count, whoever they were told to; the commit goes to those that were offered the seal.
    for (const { hash, view, to } of this.offers)
      if (rng.next() < 0.5) this.say('host', 'commit', view, hash, to)
  }

  private anySeal(ground: Ground): string {
    const { rng } = this.world
    const known = [
      NO_SEAL,
      ...this.seals.slice(-4).map(({ hash }) => hash),
      ...this.heard.slice(-6).map(({ seal }) => seal),
    ]
    return rng.next() < 0.05 ? this.make(ground, 'more') : known[rng.below(known.length)]!
  }

  /** The two sides of a partition, helpers on both; any two halves if there is none. */
  private sides(): [number[], number[]] {
    const { world } = this
    const others = [...world.members.keys()].filter(i => i !== this.index)
    const of = (side: number) => others.filter(i => world.isByzantine(i) || world.side[i] === side)
    return new Set(world.side).size > 1 ? [of(0), of(1)] : this.split()
  }

  private split(): [number[], number[]] {
    const { rng, members } = this.world
    const left: number[] = []
    const right: number[] = []
    for (const i of members.keys()) if (i !== this.index) (rng.next() < 0.5 ? left : right).push(i)
    return [left, right]
  }

  private some(share: number): number[] {
    const { rng, members } = this.world
    return [...members.keys()].filter(i => i !== this.index && rng.next() < share)
  }

  private say(
    path: SealStatement['path'],
    phase: SealStatement['phase'],
    view: number,
    seal: string,
    to: readonly number[],
  ): void {
    const statement: SealStatement = {
      v: 2,
      room: ROOM,
      epoch: this.epoch + 1,
      path,
      phase,
      view,
      seal,
      author: this.self,
      sig: '',
    }
    if (this.said.length < 200) this.said.push(statement)
    this.tell(statement, to)
  }

  private tell(statement: SealStatement, to: readonly number[]): void {
    for (const each of to) this.world.send(this.index, each, { type: 'statements', statements: [statement] })
  }
}

class Heap {
  private readonly items: { at: number; order: number; act: () => void }[] = []
  private order = 0

  peek(): number | undefined {
    return this.items[0]?.at
  }

  push(at: number, act: () => void): void {
    const { items } = this
    const item = { at, order: this.order++, act }
    let i = items.length
    items.push(item)
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!isBefore(item, items[parent]!)) break
      items[i] = items[parent]!
      i = parent
    }
    items[i] = item
  }

  pop(): () => void {
    const { items } = this
    const top = items[0]!
    const last = items.pop()!
    if (items.length > 0) {
      let i = 0
      for (;;) {
        let child = 2 * i + 1
        if (child >= items.length) break
        if (child + 1 < items.length && isBefore(items[child + 1]!, items[child]!)) child++
        if (!isBefore(items[child]!, last)) break
        items[i] = items[child]!
        i = child
      }
      items[i] = last
    }
    return top.act
  }
}

function isBefore(a: { at: number; order: number }, b: { at: number; order: number }): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
