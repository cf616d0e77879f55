// R4: one training run in slices. Honest runs end anywhere below a cap; an owner whose runs again and again use 80 to 100
// per cent of it may be handing one model on from lineage to lineage. Says which runs; R3 says whether they are one.
import type { MemberId } from '../../num/ids.ts'
import { ALERT_PERCENT, type ComputeRecord, ownerOf, sumByLineage } from './budget.ts'
import type { NearCapFinding } from './findings.ts'

/** From this many runs near the cap on it is no coincidence worth ignoring. */
export const RUNS_NEAR_CAP = 3

/** `capOf` says the cap of one owner in a lineage; 0n for none. */
export function findRunsNearCap(
  records: readonly ComputeRecord[],
  capOf: (lineage: string) => bigint,
): readonly NearCapFinding[] {
  const findings: NearCapFinding[] = []
  for (const owner of [...new Set(records.map(ownerOf))].sort()) {
    const near = sumByLineage(records.filter(record => ownerOf(record) === owner)).flatMap(sum => {
      const cap = capOf(sum.name)
      const isNear = cap > 0n && sum.flop <= cap && sum.flop * 100n >= cap * ALERT_PERCENT
      return isNear ? [{ ...sum, cap }] : []
    })
    if (near.length < RUNS_NEAR_CAP) continue
    const members = new Set<MemberId>(near.flatMap(run => run.members))
    findings.push({
      rule: 'R4',
      severity: 'warning',
      owner,
      members: [...members].sort(),
      runs: near.map(({ name, flop, cap }) => ({ lineage: name, flop, capFlop: cap })),
    })
  }
  return findings
}
