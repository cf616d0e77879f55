// Those who come late, many at once or over a bad line, on virtual time: they neither take the room back to its start nor are they
// shut out for being slow, and a liar does not hold them for long.
import { describe, expect, test } from 'vitest'
import { SharedLine } from '../../src/adapters/link-memory.ts'
import { createRng } from '../../src/core/num/rng.ts'
import { encodeMessage } from '../../src/protocol/messages.ts'
import { blobSwarm } from '../../src/sim/blobs.ts'
import { Swarm, type SimMember } from '../../src/sim/swarm.ts'
import { printFigures } from '../tools/figures.ts'

/** So many parameters that a state takes seconds over the line. */
function withUnits(seed: string, units: number, parts: number, terms = {}) {
  const options = blobSwarm(seed, { committee: 0, rounds: 0, ...terms }, parts)
  const layers = [
    { type: 'dense' as const, units, activation: 'relu' as const },
    { type: 'dense' as const, units: 10, activation: 'linear' as const },
  ]
  return { ...options, charter: { ...options.charter, model: { input: [16], layers } } }
}

describe('newcomers', () => {
  test('six at once, over lines on which a state takes seconds, do not take three back to the start', async () => {
    const swarm = new Swarm({
      ...withUnits('newcomers', 500, 12),
      stepMs: () => 100,
      network: { lines: () => ({ up: new SharedLine(31_000), down: new SharedLine(310_000) }) },
    })
    for (let part = 0; part < 3; part++) await swarm.join({ part })
    const old = [...swarm.members]
    await swarm.clock.run(60_000)
    const before = Math.min(...old.map(({ peer }) => peer.machine.round))
    expect(before).toBeGreaterThan(10)
    for (let part = 3; part < 9; part++) await swarm.join({ part })
    let lowest = Infinity
    for (let second = 61; second <= 90; second++) {
      await swarm.clock.run(1_000 * second)
      lowest = Math.min(lowest, ...old.map(({ peer }) => peer.machine.round))
    }
    const rounds = swarm.members.map(({ peer }) => peer.machine.round)
    printFigures('newcomers', { before, lowest, rounds })
    expect(lowest).toBeGreaterThanOrEqual(before)
    expect(Math.min(...rounds)).toBeGreaterThan(before)
    swarm.close()
  })

  test('who founded the room and comes back alone goes on from where it was', async () => {
    const swarm = new Swarm(blobSwarm('alone again', { rounds: 0 }))
    const founder = await swarm.join()
    await swarm.clock.run(20_000)
    const before = founder.peer.machine.round
    swarm.kill(founder)
    await swarm.rejoin(founder)
    await swarm.clock.run(60_000)
    expect(founder.peer.machine.round).toBeGreaterThan(before + 5)
    swarm.close()
  })

  test('a member whose uplink cannot carry its updates to all is not taken for a flood', async () => {
    let lines = 0
    const options = withUnits('uplink', 12_000, 12, { profile: 'one-bit', localSteps: 1, batchSize: 1 })
    const swarm = new Swarm({
      ...options,
      testData: {
        ...options.testData,
        x: options.testData.x.subarray(0, 160),
        y: options.testData.y.subarray(0, 10),
      },
      stepMs: () => 2_000,
      // Six copies of 40 kB a round, of which one takes 1.7 seconds.
      network: {
        lines: () => ({
          up: new SharedLine(lines++ === 0 ? 24_000 : 800_000),
          down: new SharedLine(1_600_000),
        }),
      },
    })
    for (let part = 0; part < 7; part++) await swarm.join({ part })
    const [slow, ...others] = swarm.members as [SimMember, ...SimMember[]]
    let most = 0
    for (let second = 10; second <= 100; second += 10) {
      await swarm.clock.run(1_000 * second)
      most = Math.max(most, swarm.network.bufferedBytes(slow.signer.id))
    }
    const blamed = others.flatMap(({ peer }) => peer.wire.refusals.list(() => '').map(({ reason }) => reason))
    printFigures('newcomers', { waitingBytes: most, blamed, rounds: others[0]!.peer.machine.round })
    expect(blamed).toEqual([])
    expect(slow.peer.deps.transport.links().length).toBe(6)
    // Less than three updates a link; without a limit copies pile up by the hundred.
    expect(most).toBeLessThan(6 * 3 * slow.peer.machine.wholeBytes)
    swarm.close()
  }, 120_000)

  test('a link that announces what it never sends does not keep a newcomer from training', async () => {
    const swarm = new Swarm({ ...blobSwarm('promises', { committee: 0, rounds: 0 }, 8), stepMs: () => 25 })
    for (let part = 0; part < 5; part++) await swarm.join({ part })
    await swarm.clock.run(30_000)
    const liar = swarm.members[4]!
    const newcomer = await swarm.join({ part: 5 })
    const rng = createRng('promises')
    const anyId = (): string => Array.from({ length: 64 }, () => rng.below(16).toString(16)).join('')
    for (let second = 31; second < 90; second++) {
      await swarm.clock.run(1_000 * second)
      const { transport } = liar.peer.deps
      const { round } = liar.peer.machine
      const updates = Array.from({ length: 16 }, (_, k) => ({
        round: Math.max(0, round - 8 + k),
        id: anyId(),
      }))
      transport.send(newcomer.signer.id, encodeMessage({ type: 'have', updates }), 'control')
    }
    const steps = newcomer.peer.training?.totalSteps ?? 0
    printFigures('newcomers', { steps, round: newcomer.peer.machine.round, room: liar.peer.machine.round })
    // Nearly all of the time, without the liar; none at all before links had to keep their word.
    expect(steps).toBeGreaterThan(300)
    swarm.close()
  })
})
