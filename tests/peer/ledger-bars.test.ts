// The ledger's bars on a shorter life than the benchmark's (npm run bench -- ledger has 100,000 entries): sizes are the same
// there, since an epoch is as full and a snapshot grows with members, not with entries; rates have room to spare.
import { describe, expect, it } from 'vitest'
import { arrive } from '../../bench/ledger-joiner.ts'
import { auditCost, documentBytes, foldCost, peerCost, snapshotBytes } from '../../bench/ledger-measures.ts'
import { RoomLife } from '../../bench/ledger-room.ts'

const ENTRIES = 4_000

describe.each(['host', 'consortium'] as const)('20 members, sealed by %s', mode => {
  const life = new RoomLife({ mode, members: 20, entries: ENTRIES, seed: `bars-${mode}` }).run()
  const { maker } = life

  it('verified at 2,000 entries a second, folded within a second for 100,000', async () => {
    const { audited } = await auditCost(maker)
    const { admitted } = await peerCost(maker)
    // So few entries are folded before the compiler has warmed up: the best of some runs is what a long fold comes to.
    const folds: number[] = []
    for (let i = 0; i < 5; i++) {
      const { applyMs, closeMs } = await foldCost(maker)
      folds.push(applyMs + closeMs)
    }
    expect((ENTRIES / audited.cpuMs) * 1000).toBeGreaterThan(2_000)
    expect((ENTRIES / admitted.cpuMs) * 1000).toBeGreaterThan(2_000)
    expect((Math.min(...folds) / ENTRIES) * 100_000).toBeLessThan(1_000)
  })

  it('the document of a full epoch stays under 2 MB', () => {
    const full = maker.epochs.filter(({ entries }) => entries.length > 500)
    expect(full.length).toBeGreaterThan(1)
    expect(documentBytes(full.map(({ entries }) => entries))).toBeLessThan(2e6)
  })

  it('a newcomer gets along with 200 kB, and with little more than the entries since the seal', async () => {
    const arrival = await arrive(maker, life.identities.slice(0, 8))
    expect(arrival.besides).toBeLessThan(200_000)
    const bytes = new Map(arrival.bytes)
    const { ledger } = maker.book
    // Both ways: of a chain that two messages share the first part goes on to all links.
    expect(arrival.entries).toBeLessThan(1.5 * ledger.openBytes)
    expect(bytes.get('snapshot')).toBeLessThan(2 * (await snapshotBytes(maker)).packed)
  })
})

it('a snapshot does not grow with the entries', async () => {
  const at = async (entries: number): Promise<number> => {
    const { maker } = new RoomLife({ mode: 'host', members: 20, entries, seed: 'growth' }).run()
    return (await snapshotBytes(maker)).plain
  }
  const [young, old] = [await at(6_000), await at(12_000)]
  expect(old).toBeLessThan(1.25 * young)
})
