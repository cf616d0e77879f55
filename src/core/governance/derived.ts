// What follows from the facts as they are now: terms in force, orders carried out, licences that hold, evictions. Computed
// once after each change and remembered beside the state; receipts change none of it. Everything here is a function of the
// set of entries, never of their order.
import type { GovernanceTerms, LicenceBody, OrderBody } from '../ledger/entry.ts'
import type { MemberId } from '../num/ids.ts'
import { cutRound, hasQuorum, sealQuorum, signaturesOf, signersAmong } from './authority.ts'
import { carryOutOrders, type EffectiveOrder } from './order-walk.ts'
import {
  SKEW_MS,
  type Caps,
  type GovernanceState,
  type MotionRecord,
  type Orders,
  type Revocation,
  type TermsInForce,
} from './state.ts'
import { capsOf, followAmendments, looserCaps } from './terms.ts'

export interface EffectiveLicence {
  readonly hash: string
  readonly body: LicenceBody
  readonly unixMs: number
}

export interface Derived {
  readonly terms: TermsInForce | null
  readonly caps: Caps
  /** The loosest caps that were ever in force, those of now included. */
  readonly loosest: Caps
  /** Terms by which signatures count until the next seal: those of the last seal, and those in force. */
  readonly authorities: readonly GovernanceTerms[]
  readonly orders: Orders
  readonly revoked: ReadonlyMap<string, Revocation>
  /** By entry hash, superseded ones too. */
  readonly licences: ReadonlyMap<string, EffectiveLicence>
  /** Of each subject the one with the highest counter. */
  readonly newest: ReadonlyMap<MemberId, EffectiveLicence>
  readonly evicted: ReadonlySet<string>
}

const cache = new WeakMap<GovernanceState, Derived>()

/** After any change but a receipt's. */
export function invalidate(state: GovernanceState): void {
  cache.delete(state)
}

export function derive(state: GovernanceState): Derived {
  const known = cache.get(state)
  if (known) return known
  const derived = compute(state)
  cache.set(state, derived)
  return derived
}

function compute(state: GovernanceState): Derived {
  const { base } = state
  const terms = base && followAmendments(state, base)
  const authorities = !base || !terms ? [] : base === terms ? [base.terms] : [base.terms, terms.terms]
  const caps = terms ? capsOf(terms.terms) : state.loosest
  const licences = new Map<string, EffectiveLicence>()
  const orders: EffectiveOrder[] = []
  const evicted = new Set<string>(state.evicted.keys())
  for (const [hash, motion] of state.motions) {
    const { body, unixMs } = motion
    if (body.kind === 'evict') {
      if (isEviction(state, hash)) evicted.add(body.member)
    } else if (body.kind === 'licence') {
      if (motion.sealed || isSigned(state, hash, motion, authorities))
        licences.set(hash, { hash, body, unixMs })
    } else if (body.kind === 'order') {
      const cut = orderCut(state, hash, motion, body, authorities)
      if (cut !== null) orders.push({ hash, unixMs, body, cut })
    }
  }
  const revoked = new Map(state.revoked)
  for (const { hash, unixMs, body } of orders) {
    if (body.action === 'revoke') addRevocation(revoked, body.target, { order: hash, unixMs })
  }
  return {
    terms,
    caps,
    loosest: base ? looserCaps(state.loosest, caps) : caps,
    authorities,
    orders: carryOutOrders(state.orders, orders),
    revoked,
    licences,
    newest: newestOf(state, licences.values()),
    evicted,
  }
}

/** The latest revocation counts: it voids what was licensed before it was stated. */
export function addRevocation(revoked: Map<string, Revocation>, target: string, entry: Revocation): void {
  const known = revoked.get(target)
  const isLater =
    !known || entry.unixMs > known.unixMs || (entry.unixMs === known.unixMs && entry.order < known.order)
  if (isLater) revoked.set(target, entry)
}

function isEviction(state: GovernanceState, hash: string): boolean {
  const { sealMembers } = state
  return hasQuorum(signaturesOf(state, hash), sealMembers, sealQuorum(sealMembers.length))
}

function isSigned(
  state: GovernanceState,
  hash: string,
  { idle }: MotionRecord,
  authorities: readonly GovernanceTerms[],
): boolean {
  const signatures = signaturesOf(state, hash)
  return !idle && authorities.some(({ guardians, quorum }) => hasQuorum(signatures, guardians, quorum))
}

/** Null while an order lacks signatures in time. */
function orderCut(
  state: GovernanceState,
  hash: string,
  { idle }: MotionRecord,
  { action, expiresUnixMs }: OrderBody,
  authorities: readonly GovernanceTerms[],
): number | null {
  if (idle) return null
  const signatures = signaturesOf(state, hash)
  const deadline = expiresUnixMs === 0 ? 0 : expiresUnixMs + SKEW_MS
  const cuts = authorities.flatMap(({ guardians, quorum, resumeQuorum }) => {
    const needed = action === 'resume' ? resumeQuorum : quorum
    if (!hasQuorum(signatures, guardians, needed, deadline)) return []
    return [cutRound(signatures, signersAmong(signatures, guardians, deadline), needed)]
  })
  return cuts.length === 0 ? null : Math.min(...cuts)
}

/** Among equal counters what a seal chose stays, then the lowest hash: an old licence never comes back. */
function newestOf(
  state: GovernanceState,
  licences: Iterable<EffectiveLicence>,
): Map<MemberId, EffectiveLicence> {
  const newest = new Map<MemberId, EffectiveLicence>()
  for (const licence of licences) {
    const { subject, counter } = licence.body
    const mark = state.highWater.get(subject)
    if (mark && (counter < mark.counter || (counter === mark.counter && licence.hash !== mark.licence)))
      continue
    const known = newest.get(subject)
    const isNewer =
      !known || counter > known.body.counter || (counter === known.body.counter && licence.hash < known.hash)
    if (isNewer) newest.set(subject, licence)
  }
  return newest
}
