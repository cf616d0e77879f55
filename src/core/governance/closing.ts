// Governance at a seal: judgements that must stay are written down (terms in force, orders carried out, licences, revocations,
// evictions, entitled vouches), shares of the lineage's budget are granted, and what can have no effect any more is dropped,
// so that the state of a room that lives long stays small.
import type { EpochFacts } from '../ledger/mechanism.ts'
import type { MemberId } from '../num/ids.ts'
import { ascending } from '../num/sorted.ts'
import { derive, invalidate, type Derived } from './derived.ts'
import { dropOldRates } from './devices.ts'
import { isEntitled } from './identity.ts'
import { spentUnder } from './licence.ts'
import { HOLD_MS } from './pause.ts'
import { grantShares } from './share.ts'
import { SKEW_MS, type GovernanceState, type MotionRecord, type TimelineRecord } from './state.ts'
import { capsOf } from './terms.ts'
import { isItemEffective } from './timeline.ts'

/** Signatures wait so many epochs for the motion that they name. */
const WAIT_EPOCHS = 8
/** Open motions that are kept of one author, and of all authors that are neither guardians nor sealing members. */
const OPEN_PER_AUTHOR = 8
const OPEN_OF_OTHERS = 64
const REQUESTS = 100
const REQUESTS_PER_AUTHOR = 10
const TIMELINE = 100
const TIMELINE_PER_AUTHOR = 40

export function closeGovernance(state: GovernanceState, facts: EpochFacts): void {
  const before = derive(state)
  const wasCapped = state.base !== null && capsOf(state.base.terms).lineageFlop > 0n
  for (const [hash, item] of state.timeline) {
    if (!item.sealedEffective && isItemEffective(state, hash, item))
      state.timeline.set(hash, { ...item, sealedEffective: true })
  }
  const motions = [...state.motions.keys()]
  settleVouches(state, facts.unixMs)
  settleMotions(state, before, facts)
  excuseOpenWork(state, before)
  state.base = before.terms
  state.loosest = before.loosest
  state.orders = before.orders
  for (const [target, revocation] of before.revoked) state.revoked.set(target, revocation)
  for (const [subject, { hash, body }] of before.newest)
    state.highWater.set(subject, { counter: body.counter, licence: hash })
  state.epoch = facts.epoch
  state.sealMembers = facts.members
  invalidate(state)
  dropMotions(state, facts.unixMs)
  dropSignatures(state, motions)
  dropOldRates(state)
  dropOldLicences(state, facts.unixMs)
  for (const [hash, { author, unixMs }] of state.holds) {
    const isOld = Math.abs(facts.unixMs - unixMs) > SKEW_MS + HOLD_MS
    if (isOld || !isOfficer(state, author)) state.holds.delete(hash)
  }
  keepNewest(state.requests, REQUESTS, REQUESTS_PER_AUTHOR, ({ by }) => by)
  dropTimeline(state)
  invalidate(state)
  grantShares(state, facts, wasCapped)
}

function settleVouches(state: GovernanceState, unixMs: number): void {
  for (const [subject, about] of state.vouches) {
    for (const [author, vouch] of about) {
      const isOver = vouch.expiresUnixMs !== 0 && vouch.expiresUnixMs < unixMs - SKEW_MS
      const counts = vouch.sealed || isEntitled(state, author, vouch.level)
      if (isOver || !counts) about.delete(author)
      else if (!vouch.sealed) about.set(author, { ...vouch, sealed: true })
    }
    if (about.size === 0) state.vouches.delete(subject)
  }
}

function settleMotions(state: GovernanceState, derived: Derived, { epoch }: EpochFacts): void {
  const { licences, evicted, revoked } = derived
  for (const [hash, motion] of state.motions) {
    const { body } = motion
    if (body.kind === 'licence' && licences.has(hash)) state.motions.set(hash, { ...motion, sealed: true })
    if (body.kind === 'order' && revoked.get(body.target)?.order === hash) state.motions.delete(hash)
    if (body.kind !== 'evict' || !evicted.has(body.member)) continue
    state.motions.delete(hash)
    if (state.evicted.has(body.member)) continue
    state.evicted.set(body.member, epoch)
    // Whoever comes back starts as a stranger.
    state.vouches.delete(body.member)
    const account = state.accounts.get(body.member)
    if (account) account.present = false
  }
}

function excuseOpenWork(state: GovernanceState, { terms }: Derived): void {
  const modes = [state.base?.terms.licensing, terms?.terms.licensing]
  if (!modes.includes('open')) return
  for (const account of state.accounts.values()) account.excused = spentUnder(account, '')
}

/** Guardians and sealing members: those whose signatures are worth keeping. */
function isOfficer(state: GovernanceState, member: MemberId): boolean {
  return state.sealMembers.includes(member) || (state.base?.terms.guardians.includes(member) ?? false)
}

function dropMotions(state: GovernanceState, unixMs: number): void {
  const kept = new Map<MemberId, number>()
  let others = 0
  const newestFirst = [...state.motions].sort(
    ([x, a], [y, b]) => b.epoch - a.epoch || b.seq - a.seq || ascending(x, y),
  )
  for (const [hash, motion] of newestFirst) {
    if (motion.sealed) continue
    const count = (kept.get(motion.author) ?? 0) + 1
    const isOther = !isOfficer(state, motion.author)
    const tooMany = count > OPEN_PER_AUTHOR || (isOther && others >= OPEN_OF_OTHERS)
    if (tooMany || isDead(state, motion, unixMs)) {
      state.motions.delete(hash)
      continue
    }
    kept.set(motion.author, count)
    if (isOther) others++
  }
}

/** Whether an open motion can have no effect any more. */
function isDead(state: GovernanceState, { body, idle }: MotionRecord, unixMs: number): boolean {
  if (idle) return true
  switch (body.kind) {
    case 'amend':
      return body.previous !== state.base?.hash
    case 'evict':
      return !state.accounts.get(body.member)?.present
    case 'licence':
      return body.expiresUnixMs < unixMs - SKEW_MS
    case 'order': {
      const isLate = body.expiresUnixMs !== 0 && body.expiresUnixMs < unixMs - SKEW_MS
      return isLate || (body.action !== 'revoke' && body.nonce <= state.orders.nonce)
    }
  }
  body satisfies never
  return true
}

/** `motions`: those that the seal found. What was settled or dropped needs no signatures any more. */
function dropSignatures(state: GovernanceState, motions: readonly string[]): void {
  for (const hash of motions) {
    const motion = state.motions.get(hash)
    if (!motion || motion.sealed) state.signatures.delete(hash)
  }
  for (const [subject, by] of state.signatures) {
    const isKnown = state.motions.has(subject)
    for (const [author, { epoch }] of by) {
      const waited = !isKnown && epoch + WAIT_EPOCHS <= state.epoch
      if (waited || !isOfficer(state, author)) by.delete(author)
    }
    if (by.size === 0) state.signatures.delete(subject)
  }
}

/** Long over and replaced: receipts that name one now are refused for it. */
function dropOldLicences(state: GovernanceState, unixMs: number): void {
  for (const [hash, { body, sealed }] of state.motions) {
    if (body.kind !== 'licence' || !sealed || body.expiresUnixMs >= unixMs - 2 * SKEW_MS) continue
    if (state.highWater.get(body.subject)?.licence === hash) continue
    state.motions.delete(hash)
    state.revoked.delete(hash)
    state.signatures.delete(hash)
    const account = state.accounts.get(body.subject)
    for (const [key, use] of account?.uses ?? []) if (use.licence === hash) account?.uses.delete(key)
  }
}

function dropTimeline(state: GovernanceState): void {
  // One proof against a member tells all.
  const told = new Set<string>()
  for (const [hash, { kind, target }] of [...state.timeline].sort(([a], [b]) => ascending(a, b))) {
    if (kind !== 'proof') continue
    if (told.has(target)) state.timeline.delete(hash)
    told.add(target)
  }
  keepNewest(state.timeline, TIMELINE, TIMELINE_PER_AUTHOR, ({ author }: TimelineRecord) => author)
}

/** By epoch, then hash: the times that authors state could be made up. */
function keepNewest<Item extends { readonly epoch: number }>(
  items: Map<string, Item>,
  most: number,
  mostOfOne: number,
  authorOf: (item: Item) => MemberId,
): void {
  const counts = new Map<MemberId, number>()
  const newestFirst = [...items].sort(([x, a], [y, b]) => b.epoch - a.epoch || ascending(x, y))
  let kept = 0
  for (const [hash, item] of newestFirst) {
    const count = (counts.get(authorOf(item)) ?? 0) + 1
    if (count > mostOfOne || kept >= most) {
      items.delete(hash)
      continue
    }
    counts.set(authorOf(item), count)
    kept++
  }
}
