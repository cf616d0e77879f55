// The one form of every measurement: a line of JSON that names what ran, where, and whether each bar was held. Whoever
// prints a report ends with exit code 1 when a check is not ok.
import { execFileSync } from 'node:child_process'
import os from 'node:os'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

export interface Check {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** As text, e.g. ">= 0.8"; null for a figure that is only told. */
  readonly bar: string | null
  readonly ok: boolean
}

export interface Report {
  readonly bench: string
  readonly commit: string
  readonly device: string
  readonly seeds: readonly string[]
  readonly checks: readonly Check[]
  readonly [more: string]: unknown
}

/** A check against a bound; NaN holds no bar. */
export function check(
  name: string,
  value: number,
  unit: string,
  sign: '>=' | '<=' | '<',
  bound: number,
): Check {
  const ok = sign === '>=' ? value >= bound : sign === '<=' ? value <= bound : value < bound
  return { name, value: rounded(value), unit, bar: `${sign} ${bound}`, ok }
}

/** A figure without a bar. */
export function figure(name: string, value: number, unit: string): Check {
  return { name, value: rounded(value), unit, bar: null, ok: true }
}

export function holdsAllBars({ checks }: Pick<Report, 'checks'>): boolean {
  return checks.every(({ ok }) => ok)
}

/** Short hash of the checked-out commit, with a mark when files differ from it; "unknown" outside a repository. */
export function commitName(): string {
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim()
    const changed = git('status', '--porcelain', '--untracked-files=no') !== ''
    return git('rev-parse', '--short', 'HEAD') + (changed ? '+' : '')
  } catch {
    // reason: a downloaded archive has no history; the figures are still worth having.
    return 'unknown'
  }
}

export function deviceName(...more: readonly string[]): string {
  const cpus = os.cpus()
  return [`${cpus[0]?.model.trim() ?? 'unknown CPU'}, ${cpus.length} cores`, ...more].join(', ')
}

function rounded(value: number): number {
  return Number(value.toPrecision(4))
}
