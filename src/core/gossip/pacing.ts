// When a round ends and how long a member trains in it. Nobody is ever waited for by name: everything is a count or a
// deadline (gossip.md steps 1 and 8).
import { lowerMedian, quantile } from '../num/stats.ts'

/** Rounds are no shorter, however small the model: what is said must be able to arrive within the window of late updates. */
export const MIN_ROUND_MS = 250
export const MIN_GRACE_MS = 1_000
export const MAX_GRACE_MS = 30_000
/** Once two thirds are in, the rest have at most this long: a member that died costs the others less than five seconds. */
export const AFTER_QUORUM_MS = 3_000
/**
 * Of two updates nobody can tell which is the liar's, and whoever publishes alone is not even clipped: in rooms of four or more,
 * where one liar is to do no harm, a round with fewer than three gets more time.
 */
const TELLING = 3
const FEW_GRACES = 3
const REMEMBERED_ROUNDS = 5

/** Rooms above this are crowds: presence is heard from neighbours only, and numbers stand for members. */
export const CROWD_MEMBERS = 50

export function quorumOf(live: number): number {
  return Math.max(1, Math.ceil((2 * live) / 3))
}

/** Grace of a round that has so many updates, where so many train. */
export function graceWith(graceMs: number, updates: number, live: number): number {
  return updates < TELLING && live > TELLING ? Math.min(MAX_GRACE_MS, FEW_GRACES * graceMs) : graceMs
}

/** Arrival offsets in milliseconds since the start of their round, for the last few rounds. */
export class ArrivalHistory {
  private readonly rounds: number[][] = []
  /** Asked at every event, changed once a round. */
  private grace = MAX_GRACE_MS

  record(offsetsMs: readonly number[]): void {
    if (offsetsMs.length === 0) return
    this.rounds.push([...offsetsMs])
    if (this.rounds.length > REMEMBERED_ROUNDS) this.rounds.shift()
    this.grace = Math.min(MAX_GRACE_MS, Math.max(MIN_GRACE_MS, 1.5 * quantile(this.rounds.flat(), 0.9)))
  }

  /** p90 of the remembered arrivals times 1.5, within [1 s, 30 s]; 30 s before anything arrived. */
  graceMs(): number {
    return this.grace
  }
}

export interface RoundFacts {
  readonly now: number
  readonly startedAt: number
  /** When the quorum was complete; undefined while it is not. */
  readonly quorumAt: number | undefined
  readonly updates: number
  /** Live trainers that have not published this round and still may. */
  readonly awaited: number
  readonly graceMs: number
  /** A round of a lottery may end without an update; any other waits for one. */
  readonly mayBeEmpty: boolean
}

/** The moment at which the round may end if nothing else arrives; Infinity while there is nothing to mix. */
export function roundEndsAt(facts: RoundFacts): number {
  if (facts.updates === 0 && !facts.mayBeEmpty) return Infinity
  if (facts.awaited === 0) return Math.max(facts.now, facts.startedAt + MIN_ROUND_MS)
  const graceEnds = facts.startedAt + facts.graceMs
  return facts.quorumAt === undefined ? graceEnds : Math.min(graceEnds, facts.quorumAt + AFTER_QUORUM_MS)
}

/** H of step 1: proportional to speed, at least half and at most twice the charter's. Unknown speeds count as the median. */
export function localStepsFor(chartered: number, ownSpeed: number, otherSpeeds: readonly number[]): number {
  const median = lowerMedian([...otherSpeeds, ownSpeed].filter(speed => speed > 0))
  if (!(ownSpeed > 0) || !(median > 0)) return chartered
  const steps = Math.round((chartered * ownSpeed) / median)
  return Math.max(1, Math.min(2 * chartered, Math.max(Math.round(chartered / 2), steps)))
}
