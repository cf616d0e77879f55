// Many runs of the ledger's simulation on all cores. Prints every run that broke a promise, with the command that replays it,
// and sums up what happened in all of them.
import { runInChildren, seedOf } from '../batch.ts'
import type { Check } from '../scenarios.ts'
import { CROOKS, type CrookKind } from './crook.ts'
import type { Property } from './observer.ts'
import type { RunReport } from './run.ts'
import type { Order } from './worker.ts'

export interface BatchOptions {
  readonly seed: string
  readonly runs: number
  readonly jobs: number
  readonly members: number | undefined
}

export interface BatchResult {
  readonly checks: readonly Check[]
  readonly failures: readonly { readonly seed: string; readonly violations: RunReport['violations'] }[]
  readonly runs: number
  readonly members: { readonly least: number; readonly mean: number; readonly most: number }
  readonly epochs: number
  readonly virtualHours: number
  readonly acts: Partial<Record<CrookKind, number>>
  readonly crooks: number
  readonly convicted: number
  /** Equivocators whose second branch nobody saw beside the first before a seal dropped it. */
  readonly buriedForks: number
  readonly cuts: number
  readonly pauses: number
  readonly publishedInPause: number
  readonly frozenBehindCut: number
  readonly successions: number
  readonly unsoundSeals: number
}

const PROPERTIES: Readonly<Record<Property, string>> = {
  'same-ledger': 'runs that ended with different ledgers',
  'one-seal': 'runs with two final seals for one epoch',
  money: 'runs that made or lost money',
  pause: 'runs that mixed an update made in a pause',
  conviction: 'runs with a wrong or missing conviction',
  'nothing-lost': 'runs that lost an honest entry',
  fault: 'runs in which an honest member gave up',
}

export async function runBatch(
  options: BatchOptions,
  progress: (line: string) => void,
): Promise<BatchResult> {
  const reports: RunReport[] = []
  const startedAt = performance.now()
  let told = 0
  const done = (report: RunReport): void => {
    reports.push(report)
    const first = [...new Map(report.violations.map(found => [found.property, found])).values()]
    for (const { property, atMs, detail } of first)
      progress(
        `FAILED ${property} at ${(atMs / 1000).toFixed(1)} s: ${detail}  (npm run sim -- ledger --runs 1 --seed ${report.seed})`,
      )
    const seconds = (performance.now() - startedAt) / 1000
    if (seconds < told + 10 && reports.length < options.runs) return
    told = seconds
    const bad = reports.filter(({ violations }) => violations.length > 0).length
    progress(`${reports.length} of ${options.runs} runs in ${seconds.toFixed(0)} s, ${bad} failed`)
  }
  await runInChildren<Order, RunReport>({
    worker: new URL('./worker.ts', import.meta.url),
    runs: options.runs,
    jobs: options.jobs,
    orderOf: run => ({ seed: seedOf(options.seed, options.runs, run), members: options.members }),
    onReport: done,
  })
  return sumUp(reports)
}

function sumUp(reports: readonly RunReport[]): BatchResult {
  const sum = (of: (report: RunReport) => number): number =>
    reports.reduce((all, report) => all + of(report), 0)
  const acts: Partial<Record<CrookKind, number>> = {}
  for (const kind of CROOKS) acts[kind] = sum(report => report.acts[kind] ?? 0)
  const checks = (Object.entries(PROPERTIES) as [Property, string][]).map(([property, name]): Check => {
    const value = reports.filter(({ violations }) =>
      violations.some(found => found.property === property),
    ).length
    return { name, value, unit: 'runs', bar: '= 0', ok: value === 0 }
  })
  const sizes = reports.map(({ members }) => members)
  return {
    checks,
    failures: reports
      .flatMap(({ seed, violations }) => (violations.length > 0 ? [{ seed, violations }] : []))
      .slice(0, 50),
    runs: reports.length,
    members: {
      least: Math.min(...sizes),
      mean: Math.round((100 * sum(({ members }) => members)) / reports.length) / 100,
      most: Math.max(...sizes),
    },
    epochs: sum(({ epochs }) => epochs),
    virtualHours: Math.round(sum(({ virtualSeconds }) => virtualSeconds) / 36) / 100,
    acts,
    crooks: sum(({ crooks }) => crooks),
    convicted: sum(({ convicted }) => convicted),
    buriedForks: sum(({ buriedForks }) => buriedForks),
    cuts: sum(({ cuts }) => cuts),
    pauses: sum(({ pauses }) => pauses),
    publishedInPause: sum(({ publishedInPause }) => publishedInPause),
    frozenBehindCut: sum(({ frozenBehindCut }) => frozenBehindCut),
    successions: sum(({ successions }) => successions),
    unsoundSeals: sum(({ unsoundSeals }) => unsoundSeals),
  }
}
