// What a member votes for and what it does not, where clocks, orders and forks are in the way.
import { describe, expect, test } from 'vitest'
import { headOf } from '../../src/core/ledger/chain.ts'
import { proofOfFork } from '../../src/core/ledger/evidence.ts'
import { RoomBook, type ProposalFacts } from '../../src/peer/room-book.ts'
import { ann, bob, sampleLedger, START } from '../core/room/audit-sample.ts'
import { join } from '../tools/golden-ledgers.ts'

const facts = (unixMs: number): ProposalFacts => ({
  present: [ann.id, bob.id].sort(),
  unixMs,
  modelRound: -1,
  modelHash: '',
  newAnchor: null,
})
const judgement = (unixMs: number) => ({ unixMs, modelHashOf: () => undefined })

describe('a vote', () => {
  test('is given though a seal made while the host was alone with a wrong clock lies an hour ahead', () => {
    const made = sampleLedger()
    made.add(bob, join('bob', 0))
    made.seal({ path: 'host', signers: [ann, bob], present: [ann, bob], unixMs: START + 3_600_000 })
    made.add(bob, { kind: 'leave' })
    const now = START + 200_000
    expect(made.book.judge(made.book.propose(facts(now)), judgement(now))).toBe('good')
    const ahead = made.book.propose(facts(START + 3_600_001))
    expect(made.book.judge(ahead, judgement(now))).toBe('bad')
  })

  test('is not given to a seal that pays because it leaves out the order to pause', () => {
    const made = sampleLedger()
    made.add(ann, { kind: 'transfer', to: bob.id, amountMicro: '7', memo: 'stopped' })
    const { snapshot, certificate } = made.epochs[1]!
    const proposer = new RoomBook(made.charter)
    expect(proposer.adopt(certificate, snapshot)).toBe(true)
    for (const entry of made.book.ledger.openEntries()!) proposer.admit(entry)
    const now = START + 200_000
    expect(made.book.judge(proposer.propose(facts(now)), judgement(now))).toBe('good')
    made.add(ann, {
      kind: 'order',
      action: 'pause',
      target: '',
      reason: 'stop',
      nonce: 0,
      round: 1,
      expiresUnixMs: 0,
    })
    const paying = proposer.propose(facts(now + 1))
    expect(made.book.judge(paying, judgement(now))).toBe('bad')
    // Once enough others signed it, it counts all the same.
    const final = made.certify(paying.seal, 'host', [ann, bob], ann)
    expect(made.book.close(final, paying.heads)).toBeDefined()
  })
})

describe('the fold', () => {
  test('follows when entries are taken back, and counts how often', () => {
    const made = sampleLedger()
    const { book } = made
    made.add(bob, join('bob again', 0))
    expect(book.members().get(bob.id)?.nickname).toBe('bob again')
    const fork = made.entryOf(bob, book.ledger.lengthOf(bob.id) - 1)
    const stray = made.strayHead(bob, fork.seq, fork.prev)
    made.add(ann, proofOfFork(headOf(fork), stray))
    expect(book.takenBack).toBe(1)
    expect(book.members().has(bob.id)).toBe(false)
    expect(book.live.members.records.get(bob.id)?.nickname).toBe('bob')
  })
})
