// R1: compute summed where it matters. A cap per identity means nothing when one owner has several, and a cap per node
// means nothing when many nodes train one model: so sums go by beneficial owner (its commitment) and by lineage.
import type { MemberId } from '../../num/ids.ts'
import type { BudgetFinding, Severity } from './findings.ts'

export interface ComputeRecord {
  readonly member: MemberId
  /** Owner commitment; "" where nobody vouched: the member stands for itself. */
  readonly owner: string
  readonly lineage: string
  readonly flop: bigint
}

export interface BudgetCaps {
  /** Per beneficial owner and lineage; 0n for none. */
  readonly ownerFlop: bigint
  /** Per lineage over everybody; 0n for none. */
  readonly lineageFlop: bigint
}

/** Alert threshold of mechanisms.md 5.2, in per cent of the cap. */
export const ALERT_PERCENT = 80n

export interface ComputeSum {
  readonly name: string
  readonly members: readonly MemberId[]
  readonly flop: bigint
}

export function sumByOwner(records: readonly ComputeRecord[]): readonly ComputeSum[] {
  return sumBy(records, ownerOf)
}

export function sumByLineage(records: readonly ComputeRecord[]): readonly ComputeSum[] {
  return sumBy(records, record => record.lineage)
}

/** The owner's commitment, or the member itself. */
export function ownerOf({ owner, member }: Pick<ComputeRecord, 'owner' | 'member'>): string {
  return owner === '' ? member : owner
}

export function checkBudgets(records: readonly ComputeRecord[], caps: BudgetCaps): readonly BudgetFinding[] {
  const findings: BudgetFinding[] = []
  if (caps.lineageFlop > 0n) {
    for (const sum of sumByLineage(records)) {
      const severity = severityOf(sum.flop, caps.lineageFlop)
      if (severity === null) continue
      findings.push({ rule: 'R1', severity, by: 'lineage', ...sum, capFlop: caps.lineageFlop, split: false })
    }
  }
  if (caps.ownerFlop > 0n) {
    for (const sum of sumByOwner(records)) {
      const severity = severityOf(sum.flop, caps.ownerFlop)
      if (severity === null) continue
      const own = records.filter(record => ownerOf(record) === sum.name)
      const each = sumBy(own, record => record.member)
      const split = sum.flop > caps.ownerFlop && each.every(({ flop }) => flop <= caps.ownerFlop)
      findings.push({ rule: 'R1', severity, by: 'owner', ...sum, capFlop: caps.ownerFlop, split })
    }
  }
  return findings
}

function severityOf(flop: bigint, cap: bigint): Severity | null {
  if (flop > cap) return 'alert'
  return flop * 100n >= cap * ALERT_PERCENT ? 'warning' : null
}

function sumBy(
  records: readonly ComputeRecord[],
  key: (record: ComputeRecord) => string,
): readonly ComputeSum[] {
  const sums = new Map<string, { members: Set<MemberId>; flop: bigint }>()
  for (const record of records) {
    const name = key(record)
    const sum = sums.get(name) ?? { members: new Set(), flop: 0n }
    sum.members.add(record.member)
    sum.flop += record.flop
    sums.set(name, sum)
  }
  return [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { members, flop }]) => ({ name, members: [...members].sort(), flop }))
}
