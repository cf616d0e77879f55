// A reward under lock: from the signature of the charter until it is settled or handed back. Contributions are credited round by
// round as they are accepted, and stay credited when their owner leaves; a report that comes twice is refused. At every moment
// locked + paid + returned is what was locked at first. Pure: each step gives a new escrow.
import { granted, refused, type Outcome } from './refusal.ts'
import { settle, type MeasuredOwner, type Settlement, type SettlementTerms } from './settlement.ts'

export interface Escrow {
  readonly rewardMicro: bigint
  readonly phase: 'locked' | 'settled' | 'aborted'
  /** Accepted parts by owner and round. */
  readonly accepted: ReadonlyMap<string, ReadonlyMap<number, bigint>>
  readonly settlement: Settlement | null
}

/** Quality as reported at first and as measured since, in millionths. */
export interface QualityRecord {
  readonly reportedMillionths: number
  readonly measuredMillionths: number
}

export function lockReward(rewardMicro: bigint): Outcome<Escrow> {
  // The limits of a settlement hold for what is locked, or it could never be settled.
  const possible = settle(rewardMicro, [])
  if (!possible.ok) return possible
  return granted({ rewardMicro, phase: 'locked', accepted: new Map(), settlement: null })
}

export function acceptContribution(
  escrow: Escrow,
  owner: string,
  round: number,
  parts: bigint,
): Outcome<Escrow> {
  if (escrow.phase !== 'locked')
    return refused({ kind: 'wrong-phase', phase: escrow.phase, needed: 'locked' })
  const own = escrow.accepted.get(owner) ?? new Map<number, bigint>()
  if (own.has(round)) return refused({ kind: 'duplicate-id', id: `${owner}/${round}` })
  const accepted = new Map(escrow.accepted).set(owner, new Map(own).set(round, parts))
  return granted({ ...escrow, accepted })
}

/** Pays whoever had anything accepted, present or not. Owners without a record of quality pay no fine. */
export function settleEscrow(
  escrow: Escrow,
  qualities: ReadonlyMap<string, QualityRecord>,
  terms: SettlementTerms,
): Outcome<Escrow> {
  if (escrow.phase !== 'locked')
    return refused({ kind: 'wrong-phase', phase: escrow.phase, needed: 'locked' })
  const owners = [...escrow.accepted].map(([id, rounds]): MeasuredOwner => {
    const quality = qualities.get(id) ?? { reportedMillionths: 0, measuredMillionths: 0 }
    const contribution = [...rounds.values()].reduce((sum, parts) => sum + parts, 0n)
    return { id, contribution, ...quality }
  })
  const settlement = settle(escrow.rewardMicro, owners, terms)
  if (!settlement.ok) return settlement
  return granted({ ...escrow, phase: 'settled', settlement: settlement.value })
}

/** Everything goes back to the sponsor. */
export function abortEscrow(escrow: Escrow): Outcome<Escrow> {
  if (escrow.phase !== 'locked')
    return refused({ kind: 'wrong-phase', phase: escrow.phase, needed: 'locked' })
  const settlement = { payments: [], returnedMicro: escrow.rewardMicro }
  return granted({ ...escrow, phase: 'aborted', settlement })
}

/** Micro-credits that are locked, paid and returned now: they always add up to the reward. */
export function escrowSums({ rewardMicro, settlement }: Escrow): {
  readonly lockedMicro: bigint
  readonly paidMicro: bigint
  readonly returnedMicro: bigint
} {
  if (settlement === null) return { lockedMicro: rewardMicro, paidMicro: 0n, returnedMicro: 0n }
  const paidMicro = settlement.payments.reduce((sum, { payMicro }) => sum + payMicro, 0n)
  return { lockedMicro: 0n, paidMicro, returnedMicro: settlement.returnedMicro }
}
