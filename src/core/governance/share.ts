// The lineage's budget, shared out so that its cap holds however the members are split. A seal grants: what it let a member
// use in all is never taken back while the member stays, because the member may be out of reach and computing. So the grants
// together never exceed the cap, and members that know different seals do not either. Each seal gives out half of what is
// free, in equal headroom to the trainers that seal, and all of it near the end; the rest waits for newcomers. Leaving,
// an eviction or a conviction returns what was not used.
import type { EpochFacts } from '../ledger/mechanism.ts'
import type { MemberId } from '../num/ids.ts'
import { derive } from './derived.ts'
import { freeAllowance, licenceOf, licenceStatus, spentUnder } from './licence.ts'
import type { Account, GovernanceState } from './state.ts'

/** One part in so many of the cap for a founder before the first seal. */
const FOUNDER_PART = 16n
/** What is left is given out whole below this part of the cap. */
const LAST_PART = 64n
/** Members of a consortium that do not seal share this part of what is free. */
const GUEST_PART = 10n

export function stepFlopOf(state: GovernanceState): bigint {
  return BigInt(state.sampleFlop) * BigInt(state.batchSize)
}

export function founderGrant(state: GovernanceState, capFlop: bigint): bigint {
  return least(capFlop, most(capFlop / FOUNDER_PART, 4n * stepFlopOf(state)))
}

/** All that receipts state. */
export function lineageUsed(state: GovernanceState): bigint {
  let used = 0n
  for (const { flop } of state.accounts.values()) used += flop
  return used
}

/** Too little is left for everybody present to make a step. */
export function isLineageSpent(state: GovernanceState): boolean {
  const { lineageFlop } = derive(state).caps
  if (lineageFlop === 0n) return false
  let trainers = 0
  for (const { present, isTrainer } of state.accounts.values()) if (present && isTrainer) trainers++
  return lineageFlop - lineageUsed(state) < stepFlopOf(state) * BigInt(Math.max(1, trainers))
}

/** At a seal, after what it changed is written down; `wasCapped` tells whether shares were kept until now. */
export function grantShares(state: GovernanceState, facts: EpochFacts, wasCapped: boolean): void {
  const { caps, terms, evicted } = derive(state)
  const cap = caps.lineageFlop
  if (!terms) return
  if (cap === 0n) return
  let free = cap
  for (const [member, account] of state.accounts) {
    const isGone = !account.present || evicted.has(member) || state.convicted.has(member)
    if (isGone) account.granted = least(account.granted, account.flop)
    // What was used before there was a cap is used.
    if (!wasCapped) account.granted = most(account.granted, account.flop)
    free -= account.granted
  }
  if (free <= 0n) return
  const staying = [...state.accounts]
    .filter(([member, { present, isTrainer }]) => {
      return present && isTrainer && !evicted.has(member) && !state.convicted.has(member)
    })
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const sealing = new Set(facts.members)
  const hosts = staying.filter(([member]) => sealing.has(member))
  const guests =
    terms.terms.sealing === 'consortium' ? staying.filter(([member]) => !sealing.has(member)) : []
  const guestPool = free / GUEST_PART
  const one = freeAllowance(cap)
  free -= topUp(guests, guestPool, account => least(one, headroomOf(account) + guestPool))
  const usable = free + hosts.reduce((sum, [, account]) => sum + headroomOf(account), 0n)
  const target = headroomTarget(state, usable, cap, BigInt(Math.max(1, hosts.length)))
  topUp(hosts, free, (account, member) => least(target, mayUse(state, member, account, facts.unixMs)))
}

function headroomTarget(state: GovernanceState, usable: bigint, cap: bigint, members: bigint): bigint {
  const half = usable / (2n * members)
  const isEnd = usable <= cap / LAST_PART || half < 4n * stepFlopOf(state)
  return isEnd ? usable / members : half
}

/** Raises headrooms to their targets, in proportion where the pool is too small; returns what that took. */
function topUp(
  members: readonly (readonly [MemberId, Account])[],
  pool: bigint,
  targetOf: (account: Account, member: MemberId) => bigint,
): bigint {
  const wants = members.map(([member, account]) => {
    return { account, lack: most(0n, targetOf(account, member) - headroomOf(account)) }
  })
  const total = wants.reduce((sum, { lack }) => sum + lack, 0n)
  let taken = 0n
  for (const { account, lack } of wants) {
    const share = total <= pool ? lack : (lack * pool) / total
    account.granted += share
    taken += share
  }
  return taken
}

/** A share that the member could not use for want of a licence would be lost to the others. */
function mayUse(state: GovernanceState, member: MemberId, account: Account, unixMs: number): bigint {
  const { terms, caps } = derive(state)
  if (terms?.terms.licensing !== 'licensed') return caps.lineageFlop
  const licence = licenceOf(state, member)
  const own = freeAllowance(caps.lineageFlop) - (spentUnder(account, '') - account.excused)
  if (!licence || licenceStatus(state, licence, unixMs) !== 'valid') return most(0n, own)
  return most(0n, own) + most(0n, BigInt(licence.body.budgetFlop) - spentUnder(account, licence.hash))
}

export function headroomOf({ granted, flop }: Account): bigint {
  return granted - flop
}

export function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

export function most(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
