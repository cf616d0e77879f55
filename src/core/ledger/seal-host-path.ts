// The host's way to a seal: the anchor proposes, members that come to the same vote, the anchor commits once. The anchor
// stands by its newest proposal only: votes for an older one are worth nothing once it was replaced.
import { presentMajority } from './quorum.ts'
import type { SealEpoch } from './seal-epoch.ts'
import { viewTimeoutMs, type SealEffect } from './seal-events.ts'
import type { Certificate } from './seal.ts'

export class HostPath {
  /** When the anchor replaces its proposal. */
  private replaceAt = -Infinity

  constructor(private readonly epoch: SealEpoch) {}

  get isLeading(): boolean {
    const { ground, around } = this.epoch
    return ground.anchor === around.self
  }

  proceed(now: number, effects: SealEffect[]): void {
    const { epoch } = this
    if (epoch.around.convicted.has(epoch.ground.anchor)) return
    if (this.isLeading) this.propose(now, effects)
    this.vote(now, effects)
    if (this.isLeading) this.commit(effects)
  }

  wakeAt(): number {
    const { epoch } = this
    if (!this.isLeading || epoch.hostCommit) return Infinity
    return epoch.hostProposal ? this.replaceAt : epoch.around.dueAt()
  }

  /** The certificate, once the anchor's commit and the votes for it are here, and the seal itself. */
  final(now: number, effects: SealEffect[]): Certificate | undefined {
    const { statements } = this.epoch
    for (const view of statements.viewsOf('host', 'commit'))
      for (const [hash, commits] of statements.at('host', 'commit', view)) {
        const votes = statements.at('host', 'vote', view).get(hash)
        if (!votes) continue
        if (!this.epoch.subjects.sealOf(hash)) this.epoch.subjects.consider(hash, now, effects)
        const certificate = this.epoch.certificate(hash, [...commits.values(), ...votes.values()])
        if (certificate) return certificate
      }
    return undefined
  }

  /** Votes of sealing members and of those present for the newest proposal, against what they have to be. */
  counts(): { readonly view: number; readonly have: number; readonly needed: number } | undefined {
    const { epoch } = this
    const [newest] = epoch.hostProposals()
    if (!newest) return undefined
    const { view, seal: hash } = newest
    const votes = epoch.statements.at('host', 'vote', view).get(hash)
    const here = epoch.subjects.sealOf(hash)?.members ?? []
    const sealing = {
      view,
      have: epoch.members.filter(member => votes?.has(member)).length,
      needed: epoch.around.rules.hostQuorum(epoch.members.length),
    }
    const present = {
      view,
      have: here.filter(member => votes?.has(member)).length,
      needed: presentMajority(here.length),
    }
    return present.needed - present.have > sealing.needed - sealing.have ? present : sealing
  }

  private propose(now: number, effects: SealEffect[]): void {
    const { epoch } = this
    const live = epoch.hostProposal
    if (epoch.hostCommit) return
    if (now < (live ? this.replaceAt : epoch.around.dueAt())) return
    const view = live ? live.view + 1 : 0
    const hash = this.bound(now, effects) ?? epoch.fresh('host', view, null, now, effects)
    if (hash === undefined) return
    this.replaceAt = now + viewTimeoutMs(view)
    // The same again needs no new view: whoever did not vote yet still can.
    if (hash === live?.seal) epoch.dropCandidate()
    else epoch.say('host', 'propose', view, hash, effects)
  }

  /** What members went on to while the host was away: they may be locked on it. */
  private bound(now: number, effects: SealEffect[]): string | undefined {
    const { epoch } = this
    for (const bound of epoch.around.rules.locks ? [epoch.polka, epoch.lock] : []) {
      if (!bound) continue
      epoch.subjects.consider(bound.seal, now, effects)
      if (epoch.subjects.verdictOn(bound.seal) === 'good') return bound.seal
    }
    return undefined
  }

  private vote(now: number, effects: SealEffect[]): void {
    const { epoch } = this
    const { self } = epoch.around
    const own = this.isLeading ? epoch.hostProposal : undefined
    const newest = own ?? epoch.hostProposals()[0]
    if (!newest || newest.view <= (epoch.hostVote?.view ?? -1)) return
    epoch.subjects.consider(newest.seal, now, effects)
    if (epoch.subjects.verdictOn(newest.seal) !== 'good' || !epoch.isUnlocked(newest.seal)) return
    if (!epoch.isMember(self) && !epoch.subjects.sealOf(newest.seal)!.members.includes(self)) return
    epoch.say('host', 'vote', newest.view, newest.seal, effects)
  }

  private commit(effects: SealEffect[]): void {
    const { epoch } = this
    const live = epoch.hostProposal
    const seal = live && epoch.subjects.sealOf(live.seal)
    if (!live || !seal || epoch.hostCommit) return
    const votes = epoch.statements.at('host', 'vote', live.view).get(live.seal)
    if (!votes) return
    const sealing = epoch.members.filter(member => votes.has(member)).length
    const present = seal.members.filter(member => votes.has(member)).length
    const { hostQuorum } = epoch.around.rules
    if (sealing >= hostQuorum(epoch.members.length) && present >= presentMajority(seal.members.length))
      epoch.say('host', 'commit', live.view, live.seal, effects)
  }
}
