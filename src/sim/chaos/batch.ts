// Many runs of the chaos engine on all cores. Prints every run that broke a promise with the command that replays it, and
// sums up what happened in all of them.
import { runInChildren, seedOf } from '../batch.ts'
import type { Check } from '../scenarios.ts'
import { ATTACKS, type Attack } from './attacks.ts'
import { EVENTS, type EventKind } from './plan.ts'
import type { ChaosReport } from './run.ts'
import { PROMISES, type Promised } from './witness.ts'

export interface ChaosBatch {
  readonly seed: string
  readonly runs: number
  readonly jobs: number
}

export interface ChaosSummary {
  readonly checks: readonly Check[]
  readonly failures: readonly Pick<ChaosReport, 'seed' | 'kinds' | 'violations'>[]
  readonly runs: number
  readonly members: number
  readonly rounds: number
  readonly virtualHours: number
  readonly events: Partial<Record<EventKind, number>>
  readonly attacks: Partial<Record<Attack, number>>
  /** Partitions that healed and quiets that began. */
  readonly heals: { readonly count: number; readonly medianMs: number; readonly longestMs: number }
  readonly disagreements: number
  readonly longestWaitMs: number
  readonly peakBufferedBytes: number
  readonly lowestAccuracy: number
}

const MEANING: Readonly<Record<Promised, string>> = {
  wait: 'runs with a wait beyond the grace window',
  'one-model': 'runs with different models two rounds after healing',
  buffer: 'runs with more than 2 MB waiting on a link',
  blame: 'runs in which somebody honest was refused',
  'trains-on': 'runs in which somebody stopped learning',
  accuracy: 'runs in which somebody fell behind in accuracy',
  'one-ledger': 'runs that ended with different ledgers',
  fault: 'runs in which somebody honest gave up',
}

export async function runChaosBatch(
  { seed, runs, jobs }: ChaosBatch,
  progress: (line: string) => void,
): Promise<ChaosSummary> {
  const reports: ChaosReport[] = []
  const startedAt = performance.now()
  let told = 0
  await runInChildren<{ seed: string }, ChaosReport>({
    worker: new URL('./worker.ts', import.meta.url),
    runs,
    jobs,
    orderOf: run => ({ seed: seedOf(seed, runs, run) }),
    onReport(report) {
      reports.push(report)
      for (const line of describe(report)) progress(line)
      const seconds = (performance.now() - startedAt) / 1000
      if (seconds < told + 10 && reports.length < runs) return
      told = seconds
      const bad = reports.filter(({ violations }) => violations.length > 0).length
      progress(`${reports.length} of ${runs} runs in ${seconds.toFixed(0)} s, ${bad} failed`)
    },
  })
  return sumUp(reports)
}

/** One line for each promise that a run broke. */
function describe({ seed, violations, kinds }: ChaosReport): string[] {
  const first = new Map([...violations].reverse().map(found => [found.promise, found]))
  return [...first.values()].map(
    ({ promise, atMs, detail }) =>
      `FAILED ${promise} at ${(atMs / 1000).toFixed(1)} s: ${detail}  [${kinds.join(', ')}] (npm run sim -- chaos --runs 1 --seed ${seed})`,
  )
}

function sumUp(reports: readonly ChaosReport[]): ChaosSummary {
  const sum = (of: (report: ChaosReport) => number): number =>
    reports.reduce((all, report) => all + of(report), 0)
  const most = (of: (report: ChaosReport) => number): number => Math.max(0, ...reports.map(of))
  const heals = reports.flatMap(report => report.heals.map(({ ms }) => ms)).sort((a, b) => a - b)
  const events: Partial<Record<EventKind, number>> = {}
  for (const kind of EVENTS) events[kind] = reports.filter(({ kinds }) => kinds.includes(kind)).length
  const attacks: Partial<Record<Attack, number>> = {}
  for (const attack of ATTACKS) attacks[attack] = sum(report => report.attacks[attack] ?? 0)
  return {
    checks: PROMISES.map((promise): Check => {
      const value = reports.filter(({ violations }) =>
        violations.some(found => found.promise === promise),
      ).length
      return { name: MEANING[promise], value, unit: 'runs', bar: '= 0', ok: value === 0 }
    }),
    failures: reports
      .filter(({ violations }) => violations.length > 0)
      .map(({ seed, kinds, violations }) => ({ seed, kinds, violations: violations.slice(0, 3) }))
      .slice(0, 50),
    runs: reports.length,
    members: sum(({ members }) => members),
    rounds: sum(({ rounds }) => rounds),
    virtualHours: Math.round(sum(({ virtualSeconds }) => virtualSeconds) / 36) / 100,
    events,
    attacks,
    heals: {
      count: heals.length,
      medianMs: Math.round(heals[heals.length >> 1] ?? 0),
      longestMs: Math.round(heals[heals.length - 1] ?? 0),
    },
    disagreements: sum(({ disagreements }) => disagreements),
    longestWaitMs: most(({ longestWaitMs }) => longestWaitMs),
    peakBufferedBytes: most(({ peakBufferedBytes }) => peakBufferedBytes),
    lowestAccuracy: Math.min(1, ...reports.map(({ lowestAccuracy }) => lowestAccuracy)),
  }
}
