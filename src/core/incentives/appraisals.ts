// Several appraisers, one value: what they measured of an owner, combined so that liars among them are bounded. The median over all
// appraisers other than the owner lies between two honest ones as long as fewer than half of them lie. Who came late and saw next
// to nothing is left out; that no liar makes honest ones look late is the lower median's work too. Whole numbers, hence the
// same for every member that folds the same reports.
import type { MemberId } from '../num/ids.ts'
import { ascending } from '../num/sorted.ts'

export interface AppraiserReport {
  readonly appraiser: MemberId
  /** Rounds that it looked at. */
  readonly rounds: number
  /** Nano-nats of the appraiser's own validation loss, positive for what helped. */
  readonly values: readonly (readonly [owner: MemberId, nanoNats: bigint])[]
}

/** Who looked at fewer rounds than this part of the middle appraiser has too little to say. */
const LEAST_PART = 4

/** Owners that nobody but themselves speaks of are missing. By owner, ascending. */
export function combineReports(reports: readonly AppraiserReport[]): Map<MemberId, bigint> {
  const said = new Map<MemberId, bigint[]>()
  const rounds = reports.map(report => report.rounds).sort((a, b) => a - b)
  const middle = rounds[(rounds.length - 1) >> 1] ?? 0
  const thorough = reports.filter(report => LEAST_PART * report.rounds >= middle)
  for (const { appraiser, values } of thorough)
    for (const [owner, value] of values) {
      if (owner === appraiser) continue
      const known = said.get(owner)
      if (known) known.push(value)
      else said.set(owner, [value])
    }
  return new Map(
    [...said].sort(([a], [b]) => ascending(a, b)).map(([owner, values]) => [owner, median(values)]),
  )
}

/** Of an even number the lower mean of the middle two, so that the order of the reports cannot matter. */
function median(values: readonly bigint[]): bigint {
  const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const middle = sorted.length >> 1
  if (sorted.length % 2 === 1) return sorted[middle]!
  const sum = sorted[middle - 1]! + sorted[middle]!
  return sum >= 0n ? sum / 2n : -((1n - sum) / 2n)
}
