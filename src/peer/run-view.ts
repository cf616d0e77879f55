// Sponsored runs as screens see them: the sealed records, with what waits for the next seal, the forecast while offers are open,
// and what has been measured so far, combined as the settlement will combine it.
import { combined, problemOf } from '../core/incentives/runs/course.ts'
import { planRun } from '../core/incentives/runs/plan.ts'
import { reckon, reportsSoFar } from '../core/incentives/runs/settling.ts'
import type { MeasureRecord, RunRecord, RunsState } from '../core/incentives/runs/records.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { AppraisalProgress, MeasuredRow, RunStage, RunsView, RunView } from '../ports/runs-view.ts'
import type { RunPreview } from './run-preview.ts'

export interface RunViewFacts {
  readonly self: MemberId
  /** As of the last seal. */
  readonly sealed: RunsState
  readonly preview: RunPreview
  readonly round: number
  cutOf(member: MemberId): number
  progressOf(run: string): AppraisalProgress
}

const MAX_SHOWN = 50
/** As many owners as a market takes. */
const MAX_KNOWN = 200

export function runsView(facts: RunViewFacts): RunsView {
  const { self, preview } = facts
  const { runs, assets, exposures, limits, rejected } = preview.runs
  return {
    // Insertion is the order of seals: newest last.
    runs: [...runs.values()]
      .reverse()
      .slice(0, MAX_SHOWN)
      .map(run => runView(run, facts)),
    asset: assets.get(self) ?? null,
    known: [...assets].slice(0, MAX_KNOWN).map(([owner, { body }]) => ({
      owner,
      samples: body.samples,
      qualityMillionths: body.qualityMillionths,
    })),
    balanceMicro: preview.balances.get(self) ?? 0n,
    exposures: exposures.get(self) ?? [],
    exposureLimit: limits.get(self) ?? 1,
    rejected: rejected.filter(({ author }) => author === self),
  }
}

function runView(next: RunRecord, facts: RunViewFacts): RunView {
  const { self, sealed, round, progressOf } = facts
  const before = sealed.runs.get(next.hash)
  const stage = stageOf(before, next, round)
  const plan = next.plan.length > 0 ? { rows: next.plan, problem: null } : forecast(next)
  // What waits for the seal may settle it: only a seal does.
  const isOver = stage === 'settled' || stage === 'aborted'
  const reports = reportsShown(next)
  return {
    hash: next.hash,
    stage,
    quote: next.quote,
    sponsor: next.sponsor,
    isSponsor: next.sponsor === self,
    problem: next.problem,
    offers: next.offers,
    capacities: next.capacities,
    ownOffer: next.offers.find(({ owner, present }) => owner === self && present === 1) ?? null,
    ownCapacity: next.capacities.find(({ provider }) => provider === self) ?? null,
    forecast: plan.rows,
    forecastProblem: plan.problem,
    fromRound: next.fromRound,
    toRound: next.toRound,
    remeasured: next.remeasured === 1,
    // What is signed before a seal made the pair has no place in the ledger.
    pairs: next.pairs.filter(({ contract }) => isSealedPair(before, contract)),
    appraisers: next.appraisers,
    appraisal: progressOf(next.hash),
    measured: measuredRows(next, facts),
    measuredBy: reports.length,
    measuredRound: reports.reduce((latest, { toRound }) => Math.max(latest, toRound), 0),
    method: reports.some(({ method }) => method === 'shapley') ? 'shapley' : 'drops',
    settlement: isOver ? next.settlement : null,
    reason: next.reason,
  }
}

export function isSealedPair(sealed: RunRecord | undefined, contract: string): boolean {
  return sealed?.pairs.some(pair => pair.contract === contract) ?? false
}

function stageOf(before: RunRecord | undefined, next: RunRecord, round: number): RunStage {
  if (!before) return 'waiting'
  if (before.phase === 'settled' || before.phase === 'aborted') return before.phase
  if (before.phase === 'open') return next.phase === 'training' ? 'beginning' : 'open'
  return round > before.toRound ? 'measuring' : 'training'
}

/** As an end now would be paid with everybody here; before most have spoken, what those say who did. */
function reportsShown(run: RunRecord): readonly MeasureRecord[] {
  const drops = run.measures.filter(({ method }) => method === 'drops')
  return reportsSoFar(run, new Set(run.appraisers)) ?? (drops.length > 0 ? drops : run.measures)
}

function forecast(
  run: RunRecord,
): Pick<{ rows: RunView['forecast']; problem: RunView['forecastProblem'] }, 'rows' | 'problem'> {
  const plan = planRun(run.quote, run.offers)
  return plan.ok ? { rows: plan.value, problem: null } : { rows: [], problem: problemOf(plan.refusal) }
}

function measuredRows(run: RunRecord, { cutOf }: RunViewFacts): readonly MeasuredRow[] {
  const reports = reportsShown(run)
  if (reports.length === 0) return []
  const { quality, settled } = reckon(run, reports, BigInt(run.quote.rewardMicro), cutOf)
  const values = combined(run, reports)
  const total = [...values.values()].reduce((sum, value) => (value > 0n ? sum + value : sum), 0n)
  const part = (value: bigint): number =>
    total > 0n && value > 0n ? Number((value * 1_000_000n) / total) : 0
  return run.offers.map(({ owner }) => {
    const value = values.get(owner) ?? 0n
    const widths = reports
      .flatMap(({ values: said }) => said.filter(({ member }) => member === owner))
      .map(({ halfWidth }) => halfWidth)
      .sort((a, b) => a - b)
    const width = widths[Math.floor(widths.length / 2)] ?? 0
    const payment = settled.ok ? settled.value.payments.find(({ id }) => id === owner) : undefined
    return {
      owner,
      nanoNats: value,
      shareMillionths: part(value),
      halfWidthMillionths: part(BigInt(width)),
      payMicro: payment?.payMicro ?? 0n,
      qualityMillionths: quality.get(owner) ?? 0,
    }
  })
}
