// Whether the room computes: orders, holds, the charter's end, guardians unheard. Orders and holds carry their authors'
// clocks, which may be an hour wrong, so whatever lasts (a hold, the delay after a resume, a pause that ends by itself) is
// counted on this member's own monotonic clock from the moment it first saw the entry.
import type { MemberId } from '../num/ids.ts'
import { ascending } from '../num/sorted.ts'
import { derive } from './derived.ts'
import { NONCE_LEAP } from './order-walk.ts'
import { isLineageSpent } from './share.ts'
import { SKEW_MS, type GovernanceState, type HoldRecord, type PauseInForce } from './state.ts'
import type { ComputeState } from './view-records.ts'

export const HOLD_MS = 60_000
export const HOLD_EVERY_MS = 3_600_000
export const RESUME_DELAY_MS = 2_000
export const ORDERS_AN_HOUR = 10
const HOUR_MS = 3_600_000

/** What only this member knows, in milliseconds of its own monotonic clock. */
export interface LocalFacts {
  readonly nowMs: number
  /** When it first saw an order or hold while it was here; undefined for what came from before. */
  seenAtMs(hash: string): number | undefined
  /** When a guardian was last heard, or this member began to listen. Now, where it is a guardian itself. */
  readonly guardianHeardAtMs: number
}

/** What orders do to rounds, as core/gossip/halts.ts reads it. */
export interface OrdersInForce {
  /** While paused: the last round whose updates count; else null. */
  readonly cut: number | null
  readonly segments: readonly { readonly after: number; readonly ref: string }[]
}

const REF_LENGTH = 16

export function ordersInForce(state: GovernanceState, roomTime: number, facts?: LocalFacts): OrdersInForce {
  const segments = derive(state).orders.resumptions.map(({ after, order }) => ({
    after,
    ref: order.slice(0, REF_LENGTH),
  }))
  const cuts = pausesInForce(state, roomTime, facts).map(({ cut }) => cut)
  return { cut: cuts.length === 0 ? null : Math.min(...cuts), segments }
}

/** Oldest first. Without local facts by room time alone. */
export function pausesInForce(
  state: GovernanceState,
  roomTime: number,
  facts?: LocalFacts,
): readonly PauseInForce[] {
  return derive(state).orders.pauses.filter(pause => !isOver(pause, roomTime, facts))
}

function isOver(
  { order, unixMs, expiresUnixMs }: PauseInForce,
  roomTime: number,
  facts?: LocalFacts,
): boolean {
  if (expiresUnixMs === 0) return false
  const seenAtMs = facts?.seenAtMs(order)
  if (!facts || seenAtMs === undefined) return roomTime >= expiresUnixMs
  const lastsMs = expiresUnixMs - unixMs
  return facts.nowMs - seenAtMs >= lastsMs || roomTime >= expiresUnixMs + SKEW_MS
}

/** The strongest reason why nothing is trained. */
export function computeState(state: GovernanceState, roomTime: number, facts: LocalFacts): ComputeState {
  const { terms, orders } = derive(state)
  const expiresUnixMs = terms?.terms.expiresUnixMs ?? 0
  if (expiresUnixMs !== 0 && roomTime >= expiresUnixMs) return { status: 'expired' }
  const pause = pausesInForce(state, roomTime, facts)[0]
  if (pause) {
    const { order, unixMs: sinceUnixMs, reason } = pause
    return { status: 'paused', order, sinceUnixMs, reason }
  }
  const hold = holdInForce(state, roomTime, facts)
  if (hold) return hold
  if (isLineageSpent(state)) return { status: 'lineage-spent' }
  const silentMs = facts.nowMs - facts.guardianHeardAtMs
  const heartbeatMs = terms?.terms.heartbeatMs ?? 0
  if (heartbeatMs > 0 && silentMs > heartbeatMs)
    return { status: 'unattended', secondsSilent: Math.floor(silentMs / 1000) }
  const resumed = orders.resumptions[orders.resumptions.length - 1]
  const resumedAtMs = resumed && facts.seenAtMs(resumed.order)
  const waitMs = resumedAtMs === undefined ? 0 : resumedAtMs + RESUME_DELAY_MS - facts.nowMs
  return waitMs > 0 ? { status: 'resuming', secondsLeft: Math.ceil(waitMs / 1000) } : { status: 'running' }
}

/** The one that lasts longest. */
function holdInForce(state: GovernanceState, roomTime: number, facts: LocalFacts): ComputeState | null {
  let longest: { readonly hash: string; readonly hold: HoldRecord; readonly leftMs: number } | null = null
  for (const [hash, hold] of state.holds) {
    const seenAtMs = facts.seenAtMs(hash)
    // Of another hour, as far as clocks can be trusted: no hold of now.
    if (seenAtMs === undefined || Math.abs(hold.unixMs - roomTime) > SKEW_MS + HOLD_MS) continue
    const leftMs = seenAtMs + HOLD_MS - facts.nowMs
    if (leftMs <= 0 || !isGuardian(state, hold.author)) continue
    const isLonger = !longest || leftMs > longest.leftMs || (leftMs === longest.leftMs && hash < longest.hash)
    if (isLonger) longest = { hash, hold, leftMs }
  }
  if (!longest) return null
  const { hold, leftMs } = longest
  return { status: 'held', by: hold.author, secondsLeft: Math.ceil(leftMs / 1000), reason: hold.reason }
}

export function isGuardian(state: GovernanceState, member: MemberId): boolean {
  return derive(state).authorities.some(({ guardians }) => guardians.includes(member))
}

/** Whether a hold that this guardian stated now would count. */
export function canHold(state: GovernanceState, member: MemberId, unixMs: number): boolean {
  if (!isGuardian(state, member)) return false
  const last = state.accounts.get(member)?.lastHoldUnixMs ?? 0
  return last === 0 || unixMs >= last + HOLD_EVERY_MS
}

/** The times that go on counting when one more order is stated; undefined when it is one too many. */
export function countOrder(times: readonly number[], unixMs: number): readonly number[] | undefined {
  const recent = times.filter(time => time > unixMs - HOUR_MS)
  if (recent.length >= ORDERS_AN_HOUR) return undefined
  return [...recent, Math.max(unixMs, ...recent)].sort((a, b) => a - b)
}

/** What the next order must exceed: the effective ones, and those of guardians that may still become so. */
export function highestNonce(state: GovernanceState): number {
  const { nonce } = derive(state).orders
  let highest = nonce
  for (const { author, body } of state.motions.values()) {
    if (body.kind !== 'order' || body.action === 'revoke' || !isGuardian(state, author)) continue
    // One guardian alone must not drive it so far that nobody else's order can follow.
    if (body.nonce < nonce + NONCE_LEAP) highest = Math.max(highest, body.nonce)
  }
  return highest
}

/** Hashes of holds and orders whose first sight this member has to remember, sorted. */
export function timedEntries(state: GovernanceState): readonly string[] {
  const { pauses, resumptions } = derive(state).orders
  const last = resumptions[resumptions.length - 1]
  const orders = [...pauses.map(({ order }) => order), ...(last ? [last.order] : [])]
  return [...state.holds.keys(), ...orders].sort(ascending)
}
