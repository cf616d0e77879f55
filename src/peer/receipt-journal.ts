// Turns training into receipts: what was metered since the last one, chained to it, with the common model before and now.
import type { ReceiptBody } from '../core/ledger/entry.ts'
import { leafHash, rootOf } from '../core/num/merkle.ts'
import { hexToBytes } from '../core/num/hex.ts'
import type { Traffic } from './traffic.ts'
import type { Training, WorkTally } from './training.ts'

/** The author's newest receipt in the ledger, where the next one goes on; null before the first. */
export interface LastReceipt {
  readonly hash: string
  readonly toRound: number
  readonly toStep: number
  readonly modelAfter: string
}

export interface ReceiptFacts {
  readonly lineage: string
  readonly device: string
  readonly licence: string
  readonly last: LastReceipt | null
  readonly round: number
  /** Hash of the newest frozen common state. */
  readonly modelHash: string
  /** Hash of the state that the room started from. */
  readonly startHash: string
}

/** A receipt to be signed; `giveBack` when the ledger does not take it, so that the next one states the work. */
export interface DraftReceipt {
  readonly body: ReceiptBody
  giveBack(): void
}

export class ReceiptJournal {
  private updateIds: string[] = []
  private sentBytes = 0
  private receivedBytes = 0

  constructor(private readonly traffic: Traffic) {}

  updatePublished(id: string): void {
    this.updateIds.push(id)
  }

  /** The next receipt; null when nothing was trained since the last. */
  close(
    training: Pick<Training, 'tally' | 'takeTally' | 'giveBack'>,
    facts: ReceiptFacts,
  ): DraftReceipt | null {
    if (training.tally.steps === 0) return null
    const tally: WorkTally = training.takeTally()
    const { steps, samples, flop, computeMs } = tally
    const fromStep = facts.last?.toStep ?? 0
    // A pause takes rounds back, and a reload may: work done again counts for the round that was reached already.
    const fromRound = facts.last?.toRound ?? 0
    const ids = this.updateIds
    const body: ReceiptBody = {
      kind: 'receipt',
      lineage: facts.lineage,
      device: facts.device,
      licence: facts.licence,
      previous: facts.last?.hash ?? '',
      fromRound,
      toRound: Math.max(fromRound, facts.round),
      fromStep,
      toStep: fromStep + steps,
      samples,
      flop: flop.toString(),
      wallMs: Math.ceil(computeMs),
      modelBefore: facts.last?.modelAfter ?? facts.startHash,
      modelAfter: facts.modelHash,
      updates: ids.length,
      updatesRoot: ids.length > 0 ? rootOf(ids.map(id => leafHash(hexToBytes(id)))) : '',
      sentBytes: this.traffic.sentBytes - this.sentBytes,
      receivedBytes: this.traffic.receivedBytes - this.receivedBytes,
    }
    this.updateIds = []
    this.sentBytes += body.sentBytes
    this.receivedBytes += body.receivedBytes
    return {
      body,
      giveBack: () => {
        training.giveBack(tally)
        this.updateIds = [...ids, ...this.updateIds]
        this.sentBytes -= body.sentBytes
        this.receivedBytes -= body.receivedBytes
      },
    }
  }
}
