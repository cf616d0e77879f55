// Who gets what of a locked reward, in integer micro-credits. Pay follows positive measured contributions by largest remainder; who
// reported better quality than was measured pays a fine phi * reward * (reported - measured), at most what it earned, and the
// fine goes to the others in proportion to their contributions, so what one owner reports never changes what it gets of
// fines. Everything adds up to the reward, to the micro-credit; what has no taker returns to the sponsor. Whole numbers
// only, hence the same on every machine and in every audit.
import { ascending } from '../num/sorted.ts'
import {
  checkCount,
  checkIds,
  checkNumber,
  firstRefusal,
  granted,
  refused,
  type Outcome,
  type Refusal,
} from './refusal.ts'

export interface SettlementTerms {
  /** phi in millionths; from 200,000 on over-reporting does not pay (docs/incentives.md). */
  readonly fineMillionths: number
  /** Part of the reward in millionths that everybody with a positive contribution shares alike. */
  readonly floorMillionths: number
}

export const DEFAULT_SETTLEMENT: SettlementTerms = { fineMillionths: 200_000, floorMillionths: 0 }

export interface MeasuredOwner {
  readonly id: string
  /** In parts of any size, the same for all owners; not positive earns nothing. */
  readonly contribution: bigint
  readonly reportedMillionths: number
  readonly measuredMillionths: number
}

export interface Payment {
  readonly id: string
  /** What is paid: earned - fine + bonus. */
  readonly payMicro: bigint
  readonly earnedMicro: bigint
  readonly fineMicro: bigint
  /** Of the fines of others. */
  readonly bonusMicro: bigint
}

export interface Settlement {
  /** By id. */
  readonly payments: readonly Payment[]
  /** To the sponsor: all of it when nobody contributed, a fine that nobody else can take. */
  readonly returnedMicro: bigint
}

const MILLION = 1_000_000n
/** More credits than any charter may issue (39 digits); guards the audit, not the arithmetic. */
const MAX_REWARD = 10n ** 39n
const MAX_PAID = 200

export function settle(
  rewardMicro: bigint,
  measured: readonly MeasuredOwner[],
  terms: SettlementTerms = DEFAULT_SETTLEMENT,
): Outcome<Settlement> {
  const refusal = refuseSettlement(rewardMicro, measured, terms)
  if (refusal !== null) return refused(refusal)
  const owners = [...measured].sort((a, b) => ascending(a.id, b.id))
  const weights = owners.map(({ contribution }) => (contribution > 0n ? contribution : 0n))
  const floor = (rewardMicro * BigInt(terms.floorMillionths)) / MILLION
  const byContribution = apportion(rewardMicro - floor, weights)
  const alike = apportion(
    floor,
    weights.map(weight => (weight > 0n ? 1n : 0n)),
  )
  const earned = owners.map((_, i) => byContribution[i]! + alike[i]!)
  const fines = owners.map(({ reportedMillionths, measuredMillionths }, i) => {
    const over = BigInt(Math.max(0, reportedMillionths - measuredMillionths))
    const fine = (rewardMicro * BigInt(terms.fineMillionths) * over) / (MILLION * MILLION)
    return fine < earned[i]! ? fine : earned[i]!
  })
  const bonuses = owners.map(() => 0n)
  fines.forEach((fine, payer) => {
    if (fine === 0n) return
    const others = apportion(
      fine,
      weights.map((weight, i) => (i === payer ? 0n : weight)),
    )
    others.forEach((part, i) => (bonuses[i] = bonuses[i]! + part))
  })
  const payments = owners.map(({ id }, i) => ({
    id,
    payMicro: earned[i]! - fines[i]! + bonuses[i]!,
    earnedMicro: earned[i]!,
    fineMicro: fines[i]!,
    bonusMicro: bonuses[i]!,
  }))
  const paid = payments.reduce((sum, { payMicro }) => sum + payMicro, 0n)
  return granted({ payments, returnedMicro: rewardMicro - paid })
}

/**
 * Measured values (Shapley values, loss drops) as whole parts: the largest is a million million. Values that are not finite
 * count as nothing.
 */
export function contributionParts(values: readonly number[]): bigint[] {
  const sound = values.map(value => (Number.isFinite(value) ? value : 0))
  const largest = Math.max(...sound.map(Math.abs))
  return sound.map(value => (largest > 0 ? BigInt(Math.round((value / largest) * 1e12)) : 0n))
}

/** Divides `total` by weight: whole shares, then one each to the largest remainders, earlier ones first. Zeros without weight. */
function apportion(total: bigint, weights: readonly bigint[]): bigint[] {
  const sum = weights.reduce((a, b) => a + b, 0n)
  if (sum === 0n) return weights.map(() => 0n)
  const shares = weights.map(weight => (total * weight) / sum)
  const remainders = weights.map((weight, i) => total * weight - shares[i]! * sum)
  const rest = total - shares.reduce((a, b) => a + b, 0n)
  if (rest === 0n) return shares
  const byRemainder = [...weights.keys()].sort((a, b) => {
    const [one, other] = [remainders[a]!, remainders[b]!]
    return one === other ? a - b : one > other ? -1 : 1
  })
  for (const i of byRemainder.slice(0, Number(rest))) shares[i] = shares[i]! + 1n
  return shares
}

function refuseSettlement(
  rewardMicro: bigint,
  owners: readonly MeasuredOwner[],
  { fineMillionths, floorMillionths }: SettlementTerms,
): Refusal | null {
  const millionths = (field: string, id: string, value: number): Refusal | null =>
    checkNumber(field, id, Number.isInteger(value) ? value : NaN, { least: 0, most: 1_000_000 })
  return firstRefusal(
    () =>
      rewardMicro < 0n || rewardMicro > MAX_REWARD
        ? {
            kind: 'out-of-range',
            field: 'rewardMicro',
            id: '',
            value: Number(rewardMicro),
            least: 0,
            most: 1e39,
          }
        : null,
    () => millionths('fineMillionths', '', fineMillionths),
    () => millionths('floorMillionths', '', floorMillionths),
    () => checkCount('owners', owners.length, 0, MAX_PAID),
    () => checkIds(owners.map(({ id }) => id)),
    ...owners.flatMap(({ id, reportedMillionths, measuredMillionths }) => [
      () => millionths('reportedMillionths', id, reportedMillionths),
      () => millionths('measuredMillionths', id, measuredMillionths),
    ]),
  )
}
