// Which part of the task a member takes when it did not choose: the lowest that nobody present holds, else the least held.
// Members that took one part at the same moment see it soon after and spread over the free ones, each by its own rank, so
// nobody has to agree with anybody.
import type { Membership } from '../core/ledger/members.ts'
import type { MemberId } from '../core/num/ids.ts'

export interface Holder {
  readonly member: MemberId
  readonly part: number
}

/** Trainers that are here, without `self`. */
export function holdersOf(
  members: Iterable<Membership>,
  self: MemberId,
  isAlive: (member: MemberId) => boolean,
): Holder[] {
  return [...members].filter(
    ({ member, role, part, present }) =>
      member !== self && present && role === 'trainer' && part >= 0 && isAlive(member),
  )
}

export function choosePart(parts: number, others: readonly Holder[]): number {
  const counts = countHolders(parts, others)
  return counts.indexOf(Math.min(...counts))
}

/** The part that `self`, holding `part`, should hold: its own unless members with smaller ids hold it and room is left. */
export function settlePart(part: number, parts: number, others: readonly Holder[], self: MemberId): number {
  const rank = others.filter(other => other.part === part && other.member < self).length
  if (rank === 0) return part
  const counts = countHolders(parts, others)
  const free = counts.flatMap((count, candidate) => (count === 0 && candidate !== part ? [candidate] : []))
  return free[rank - 1] ?? part
}

function countHolders(parts: number, holders: readonly Holder[]): number[] {
  const counts = new Array<number>(parts).fill(0)
  for (const { part } of holders) if (part < parts) counts[part]!++
  return counts
}
