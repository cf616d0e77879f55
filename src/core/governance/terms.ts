// Governance terms: defaults, what makes them sound, and which are in force. An amendment replaces the charter or the
// amendment that it names, once the quorum of the guardians of those terms signed it. Of two that replace the same, the one
// with the lower hash is in force, and the choice is final at the next seal.
import type { ComputeBudget, GovernanceTerms } from '../ledger/entry.ts'
import type { MemberId } from '../num/ids.ts'
import { hasQuorum, signaturesOf } from './authority.ts'
import type { Caps, GovernanceState, TermsInForce } from './state.ts'

const MAX_GUARDIANS = 64
const MIN_HEARTBEAT_MS = 5_000

/** To pause, to license, to amend: two thirds of the guardians. */
export function defaultQuorum(guardians: number): number {
  return Math.ceil((2 * guardians) / 3)
}

/** To resume: three quarters. */
export function defaultResumeQuorum(guardians: number): number {
  return Math.ceil((3 * guardians) / 4)
}

const NO_BUDGET: ComputeBudget = { memberFlop: '0', roundFlop: '0', lineageFlop: '0' }

/** Of a room made by link: open to everybody, sealed by its host. */
export function defaultGovernance(guardians: readonly MemberId[]): GovernanceTerms {
  const sorted = [...new Set(guardians)].sort()
  return {
    guardians: sorted,
    quorum: defaultQuorum(sorted.length),
    resumeQuorum: defaultResumeQuorum(sorted.length),
    issuers: [],
    licensing: 'open',
    budget: NO_BUDGET,
    sealing: 'host',
    heartbeatMs: 0,
    expiresUnixMs: 0,
  }
}

export type TermsFault = 'guardians' | 'quorum' | 'issuers' | 'budget' | 'heartbeat' | 'expiry'

/** Null for terms that can be carried out. */
export function termsFault(terms: GovernanceTerms): TermsFault | null {
  const { guardians, quorum, resumeQuorum, issuers, budget, heartbeatMs, expiresUnixMs } = terms
  if (guardians.length < 1 || guardians.length > MAX_GUARDIANS || !isSet(guardians)) return 'guardians'
  if (!isWithin(quorum, 1, guardians.length) || !isWithin(resumeQuorum, 1, guardians.length)) return 'quorum'
  if (issuers.length > MAX_GUARDIANS || !isSet(issuers)) return 'issuers'
  const amounts = [budget.memberFlop, budget.roundFlop, budget.lineageFlop]
  if (!amounts.every(amount => /^(?:0|[1-9][0-9]{0,29})$/.test(amount))) return 'budget'
  // Shorter than guardians are heard even on a good link, it would stop the room for ever.
  if (heartbeatMs !== 0 && !isWithin(heartbeatMs, MIN_HEARTBEAT_MS, Number.MAX_SAFE_INTEGER))
    return 'heartbeat'
  return isWithin(expiresUnixMs, 0, Number.MAX_SAFE_INTEGER) ? null : 'expiry'
}

function isSet(members: readonly MemberId[]): boolean {
  return members.every((member, i) => i === 0 || members[i - 1]! < member)
}

function isWithin(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max
}

/** A charter whose terms nobody could carry out is read as one that names its founder. */
export function soundTerms(terms: GovernanceTerms, founder: MemberId): GovernanceTerms {
  return termsFault(terms) === null ? terms : defaultGovernance([founder])
}

/** Follows the effective amendments from the terms of the last seal on. Uncached: see derived.ts. */
export function followAmendments(state: GovernanceState, from: TermsInForce): TermsInForce {
  let current = from
  const seen = new Set([from.hash])
  for (;;) {
    const next = [...state.motions]
      .filter(([hash, { body }]) => {
        if (body.kind !== 'amend' || body.previous !== current.hash || seen.has(hash)) return false
        const { guardians, quorum } = current.terms
        const signed = hasQuorum(signaturesOf(state, hash), guardians, quorum)
        // How a room is sealed is what its seals rest on: it stays.
        const isSound =
          termsFault(body.governance) === null && body.governance.sealing === current.terms.sealing
        return signed && isSound
      })
      .sort(([a], [b]) => (a < b ? -1 : 1))[0]
    if (next?.[1].body.kind !== 'amend') return current
    current = { hash: next[0], terms: next[1].body.governance }
    seen.add(current.hash)
  }
}

export function capsOf({ budget }: GovernanceTerms): Caps {
  return {
    memberFlop: BigInt(budget.memberFlop),
    roundFlop: BigInt(budget.roundFlop),
    lineageFlop: BigInt(budget.lineageFlop),
  }
}

export function looserCaps(a: Caps, b: Caps): Caps {
  return {
    memberFlop: looser(a.memberFlop, b.memberFlop),
    roundFlop: looser(a.roundFlop, b.roundFlop),
    lineageFlop: looser(a.lineageFlop, b.lineageFlop),
  }
}

function looser(a: bigint, b: bigint): bigint {
  return a === 0n || b === 0n ? 0n : a > b ? a : b
}
