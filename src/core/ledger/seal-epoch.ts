// One epoch of the agreement as one member sees it: what was said, what it said itself and is bound by, the seals in
// question. Both ways to a seal (seal-host-path.ts, seal-quorum-path.ts) work on it; it decides nothing itself.
import type { MemberId, RoomId } from '../num/ids.ts'
import {
  certificateOf,
  faultsTolerated,
  quorumOf,
  sealHash,
  type Previous,
  type SealMode,
  type SealRules,
} from './quorum.ts'
import { ASK_AGAIN_MS, NO_SEAL, type SealEffect } from './seal-events.ts'
import { SealStatements } from './seal-statements.ts'
import { SealSubjects } from './seal-subjects.ts'
import type { Certificate, Seal, SealStatement } from './seal.ts'

/** The last final seal: what an epoch stands on. */
export interface Ground extends Previous {
  readonly epoch: number
  readonly hash: string
  readonly size: number
}

/** What the machine knows besides the epoch. */
export interface Surroundings {
  readonly room: RoomId
  readonly self: MemberId
  readonly rules: SealRules
  present: ReadonlySet<MemberId>
  readonly convicted: ReadonlySet<MemberId>
  /** From when on there is something to seal; Infinity while there is not. */
  dueAt(): number
  /** Before this no seal begins. */
  earliestAt(): number
  isHostSilent(now: number): boolean
}

interface Vote {
  readonly view: number
  readonly seal: string
}

/** Votes of a quorum for one seal in one view. */
export interface Polka extends Vote {
  readonly statements: readonly SealStatement[]
}

/** For each member. */
const OLD_VOTES = 8
/** Authors of host votes that are no sealing members. */
const MAX_GUESTS = 1_000

export class SealEpoch {
  readonly number: number
  readonly members: readonly MemberId[]
  readonly faults: number
  readonly quorum: number
  readonly statements: SealStatements
  readonly subjects: SealSubjects
  /** The newest one seen: what a proposer proposes again. */
  polka: Polka | null = null
  /** Own commit on path 'quorum'. */
  lock: Vote | null = null
  /** Own newest vote, proposal and commit on path 'host'. */
  hostVote: Vote | null = null
  hostProposal: Vote | null = null
  hostCommit: Vote | null = null
  spokeInQuorum = false
  /** Highest view that this member spoke in on path 'quorum'. */
  ownView = 0
  private readonly own = new Map<string, string>()
  private readonly memberSet: ReadonlySet<MemberId>
  private readonly guests = new Set<MemberId>()
  private oldVotes: SealStatement[] = []
  private asked: { readonly what: string; readonly at: number } | null = null
  private candidate: { readonly what: string; readonly hash: string } | null = null

  constructor(
    readonly ground: Ground,
    readonly mode: SealMode,
    readonly around: Surroundings,
  ) {
    this.number = ground.epoch + 1
    this.members = [...ground.members].sort()
    this.memberSet = new Set(this.members)
    this.faults = faultsTolerated(this.members.length)
    this.quorum = quorumOf(this.members.length, mode, around.rules)
    this.statements = new SealStatements(this.faults + 1)
    this.subjects = new SealSubjects(
      seal => this.fits(seal),
      hash => this.isBoundTo(hash),
    )
  }

  isMember(member: MemberId): boolean {
    return this.memberSet.has(member)
  }

  proposerOf(view: number): MemberId {
    return this.members[(this.number + view) % this.members.length]!
  }

  presentMembers(): number {
    const { present, self } = this.around
    let count = 0
    for (const member of this.members) if (member === self || present.has(member)) count++
    return count
  }

  /** Whether the statement belongs here and is not held yet. */
  takes(statement: SealStatement): boolean {
    const { epoch, path, phase, view, seal, author } = statement
    if (epoch !== this.number || view < 0) return false
    if (path === 'quorum') {
      if (!this.isMember(author)) return false
      if (phase === 'propose' && (seal === NO_SEAL || author !== this.proposerOf(view))) return false
    } else {
      if (this.mode !== 'host' || seal === NO_SEAL) return false
      if (phase !== 'vote' && author !== this.ground.anchor) return false
      if (!this.isMember(author) && !this.isGuest(author)) return false
    }
    return this.statements.takes(statement) || this.isOldVote(statement)
  }

  /** Keeps a statement that `takes` accepted. */
  keep(statement: SealStatement): void {
    const { path, phase, view, seal, author } = statement
    if (!this.isMember(author)) this.guests.add(author)
    // Said before, by a device that forgot: it binds all the same.
    if (author === this.around.self) this.bind(statement)
    if (!this.statements.add(statement)) {
      this.oldVotes.push(statement)
      if (this.oldVotes.length > OLD_VOTES * this.members.length) this.oldVotes.shift()
    }
    if (path === 'quorum' && phase === 'vote' && seal !== NO_SEAL) this.notePolka(view, seal)
  }

  private notePolka(view: number, seal: string): void {
    if (view <= (this.polka?.view ?? -1)) return
    const votes = new Map(this.statements.at('quorum', 'vote', view).get(seal))
    for (const old of this.oldVotes) if (old.view === view && old.seal === seal) votes.set(old.author, old)
    if (votes.size < this.quorum) return
    this.polka = { view, seal, statements: [...votes.values()] }
    this.oldVotes = this.oldVotes.filter(old => old.view > view)
  }

  /**
   * A vote that the bounds of the set exclude, but that may complete a polka newer than the one known. They are offered
   * together, so a short memory suffices; without it, a flood of one member could hide from others what it voted for.
   */
  private isOldVote({ path, phase, view, seal, author }: SealStatement): boolean {
    return (
      path === 'quorum' &&
      phase === 'vote' &&
      seal !== NO_SEAL &&
      view > (this.polka?.view ?? -1) &&
      !this.statements.at(path, phase, view).get(seal)?.has(author) &&
      !this.oldVotes.some(old => old.view === view && old.seal === seal && old.author === author)
    )
  }

  /** Hex; equal where others have nothing that is missing here. */
  digest(): string {
    return this.statements.digest(this.polka ? `${this.polka.view}/${this.polka.seal}` : '')
  }

  /** Everything to offer to others. */
  all(): SealStatement[] {
    const all = this.statements.all()
    for (const statement of this.polka?.statements ?? [])
      if (!this.statements.has(statement)) all.push(statement)
    return all
  }

  saidAt(path: SealStatement['path'], phase: SealStatement['phase'], view: number): string | undefined {
    return this.own.get(`${path}/${phase}/${view}`)
  }

  say(
    path: SealStatement['path'],
    phase: SealStatement['phase'],
    view: number,
    seal: string,
    effects: SealEffect[],
  ): void {
    const { room, self } = this.around
    const statement = { v: 2, room, epoch: this.number, path, phase, view, seal, author: self } as const
    this.bind(statement)
    const rests = path === 'quorum' && phase === 'commit' && seal !== NO_SEAL
    const votes = rests ? this.statements.at('quorum', 'vote', view).get(seal) : undefined
    const evidence = votes ? [...votes.values()] : []
    effects.push({ type: 'say', statement, seal: this.subjects.sealOf(seal), evidence })
  }

  /** What a statement of this member commits it to. */
  bind({ path, phase, view, seal }: Omit<SealStatement, 'sig'>): void {
    const place = `${path}/${phase}/${view}`
    if (!this.own.has(place)) this.own.set(place, seal)
    if (path === 'quorum') {
      this.spokeInQuorum = true
      this.ownView = Math.max(this.ownView, view)
      if (phase === 'commit' && seal !== NO_SEAL && view >= (this.lock?.view ?? -1))
        this.lock = { view, seal }
      return
    }
    if (phase === 'vote' && view > (this.hostVote?.view ?? -1)) this.hostVote = { view, seal }
    if (phase === 'propose' && view > (this.hostProposal?.view ?? -1)) this.hostProposal = { view, seal }
    if (phase === 'commit') this.hostCommit ??= { view, seal }
  }

  /** Seals that the host proposed, newest view first. */
  hostProposals(): Vote[] {
    return this.statements
      .viewsOf('host', 'propose')
      .flatMap(view => [...this.statements.at('host', 'propose', view).keys()].map(seal => ({ view, seal })))
  }

  /** Whether a quorum voted for the seal in a view from `from` to `to`. */
  hasPolka(seal: string, from: number, to: number): boolean {
    const { polka } = this
    if (polka && polka.seal === seal && polka.view >= from && polka.view <= to) return true
    return this.statements
      .viewsOf('quorum', 'vote')
      .some(
        view =>
          view >= from &&
          view <= to &&
          (this.statements.at('quorum', 'vote', view).get(seal)?.size ?? 0) >= this.quorum,
      )
  }

  /** Whether the own lock allows a vote for the seal: none, the same, or a quorum voted for it since, before view `before`. */
  isUnlocked(seal: string, before = Infinity): boolean {
    const { lock } = this
    if (!lock || lock.seal === seal || !this.around.rules.locks) return true
    return this.hasPolka(seal, lock.view, before - 1)
  }

  /** The hash of a new seal for this view, or undefined while it is being made. */
  fresh(
    path: SealStatement['path'],
    view: number,
    newAnchor: MemberId | null,
    now: number,
    effects: SealEffect[],
  ): string | undefined {
    const what = `${path}/${view}`
    if (this.candidate?.what === what) return this.candidate.hash
    if (this.asked?.what !== what || now >= this.asked.at + ASK_AGAIN_MS) {
      this.asked = { what, at: now }
      effects.push({ type: 'prepare', newAnchor })
    }
    return undefined
  }

  offer(seal: Seal, hash: string): void {
    if (!this.asked || !this.fits(seal)) return
    this.candidate = { what: this.asked.what, hash }
    this.asked = null
    this.subjects.learn(seal, hash, true)
    this.subjects.approve(hash)
  }

  /** When something that is being waited for is asked for again. */
  askAgainAt(): number {
    return Math.min(this.subjects.fetchAgainAt(), this.asked ? this.asked.at + ASK_AGAIN_MS : Infinity)
  }

  dropCandidate(): void {
    this.candidate = null
  }

  certificate(hash: string, statements: readonly SealStatement[]): Certificate | undefined {
    const seal = this.subjects.sealOf(hash)
    return seal ? certificateOf(seal, hash, statements, this.ground, this.mode, this.around.rules) : undefined
  }

  /** What everybody can see of a seal without its entries. */
  private fits(seal: Seal): boolean {
    const { ground, around } = this
    return (
      seal.room === around.room &&
      seal.epoch === this.number &&
      seal.previous === ground.hash &&
      seal.size > ground.size &&
      seal.members.length > 0 &&
      seal.members.every((member, i) => i === 0 || seal.members[i - 1]! < member) &&
      (this.mode === 'consortium' ? seal.anchor === ground.anchor : seal.members.includes(seal.anchor))
    )
  }

  private isBoundTo(hash: string): boolean {
    const { lock, hostVote, hostProposal, hostCommit, polka } = this
    return [lock, hostVote, hostProposal, hostCommit, polka].some(each => each?.seal === hash)
  }

  private isGuest(author: MemberId): boolean {
    if (this.guests.has(author)) return true
    if (this.guests.size >= MAX_GUESTS) return false
    if (author === this.around.self || this.around.present.has(author)) return true
    return this.hostProposals().some(({ seal }) => this.subjects.sealOf(seal)?.members.includes(author))
  }
}

/** The name of a seal that came with a certificate. */
export function groundOf(seal: Seal): Ground {
  return {
    epoch: seal.epoch,
    hash: sealHash(seal),
    size: seal.size,
    members: seal.members,
    anchor: seal.anchor,
  }
}
