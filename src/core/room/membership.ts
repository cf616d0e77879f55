// Who is in the room: what the members' own chains say, less those that the others evicted or that convicted themselves. And
// who may seal next: in a host-anchored room the members present, in a consortium the founder and whoever is vouched for.
import { derive } from '../governance/derived.ts'
import { levelOf } from '../governance/identity.ts'
import type { Membership } from '../ledger/members.ts'
import type { MemberId } from '../num/ids.ts'
import { ascending } from '../num/sorted.ts'
import type { RoomState } from './fold.ts'

/** Everybody who ever joined and is not out; those that left or were evicted are not present. */
export function membershipsOf(state: RoomState): ReadonlyMap<MemberId, Membership> {
  const { evicted } = derive(state.governance)
  const memberships = new Map<MemberId, Membership>()
  for (const [member, record] of state.members.records) {
    if (state.members.convicted.has(member)) continue
    memberships.set(member, evicted.has(member) ? { ...record, present: false } : record)
  }
  return memberships
}

export function isMember(state: RoomState, member: MemberId): boolean {
  const record = state.members.records.get(member)
  return record !== undefined && record.present && !isOut(state, member)
}

function isOut(state: RoomState, member: MemberId): boolean {
  return state.members.convicted.has(member) || derive(state.governance).evicted.has(member)
}

export function sealingOf(state: RoomState): 'host' | 'consortium' {
  return derive(state.governance).terms?.terms.sealing ?? 'host'
}

export function mayBeSealMember(state: RoomState, member: MemberId, unixMs: number): boolean {
  // The founder seals its own room before it has joined it as a member.
  const isFounder = member === state.members.founder && !state.members.records.has(member)
  if (isFounder) return !isOut(state, member)
  if (!isMember(state, member)) return false
  if (sealingOf(state) === 'host' || member === state.members.founder) return true
  return levelOf(state.governance, member, unixMs) >= 1
}

/** Host of the next seal: whom the host of the last one names by a handover, or that host itself. */
export function expectedAnchor(state: RoomState, before: MemberId): MemberId {
  const named = state.members.handovers.get(before)
  return named !== undefined && isMember(state, named) ? named : before
}

/** Sorted. `present` counts in host-anchored rooms only; never empty, or nobody could ever seal again. */
export function nextSealMembers(
  state: RoomState,
  present: readonly MemberId[],
  anchor: MemberId,
  unixMs: number,
): readonly MemberId[] {
  const candidates =
    sealingOf(state) === 'host'
      ? new Set([...present, anchor])
      : new Set([...state.members.records.keys(), ...founders(state)])
  const members = [...candidates].filter(member => mayBeSealMember(state, member, unixMs))
  return members.length > 0 ? members.sort(ascending) : [anchor]
}

function founders(state: RoomState): readonly MemberId[] {
  const { founder } = state.members
  return founder === '' ? [] : [founder]
}
