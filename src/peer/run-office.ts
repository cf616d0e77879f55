// Sponsored runs in one peer: the desk for what a person orders, the steward for what the tab does by itself.
import type { RunRecord } from '../core/incentives/runs/records.ts'
import { sharedParameters } from '../core/params/head.ts'
import { bytesToHex } from '../core/num/hex.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { CharterBody } from '../core/ledger/entry.ts'
import type { Clock, Entropy } from '../ports/clock.ts'
import type { Phase } from '../ports/session.ts'
import type { Trainer } from '../ports/trainer.ts'
import { Appraiser } from './appraiser.ts'
import type { Citizen } from './citizen.ts'
import { createProfile } from './profile.ts'
import { RunDesk } from './run-desk.ts'
import { RunSteward } from './run-steward.ts'
import type { Seat } from './seat.ts'
import type { Training } from './training.ts'

/** The part of a peer that sponsored runs have to do with. */
export interface OfficePeer {
  readonly deps: { readonly clock: Clock; readonly entropy: Entropy }
  readonly citizen: Citizen
  readonly charter: CharterBody
  readonly machine: { readonly round: number; readonly window: { readonly base: { readonly round: number } } }
  readonly seat: Pick<Seat, 'described' | 'hasTestData' | 'loadValidation'>
  readonly trainer: Trainer | null
  readonly training: Training | null
  readonly phase: Phase
  holdsShard(contract: string): boolean
  jobsOf(contract: string): number
  bring(samples: number | null): Promise<void>
  changed(): void
}

export interface RunOffice {
  readonly desk: RunDesk
  readonly steward: RunSteward
}

export function openRunOffice(peer: OfficePeer, self: MemberId): RunOffice {
  const desk: RunDesk = new RunDesk(peer.citizen, {
    self,
    round: () => peer.machine.round,
    stepsPerSecond: () => peer.training?.stepsPerSecond || (peer.trainer?.report.stepsPerSecond ?? 0),
    data: () => peer.seat.described,
    progressOf: run => steward.progressOf(run),
  })
  const steward: RunSteward = new RunSteward(peer.citizen, desk, {
    self,
    frozenRound: () => peer.machine.window.base.round,
    openAppraiser: run => openAppraiser(peer, self, run),
    holdsShard: contract => peer.holdsShard(contract),
    jobsOf: contract => peer.jobsOf(contract),
    bring: samples => void peer.bring(samples),
    onChange: () => peer.changed(),
  })
  return { desk, steward }
}

/** Null while there is nothing to measure on, and where only sums are seen: a sum says nothing of one. */
function openAppraiser(peer: OfficePeer, self: MemberId, run: RunRecord): Appraiser | null {
  const { trainer, training, charter, seat } = peer
  const { model, terms } = charter
  if (!trainer || !training || !seat.hasTestData || terms.privacy.type === 'masks') return null
  const profile = createProfile(sharedParameters(model, terms.head), terms)
  let ready: Promise<void> | null = null
  const host = {
    self,
    clock: peer.deps.clock,
    secret: bytesToHex(peer.deps.entropy.bytes(16)),
    trains: () => peer.phase === 'training',
    outerRate: profile.outerRate,
    parts: profile.parts.bind(profile),
    async loss(shared: Float32Array) {
      await (ready ??= seat.loadValidation(trainer))
      return (await trainer.evaluate(training.whole(shared), 'validation')).loss
    },
    // A trainer that dies is told by the training itself.
    onFault: () => undefined,
  }
  const { hash, fromRound, toRound } = run
  return new Appraiser(host, { hash, fromRound, toRound })
}
