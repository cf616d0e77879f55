// The quorum's way to a seal, after Tendermint (Buchman, Kwon, Milosevic 2018): in each view a member whose turn it is
// proposes, members vote, and commit what a quorum voted for; who committed is locked on it. A view passes only with a quorum
// of statements, so nobody runs ahead in a partition. In a host-anchored room this is what happens when the host is gone:
// then a member also stands by the host's proposal that it voted for, lest the host made it final (docs/seals.md). The
// host's way stays open meanwhile, to a seal that its locks allow.
import type { SealEpoch } from './seal-epoch.ts'
import { NO_SEAL, restTimeoutMs, viewTimeoutMs, type SealEffect } from './seal-events.ts'
import { authorsOf, type Tally } from './seal-statements.ts'
import type { Certificate } from './seal.ts'

export class QuorumPath {
  view = 0
  started = false
  private proposeBy = Infinity
  /** Set when a quorum has voted, or committed, though not for one seal. */
  private voteBy = Infinity
  private commitBy = Infinity

  constructor(private readonly epoch: SealEpoch) {}

  proceed(now: number, effects: SealEffect[]): void {
    if (!this.started) {
      if (!this.epoch.isMember(this.epoch.around.self) || !this.mayStart(now)) return
      this.started = true
      this.enter(this.epoch.ownView, now)
    }
    for (let before = -1; before !== this.view;) {
      before = this.view
      this.catchUp(now)
      this.propose(now, effects)
      this.vote(now, effects)
      this.commit(now, effects)
      this.pass(now)
    }
  }

  wakeAt(now: number): number {
    const { around, mode, quorum } = this.epoch
    if (this.started) {
      const { view } = this
      return Math.min(
        this.epoch.saidAt('quorum', 'vote', view) === undefined ? this.proposeBy : Infinity,
        this.epoch.saidAt('quorum', 'commit', view) === undefined ? this.voteBy : Infinity,
        this.commitBy,
      )
    }
    if (!this.epoch.isMember(around.self)) return Infinity
    if (mode === 'consortium') return around.dueAt()
    return around.dueAt() !== Infinity && this.epoch.presentMembers() >= quorum && around.isHostSilent(now)
      ? around.dueAt()
      : Infinity
  }

  final(now: number, effects: SealEffect[]): Certificate | undefined {
    const { statements, quorum } = this.epoch
    for (const view of statements.viewsOf('quorum', 'commit'))
      for (const [hash, commits] of statements.at('quorum', 'commit', view)) {
        if (hash === NO_SEAL || commits.size < quorum) continue
        if (!this.epoch.subjects.sealOf(hash)) this.epoch.subjects.consider(hash, now, effects)
        const certificate = this.epoch.certificate(hash, [...commits.values()])
        if (certificate) return certificate
      }
    return undefined
  }

  private mayStart(now: number): boolean {
    const { around, mode, faults, quorum, statements } = this.epoch
    if (this.epoch.spokeInQuorum) return true
    if (now < around.earliestAt()) return false
    // One honest member at least found that it is time.
    if (statements.reached('quorum').size > faults) return true
    if (mode === 'consortium') return now >= around.dueAt() || statements.at('quorum', 'propose', 0).size > 0
    return now >= around.dueAt() && around.isHostSilent(now) && this.epoch.presentMembers() >= quorum
  }

  private enter(view: number, now: number): void {
    this.view = view
    this.proposeBy = now + viewTimeoutMs(view)
    this.voteBy = Infinity
    this.commitBy = Infinity
  }

  /** Follows where more members are than may lie. */
  private catchUp(now: number): void {
    const { statements, faults, around } = this.epoch
    const views: number[] = []
    for (const [author, view] of statements.reached('quorum'))
      if (author !== around.self && view > this.view) views.push(view)
    if (views.length <= faults) return
    views.sort((a, b) => b - a)
    this.enter(views[faults]!, now)
  }

  private propose(now: number, effects: SealEffect[]): void {
    const { epoch, view } = this
    if (epoch.proposerOf(view) !== epoch.around.self) return
    if (epoch.saidAt('quorum', 'propose', view) !== undefined) return
    const hash = this.choose(now, effects)
    if (hash !== undefined) epoch.say('quorum', 'propose', view, hash, effects)
  }

  /** What others can accept: what a quorum voted for last, else what the host proposed last, else a new seal. */
  private choose(now: number, effects: SealEffect[]): string | undefined {
    const { epoch } = this
    const { rules } = epoch.around
    if (rules.locks) {
      for (const bound of [epoch.polka, epoch.lock]) {
        if (!bound) continue
        epoch.subjects.consider(bound.seal, now, effects)
        if (epoch.subjects.verdictOn(bound.seal) === 'good') return bound.seal
      }
      if (epoch.lock) return undefined
      if (epoch.mode === 'host') {
        if (!this.isReleased(now)) {
          const floor = epoch.hostVote?.view ?? 0
          for (const { view, seal } of epoch.hostProposals()) {
            if (view < floor) break
            epoch.subjects.consider(seal, now, effects)
            if (epoch.subjects.verdictOn(seal) === 'good') return seal
          }
          if (epoch.hostVote) return undefined
        }
        // The first view is a roll call: after it all that take part know what the host proposed to any of them.
        if (this.view === 0) return undefined
      }
    }
    const succeeds = epoch.mode === 'host' && epoch.around.isHostSilent(now)
    return epoch.fresh('quorum', this.view, succeeds ? epoch.around.self : null, now, effects)
  }

  private vote(now: number, effects: SealEffect[]): void {
    const { epoch, view } = this
    if (epoch.saidAt('quorum', 'vote', view) !== undefined) return
    const own = epoch.saidAt('quorum', 'propose', view)
    const [proposed] = epoch.statements.at('quorum', 'propose', view).keys()
    const hash = own ?? proposed
    if (hash !== undefined) {
      epoch.subjects.consider(hash, now, effects)
      const verdict = epoch.subjects.verdictOn(hash)
      if (verdict === 'good' && this.mayVote(hash, now)) {
        epoch.say('quorum', 'vote', view, hash, effects)
        return
      }
      if (verdict === 'bad') {
        epoch.say('quorum', 'vote', view, NO_SEAL, effects)
        return
      }
    }
    // Votes or entries may still come that make the proposal acceptable, so a refusal waits for the end.
    if (now >= this.proposeBy) epoch.say('quorum', 'vote', view, NO_SEAL, effects)
  }

  private mayVote(hash: string, now: number): boolean {
    const { epoch } = this
    const { ground, around, mode } = epoch
    if (!around.rules.locks) return true
    if (!epoch.isUnlocked(hash, this.view) || !this.mayLeaveHost(hash, now)) return false
    if (mode === 'consortium' || epoch.hasPolka(hash, 0, this.view)) return true
    if (epoch.hostProposals().some(({ seal }) => seal === hash)) return true
    // A new seal may change the anchor only while the host is silent here too, and must leave a quorum to go on with.
    const seal = epoch.subjects.sealOf(hash)!
    const staying = seal.members.filter(member => epoch.isMember(member)).length
    return (seal.anchor === ground.anchor || around.isHostSilent(now)) && staying >= epoch.quorum
  }

  /** Who voted for a host's proposal supports, besides it, only what the host itself put in its place. */
  private mayLeaveHost(hash: string, now: number): boolean {
    const { hostVote, around } = this.epoch
    if (!hostVote || hostVote.seal === hash || !around.rules.locks || this.isReleased(now)) return true
    return this.epoch.hostProposals().some(({ view, seal }) => seal === hash && view > hostVote.view)
  }

  /** A host that contradicted itself binds nobody any more, once it is silent: its proof excuses a second seal. */
  private isReleased(now: number): boolean {
    const { around, ground } = this.epoch
    return around.convicted.has(ground.anchor) && around.isHostSilent(now)
  }

  private commit(now: number, effects: SealEffect[]): void {
    const { epoch, view } = this
    if (epoch.saidAt('quorum', 'commit', view) !== undefined) return
    const votes = epoch.statements.at('quorum', 'vote', view)
    for (const [hash, authors] of votes) {
      if (authors.size < epoch.quorum) continue
      if (hash !== NO_SEAL) {
        epoch.subjects.consider(hash, now, effects)
        if (epoch.subjects.verdictOn(hash) !== 'good' || !this.mayLeaveHost(hash, now)) continue
      }
      epoch.say('quorum', 'commit', view, hash, effects)
      return
    }
    if (!this.isQuorum(votes)) return
    if (this.voteBy === Infinity) this.voteBy = now + restTimeoutMs(view)
    if (now >= this.voteBy) epoch.say('quorum', 'commit', view, NO_SEAL, effects)
  }

  private pass(now: number): void {
    const { view, epoch } = this
    const commits = epoch.statements.at('quorum', 'commit', view)
    if (!this.isQuorum(commits)) return
    if (this.commitBy === Infinity) this.commitBy = now + restTimeoutMs(view)
    if (now >= this.commitBy || (commits.get(NO_SEAL)?.size ?? 0) >= epoch.quorum) this.enter(view + 1, now)
  }

  private isQuorum(tally: Tally): boolean {
    return authorsOf(tally).size >= this.epoch.quorum
  }
}
