// A few minutes' worth of the swarm engine's table in one: one seed, shorter runs, the whole of MNIST, and every control that
// must fail. The table itself: npm run bench -- gossip.
import { beforeAll, describe, expect, test } from 'vitest'
import { silenceBare, silenceRoom } from '../../bench/gossip-foreign.ts'
import { loadMnist } from '../../bench/gossip-data.ts'
import { permute } from '../../bench/gossip-order.ts'
import { allArms } from '../../bench/gossip-rows.ts'
import { Bench, openLab, runArm, type RunRecord } from '../../bench/gossip-run.ts'

const SEED = '1'
let bench: Bench

function run(row: string, split: string, name: string, rounds: number): RunRecord {
  const arm = allArms().find(arm => arm.row === row && arm.split === split && arm.name === name)
  if (!arm) throw new Error(`no arm ${row} ${split} ${name}`)
  return runArm(bench, { ...arm, plan: { ...arm.plan, rounds }, every: rounds }, SEED)
}

beforeAll(async () => {
  bench = new Bench(await loadMnist())
})

describe(`rooms of ten on MNIST, seed ${SEED}`, () => {
  test('one bit is as good as float32 averaging, for a thirty-first of its bytes', () => {
    const fedavg = run('a', 'iid', 'fedavg', 20)
    const oneBit = run('a', 'iid', 'one-bit', 20)
    expect(fedavg.final).toBeGreaterThan(90)
    expect(oneBit.final).toBeGreaterThan(fedavg.final - 0.5)
    expect(oneBit.updateBytes).toBe(Math.ceil(101_770 / 8) + 2 * 25 + 204)
    expect(fedavg.updateBytes / oneBit.updateBytes).toBeGreaterThan(31)
  })

  test('two of ten liars cost little; the plain mean falls to them', () => {
    for (const attack of ['flip', 'scale', 'alie'])
      expect(run('b', 'iid', `clip-trim: ${attack}`, 20).final, attack).toBeGreaterThan(88)
    expect(run('b', 'dir 0.3', 'clip-trim: flip', 30).final).toBeGreaterThan(80)
    expect(run('x', 'iid', 'mean: scale', 10).final, 'control').toBeLessThan(30)
  })

  test('a coordinate-wise median breaks sparse updates', () => {
    const kept = run('x', 'iid', 'sparse, multi-krum', 20).final
    const broken = run('x', 'iid', 'sparse, median', 20).final
    expect(kept - broken).toBeGreaterThan(4)
  })

  test('where a fifth of the updates are late all end with the same bits; dropping them drives members apart', () => {
    const replayed = run('d', 'dir 0.3', 'replay', 20)
    const dropped = run('d', 'dir 0.3', 'drop', 20)
    expect(replayed.models).toBe(1)
    expect(replayed.replays).toBeGreaterThan(0.5)
    expect(dropped.models).toBe(10)
    expect(dropped.driftPercent).toBeGreaterThan(2 * replayed.driftPercent)
    expect(replayed.final - dropped.final).toBeGreaterThan(3)
  })

  test('a third of the room leaves every round', () => {
    expect(run('f', 'iid', '30 % leave', 30).final).toBeGreaterThan(91)
  })

  test('every class with one of four', () => {
    expect(run('h', 'disjoint', 'default', 60).final).toBeGreaterThan(85)
  })

  test('heads of their own serve members’ own classes and nobody else', () => {
    const [shared, own] = ['shared head', 'own head'].map(name => run('o', 'two shards', name, 15))
    expect(own!.personal).toBeGreaterThan(95)
    expect(own!.personal).toBeGreaterThan(shared!.personal! + 5)
    expect(own!.final).toBeLessThan(40)
    expect(own!.updateBytes).toBeLessThan(shared!.updateBytes)
  })

  test('the same plan gives the same bits', () => {
    const arm = allArms().find(({ row, name }) => row === 'f' && name === '30 % leave')!
    const names = [0, 1].map(() => {
      const lab = openLab(bench, { ...arm.plan, seed: SEED, partSamples: 100 })
      for (let round = 0; round < 4; round++) lab.step()
      return [...lab.hashes()].join()
    })
    expect(names[0]).toMatch(/^[0-9a-f]{64}$/)
    expect(names[1]).toBe(names[0])
  })
})

test('the model is a function of the set of updates, whatever their order', () => {
  expect(permute(150, SEED)).toEqual({ arrivals: 150, models: 1, changed: 2 })
})

test('fifteen foreign bytes silence an author in a bare Yjs document and nobody in a room', async () => {
  expect(silenceBare()).toEqual({ attackBytes: 15, written: 110, seen: 100, seenByThird: 100 })
  const room = await silenceRoom(SEED)
  expect(room.isEntry).toBe(false)
  expect(room.written).toBeGreaterThan(10)
  expect(room.seen).toBe(room.written)
})
