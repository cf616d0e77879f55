// The course of a run at seals: its beginning, the one re-measurement that replaces reported quality by measured quality
// (mechanisms.md 1.4), and a fresh plan when owners come or go.
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '../../num/hex.ts'
import type { MemberId } from '../../num/ids.ts'
import { ascending } from '../../num/sorted.ts'
import { combineReports } from '../appraisals.ts'
import type { Refusal } from '../refusal.ts'
import { isNewPlan, planRun } from './plan.ts'
import type { MeasureRecord, PlanRow, RunProblem, RunRecord } from './records.ts'

const MILLION = 1_000_000n
/** An update that helps at least so much of what the middle one does counts as fully good: owners' data differ by nature. */
const FULL_MILLIONTHS = 750_000n

/** @param candidates members that may be drawn to measure */
export function beginRun(run: RunRecord, round: number, candidates: readonly MemberId[]): RunRecord {
  const plan = planRun(run.quote, run.offers)
  if (!plan.ok) return { ...run, problem: problemOf(plan.refusal) }
  return {
    ...run,
    phase: 'training',
    problem: null,
    fromRound: round,
    toRound: round + run.quote.rounds,
    appraisers: drawAppraisers(run.hash, candidates, run.quote.appraisers),
    plan: plan.value,
  }
}

/**
 * By lot that nobody chooses for a given run: ascending SHA-256 of run and member. One more than asked, since nobody measures
 * itself: so many others speak of every owner.
 */
function drawAppraisers(run: string, candidates: readonly MemberId[], count: number): readonly MemberId[] {
  const lot = (member: MemberId): string =>
    bytesToHex(sha256(new TextEncoder().encode(`yoriai-appraiser/${run}/${member}`)))
  return [...candidates]
    .map(member => ({ member, lot: lot(member) }))
    .sort((a, b) => ascending(a.lot, b.lot))
    .slice(0, count + 1)
    .map(({ member }) => member)
    .sort(ascending)
}

export function problemOf(refusal: Refusal): RunProblem {
  return {
    kind: refusal.kind,
    opensAtMicro: refusal.kind === 'reward-too-small' ? opensAt(refusal.opensAt) : '',
    count: refusal.kind === 'too-few' ? refusal.count : 0,
  }
}

/** "" where no reward that a quote can state would open it. */
function opensAt(credits: number): string {
  const micro = Math.ceil(credits * 1e6)
  return micro > 0 && micro < 1e15 ? String(micro) : ''
}

/** Reports of appraisers that are here are needed from more than half of those who are. */
export function enoughReports(
  run: RunRecord,
  method: MeasureRecord['method'],
  toRound: number,
  here: ReadonlySet<MemberId>,
): readonly MeasureRecord[] | null {
  const awake = run.appraisers.filter(member => here.has(member)).length || run.appraisers.length
  const reports = run.measures.filter(one => one.method === method && one.toRound >= toRound)
  return reports.length >= Math.floor(awake / 2) + 1 ? reports : null
}

/** Median over appraisers other than the owner, nano-nats; every owner of the run has a value. */
export function combined(run: RunRecord, reports: readonly MeasureRecord[]): ReadonlyMap<MemberId, bigint> {
  const values = combineReports(
    reports.map(({ appraiser, rounds, values }) => ({
      appraiser,
      rounds,
      values: values.map(({ member, nanoNats }) => [member, BigInt(nanoNats)] as const),
    })),
  )
  return new Map(run.offers.map(({ owner }) => [owner, values.get(owner) ?? 0n]))
}

/**
 * Measured quality in [xi, 1], millionths: what an owner's value is of the median positive one [own derivation]. The published
 * rule stretches the worst to xi and the best to 1 even where all are alike, and would fine honest owners for being last.
 */
export function measuredQuality(
  values: ReadonlyMap<MemberId, bigint>,
  floorMillionths: number,
): ReadonlyMap<MemberId, number> {
  const positive = [...values.values()].filter(value => value > 0n).sort((a, b) => (a < b ? -1 : 1))
  const middle = positive[Math.floor((positive.length - 1) / 2)]
  return new Map(
    [...values].map(([owner, value]) => {
      const part =
        middle === undefined || value <= 0n ? 0n : (value * MILLION * MILLION) / (middle * FULL_MILLIONTHS)
      const clipped = Number(part < MILLION ? part : MILLION)
      return [owner, Math.max(1, floorMillionths + Math.floor(((1e6 - floorMillionths) * clipped) / 1e6))]
    }),
  )
}

/** Once in a run, when enough appraisers speak of its first rounds: amounts are solved anew for measured quality. */
export function remeasure(run: RunRecord, here: ReadonlySet<MemberId>): RunRecord {
  const { remeasureRounds, qualityFloorMillionths } = run.quote
  if (remeasureRounds === 0 || run.remeasured === 1) return run
  const reports = enoughReports(run, 'drops', run.fromRound + remeasureRounds, here)
  if (!reports) return run
  const quality = measuredQuality(combined(run, reports), qualityFloorMillionths)
  const plan = planRun(run.quote, run.offers, quality)
  return { ...run, remeasured: 1, plan: plan.ok && isNewPlan(run.plan, plan.value) ? plan.value : run.plan }
}

/** When owners came or went since the plan was made. Quality that was measured is not forgotten. */
export function replan(run: RunRecord): RunRecord {
  const planned = new Map(run.plan.map(row => [row.owner, row]))
  const isSame = run.offers.every(({ owner, present }) => {
    const row = planned.get(owner)
    return row !== undefined && (row.standing === 'left') === (present === 0)
  })
  if (isSame && run.offers.length === run.plan.length) return run
  const known = run.remeasured === 1 ? run.plan.map(row => [row.owner, row.qualityMillionths] as const) : []
  const plan = planRun(run.quote, run.offers, new Map(known))
  if (plan.ok) return isNewPlan(run.plan, plan.value) ? { ...run, plan: plan.value } : run
  // Fewer than two are left: what was agreed with the others stands.
  const rows = run.plan.map((row): PlanRow => {
    const offer = run.offers.find(({ owner }) => owner === row.owner)
    return offer?.present === 1 ? row : { ...row, samples: 0, standing: 'left', shareMillionths: 0 }
  })
  return { ...run, plan: rows }
}
