// Turns training into work entries: what was done since the last one, in the units that a receipt states.
import type { WorkBody } from '../core/ledger/entry.ts'
import type { Traffic } from './traffic.ts'
import type { Training } from './training.ts'

export class WorkJournal {
  private updates = 0
  private lastRound = 0
  private sentBytes = 0
  private receivedBytes = 0

  constructor(private readonly traffic: Traffic) {}

  updatePublished(): void {
    this.updates++
  }

  /** The next work entry; null when nothing was trained since the last. */
  close(training: Training, toRound: number, modelHash: string): WorkBody | null {
    if (training.tally.steps === 0) return null
    const { steps, samples, flop, computeMs } = training.takeTally()
    const body: WorkBody = {
      kind: 'work',
      fromRound: this.lastRound,
      toRound,
      steps,
      samples,
      flop: flop.toString(),
      computeMs: Math.round(computeMs),
      updates: this.updates,
      sentBytes: this.traffic.sentBytes - this.sentBytes,
      receivedBytes: this.traffic.receivedBytes - this.receivedBytes,
      modelHash,
    }
    this.updates = 0
    this.lastRound = toRound
    this.sentBytes += body.sentBytes
    this.receivedBytes += body.receivedBytes
    return body
  }
}
