// Sponsored runs in one peer: the desk for what a person orders, the steward for what the tab does by itself.
import type { MemberId } from '../core/num/ids.ts'
import type { Peer } from './peer.ts'
import { RunDesk } from './run-desk.ts'
import { RunSteward } from './run-steward.ts'

export interface RunOffice {
  readonly desk: RunDesk
  readonly steward: RunSteward
}

export function openRunOffice(peer: Peer, self: MemberId): RunOffice {
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
    openAppraiser: () => null,
    bring: samples => void peer.bring(samples),
    onChange: () => peer.changed(),
  })
  return { desk, steward }
}
