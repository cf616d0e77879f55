import { describe, expect, test } from 'vitest'
import { ReceiptJournal, type ReceiptFacts } from '../../src/peer/receipt-journal.ts'
import type { Traffic } from '../../src/peer/traffic.ts'
import type { WorkTally } from '../../src/peer/training.ts'

const HASH = 'ab'.repeat(32)
const NOTHING: WorkTally = { steps: 0, samples: 0, flop: 0n, computeMs: 0 }
const facts = (round: number, last: ReceiptFacts['last']): ReceiptFacts => ({
  lineage: 'lineage',
  device: 'device',
  licence: '',
  last,
  round,
  modelHash: HASH,
  startHash: HASH,
})

function worker() {
  return {
    tally: { ...NOTHING },
    work() {
      this.giveBack({ steps: 20, samples: 640, flop: 100n, computeMs: 5.5 })
    },
    takeTally() {
      const { tally } = this
      this.tally = { ...NOTHING }
      return tally
    },
    giveBack(tally: WorkTally) {
      this.tally.steps += tally.steps
      this.tally.samples += tally.samples
      this.tally.flop += tally.flop
      this.tally.computeMs += tally.computeMs
    },
  }
}
const journal = (): ReceiptJournal =>
  new ReceiptJournal({ sentBytes: 7, receivedBytes: 9 } as unknown as Traffic)

describe('receipts', () => {
  test('go on where the last one ended, also when a pause or a reload took rounds back', () => {
    const training = worker()
    training.work()
    const last = { hash: HASH, toRound: 12, toStep: 60, modelAfter: HASH }
    const draft = journal().close(training, facts(10, last))
    expect(draft?.body).toMatchObject({ fromRound: 12, toRound: 12, fromStep: 60, toStep: 80 })
  })

  test('that the ledger does not take leave the work to the next one', () => {
    const training = worker()
    const book = journal()
    training.work()
    book.updatePublished(HASH)
    const refused = book.close(training, facts(1, null))!
    training.work()
    refused.giveBack()
    const { body } = book.close(training, facts(2, null))!
    expect(body).toMatchObject({ fromStep: 0, toStep: 40, samples: 1_280, flop: '200', updates: 1 })
    expect([body.sentBytes, body.receivedBytes]).toEqual([7, 9])
    expect(book.close(training, facts(2, null))).toBeNull()
  })
})
