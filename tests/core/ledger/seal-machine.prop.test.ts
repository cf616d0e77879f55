// Seeded worlds of members that agree on seals: loss, partitions, restarts, Byzantine members, hosts that vanish or lie.
// Each failure names the seed of its world. Controls show that the worlds are hard enough: without locks or with half as
// quorum the same kind of world gives two final seals.
import { describe, expect, it } from 'vitest'
import {
  faultsTolerated,
  hostQuorum,
  SEAL_RULES,
  successionQuorum,
  type SealMode,
} from '../../../src/core/ledger/quorum.ts'
import { createRng, type Rng } from '../../../src/core/num/rng.ts'
import { name } from './seal-fixtures.ts'
import { World } from './seal-network.ts'

const MODES = ['consortium', 'host'] as const

/** Not the founder; as many as the room tolerates, sometimes fewer. */
function crooksFor(n: number, rng: Rng): number[] {
  const count = rng.next() < 0.3 ? rng.below(faultsTolerated(n) + 1) : faultsTolerated(n)
  const chosen = new Set<number>()
  while (chosen.size < count) chosen.add(1 + rng.below(n - 1))
  return [...chosen]
}

function hardWorld(mode: SealMode, seed: string): World {
  const rng = createRng(`shape/${seed}`)
  // All sizes up to 13, small ones oftener.
  const n = 1 + Math.floor(13 * rng.next() ** 1.7)
  const byzantine = crooksFor(n, rng)
  const churn = rng.next() < 0.5 ? 0.02 : 0
  const cuts = rng.next() < 0.5 ? 0.4 : 0
  const world = new World({ seed, n, mode, byzantine, churn, cuts })
  for (let phase = 0; phase < 2; phase++) {
    const cut = rng.below(n)
    switch (rng.below(5)) {
      case 0: // about half and half
        world.partition(() => rng.below(2))
        break
      case 1: // two thirds and a third
        world.partition(i => (i % 3 === 0 ? 1 : 0))
        break
      case 2:
        world.partition(i => (i === cut ? 1 : 0))
        break
      case 3: // long enough for a succession
        if (mode === 'host') {
          world.partition(i => (i === 0 ? 1 : 0))
          world.run(60_000 + rng.below(30_000))
        }
        break
      default:
        world.partition(() => 0)
    }
    world.run(3_000 + rng.below(15_000))
  }
  return world
}

const newest = (world: World): number => Math.max(...world.nodes.map(node => node.ground.epoch))
const allReach = (world: World, epoch: number) => (): boolean =>
  world.nodes.every(node => world.gone.has(node.index) || node.ground.epoch >= epoch)

/** Counts changes of the anchor; there is none, nor a seal by quorum, where no host was silent for long. */
function checkSuccessions(world: World): number {
  let successions = 0
  if (world.options.mode === 'consortium') return successions
  for (const node of world.nodes)
    for (const [i, { seal, statements }] of node.chain.entries()) {
      const before = i === 0 ? world.genesis.anchor : node.chain[i - 1]!.seal.anchor
      if (seal.anchor === before && statements[0]!.path === 'host') continue
      expect({ seed: world.options.seed, ms: world.longestSilence >= 55_000 }).toMatchObject({ ms: true })
      if (seal.anchor !== before) successions++
    }
  return successions
}

describe.each(MODES)('%s', mode => {
  it('never two final seals for one epoch, and all go on after healing: 1,000 worlds', () => {
    let successions = 0
    let sealed = 0
    for (let k = 0; k < 1_000; k++) {
      const seed = `${mode}/${k}`
      const world = hardWorld(mode, seed)
      const before = newest(world)
      sealed += before
      world.heal()
      const live = world.run(400_000, allReach(world, before + 1))
      expect({ seed, forks: world.forks(), live }).toEqual({ seed, forks: [], live: true })
      successions += checkSuccessions(world)
    }
    // The worlds were not so hard that nothing happened in them.
    expect(sealed).toBeGreaterThan(500)
    if (mode === 'host') expect(successions).toBeGreaterThan(5)
  })

  it.each([
    ['no locks', { ...SEAL_RULES, locks: false }],
    ['half as quorum', { ...SEAL_RULES, consortiumQuorum: hostQuorum, successionQuorum: hostQuorum }],
  ])('control: %s gives two final seals somewhere', (_, rules) => {
    const violated: string[] = []
    for (let k = 0; k < 400 && violated.length === 0; k++) {
      const seed = `control/${mode}/${k}`
      const rng = createRng(`shape/${seed}`)
      const n = mode === 'host' ? 5 + rng.below(4) : 4 + rng.below(3)
      const byzantine = mode === 'host' ? [] : crooksFor(n, rng)
      const worlds = [rules, SEAL_RULES].map(each => {
        const world = new World({ seed, n, mode, byzantine, rules: each, cuts: 1 })
        if (k % 2 === 1) world.partition(i => i % 2)
        world.run(mode === 'host' ? 100_000 : 40_000)
        return world.forks().length > 0
      })
      // With the rules in force the same world is harmless.
      expect({ seed, forked: worlds[1] }).toEqual({ seed, forked: false })
      if (worlds[0]) violated.push(seed)
    }
    expect(violated).not.toEqual([])
  })
})

describe('a host that is gone for good', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])('of %i members: succession where it can be', n => {
    for (let k = 0; k < 4; k++) {
      const seed = `gone/${n}/${k}`
      const world = new World({ seed, n, mode: 'host' })
      world.run(3_000 + 4_000 * k)
      world.leaveForGood(0)
      const before = newest(world)
      const succeeds = n - 1 >= successionQuorum(n)
      const passed = world.run(succeeds ? 400_000 : 200_000, allReach(world, before + 4))
      expect({ seed, passed, forks: world.forks() }).toEqual({ seed, passed: succeeds || n === 1, forks: [] })
      for (const node of world.nodes) {
        if (node.index === 0) continue
        if (succeeds) expect(node.ground.anchor).not.toBe(name(0))
        // At most what the host had left behind became final.
        else expect(node.ground.epoch).toBeLessThanOrEqual(before + 1)
      }
      checkSuccessions(world)
    }
  })
})

describe('half of the room leaves for good', () => {
  it.each([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])('a host with what remains of %i goes on', n => {
    const world = new World({ seed: `half/${n}`, n, mode: 'host' })
    world.run(5_000)
    const before = newest(world)
    for (let i = n - Math.floor(n / 2); i < n; i++) world.leaveForGood(i)
    expect(world.run(120_000, allReach(world, before + 5))).toBe(true)
    expect(world.forks()).toEqual([])
    for (const node of world.nodes) if (!world.gone.has(node.index)) expect(node.ground.anchor).toBe(name(0))
  })

  it('a consortium seals nothing and loses nothing until one comes back', () => {
    const world = new World({ seed: 'half/consortium', n: 6, mode: 'consortium' })
    world.run(5_000)
    const away = world.nodes.slice(4)
    for (const node of away) node.stop()
    world.run(5_000)
    const before = newest(world)
    world.run(300_000)
    expect(newest(world)).toBe(before)
    expect(world.nodes[0]!.machine.progress()).toMatchObject({ needed: 5, present: 4 })
    // Nobody ran ahead in the meantime.
    expect(world.nodes[0]!.machine.progress().view).toBeLessThanOrEqual(1)
    away[0]!.start()
    expect(world.run(60_000, () => newest(world) > before)).toBe(true)
    expect(world.forks()).toEqual([])
  })
})

describe('a Byzantine host', () => {
  it('that makes two seals final convicts itself, whoever helps it', () => {
    let forked = 0
    for (let k = 0; k < 300; k++) {
      const seed = `liar/${k}`
      const rng = createRng(`shape/${seed}`)
      const n = 3 + rng.below(7)
      const helpers = Math.max(0, faultsTolerated(n) - 1)
      const byzantine = [0, ...Array.from({ length: helpers }, (_, i) => i + 1)]
      const world = new World({ seed, n, mode: 'host', byzantine, cuts: 0.3 })
      world.partition(() => rng.below(2))
      world.run(10_000)
      world.partition(() => 0)
      world.run(20_000)
      if (rng.next() < 0.3) {
        world.partition(i => (i === 0 ? 1 : 0))
        world.run(90_000)
      }
      world.heal()
      world.run(20_000)
      if (world.forks().length === 0) continue
      forked++
      const accused = new Set(world.proofs.map(([first]) => first.author))
      expect({ seed, convicted: accused.has(name(0)) }).toEqual({ seed, convicted: true })
    }
    expect(forked).toBeGreaterThan(8)
  })
})
