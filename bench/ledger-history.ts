// What the screens and exports cost a member that holds the whole ledger: the first page reads every archived epoch, later
// ones do not; a new seal adds its own.
import { systemClock } from '../src/adapters/clock-system.ts'
import { streamPacker } from '../src/adapters/packer-streams.ts'
import { verifySignature } from '../src/adapters/signer-webcrypto.ts'
import { createMemoryStore } from '../src/adapters/store-memory.ts'
import { entryHash } from '../src/core/ledger/chain.ts'
import { Archive } from '../src/peer/archive.ts'
import type { PeerContext } from '../src/peer/context.ts'
import { History } from '../src/peer/history.ts'
import type { LedgerQuery } from '../src/ports/ledger-view.ts'
import { costOf, heapUsed } from './ledger-measures.ts'
import type { RoomLife } from './ledger-room.ts'

const PAGE: LedgerQuery = { kind: 'all', author: 'all', text: '', offset: 0, count: 50 }

/** The room lives on for another epoch. */
export async function historyCost(life: RoomLife): Promise<{
  readonly firstPageMs: number
  readonly pageMs: number
  readonly searchMs: number
  readonly proofMs: number
  readonly pageAfterSealMs: number
  readonly heldBytes: number
}> {
  const { maker } = life
  const archive = new Archive(maker.room, createMemoryStore(), streamPacker)
  const keepFrom = async (from: number): Promise<void> => {
    for (const { certificate, entries, snapshot } of maker.epochs.slice(from)) {
      await archive.keepEpoch({ certificate, entries })
      await archive.keepSeal(certificate, snapshot)
    }
  }
  await keepFrom(0)
  const middle = maker.epochs[Math.floor(maker.epochs.length / 2)]!
  const wanted = entryHash(middle.entries[0]!)
  const history = new History(aloneAs(life), maker.book, archive)
  const page = async (query: Partial<LedgerQuery> = {}): Promise<number> =>
    (await costOf(() => history.page({ ...PAGE, ...query }, () => ''))).cpuMs
  try {
    const before = heapUsed()
    const firstPageMs = await page()
    const heldBytes = heapUsed() - before
    const pageMs = await page({ offset: 50 })
    const searchMs = await page({ text: 'looks at the data' })
    const proof = await costOf(() => history.proofOf(wanted))
    if (!proof.value) throw new Error('no proof')
    const { length } = maker.epochs
    life.fill().seal()
    await keepFrom(length)
    const pageAfterSealMs = await page()
    return { firstPageMs, pageMs, searchMs, proofMs: proof.cpuMs, pageAfterSealMs, heldBytes }
  } finally {
    history.close()
  }
}

/** Without a link: everything is at home. */
function aloneAs({ founder, maker }: RoomLife): PeerContext {
  return {
    room: maker.room,
    self: founder.id,
    clock: systemClock,
    transport: {
      self: founder.id,
      links: () => [],
      send: () => false,
      stats: () => undefined,
      ban: () => undefined,
      subscribe: () => () => undefined,
      close: () => undefined,
    },
    signer: {
      id: founder.id,
      sign: () => Promise.reject(new Error('signs nothing')),
      verify: verifySignature,
    },
    send: () => false,
    checked: undefined,
    refuse: () => undefined,
    strike: () => undefined,
  }
}
