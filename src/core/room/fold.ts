// The meaning of a room: all mechanisms folded over its entries. Peers, the audit and the simulator use this one fold. Entries
// of one author come in the order of its chain, authors in any order; the outcome is the same. What arrives before the charter
// waits for it, since nothing means anything without. A mechanism of later work is added here. Below: who is in the room, which
// takes several mechanisms together, and who may seal next.
import { sha256 } from '@noble/hashes/sha2.js'
import { derive } from '../governance/derived.ts'
import { levelOf } from '../governance/identity.ts'
import { governanceMechanism } from '../governance/mechanism.ts'
import { pausesInForce } from '../governance/pause.ts'
import { cloneGovernance, type GovernanceState } from '../governance/state.ts'
import { canonicalise, type Canonical } from '../ledger/canonical.ts'
import { cloneRuns, runsMechanism } from '../incentives/runs/mechanism.ts'
import type { Purse, RunsState } from '../incentives/runs/records.ts'
import { balanceOf, creditsMechanism, type CreditsState } from '../ledger/credits.ts'
import type { Entry } from '../ledger/entry.ts'
import type { EpochFacts } from '../ledger/mechanism.ts'
import { membersMechanism, type Membership, type MembersState } from '../ledger/members.ts'
import { bytesToHex } from '../num/hex.ts'
import type { MemberId, RoomId } from '../num/ids.ts'
import { ascending } from '../num/sorted.ts'

export interface RoomState {
  readonly room: RoomId
  /** Entry hash of the charter; "" while it is missing. */
  charter: string
  /** Entries that wait for the charter, as they came. */
  readonly waiting: { readonly entry: Entry; readonly hash: string }[]
  readonly members: MembersState
  readonly credits: CreditsState
  readonly governance: GovernanceState
  readonly runs: RunsState
}

export function createRoomState(room: RoomId): RoomState {
  return {
    room,
    charter: '',
    waiting: [],
    members: membersMechanism.initial(room),
    credits: creditsMechanism.initial(room),
    governance: governanceMechanism.initial(room),
    runs: runsMechanism.initial(room),
  }
}

/** Changes the state. `entry` was admitted: decoded, signed, linked, its evidence checked. */
export function applyEntry(state: RoomState, entry: Entry, hash: string): void {
  const isCharter = entry.body.kind === 'charter'
  if (state.charter === '' && !isCharter) {
    state.waiting.push({ entry, hash })
    return
  }
  if (isCharter && state.charter !== '') return
  if (isCharter) state.charter = hash
  membersMechanism.apply(state.members, entry, hash)
  creditsMechanism.apply(state.credits, entry, hash)
  governanceMechanism.apply(state.governance, entry, hash)
  runsMechanism.apply(state.runs, entry, hash)
  if (isCharter) for (const held of state.waiting.splice(0)) applyEntry(state, held.entry, held.hash)
}

/** At a seal, after its entries: changes the state to what the seal names. */
export function closeEpoch(state: RoomState, facts: EpochFacts): void {
  const paused = pausesInForce(state.governance, facts.unixMs).length > 0
  const all: EpochFacts = { ...facts, paused }
  membersMechanism.close(state.members, all)
  creditsMechanism.close(state.credits, all)
  runsMechanism.close(state.runs, all, purseOf(state.credits))
  governanceMechanism.close(state.governance, all)
}

/** Runs lock and pay credits: the only place where two mechanisms meet in a balance. */
function purseOf(credits: CreditsState): Purse {
  return {
    balanceOf: member => balanceOf(credits, member),
    add: (member, micro) => void credits.balances.set(member, balanceOf(credits, member) + micro),
    cutOf: member => credits.cuts.get(member) ?? Infinity,
  }
}

/** Of equal entries, equal; a state that still waits for its charter can be compared but not decoded. */
export function encodeState(state: RoomState): Canonical {
  return {
    charter: state.charter,
    waiting: state.waiting
      .map(({ entry: { author, seq }, hash }) => [author, seq, hash] as const)
      .sort((a, b) => ascending(a[0], b[0]) || a[1] - b[1]),
    members: membersMechanism.encode(state.members),
    credits: creditsMechanism.encode(state.credits),
    governance: governanceMechanism.encode(state.governance),
    runs: runsMechanism.encode(state.runs),
  }
}

/** From another member's snapshot, whose hash was checked. Undefined if malformed. */
export function decodeState(room: RoomId, value: Canonical): RoomState | undefined {
  if (typeof value !== 'object' || Array.isArray(value)) return undefined
  const { charter, waiting, members, credits, governance, runs, ...rest } = value as Record<string, Canonical>
  if (Object.keys(rest).length > 0 || typeof charter !== 'string' || !/^[0-9a-f]{64}$/.test(charter))
    return undefined
  if (!Array.isArray(waiting) || waiting.length > 0) return undefined
  if (members === undefined || credits === undefined || governance === undefined || runs === undefined)
    return undefined
  const parts = {
    members: membersMechanism.decode(members, room),
    credits: creditsMechanism.decode(credits, room),
    governance: governanceMechanism.decode(governance, room),
    runs: runsMechanism.decode(runs, room),
  }
  if (!parts.members || !parts.credits || !parts.governance || !parts.runs) return undefined
  return {
    room,
    charter,
    waiting: [],
    members: parts.members,
    credits: parts.credits,
    governance: parts.governance,
    runs: parts.runs,
  }
}

/** Hex SHA-256 of the canonical text: what a seal names. */
export function stateHash(state: RoomState): string {
  return bytesToHex(sha256(new TextEncoder().encode(canonicalise(encodeState(state)))))
}

/** Shares the records that are replaced and never changed. */
export function cloneState({
  room,
  charter,
  waiting,
  members,
  credits,
  governance,
  runs,
}: RoomState): RoomState {
  return {
    room,
    charter,
    waiting: [...waiting],
    members: {
      ...members,
      records: new Map(members.records),
      convicted: new Map(members.convicted),
      handovers: new Map(members.handovers),
    },
    credits: {
      ...credits,
      balances: new Map(credits.balances),
      pending: [...credits.pending],
      cuts: new Map(credits.cuts),
      rejected: [...credits.rejected],
    },
    governance: cloneGovernance(governance),
    runs: cloneRuns(runs),
  }
}

/** Everybody who ever joined and is not out, as long as the state does not change; who left or was evicted is not present. */
export function membershipsOf(state: RoomState): ReadonlyMap<MemberId, Membership> {
  const { evicted } = derive(state.governance)
  // Asked after every entry: a thousand members must not be copied when nobody is out.
  if (evicted.size === 0 && state.members.convicted.size === 0) return state.members.records
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

function sealingOf(state: RoomState): 'host' | 'consortium' {
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
