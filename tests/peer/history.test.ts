// The whole ledger from what a member keeps: pages, exports, proofs, and how often the archive is read for them.
import { describe, expect, it } from 'vitest'
import { streamPacker } from '../../src/adapters/packer-streams.ts'
import { verifySignature } from '../../src/adapters/signer-webcrypto.ts'
import { createMemoryStore } from '../../src/adapters/store-memory.ts'
import { entryHash, hashOf } from '../../src/core/ledger/chain.ts'
import { createAudit } from '../../src/core/room/audit.ts'
import { verifyProof } from '../../src/core/room/proof-file.ts'
import { Archive } from '../../src/peer/archive.ts'
import type { PeerContext } from '../../src/peer/context.ts'
import { History } from '../../src/peer/history.ts'
import { RoomBook } from '../../src/peer/room-book.ts'
import type { LedgerQuery } from '../../src/ports/ledger-view.ts'
import type { Store } from '../../src/ports/store.ts'
import type { Transport } from '../../src/ports/transport.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import { defaultGovernance } from '../../src/core/governance/terms.ts'
import { charterTerms, join } from '../tools/golden-ledgers.ts'
import { LedgerMaker } from '../tools/ledger-maker.ts'
import { testIdentity, type TestIdentity } from '../tools/test-identity.ts'

const START = 1_893_499_200_000
const ALL: LedgerQuery = { kind: 'all', author: 'all', text: '', offset: 0, count: 50 }
const nobody = (): string => ''

const people = [1, 2, 3].map(testIdentity) as [TestIdentity, TestIdentity, TestIdentity]

/** Three members who pay each other; every epoch has six entries. */
function makeRoom(epochs: number): LedgerMaker {
  const [founder] = people
  const maker = new LedgerMaker(founder, charterTerms(defaultGovernance([founder.id]), 'A room'), START)
  for (const [i, person] of people.entries()) maker.add(person, join(`member ${i}`, i))
  seal(maker)
  for (let epoch = 1; epoch < epochs; epoch++) live(maker)
  return maker
}

function live(maker: LedgerMaker): void {
  for (let i = 0; i < 6; i++) {
    const payer = people[i % 3]!
    const to = people[(i + 1) % 3]!
    maker.add(payer, {
      kind: 'transfer',
      to: to.id,
      amountMicro: String(i + 1),
      memo: `of epoch ${maker.book.epoch + 1}`,
    })
  }
  seal(maker)
}

function seal(maker: LedgerMaker): void {
  const signers = maker.book.seal ? people.slice(0, 2) : people
  maker.seal({ path: 'host', signers, present: people, unixMs: maker.now })
}

/** A store that counts what is read of archived epochs. */
function watchedStore(): Store & { epochsRead: number } {
  const inner = createMemoryStore()
  const watched = {
    ...inner,
    epochsRead: 0,
    get(key: string) {
      if (key.startsWith('epoch/')) watched.epochsRead++
      return inner.get(key)
    },
  }
  return watched
}

async function keep(archive: Archive, maker: LedgerMaker, from = 0): Promise<void> {
  for (const { certificate, entries, snapshot } of maker.epochs.slice(from)) {
    await archive.keepEpoch({ certificate, entries })
    await archive.keepSeal(certificate, snapshot)
  }
}

/** One link, which serves what `served` has. */
function contextOf(maker: LedgerMaker, served: Archive | null, answer: () => History | null): PeerContext {
  const self = people[0].id
  const transport: Transport = {
    self,
    links: () => (served ? [people[1].id] : []),
    send: () => false,
    stats: () => undefined,
    ban: () => undefined,
    subscribe: () => () => undefined,
    close: () => undefined,
  }
  return {
    room: maker.room,
    self,
    clock: new VirtualClock(),
    transport,
    signer: { id: self, sign: () => Promise.reject(new Error('signs nothing')), verify: verifySignature },
    checked: undefined,
    refuse: () => undefined,
    strike: () => undefined,
    send(_to, message) {
      if (message.type !== 'archive-want' || !served) return false
      void served.packedOf(message.seal).then(bytes => bytes && answer()?.onArchive(message.seal, bytes))
      return true
    },
  }
}

async function audit(bytes: Uint8Array): ReturnType<ReturnType<typeof createAudit>['finish']> {
  const reading = createAudit(verifySignature)
  await reading.push(bytes)
  return reading.finish()
}

describe('history', () => {
  it('pages newest first, and reads an epoch once however many seals follow', async () => {
    const maker = makeRoom(5)
    const store = watchedStore()
    const archive = new Archive(maker.room, store, streamPacker)
    await keep(archive, maker)
    const history = new History(
      contextOf(maker, null, () => null),
      maker.book,
      archive,
    )
    const page = await history.page(ALL, nobody)
    expect(page.total).toBe(4 + 4 * 6)
    const times = page.rows.map(({ entry }) => entry.unixMs)
    expect(times).toEqual([...times].sort((a, b) => b - a))
    expect(store.epochsRead).toBe(5)

    for (let i = 0; i < 3; i++) {
      live(maker)
      await keep(archive, maker, maker.epochs.length - 1)
      expect((await history.page(ALL, nobody)).rows[0]!.epoch).toBe(maker.book.epoch)
      expect(store.epochsRead).toBe(6 + i)
    }
    maker.add(people[0], { kind: 'leave' })
    const open = await history.page({ ...ALL, count: 1 }, nobody)
    expect(open.rows[0]).toMatchObject({ epoch: null, entry: { body: { kind: 'leave' } } })
    expect((await history.page({ ...ALL, text: 'of epoch 7' }, nobody)).total).toBe(6)
    history.close()
  })

  it('gives away the whole ledger, and proofs of its entries', async () => {
    const maker = makeRoom(4)
    maker.add(people[1], { kind: 'leave' })
    const archive = new Archive(maker.room, createMemoryStore(), streamPacker)
    await keep(archive, maker)
    const history = new History(
      contextOf(maker, null, () => null),
      maker.book,
      archive,
    )
    const report = await audit((await history.export()).bytes)
    expect(report).toMatchObject({ status: 'sound', fromEpoch: 0, seals: 4, sealedEntries: 22, entries: 23 })
    const wanted = maker.epochs[2]!.entries[3]!
    const proof = await history.proofOf(entryHash(wanted))
    expect(await verifyProof(proof!.bytes, verifySignature)).toMatchObject({
      status: 'sound',
      hash: entryHash(wanted),
      seal: { hash: hashOf(maker.book.seal) },
    })
    history.close()
  })

  it('of one who came late begins after the seal that it came to, also when it has seen the epoch before', async () => {
    const maker = makeRoom(3)
    const served = new Archive(maker.room, createMemoryStore(), streamPacker)
    const own = new Archive(maker.room, createMemoryStore(), streamPacker)
    const { certificate, snapshot } = maker.epochs[2]!
    const book = new RoomBook(maker.charter)
    expect(book.adopt(certificate, snapshot)).toBe(true)
    await own.keepSeal(certificate, snapshot)
    await own.keepBase(certificate, snapshot)
    live(maker)
    const newest = maker.epochs[3]!
    for (const entry of newest.entries) book.admit(entry)
    const closed = book.close(newest.certificate, newest.snapshot.heads)
    await own.keepEpoch(closed!)
    await own.keepSeal(newest.certificate, newest.snapshot)
    await keep(served, maker)
    let history: History | null = null
    history = new History(
      contextOf(maker, served, () => history),
      book,
      own,
    )
    for (let time = 0; time < 2; time++) {
      const report = await audit((await history.export()).bytes)
      expect(report).toMatchObject({ status: 'sound', fromEpoch: 3, seals: 1, entries: 6 })
    }
    // The link gave the epoch before, for the screens.
    expect((await history.page(ALL, nobody)).total).toBe(12)
    expect(await history.proofOf(entryHash(newest.entries[0]!))).toBeNull()
    history.close()
  })

  it('finds the archive of a seal without reading every certificate again', async () => {
    const maker = makeRoom(6)
    const store = createMemoryStore()
    let certificatesRead = 0
    const archive = new Archive(
      maker.room,
      {
        ...store,
        get(key) {
          if (key.startsWith('certificate/')) certificatesRead++
          return store.get(key)
        },
      },
      streamPacker,
    )
    await keep(archive, maker)
    certificatesRead = 0
    for (const { certificate } of maker.epochs)
      expect(await archive.packedOf(hashOf(certificate.seal))).toEqual(
        await archive.packed(certificate.seal.epoch),
      )
    expect(await archive.packedOf('0'.repeat(64))).toBeUndefined()
    expect(certificatesRead).toBe(maker.epochs.length)
  })
})
