// Whom to link to: everyone in a small room; about `degree` random members in a big one, where a newcomer is always let in
// and somebody who can spare the link makes room. Every member decides alone, from its own links and what its neighbours
// told it about theirs. Pure: the caller brings the view, carries out the answer and asks again when the view changed.
import type { MemberId } from '../num/ids.ts'
import { shuffle, type Rng } from '../num/rng.ts'

export interface OverlayLimits {
  /** Up to this many members (self included) everybody is linked to everybody. */
  readonly meshMembers: number
  /** Links that a member seeks in a bigger room. */
  readonly degree: number
  /** Links above which a member drops one. */
  readonly maxDegree: number
}

export const OVERLAY_LIMITS: OverlayLimits = { meshMembers: 8, degree: 6, maxDegree: 8 }

export interface OverlayView {
  readonly self: MemberId
  /** The members linked to, in the order the links came up, each with the members it says it is linked to. */
  readonly links: ReadonlyMap<MemberId, readonly MemberId[]>
  /** Members whose link is being made. */
  readonly pending: ReadonlySet<MemberId>
  /** Members that could be called now: reachable, neither linked nor pending, not refused. */
  readonly candidates: readonly MemberId[]
}

/** Everybody this member has heard of, itself included. */
export function knownMembers(view: OverlayView): Set<MemberId> {
  const known = new Set<MemberId>([view.self, ...view.pending, ...view.candidates])
  for (const [member, neighbours] of view.links) {
    known.add(member)
    for (const neighbour of neighbours) known.add(neighbour)
  }
  return known
}

/** Members to start a link to now. */
export function membersToCall(view: OverlayView, limits: OverlayLimits, rng: Rng): MemberId[] {
  if (knownMembers(view).size <= limits.meshMembers) return [...view.candidates]
  const missing = limits.degree - view.links.size - view.pending.size
  return missing > 0 ? shuffle([...view.candidates], rng).slice(0, missing) : []
}

/**
 * A member worth linking to although nothing is missing. Half of the time one that no neighbour knows: calling one now and
 * then joins groups that drifted apart, which no member could notice otherwise, and keeps the overlay random. Else anybody: a
 * neighbour that is linked to everyone need not pass anything on, and two groups that have only such ones in common would
 * have all the links that they look for.
 */
export function memberToExplore(view: OverlayView, limits: OverlayLimits, rng: Rng): MemberId | undefined {
  if (knownMembers(view).size <= limits.meshMembers) return undefined
  const near = new Set<MemberId>()
  for (const neighbours of view.links.values()) for (const neighbour of neighbours) near.add(neighbour)
  const anybody = rng.next() < 0.5
  const among = anybody ? view.candidates : view.candidates.filter(member => !near.has(member))
  return among.length > 0 ? among[rng.below(among.length)] : undefined
}

/**
 * The link to close when there are too many: one that a common neighbour also bridges, to the member with the most links
 * of its own. The newest link is spared, else a full member would turn every newcomer away again.
 */
export function memberToDrop(view: OverlayView, limits: OverlayLimits, rng: Rng): MemberId | undefined {
  if (view.links.size <= limits.maxDegree) return undefined
  if (knownMembers(view).size <= limits.meshMembers) return undefined
  const old = shuffle([...view.links].slice(0, -1), rng)
  let best: MemberId | undefined
  let bestWorth = -1
  for (const [member, neighbours] of old) {
    const bridged = neighbours.some(neighbour => view.links.has(neighbour))
    const spare = neighbours.length > limits.degree
    const worth = (bridged ? 1000 : 0) + (spare ? 500 : 0) + neighbours.length
    if (worth > bestWorth) {
      best = member
      bestWorth = worth
    }
  }
  return best
}
