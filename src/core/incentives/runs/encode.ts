// State of sponsored runs in canonical form, for the snapshot that a seal binds. Records are integers and strings already;
// maps become sorted lists, and what may be missing a list of none or one. decode.ts reads it.
import type { Canonical } from '../../ledger/canonical.ts'
import { ascending, sortedEntries } from '../../num/sorted.ts'
import type { RunRecord, RunsState } from './records.ts'

export function encodeRuns(state: RunsState): Canonical {
  return {
    pending: [...state.pending]
      .sort((a, b) => ascending(a.author, b.author) || a.seq - b.seq)
      .map(({ hash, author, seq, body }) => ({ hash, author, seq, body: plain(body) })),
    assets: sortedEntries(state.assets).map(([owner, { hash, body }]) => [owner, hash, plain(body)]),
    runs: sortedEntries(state.runs).map(([, run]) => encodeRun(run)),
    exposures: sortedEntries(state.exposures).map(([owner, providers]) => [owner, [...providers]]),
    limits: sortedEntries(state.limits),
    joined: sortedEntries(state.joined).map(([member, { root, present }]) => [member, root, present]),
    rejected: state.rejected.map(({ hash, author, epoch, why }) => [hash, author, epoch, why]),
  }
}

function encodeRun({ problem, settlement, ...rest }: RunRecord): Canonical {
  return {
    ...(plain(rest) as Record<string, Canonical>),
    problem: problem ? [plain(problem)] : [],
    settlement: settlement ? [plain(settlement)] : [],
  }
}

/** Records of integers, strings, lists and records are canonical as they are; the type system can not see it. */
function plain(record: object): Canonical {
  return record as unknown as Canonical
}
