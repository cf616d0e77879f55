// A Byzantine member of a simulated room: it says what serves to part the others, each crook by habits of its own.
import { NO_SEAL } from '../../../src/core/ledger/seal-events.ts'
import type { Seal, SealStatement } from '../../../src/core/ledger/seal.ts'
import type { MemberId } from '../../../src/core/num/ids.ts'
import { name, ROOM, sealHash, type Actor, type Ground, type Message } from './seal-fixtures.ts'
import type { World } from './seal-network.ts'

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
