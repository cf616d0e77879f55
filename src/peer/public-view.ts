// Ledger and governance as the screens see them: plain data, built anew for every view.
import { derive } from '../core/governance/derived.ts'
import { canHold } from '../core/governance/pause.ts'
import { lineageUsed } from '../core/governance/share.ts'
import {
  devicesOf,
  licencesOf,
  metersOf,
  motionsOf,
  requestsTo,
  roleOf,
  timelineOf,
  violationsOf,
} from '../core/governance/views.ts'
import { balanceOf, previewBalances } from '../core/ledger/credits.ts'
import type { GovernanceView } from '../ports/governance-view.ts'
import type { LedgerView } from '../ports/ledger-view.ts'
import { viewOfSeal } from './history.ts'
import type { Peer } from './peer.ts'

export function ledgerView({ book, wire, store }: Peer): LedgerView {
  const { live, sealed, certificate, ledger } = book
  const preview = previewBalances(live.credits)
  return {
    seal: certificate && viewOfSeal(certificate),
    sealedEntries: book.sealedEntries,
    openEntries: ledger.size,
    sealing: sealing(wire.seals.machine.progress(), ledger.size),
    balances: [...preview].map(([member, micro]) => ({
      member,
      sealed: balanceOf(sealed.credits, member),
      live: micro,
    })),
    issuedMicro: live.credits.issued,
    archivedEpochs: wire.archive.kept,
    convicted: [...live.members.convicted.keys()].sort(),
    storageFailures: store.failures,
  }
}

function sealing(
  { phase, have, needed, present }: ReturnType<Peer['wire']['seals']['machine']['progress']>,
  open: number,
): LedgerView['sealing'] {
  if (present < needed && open > 0) return { status: 'no-quorum', present, needed }
  return phase === 'idle' ? { status: 'idle' } : { status: 'gathering', have, needed }
}

export function governanceView({ citizen, desk, self, book, charter }: Peer): GovernanceView {
  const state = book.live.governance
  const roomTime = citizen.time.unixMs()
  const { isGuardian, isIssuer } = roleOf(state, self)
  return {
    terms: derive(state).terms?.terms ?? charter.governance,
    lineage: citizen.lineage,
    compute: citizen.compute(),
    standing: citizen.limits().standing,
    isGuardian,
    isIssuer,
    isAnchor: book.genesis.anchor === self,
    canHold: canHold(state, self, citizen.time.ownUnixMs()),
    lineageFlop: lineageUsed(state),
    meters: metersOf(state, roomTime),
    motions: motionsOf(state, self, roomTime),
    licences: licencesOf(state, roomTime),
    devices: devicesOf(state, self),
    violations: violationsOf(state),
    timeline: timelineOf(state),
    requests: requestsTo(state, self).map(({ hash, by, commitment, reason }) => ({
      hash,
      by,
      commitment,
      reason,
      known: desk.openings.has(commitment),
    })),
  }
}
