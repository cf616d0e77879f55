// The omniscient observer of a run: watches every honest member from inside and says which promise was broken. It changes
// nothing that a member does. Numbers are those of the properties in docs/seals.md's table of simulated promises.
import { derive } from '../../core/governance/derived.ts'
import type { Update } from '../../core/gossip/update.ts'
import { entryHash, hashOf } from '../../core/ledger/chain.ts'
import type { Entry } from '../../core/ledger/entry.ts'
import type { Certificate } from '../../core/ledger/seal.ts'
import { stateHash } from '../../core/room/fold.ts'
import type { MemberId } from '../../core/num/ids.ts'
import type { Peer } from '../../peer/peer.ts'

export type Property =
  /** Honest members end with the same sealed ledger and the same open entries. */
  | 'same-ledger'
  /** Never two final seals for one epoch. */
  | 'one-seal'
  | 'money'
  /** No update published during a pause behind its cut is mixed by who knows of the pause. */
  | 'pause'
  /** Who contradicted itself is out everywhere, nobody else is. */
  | 'conviction'
  /** What an honest member wrote is everywhere. */
  | 'nothing-lost'
  /** An honest member gave up. */
  | 'fault'

export interface Violation {
  readonly property: Property
  readonly atMs: number
  readonly detail: string
}

interface Written {
  readonly seq: number
  readonly hash: string
}

interface Pause {
  /** When it first was effective for an honest member. */
  readonly atMs: number
  /** When somebody signed the order to resume. */
  resumedAtMs: number
}

export class Observer {
  readonly violations: Violation[] = []
  /** Certificates that an honest member stood on, by epoch and seal. */
  readonly finals = new Map<number, Map<string, Certificate>>()
  /** Sealing members among whom too many were Byzantine for the promise to hold. */
  unsoundSeals = 0
  /** Updates published behind the cut of a pause while it was in force. */
  publishedInPause = 0
  /** Honest members that heard of a pause only after they had frozen a round behind its cut. */
  frozenBehindCut = 0
  successions = 0
  private readonly honest = new Set<MemberId>()
  private readonly written = new Map<MemberId, Written>()
  /** Newest entry of each that another honest member admitted. */
  private readonly spread = new Map<MemberId, Written>()
  /** What crooks wrote where, by author and sequence. */
  private readonly places = new Map<string, string>()
  private readonly publishedAt = new Map<string, number>()
  private readonly pauses = new Map<string, Pause>()
  private readonly resumeSignedAt = new Map<string, number>()
  /** By hash of a frozen state: whether an update of a pause is in it. */
  private readonly tainted = new Set<string>()
  private readonly found = new Set<string>()
  private readonly toldApart = new Set<MemberId>()
  /** Whom an honest member held a proof against. */
  private readonly seenToLie = new Set<MemberId>()

  constructor(
    private readonly now: () => number,
    private readonly crooks: ReadonlySet<MemberId>,
    private readonly issued: bigint,
    private readonly anchored: boolean,
  ) {}

  get pauseCount(): number {
    return this.pauses.size
  }

  violate(property: Property, detail: string): void {
    const text = `${property}/${detail}`
    if (this.found.has(text)) return
    this.found.add(text)
    this.violations.push({ property, atMs: Math.round(this.now()), detail })
  }

  /** Of a crook only what it publishes is of interest. */
  watchPublishing(peer: Peer): void {
    const { updates } = peer.wire
    const announce = updates.announce.bind(updates)
    updates.announce = update => {
      if (!this.publishedAt.has(update.id)) {
        this.publishedAt.set(update.id, this.now())
        if (this.isOfPause(update)) this.publishedInPause++
      }
      announce(update)
    }
  }

  watch(peer: Peer): void {
    this.honest.add(peer.self)
    this.watchPublishing(peer)
    this.watchWindow(peer)
    const { ledger } = peer.wire
    const append = ledger.append.bind(ledger)
    ledger.append = async body => {
      const entry = await append(body)
      this.written.set(peer.self, { seq: entry.seq, hash: entryHash(entry) })
      return entry
    }
    const { citizen, book } = peer
    const admit = book.admit.bind(book)
    book.admit = entry => {
      const admission = admit(entry)
      if (admission.status === 'added' && this.crooks.has(entry.author)) this.compare(entry)
      const isNewer = entry.seq >= (this.spread.get(entry.author)?.seq ?? 0)
      if (admission.status === 'added' && entry.author !== peer.self && isNewer)
        this.spread.set(entry.author, { seq: entry.seq, hash: entryHash(entry) })
      return admission
    }
    const accuse = citizen.accuse.bind(citizen)
    citizen.accuse = proof => {
      this.seenToLie.add(proof.against)
      accuse(proof)
    }
    let last: Certificate | null = null
    let governance = peer.book.live.governance
    let derived = derive(governance)
    peer.subscribe(() => {
      const { certificate, live } = peer.book
      if (certificate && certificate !== last) this.stands(peer, certificate)
      last = certificate
      if (governance === live.governance && derived === derive(governance)) return
      governance = live.governance
      derived = derive(governance)
      this.orders(peer)
    })
  }

  /**
   * Two entries for one place, each admitted by somebody honest. They convict when they meet; where one side of a cut has
   * sealed its own before, the other is dropped with the snapshot and nobody ever holds both.
   */
  private compare(entry: Entry): void {
    const place = `${entry.author}/${entry.seq}`
    const hash = entryHash(entry)
    const known = this.places.get(place)
    if (known !== undefined && known !== hash) this.toldApart.add(entry.author)
    this.places.set(place, hash)
  }

  private stands(peer: Peer, certificate: Certificate): void {
    const { seal } = certificate
    const hash = hashOf(seal)
    let seals = this.finals.get(seal.epoch)
    if (!seals) {
      this.finals.set(seal.epoch, (seals = new Map()))
      const bad = seal.members.filter(member => this.crooks.has(member)).length
      if (3 * bad >= seal.members.length || (this.anchored && this.crooks.has(seal.anchor)))
        this.unsoundSeals++
      if (certificate.statements[0]?.path === 'quorum' && this.anchored) this.successions++
      if (this.tainted.has(seal.modelHash))
        this.violate('pause', `seal ${seal.epoch} names a model trained in a pause`)
    }
    seals.set(hash, certificate)
    if (seals.size > 1) this.violate('one-seal', `epoch ${seal.epoch} has ${seals.size} final seals`)
    const { credits, members } = peer.book.sealed
    let sum = 0n
    for (const micro of credits.balances.values()) {
      sum += micro
      if (micro < 0n) this.violate('money', `a balance of ${micro} at epoch ${seal.epoch}`)
    }
    if (sum !== credits.issued || sum !== this.issued)
      this.violate('money', `${sum} of ${this.issued} at epoch ${seal.epoch}`)
    for (const member of members.convicted.keys())
      if (!this.crooks.has(member))
        this.violate('conviction', `an honest member is convicted at epoch ${seal.epoch}`)
  }

  private orders(peer: Peer): void {
    const { orders } = derive(peer.book.live.governance)
    for (const { order, cut } of orders.pauses) {
      if (!this.pauses.has(order)) this.pauses.set(order, { atMs: this.now(), resumedAtMs: Infinity })
      if (peer.machine.window.base.round > cut + 1) this.frozenBehindCut++
    }
    for (const [hash, { body }] of peer.book.live.governance.motions)
      if (body.kind === 'order' && body.action === 'resume' && !this.resumeSignedAt.has(hash))
        this.resumeSignedAt.set(hash, this.now())
    for (const { order } of orders.resumptions)
      for (const pause of this.pauses.values())
        if (pause.resumedAtMs === Infinity) pause.resumedAtMs = this.resumeSignedAt.get(order) ?? this.now()
  }

  /** Published while any pause was in force. */
  private isOfPause({ id }: Update): boolean {
    const at = this.publishedAt.get(id)
    if (at === undefined) return false
    for (const { atMs, resumedAtMs } of this.pauses.values()) if (at > atMs && at < resumedAtMs) return true
    return false
  }

  private watchWindow({ self, book, machine }: Peer): void {
    const { window } = machine
    const insert = window.insert.bind(window)
    const isForbidden = (update: Update): boolean => {
      if (!this.isOfPause(update)) return false
      const { orders } = derive(book.live.governance)
      const at = this.publishedAt.get(update.id)!
      return (
        orders.pauses.some(
          ({ order, cut }) => update.round > cut && at > (this.pauses.get(order)?.atMs ?? Infinity),
        ) ||
        orders.resumptions.some(
          ({ after, order }) => update.round > after && at < (this.resumeSignedAt.get(order) ?? 0),
        )
      )
    }
    window.insert = update => {
      if (isForbidden(update))
        this.violate('pause', `${self.slice(0, 6)} mixed an update of round ${update.round} made in a pause`)
      return insert(update)
    }
    // The state that leaves the window carries whatever was in its rounds.
    const advance = window.advance.bind(window)
    window.advance = now => {
      const before = window.base.round
      const rounds = window.openRounds().map(round => [round, [...window.updatesOf(round).values()]] as const)
      let taint = this.tainted.has(window.baseHash)
      const state = advance(now)
      for (const [round, updates] of rounds)
        if (round >= before && round < window.base.round) taint ||= updates.some(isForbidden)
      if (taint && window.base.round > before) this.tainted.add(window.baseHash)
      return state
    }
  }

  /** What holds for one member at the end; `all` are the honest members that are still there. */
  conclude(all: readonly Peer[], left: ReadonlySet<MemberId>): void {
    const [first] = all
    if (!first) return
    for (const peer of all) {
      const name = peer.self.slice(0, 6)
      if (peer.phase === 'failed')
        this.violate('fault', `${name}: ${peer.fault?.kind}: ${peer.fault?.detail}`)
      const { seal, sealed, live, ledger } = peer.book
      if (seal && stateHash(sealed) !== seal.state)
        this.violate('same-ledger', `${name} holds another state than its seal`)
      if (peer.book.epoch !== first.book.epoch)
        this.violate('same-ledger', `epochs ${first.book.epoch} and ${peer.book.epoch}`)
      else if (stateHash(sealed) !== stateHash(first.book.sealed))
        this.violate('same-ledger', 'sealed states differ')
      if (hashOf(ledger.heads()) !== hashOf(first.book.ledger.heads()))
        this.violate('same-ledger', 'open entries differ')
      else if (stateHash(live) !== stateHash(first.book.live))
        this.violate('same-ledger', 'live states differ')
      for (const [member, own] of this.written) {
        // Who left behind a broken link may have taken its last words with it.
        const { seq, hash } = left.has(member) ? (this.spread.get(member) ?? own) : own
        const head = ledger.heads().find(({ author }) => author === member)
        if (head?.seq !== seq || head.hash !== hash)
          this.violate(
            'nothing-lost',
            `${name} has ${head?.seq ?? 'nothing'} of ${member.slice(0, 6)}, who wrote ${seq}`,
          )
      }
      for (const member of this.accused(all)) {
        if (!live.members.convicted.has(member) || peer.citizen.members.has(member))
          this.violate('conviction', `${name} still knows ${member.slice(0, 6)}`)
        if (!this.crooks.has(member))
          this.violate('conviction', `${member.slice(0, 6)} is honest and accused`)
      }
      if (this.tainted.has(peer.machine.window.baseHash))
        this.violate('pause', `${name} ends on a model trained in a pause`)
    }
  }

  /** Who told two honest members different things and was not caught, since a seal buried one of them first. */
  buriedForks(convicted: ReadonlyMap<MemberId, unknown>): number {
    return [...this.toldApart].filter(member => !convicted.has(member)).length
  }

  /** Caught by anybody: then everybody has to know. */
  accused(all: readonly Peer[]): Set<MemberId> {
    const accused = new Set(this.seenToLie)
    for (const { book } of all) {
      for (const member of book.ledger.forks.keys()) accused.add(member)
      for (const member of book.live.members.convicted.keys()) accused.add(member)
    }
    return accused
  }
}
