// The end of a run at a seal: contributions as the appraisers measured them, pay by settlement.ts, the rest back to the sponsor.
// Everything that was locked is paid or returned, to the micro-credit. A run that ends before its last round stakes the part
// of the reward that was reached: what was accepted is paid, nothing else.
import type { EpochFacts } from '../../ledger/mechanism.ts'
import type { MemberId } from '../../num/ids.ts'
import type { Outcome } from '../refusal.ts'
import { settle, type Settlement } from '../settlement.ts'
import { combined, enoughReports, measuredQuality } from './course.ts'
import type { FeeRecord, MeasureRecord, RunRecord, SettlementRecord, Purse } from './records.ts'

const MILLION = 1_000_000n

/** @param abort the sponsor's reason to end it now; "" when the sponsor was convicted; null when nobody asks */
export function endRun(
  run: RunRecord,
  facts: EpochFacts & { readonly here: ReadonlySet<MemberId> },
  abort: string | null,
  purse: Purse,
): RunRecord {
  const { quote, phase } = run
  const isExpired = quote.expiresUnixMs !== 0 && facts.unixMs >= quote.expiresUnixMs
  if (phase === 'open') {
    if (abort === null && !isExpired) return run
    return giveBack(run, facts, isExpired ? 'expired' : 'ended', abort ?? '', purse)
  }
  const complete = enoughReports(run, 'shapley', run.toRound, facts.here)
  if (complete) return pay(run, facts, complete, 1_000_000, 'complete', purse)
  if (abort === null && !isExpired) return run
  const why = abort === null ? 'expired' : 'ended'
  const soFar = reportsSoFar(run, facts.here)
  if (!soFar) return giveBack(run, facts, 'nobody-measured', abort ?? '', purse)
  const ended = { ...run, reason: abort ?? '' }
  return pay(ended, facts, soFar, reached(run, soFar), why, purse)
}

/**
 * What an early end is paid by: Shapley values if most of the appraisers that are here have stated them, else drops, if most have
 * stated those. One voice alone, however early it has its shares ready, decides nothing.
 */
export function reportsSoFar(run: RunRecord, here: ReadonlySet<MemberId>): readonly MeasureRecord[] | null {
  const first = run.fromRound + 1
  return enoughReports(run, 'shapley', first, here) ?? enoughReports(run, 'drops', first, here)
}

/** Rounds of the run that the middle report speaks of, as a part of a million. */
function reached({ fromRound, toRound }: RunRecord, reports: readonly MeasureRecord[]): number {
  const rounds = reports.map(report => report.toRound).sort((a, b) => a - b)
  const middle = rounds[Math.floor((rounds.length - 1) / 2)]!
  return Math.floor((1e6 * Math.min(toRound, middle) - 1e6 * fromRound) / (toRound - fromRound))
}

/** What reports come to: measured values and quality of every owner of the run, and what would be paid for them. */
export function reckon(
  run: RunRecord,
  reports: readonly MeasureRecord[],
  stakeMicro: bigint,
  cutOf: Purse['cutOf'],
): {
  readonly values: ReadonlyMap<MemberId, bigint>
  readonly quality: ReadonlyMap<MemberId, number>
  readonly settled: Outcome<Settlement>
} {
  const values = combined(run, reports)
  const drops = run.measures.filter(({ method }) => method === 'drops')
  // Quality is what an update alone does; sums over coalitions also count how much was brought.
  const quality = measuredQuality(
    combined(run, drops.length > 0 ? drops : reports),
    run.quote.qualityFloorMillionths,
  )
  const owners = run.offers.map(({ owner, qualityMillionths }) => ({
    id: owner,
    contribution: cutOf(owner) === Infinity ? values.get(owner)! : 0n,
    reportedMillionths: qualityMillionths,
    measuredMillionths: quality.get(owner)!,
  }))
  const { fineMillionths, floorMillionths } = run.quote
  return { values, quality, settled: settle(stakeMicro, owners, { fineMillionths, floorMillionths }) }
}

function pay(
  run: RunRecord,
  facts: EpochFacts,
  reports: readonly MeasureRecord[],
  reachedMillionths: number,
  why: SettlementRecord['why'],
  purse: Purse,
): RunRecord {
  const reward = BigInt(run.quote.rewardMicro)
  const stake = (reward * BigInt(reachedMillionths)) / MILLION
  const { values, quality, settled } = reckon(run, reports, stake, purse.cutOf.bind(purse))
  // Entries are bounded so that a settlement is always possible; should that ever fail, the reward must not be lost.
  if (!settled.ok) return giveBack(run, facts, why, settled.refusal.kind, purse)
  const returned = reward - stake + settled.value.returnedMicro
  const fees: FeeRecord[] = []
  const payments = settled.value.payments.map(({ id, payMicro, earnedMicro, fineMicro, bonusMicro }) => {
    const owner = id as MemberId
    const owed = feesOf(run, owner, payMicro, purse)
    fees.push(...owed)
    purse.add(owner, payMicro - owed.reduce((sum, { feeMicro }) => sum + BigInt(feeMicro), 0n))
    for (const { provider, feeMicro } of owed) purse.add(provider, BigInt(feeMicro))
    return {
      owner,
      payMicro: String(payMicro),
      earnedMicro: String(earnedMicro),
      fineMicro: String(fineMicro),
      bonusMicro: String(bonusMicro),
      nanoNats: String(values.get(owner)!),
      measuredMillionths: quality.get(owner)!,
    }
  })
  purse.add(run.sponsor, returned)
  return {
    ...run,
    phase: 'settled',
    settlement: {
      epoch: facts.epoch,
      payments,
      fees,
      returnedMicro: String(returned),
      reachedMillionths,
      why,
    },
  }
}

/**
 * What an owner owes its providers: of each price (lambda rho x_n, mechanisms.md 1.2) the part of the run's rounds that both sides
 * say was computed there. Paid out of what the run pays the owner and never out of its pocket; where that is too little,
 * providers share it in proportion.
 */
function feesOf(
  { quote, pairs }: RunRecord,
  owner: MemberId,
  payMicro: bigint,
  purse: Pick<Purse, 'cutOf'>,
): readonly FeeRecord[] {
  let roundsLeft = quote.rounds
  const owed = pairs.flatMap(pair => {
    if (pair.owner !== owner || purse.cutOf(pair.provider) !== Infinity) return []
    const jobs = Math.min(pair.ownerJobs, pair.providerJobs, roundsLeft)
    roundsLeft -= jobs
    const dueMicro = (BigInt(pair.priceMicro) * BigInt(jobs)) / BigInt(quote.rounds)
    return jobs > 0 ? [{ owner, provider: pair.provider, jobs, dueMicro }] : []
  })
  const sum = owed.reduce((total, { dueMicro }) => total + dueMicro, 0n)
  return owed.map(({ dueMicro, ...rest }) => ({
    ...rest,
    feeMicro: String(sum > payMicro ? (payMicro * dueMicro) / sum : dueMicro),
  }))
}

function giveBack(
  run: RunRecord,
  facts: EpochFacts,
  why: SettlementRecord['why'],
  reason: string,
  purse: Purse,
): RunRecord {
  const { rewardMicro } = run.quote
  purse.add(run.sponsor, BigInt(rewardMicro))
  return {
    ...run,
    phase: 'aborted',
    reason,
    settlement: {
      epoch: facts.epoch,
      payments: [],
      fees: [],
      returnedMicro: rewardMicro,
      reachedMillionths: 0,
      why,
    },
  }
}
