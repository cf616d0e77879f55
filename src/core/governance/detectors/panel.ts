// The auditors' panel: all detectors over what is known, worst findings first. Receipts and joins come from ledgers;
// probes and comparisons only exist where an auditor had the models themselves to evaluate.
import type { MemberId } from '../../num/ids.ts'
import { checkBudgets, type ComputeRecord } from './budget.ts'
import type { RoomFacts } from './facts.ts'
import { type Comparison, checkComparison } from './fingerprint.ts'
import type { Finding, Severity } from './findings.ts'
import { checkFreshStart, type FreshStartProbe } from './fresh-start.ts'
import { findRunsNearCap } from './near-cap.ts'
import { checkReceipts } from './receipts.ts'
import { findSharedData } from './shared-data.ts'
import { checkThroughput } from './throughput.ts'

export interface PanelFacts {
  readonly rooms: readonly RoomFacts[]
  readonly probes: readonly FreshStartProbe[]
  readonly comparisons: readonly Comparison[]
}

const ORDER: readonly Severity[] = ['alert', 'warning', 'note']

/** Sorted by severity, then by rule. */
export function examine({ rooms, probes, comparisons }: PanelFacts): readonly Finding[] {
  const owners = new Map<MemberId, string>(rooms.flatMap(room => [...room.owners]))
  const ownerOf = (member: MemberId): string => owners.get(member) ?? ''
  const findings: Finding[] = []
  const all: ComputeRecord[] = []
  const caps = new Map<string, bigint>()
  for (const room of rooms) {
    const records = room.receipts.map(({ member, body }) => ({
      member,
      owner: ownerOf(member),
      lineage: body.lineage,
      flop: BigInt(body.flop),
    }))
    all.push(...records)
    for (const { lineage } of records) caps.set(lineage, room.memberCapFlop)
    findings.push(
      ...checkBudgets(records, { ownerFlop: room.memberCapFlop, lineageFlop: room.lineageCapFlop }),
      ...checkReceipts(room.receipts),
      ...checkThroughput(room.receipts),
      ...findSharedData(room.joins, ownerOf),
    )
  }
  findings.push(
    ...findRunsNearCap(all, lineage => caps.get(lineage) ?? 0n),
    ...probes.flatMap(probe => checkFreshStart(probe) ?? []),
    ...comparisons.flatMap(comparison => checkComparison(comparison) ?? []),
  )
  return findings.sort(
    (a, b) =>
      ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity) ||
      (a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : 0),
  )
}
