// What the walk through an exported ledger came to, as a report. Of a broken one it counts what stands before the first
// broken line.
import { violationsBy } from '../governance/receipts.ts'
import { hashOf } from '../ledger/chain.ts'
import { ascending } from '../num/sorted.ts'
import type { MemberId } from '../num/ids.ts'
import type { AuditLimit, AuditProof, AuditReport, BrokenLine } from './audit-report.ts'
import type { LedgerWalk } from './audit-walk.ts'
import type { RoomState } from './fold.ts'

export function reportOf(walk: LedgerWalk, signatures: number, firstBroken: BrokenLine | null): AuditReport {
  const { certificate, charter } = walk
  return {
    status: firstBroken ? 'broken' : 'sound',
    firstBroken,
    room: walk.room,
    title: charter?.body.title ?? '',
    founder: charter?.author ?? null,
    fromEpoch: walk.fromEpoch,
    entries: walk.entries,
    sealedEntries: walk.sealedEntries,
    seals: walk.seals,
    authors: walk.authors,
    signatures,
    lastSeal: certificate && {
      epoch: certificate.seal.epoch,
      hash: hashOf(certificate.seal),
      root: certificate.seal.root,
      unixMs: certificate.seal.unixMs,
    },
    ...factsOf(walk.state),
    proved: proofsOf(walk),
    notProved: limitsOf(walk),
  }
}

/** Money as the last seal left it; computing and convictions with the open entries. */
function factsOf(
  state: RoomState | null,
): Pick<AuditReport, 'issuedMicro' | 'balances' | 'compute' | 'violations' | 'convicted'> {
  if (!state) return { issuedMicro: 0n, balances: [], compute: [], violations: [], convicted: [] }
  const { credits, members, governance } = state
  const nickname = (member: MemberId): string => members.records.get(member)?.nickname ?? ''
  const records = [...members.records.values()].sort((a, b) => ascending(a.member, b.member))
  return {
    issuedMicro: credits.issued,
    balances: [...credits.balances]
      .map(([member, micro]) => ({ member, nickname: nickname(member), micro }))
      .sort((a, b) => ascending(a.member, b.member)),
    compute: records.map(({ member, flop }) => ({ member, nickname: nickname(member), flop })),
    violations: [...governance.accounts.keys()]
      .sort(ascending)
      .flatMap(member => violationsBy(governance, member)),
    convicted: [...members.convicted.keys()].sort(ascending),
  }
}

function proofsOf(walk: LedgerWalk): AuditProof[] {
  const { entries, seals, fromEpoch, state } = walk
  if (entries === 0) return []
  const found: (readonly [AuditProof, boolean])[] = [
    ['authorship', true],
    ['chains', true],
    ['seals', seals > 0],
    ['history', seals > 0 && fromEpoch === 0],
    ['balances', seals > 0],
    ['compute-sums', true],
    ['orders', true],
    ['convictions', (state?.members.convicted.size ?? 0) > 0],
  ]
  return found.flatMap(([proof, holds]) => (holds ? [proof] : []))
}

function limitsOf(walk: LedgerWalk): AuditLimit[] {
  const found: (readonly [AuditLimit, boolean])[] = [
    ['open-entries', walk.openEntries > 0],
    ['earlier-epochs', walk.fromEpoch > 0],
    ['work-was-done', true],
    ['who-people-are', true],
    ['entries-never-shown', true],
  ]
  return found.flatMap(([limit, holds]) => (holds ? [limit] : []))
}
