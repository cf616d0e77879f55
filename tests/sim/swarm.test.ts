// Real peers on virtual time: what the first version of gossip promises, replayed from a seed.
import { describe, expect, test } from 'vitest'
import { buildView } from '../../src/peer/peer-view.ts'
import { commonHashes } from '../../src/sim/scenarios.ts'
import { Swarm, type SimMember } from '../../src/sim/swarm.ts'
import { blobSwarm } from '../../src/sim/blobs.ts'

const accuracyOf = ({ peer }: SimMember): number => peer.gauge.swarm?.accuracy ?? 0
const isDone = ({ peer }: SimMember): boolean =>
  peer.phase === 'finished' && peer.gauge.swarm?.samples === 1000

describe('a room of four, each with two or three of ten classes', () => {
  test('all end with one model that knows every class; alone none does', async () => {
    const swarm = new Swarm(blobSwarm('room-of-four'))
    for (let i = 0; i < 4; i++) await swarm.join()
    expect(await swarm.clock.run(120_000, () => swarm.members.every(isDone))).toBe(true)
    const accuracies = swarm.members.map(accuracyOf)
    expect(Math.min(...accuracies)).toBeGreaterThan(0.95)
    expect(Math.max(...accuracies) - Math.min(...accuracies)).toBeLessThanOrEqual(0.01)
    expect(commonHashes(swarm.members)).not.toContain('none')
    expect(commonHashes(swarm.members).size).toBe(1)
    expect(new Set(swarm.members.map(({ peer }) => peer.seat.part)).size).toBe(4)
    swarm.close()

    const alone = new Swarm(blobSwarm('alone'))
    const hermit = await alone.join()
    expect(await alone.clock.run(120_000, () => isDone(hermit))).toBe(true)
    expect(accuracyOf(hermit)).toBeLessThan(0.35)
    alone.close()
  })

  test('the same seed gives the same model', async () => {
    const hashes: string[] = []
    for (let run = 0; run < 2; run++) {
      const swarm = new Swarm({ ...blobSwarm('replay', { rounds: 8 }), lossRate: 0.1 })
      for (let i = 0; i < 4; i++) await swarm.join()
      await swarm.clock.run(60_000, () => swarm.members.every(isDone))
      hashes.push([...commonHashes(swarm.members)].join())
      swarm.close()
    }
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/)
    expect(hashes[1]).toBe(hashes[0])
  })

  test('one dies in mid-round: the others close their next round within five seconds; it returns and agrees', async () => {
    const swarm = new Swarm(blobSwarm('killed', { rounds: 0 }))
    for (let i = 0; i < 4; i++) await swarm.join()
    await swarm.clock.run(15_000)
    const [victim, ...others] = swarm.members as [SimMember, ...SimMember[]]
    swarm.kill(victim)
    const diedAt = swarm.clock.now()
    const roundsThen = others.map(({ peer }) => peer.machine.round)
    // Two rounds on: the one that the death interrupted, and one more.
    const advanced = await swarm.clock.run(diedAt + 5_000, () =>
      others.every(({ peer }, i) => peer.machine.round > roundsThen[i]!),
    )
    expect(advanced).toBe(true)
    await swarm.clock.run(diedAt + 20_000)
    expect(buildView(others[0]!.peer).members.find(({ id }) => id === victim.signer.id)?.status).toBe('gone')

    await swarm.rejoin(victim)
    const back = await swarm.clock.run(
      swarm.clock.now() + 30_000,
      () =>
        victim.peer.phase === 'training' && victim.peer.machine.round >= others[0]!.peer.machine.round - 1,
    )
    expect(back).toBe(true)
    const since = victim.peer.machine.round
    await swarm.clock.run(swarm.clock.now() + 60_000, () => victim.peer.machine.round >= since + 6)
    expect(commonHashes(swarm.members)).not.toContain('none')
    expect(commonHashes(swarm.members).size).toBe(1)
    expect(victim.peer.wire.states.fetched).toBeGreaterThan(0)
    // Coming back is no equivocation: nothing of it was refused.
    expect(others.flatMap(({ peer }) => buildView(peer).refusals)).toEqual([])
    swarm.close()
  })

  test('a latecomer gets the state that the others agree on and does not start from zero', async () => {
    const swarm = new Swarm(blobSwarm('latecomer', { rounds: 0 }))
    for (let i = 0; i < 3; i++) await swarm.join()
    await swarm.clock.run(20_000)
    const round = swarm.members[0]!.peer.machine.round
    expect(round).toBeGreaterThan(10)
    const late = await swarm.join()
    await swarm.clock.run(swarm.clock.now() + 15_000)
    expect(late.peer.machine.round).toBeGreaterThanOrEqual(round)
    expect(late.peer.seat.part).toBe(3)
    expect(late.peer.wire.states.fetched).toBe(1)
    expect(commonHashes(swarm.members)).not.toContain('none')
    expect(commonHashes(swarm.members).size).toBe(1)
    swarm.close()
  })

  test('pause stops steps, not the others; a watcher follows without training', async () => {
    const swarm = new Swarm(blobSwarm('paused', { rounds: 0 }))
    for (let i = 0; i < 3; i++) await swarm.join()
    const watcher = await swarm.join({ role: 'watcher' })
    await swarm.clock.run(15_000)
    const [pausing, other] = swarm.members as [SimMember, SimMember]
    pausing.peer.setPaused(true)
    await swarm.clock.run(swarm.clock.now() + 100)
    const steps = pausing.peer.training!.totalSteps
    const round = other.peer.machine.round
    await swarm.clock.run(swarm.clock.now() + 10_000)
    expect(pausing.peer.training!.totalSteps).toBe(steps)
    expect(other.peer.machine.round).toBeGreaterThan(round + 3)
    expect(pausing.peer.machine.round).toBeGreaterThan(round + 3)
    pausing.peer.setPaused(false)
    await swarm.clock.run(swarm.clock.now() + 5_000)
    expect(pausing.peer.training!.totalSteps).toBeGreaterThan(steps)
    expect(watcher.peer.machine.round).toBeGreaterThan(round)
    expect(watcher.peer.training!.totalSteps).toBe(0)
    expect(watcher.peer.gauge.swarm?.accuracy).toBeGreaterThan(0.5)
    swarm.close()
  })
})

describe('what a device keeps', () => {
  test.each([1, 3])('%i members, all reloaded at once: the room goes on where it was', async count => {
    const swarm = new Swarm(blobSwarm(`reload ${count}`, { rounds: 0 }))
    for (let i = 0; i < count; i++) await swarm.join()
    await swarm.clock.run(25_000)
    const before = Math.max(...swarm.members.map(({ peer }) => peer.machine.round))
    expect(before).toBeGreaterThan(30)
    for (const member of swarm.members) swarm.kill(member)
    await swarm.clock.run(26_000)
    for (const member of swarm.members) await swarm.rejoin(member)
    await swarm.clock.run(60_000)
    for (const { peer } of swarm.members) {
      expect(peer.machine.round).toBeGreaterThan(before)
      expect(peer.training!.totalSteps).toBeGreaterThan(100)
    }
    expect(commonHashes(swarm.members)).not.toContain('none')
    expect(commonHashes(swarm.members).size).toBe(1)
    expect(swarm.members.flatMap(({ peer }) => buildView(peer).refusals)).toEqual([])
    swarm.close()
  })

  test('a disk that takes nothing any more stops nobody', async () => {
    const swarm = new Swarm(blobSwarm('full disk', { rounds: 0 }))
    for (let i = 0; i < 3; i++) await swarm.join()
    await swarm.clock.run(8_000)
    swarm.members[1]!.store.put = () => Promise.reject(new DOMException('full', 'QuotaExceededError'))
    const before = swarm.members.map(({ peer }) => peer.machine.round)
    await swarm.clock.run(30_000)
    swarm.members.forEach(({ peer }, i) => expect(peer.machine.round).toBeGreaterThan(before[i]! + 10))
    expect(commonHashes(swarm.members).size).toBe(1)
    const receipt = await Promise.race([
      swarm.members[1]!.peer.leave(),
      swarm.clock.run(40_000).then(() => null),
    ])
    expect(receipt?.entries.at(-1)?.body.kind).toBe('leave')
    swarm.close()
  })
})

test('two halves of a split room go on and end in one model after the split heals', async () => {
  const swarm = new Swarm(blobSwarm('split', { rounds: 0 }))
  for (let i = 0; i < 5; i++) await swarm.join()
  await swarm.clock.run(10_000)
  const ids = swarm.members.map(({ signer }) => signer.id)
  swarm.network.partition([ids.slice(0, 3), ids.slice(3)])
  await swarm.clock.run(25_000)
  const rounds = swarm.members.map(({ peer }) => peer.machine.round)
  swarm.network.heal()
  await swarm.clock.run(45_000)
  swarm.members.forEach(({ peer }, i) => expect(peer.machine.round).toBeGreaterThan(rounds[i]!))
  expect(commonHashes(swarm.members)).not.toContain('none')
  expect(commonHashes(swarm.members).size).toBe(1)
  swarm.close()
})

test('fifty members over an overlay of few links hold one model', async () => {
  const swarm = new Swarm({
    ...blobSwarm('fifty', { rounds: 2, localSteps: 1 }, 50),
    latencyMs: 30,
    lossRate: 0.02,
  })
  for (let i = 0; i < 50; i++) await swarm.join()
  const done = await swarm.clock.run(120_000, () => swarm.members.every(isDone))
  expect(done).toBe(true)
  expect(commonHashes(swarm.members)).not.toContain('none')
  expect(commonHashes(swarm.members).size).toBe(1)
  swarm.close()
}, 120_000)
