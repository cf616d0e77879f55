// Looks on while a swarm is shaken and holds it to its promises: no wait beyond the grace window, one model soon after
// healing, short queues, no blame for the honest. It reads what members hold and changes nothing.
import { graceWith, MAX_GRACE_MS } from '../../core/gossip/pacing.ts'
import type { MemberId } from '../../core/num/ids.ts'
import type { Peer } from '../../peer/peer.ts'
import type { SimMember } from '../swarm.ts'

export const PROMISES = [
  'wait',
  'one-model',
  'buffer',
  'blame',
  'trains-on',
  'accuracy',
  'one-ledger',
  'fault',
] as const
export type Promised = (typeof PROMISES)[number]

export interface Violation {
  readonly promise: Promised
  readonly atMs: number
  readonly detail: string
}

/** Timers of the peer fire within this of their time; more is a wait. */
const SLACK_MS = 60
/** Full rounds after a healing by which all hold one model again. */
const ROUNDS_TO_HEAL = 2

interface Watched {
  round: number
  startedAt: number
  firstUpdateAt: number | undefined
  /** When the machine said that its round may end. */
  dueAt: number
  /** It stood still in this round: what it says of times means nothing. */
  interrupted: boolean
}

interface Healing {
  readonly what: string
  readonly atMs: number
  readonly round: number
  /** Who was there. */
  readonly members: ReadonlySet<MemberId>
}

export interface HealReport {
  readonly what: string
  readonly ms: number
  /** Rounds that ended between the healing and the agreement; the one that was under way counts. */
  readonly rounds: number
}

export class Witness {
  readonly violations: Violation[] = []
  readonly heals: HealReport[] = []
  /** How often members' frozen states differed for a while outside of partitions. */
  disagreements = 0
  longestWaitMs = 0
  private readonly watched = new Map<Peer, Watched>()
  private healing: Healing | null = null
  private apartSince: number | null = null

  constructor(
    private readonly now: () => number,
    private readonly honest: ReadonlySet<MemberId>,
  ) {}

  violate(promise: Promised, detail: string): void {
    this.violations.push({ promise, atMs: this.now(), detail })
  }

  /** Listens to every step of an honest member's machine. */
  watch(peer: Peer): void {
    const { machine } = peer
    const state = fresh(machine.round, this.now())
    this.watched.set(peer, state)
    const step = machine.step.bind(machine)
    machine.step = (event, now) => {
      if (state.interrupted) Object.assign(state, { dueAt: Infinity })
      // Its own timers end a round; whatever comes first after the moment sees it late.
      else if (now > state.dueAt + SLACK_MS)
        this.violate('wait', `${short(peer)} let round ${state.round} go on ${now - state.dueAt} ms too long`)
      const grace = machine['arrivals'].graceMs()
      // A third update may end at once what two were too few for.
      const { expected: live } = machine.progress
      const heard = machine.window.updatesOf(machine.round).size
      const isFarAhead = machine.isFarAhead(now)
      const effects = step(event, now)
      const closes = effects.flatMap(effect =>
        effect.type === 'model' && effect.closed ? [effect.closed] : [],
      )
      const [closed] = closes
      if (closed && !state.interrupted && closed.round === state.round) {
        // Nothing to mix: whatever comes first ends the round.
        const first = state.firstUpdateAt ?? now
        const patience = isFarAhead ? MAX_GRACE_MS : graceWith(grace, heard, live)
        const allowed = Math.max(patience, first - state.startedAt)
        this.longestWaitMs = Math.max(this.longestWaitMs, closed.durationMs)
        if (closed.durationMs > allowed + SLACK_MS)
          this.violate(
            'wait',
            `${short(peer)} closed round ${closed.round} after ${closed.durationMs} ms, allowed were ${Math.round(allowed)}`,
          )
      }
      if (machine.round !== state.round || event.type === 'state')
        Object.assign(state, fresh(machine.round, now))
      if (state.firstUpdateAt === undefined && machine.window.updatesOf(machine.round).size > 0)
        state.firstUpdateAt = now
      state.dueAt = machine.wakeAt(now)
      return effects
    }
  }

  /** The process of a member stood still. */
  interrupted(peer: Peer): void {
    const state = this.watched.get(peer)
    if (state) state.interrupted = true
  }

  /** From now on those who are there must agree within two rounds. */
  healed(what: string, present: readonly SimMember[]): void {
    const round = Math.max(0, ...present.map(({ peer }) => peer.machine.round))
    const members = new Set(present.map(({ signer }) => signer.id))
    this.healing = { what, atMs: this.now(), round, members }
  }

  /** Whatever was to heal is torn again. */
  torn(): void {
    this.healing = null
    this.apartSince = null
  }

  /** Looks at everybody who is there; `whole`: one network, nobody cut off. */
  look(present: readonly SimMember[], whole: boolean): void {
    const isApart = disagreement(present)
    const latest = Math.max(0, ...present.map(({ peer }) => peer.machine.round))
    this.settle(present, latest)
    if (!whole || this.healing) return
    if (isApart === null) this.apartSince = null
    else if (this.apartSince === null) {
      this.apartSince = latest
      this.disagreements++
    } else if (latest > this.apartSince + ROUNDS_TO_HEAL + 1) {
      this.violate('one-model', `for more than ${ROUNDS_TO_HEAL} rounds: ${isApart}`)
      this.apartSince = Infinity
    }
  }

  private settle(present: readonly SimMember[], latest: number): void {
    const { healing } = this
    if (!healing) return
    const those = present.filter(({ signer }) => healing.members.has(signer.id))
    const apart = disagreement(those) ?? stray(those)
    const rounds = Math.max(0, latest - healing.round)
    if (apart === null) {
      this.heals.push({ what: healing.what, ms: this.now() - healing.atMs, rounds })
      this.healing = null
    } else if (rounds > ROUNDS_TO_HEAL + 1) {
      // The round under way at the healing, then two whole ones.
      this.violate('one-model', `${rounds} rounds after ${healing.what}: ${apart}`)
      this.heals.push({ what: healing.what, ms: this.now() - healing.atMs, rounds })
      this.healing = null
    }
  }

  /** Blame that an honest member laid on another one; told before a process ends and at the end. */
  judge(peer: Peer): void {
    for (const { member, reason } of peer.wire.refusals.list(() => ''))
      if (member === null || this.honest.has(member))
        this.violate('blame', `${short(peer)} refused ${member?.slice(0, 6) ?? 'somebody'}: ${reason}`)
    for (const member of peer.machine.ejected)
      if (this.honest.has(member)) this.violate('blame', `${short(peer)} shut ${member.slice(0, 6)} out`)
    if (peer.fault) this.violate('fault', `${short(peer)} gave up: ${JSON.stringify(peer.fault)}`)
  }
}

function fresh(round: number, now: number): Watched {
  return { round, startedAt: now, firstUpdateAt: undefined, dueAt: Infinity, interrupted: false }
}

/** Two who froze different states for one round, or null. */
function disagreement(members: readonly SimMember[]): string | null {
  const seen = new Map<number, { hash: string; by: SimMember }>()
  for (const member of members)
    for (const { round, hash } of member.peer.machine.window.anchors) {
      const other = seen.get(round)
      if (!other) seen.set(round, { hash, by: member })
      else if (other.hash !== hash)
        return `members ${other.by.index} and ${member.index} froze round ${round} differently`
    }
  return null
}

/** Somebody whose frozen states lie so far back that nothing can be compared, or null. */
function stray(members: readonly SimMember[]): string | null {
  const newest = Math.max(0, ...members.map(({ peer }) => peer.machine.window.base.round))
  const oldestKept = Math.max(
    0,
    ...members
      .filter(({ peer }) => peer.machine.window.base.round === newest)
      .map(({ peer }) => peer.machine.window.anchors[0]!.round),
  )
  const far = members.find(({ peer }) => peer.machine.window.base.round < Math.min(oldestKept, newest - 3))
  return far ? `member ${far.index} stands at ${far.peer.machine.window.base.round} of ${newest}` : null
}

function short(peer: Peer): string {
  return `${peer.options.nickname} (${peer.self.slice(0, 6)})`
}
