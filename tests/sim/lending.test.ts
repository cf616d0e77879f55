// A room in which one member trains through another: real peers, virtual time, the in-memory transport.
import { describe, expect, test } from 'vitest'
import type { LendingPlan } from '../../src/ports/lending-view.ts'
import { commonHashes } from '../../src/sim/scenarios.ts'
import { Swarm, type SimMember } from '../../src/sim/swarm.ts'
import { blobSwarm } from '../../src/sim/blobs.ts'

const accuracyOf = ({ peer }: SimMember): number => peer.gauge.swarm?.accuracy ?? 0
const isDone = ({ peer }: SimMember): boolean =>
  peer.phase === 'finished' && peer.gauge.swarm?.samples === 1000

/** Two members; the second borrows from the first where told so. */
async function room(lent: boolean, rounds = 10) {
  const swarm = new Swarm({ ...blobSwarm('lending', { rounds }), latencyMs: 2 })
  const [provider, owner] = [await swarm.join(), await swarm.join()]
  const pair: LendingPlan = {
    contract: '5e'.repeat(32),
    owner: owner.signer.id,
    provider: provider.signer.id,
    mode: 'split',
    clipMilli: 3_000,
    noiseMilli: 0,
  }
  if (lent) for (const { peer } of swarm.members) peer.runs.steward.plan = () => pair
  return { swarm, owner, provider }
}

describe('a room of two, one without a computer of its own', () => {
  test('trains through the other, and the model is within a point of training locally', async () => {
    const local = await room(false)
    expect(await local.swarm.clock.run(120_000, () => local.swarm.members.every(isDone))).toBe(true)
    const { swarm, owner, provider } = await room(true)
    expect(await swarm.clock.run(240_000, () => swarm.members.every(isDone))).toBe(true)
    expect(Math.abs(accuracyOf(owner) - accuracyOf(local.owner))).toBeLessThanOrEqual(0.01)
    expect(commonHashes(swarm.members).size).toBe(1)

    const view = owner.peer.lendingView()!
    const served = provider.peer.lendingView()!
    expect(view).toMatchObject({ role: 'owner', ownJobs: 0, faults: [], dropped: 0 })
    expect(served).toMatchObject({ role: 'provider', jobs: view.jobs, steps: view.steps })
    expect(view.steps).toBe(owner.peer.training!.totalSteps)
    expect(view.ownFlop).toBe(served.otherFlop)
    expect(view.otherFlop).toBe(served.ownFlop)
    expect(view.sentBytes).toBe(served.receivedBytes)
    expect(view.receivedBytes).toBe(served.sentBytes)
    // Receipts name the whole work done in the owner's name, so lending is no way around a budget.
    expect(owner.peer.book.live.governance.accounts.get(owner.signer.id)?.violations.size).toBe(0)
    local.swarm.close()
    swarm.close()
  })

  test('goes on alone when the provider pauses, and when it dies; borrows again in between', async () => {
    const { swarm, owner, provider } = await room(true, 0)
    const view = () => owner.peer.lendingView()!
    const until = (condition: () => boolean): Promise<boolean> =>
      swarm.clock.run(swarm.clock.now() + 120_000, condition)
    const alone = async (): Promise<void> => {
      const { ownJobs, jobs } = view()
      const { round } = owner.peer.machine
      expect(await until(() => owner.peer.machine.round >= round + 3)).toBe(true)
      expect(view().ownJobs).toBeGreaterThan(ownJobs)
      expect(view().jobs - jobs).toBeLessThanOrEqual(1)
    }
    expect(await until(() => (owner.peer.lendingView()?.jobs ?? 0) >= 2)).toBe(true)
    expect(await until(() => view().active)).toBe(true)
    provider.peer.setPaused(true)
    await alone()
    expect(view().faults.map(({ fault }) => fault)).toEqual(['refused'])
    provider.peer.setPaused(false)
    const { jobs } = view()
    expect(await until(() => view().jobs >= jobs + 2)).toBe(true)
    expect(await until(() => view().active)).toBe(true)
    swarm.kill(provider)
    await alone()
    expect(owner.peer.fault).toBeNull()
    expect(owner.peer.wire.refusals.list(() => '')).toEqual([])
    swarm.close()
  })
})
