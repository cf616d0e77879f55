// Orders, licences and budgets with the real peer code on virtual time: what honest members do, and what they refuse of
// modified clients. The numbers are those of the room's checks P2 to P5, P10 and P11.
import { afterEach, describe, expect, test } from 'vitest'
import { defaultGovernance, defaultQuorum, defaultResumeQuorum } from '../../src/core/governance/terms.ts'
import { hashState } from '../../src/core/gossip/state.ts'
import type { GovernanceTerms } from '../../src/core/ledger/entry.ts'
import { trainingFlop } from '../../src/core/model/flops.ts'
import { buildView } from '../../src/peer/peer-view.ts'
import { blobSwarm } from '../../src/sim/blobs.ts'
import { createSimSigner } from '../../src/sim/sim-signer.ts'
import { Swarm, type SimMember } from '../../src/sim/swarm.ts'

const STEP_MS = 20
/** Where minutes must pass and training is not the subject. */
const SLOW_STEP_MS = 200
let open: Swarm | undefined
afterEach(() => {
  open?.close()
  open = undefined
})

const idOf = (seed: string, index: number) => createSimSigner(`${seed}/${index}`).id

function room(seed: string, governance: Partial<GovernanceTerms> = {}, members = 4, stepMs = STEP_MS): Swarm {
  const options = blobSwarm(seed, { rounds: 0 }, Math.max(4, members))
  const charter = {
    ...options.charter,
    governance: { ...defaultGovernance([idOf(seed, 0)]), ...governance },
  }
  open = new Swarm({ ...options, charter, latencyMs: 20, stepMs: () => stepMs })
  return open
}

function guardians(seed: string, count: number): Partial<GovernanceTerms> {
  const ids = Array.from({ length: count }, (_, i) => idOf(seed, i)).sort()
  return { guardians: ids, quorum: defaultQuorum(count), resumeQuorum: defaultResumeQuorum(count) }
}

async function joinAll(swarm: Swarm, count: number): Promise<readonly SimMember[]> {
  for (let i = 0; i < count; i++) await swarm.join({ part: i })
  await swarm.clock.run(swarm.clock.now() + 6_000)
  return swarm.members
}

const run = (swarm: Swarm, ms: number): Promise<boolean> => swarm.clock.run(swarm.clock.now() + ms)
/** Of finished jobs, and of the one under way. */
const steps = ({ peer: { training } }: SimMember): number => {
  const { totalSteps, step, stepsInRound } = training!
  return totalSteps + (step < stepsInRound ? step : 0)
}
const compute = ({ peer }: SimMember): string => peer.citizen.compute().status
const order = (member: SimMember, action: 'pause' | 'resume') =>
  member.peer.desk.act({ type: 'order', action, target: '', reason: 'a test' })
const endorse = (member: SimMember, subject: string) => member.peer.desk.act({ type: 'endorse', subject })
const flopOf = ({ peer }: SimMember): bigint => BigInt(trainingFlop(peer.charter.model))

describe('P4 the pause button', () => {
  test('P4 one signature too few does nothing; the quorum stops everybody within two seconds and one step', async () => {
    const seed = 'p4/quorum'
    const swarm = room(seed, guardians(seed, 3))
    const members = await joinAll(swarm, 4)
    const [first, second, third] = members as [SimMember, SimMember, SimMember]
    expect([...members].map(({ peer }) => peer.phase)).toEqual(Array(4).fill('training'))
    const ordered = await order(first, 'pause')
    expect(ordered.status).toBe('done')
    await run(swarm, 3_000)
    expect(members.map(compute), 'one of three guardians').toEqual(Array(4).fill('running'))
    const before = members.map(steps)
    await run(swarm, 2_000)
    members.forEach((member, i) => expect(steps(member)).toBeGreaterThan(before[i]!))

    const subject = ordered.status === 'done' ? ordered.hash : ''
    await endorse(second, subject)
    const atOrder = members.map(steps)
    await run(swarm, 2_000)
    expect(members.map(compute)).toEqual(Array(4).fill('paused'))
    const stopped = members.map(steps)
    // The order needs its latency to arrive; after that at most the step under way is finished.
    stopped.forEach((count, i) =>
      expect(count - atOrder[i]!).toBeLessThanOrEqual(Math.ceil(60 / STEP_MS) + 1),
    )
    await run(swarm, 20_000)
    expect(members.map(steps)).toEqual(stopped)
    const rounds = members.map(({ peer }) => peer.machine.round)

    const resumed = await order(third, 'resume')
    await run(swarm, 1_000)
    expect(members.map(compute)).toEqual(Array(4).fill('paused'))
    const resume = resumed.status === 'done' ? resumed.hash : ''
    await endorse(first, resume)
    await endorse(second, resume)
    await run(swarm, 1_000)
    expect(members.map(compute)).toEqual(Array(4).fill('resuming'))
    await run(swarm, 5_000)
    expect(members.map(compute)).toEqual(Array(4).fill('running'))
    members.forEach(({ peer }, i) => expect(peer.machine.round).toBeGreaterThan(rounds[i]! + 3))
    for (const { peer } of members) expect(buildView(peer).refusals).toEqual([])
  })

  test('P4 resume continues bit-identically: round for round the models of a room that was never paused', async () => {
    const models = async (pauseMs: number): Promise<Map<number, string>> => {
      const seed = 'p4/exact'
      const swarm = room(seed, {})
      const members = await joinAll(swarm, 4)
      const found = new Map<number, string>()
      const watch = (): void => {
        const { current } = members[1]!.peer.machine.window
        // Without the draw: updates after a pause name the order to resume, and lots follow from updates.
        found.set(current.round, hashState({ ...current, draw: new Uint8Array(0) }))
        swarm.clock.after(50, watch)
      }
      watch()
      // In the middle of a round: nobody has published for the next one yet.
      const start = members[0]!.peer.machine.round
      await swarm.clock.run(
        1e9,
        () => members[0]!.peer.machine.round > start && members[0]!.peer.training!.step === 8,
      )
      if (pauseMs > 0) {
        await order(members[0]!, 'pause')
        await run(swarm, pauseMs)
        expect(members.map(compute)).toEqual(Array(4).fill('paused'))
        await order(members[0]!, 'resume')
      }
      await run(swarm, 8_000)
      swarm.close()
      return found
    }
    const [steady, paused] = [await models(0), await models(15_000)]
    const shared = [...paused].filter(([round]) => steady.has(round))
    expect(shared.length).toBeGreaterThan(8)
    for (const [round, hash] of shared) expect(steady.get(round), `round ${round}`).toBe(hash)
  })

  test('one guardian holds the room for a minute, and not again within the hour', async () => {
    const seed = 'p4/hold'
    const swarm = room(seed, guardians(seed, 3))
    const members = await joinAll(swarm, 4)
    expect((await members[1]!.peer.desk.act({ type: 'hold', reason: 'look at this' })).status).toBe('done')
    await run(swarm, 1_000)
    expect(members.map(compute)).toEqual(Array(4).fill('held'))
    await run(swarm, 58_000)
    expect(members.map(compute)).toEqual(Array(4).fill('held'))
    await run(swarm, 3_000)
    expect(members.map(compute)).toEqual(Array(4).fill('running'))
    const again = await members[1]!.peer.desk.act({ type: 'hold', reason: 'again' })
    expect(again).toEqual({ status: 'refused', why: 'too-soon' })
    expect(await members[3]!.peer.desk.act({ type: 'hold', reason: 'me too' })).toEqual({
      status: 'refused',
      why: 'not-guardian',
    })
  })
})

describe('P5 no guardian, no compute', () => {
  test('P5 an isolated member fails closed within the heartbeat, and goes on when it is back', async () => {
    const seed = 'p5'
    const swarm = room(seed, { heartbeatMs: 30_000 })
    const members = await joinAll(swarm, 4)
    const [guardian, ...rest] = members.map(({ signer }) => signer.id)
    const apart = rest.pop()!
    swarm.network.partition([[guardian!, ...rest], [apart]])
    const isolated = swarm.memberOf(apart)!
    await run(swarm, 28_000)
    expect(compute(isolated)).toBe('running')
    await run(swarm, 10_000)
    expect(compute(isolated)).toBe('unattended')
    const stopped = steps(isolated)
    await run(swarm, 20_000)
    expect(steps(isolated)).toBe(stopped)
    expect(members.slice(0, 3).map(compute)).toEqual(Array(3).fill('running'))
    swarm.network.heal()
    await run(swarm, 15_000)
    expect(compute(isolated)).toBe('running')
    expect(steps(isolated)).toBeGreaterThan(stopped)
  })
})

describe('P10 a modified client', () => {
  test('P10 that ignores the pause publishes for nobody: no update of it enters a model', async () => {
    const seed = 'p10'
    const swarm = room(seed, {}, 5)
    const members = await joinAll(swarm, 5)
    const rebel = members[4]!
    // A client that believes the room always runs, that waits for nobody and does not go back to where the others stand.
    const { citizen, machine, wire } = rebel.peer
    machine.isFarAhead = () => false
    citizen.governed = () => ({ frozen: false, cut: null, segments: [] })
    wire.states.fetch = () => undefined
    await order(members[0]!, 'pause')
    await run(swarm, 2_000)
    const honest = members.slice(0, 4)
    const models = honest.map(({ peer }) => hashState(peer.machine.window.current))
    const rounds = honest.map(({ peer }) => peer.machine.round)
    await run(swarm, 40_000)
    expect(rebel.peer.machine.round).toBeGreaterThan(Math.max(...rounds) + 5)
    honest.forEach(({ peer }, i) => {
      expect(hashState(peer.machine.window.current)).toBe(models[i])
      expect(peer.machine.round).toBe(rounds[i])
    })
    for (const { peer } of honest)
      expect(buildView(peer).refusals).toMatchObject([{ member: rebel.signer.id, reason: 'paused' }])
    await order(members[0]!, 'resume')
    await run(swarm, 6_000)
    // What it made during the pause names no order to resume: void for good.
    for (const { peer } of honest)
      for (const round of peer.machine.window.openRounds())
        expect([...peer.machine.window.updatesOf(round).keys()]).not.toContain(rebel.signer.id)
    honest.forEach(({ peer }, i) => expect(peer.machine.round).toBeGreaterThan(rounds[i]! + 3))
  })
})

describe('P3 the cap of the lineage', () => {
  test('P3 everybody together stops before it, within a batch each, and the room says why', async () => {
    const seed = 'p3'
    const batch = 32n * BigInt(trainingFlop(blobSwarm(seed).charter.model))
    const cap = batch * 400n
    const budget = { memberFlop: '0', roundFlop: '0', lineageFlop: cap.toString() }
    const swarm = room(seed, { budget })
    const members = await joinAll(swarm, 4)
    await run(swarm, 600_000)
    const trained = members.reduce((sum, { peer }) => sum + BigInt(peer.training!.totalSteps), 0n) * batch
    expect(trained).toBeLessThanOrEqual(cap)
    expect(trained).toBeGreaterThan((cap * 9n) / 10n)
    expect(members.map(compute)).toEqual(Array(4).fill('lineage-spent'))
    for (const { peer } of members) expect(buildView(peer).governance.violations).toEqual([])
  }, 120_000)
})

describe('P2 and P11 licences', () => {
  test('P2 without a licence only the free allowance is mixed; with one training goes on; revoked, it ends', async () => {
    const seed = 'p2'
    const batch = 32n * BigInt(trainingFlop(blobSwarm(seed).charter.model))
    const cap = batch * 100_000n
    const budget = { memberFlop: '0', roundFlop: '0', lineageFlop: cap.toString() }
    const swarm = room(seed, { budget, licensing: 'licensed' })
    const members = await joinAll(swarm, 3)
    // P11: below one per cent of the cap registering is enough.
    await run(swarm, 40_000)
    members.forEach(member => expect(steps(member)).toBeGreaterThan(100))
    await run(swarm, 60_000)
    expect(members.map(({ peer }) => peer.citizen.limits().standing)).toEqual(Array(3).fill('needs-licence'))
    const free = members.map(steps)
    free.forEach(count => expect(BigInt(count) * batch).toBeLessThanOrEqual(cap / 100n))
    await run(swarm, 20_000)
    expect(members.map(steps)).toEqual(free)

    const [guardian, , licensed] = members as [SimMember, SimMember, SimMember]
    const now = guardian.peer.citizen.time.unixMs()
    const granted = await guardian.peer.desk.act({
      type: 'licence',
      subject: licensed.signer.id,
      devices: [licensed.peer.citizen.devices.device],
      budgetFlop: (batch * 5_000n).toString(),
      rateFlops: '0',
      notBeforeUnixMs: now - 1_000,
      expiresUnixMs: now + 3_600_000,
    })
    expect(granted.status).toBe('done')
    await run(swarm, 40_000)
    expect(steps(licensed)).toBeGreaterThan(free[2]! + 100)
    expect(steps(guardian)).toBe(free[0])

    const target = granted.status === 'done' ? granted.hash : ''
    await guardian.peer.desk.act({ type: 'order', action: 'revoke', target, reason: 'enough' })
    await run(swarm, 3_000)
    const revoked = steps(licensed)
    await run(swarm, 20_000)
    expect(steps(licensed)).toBe(revoked)
    expect(flopOf(licensed)).toBeGreaterThan(0n)
  }, 120_000)

  test('P2 a modified client that trains without a licence is refused by every honest member', async () => {
    const seed = 'p2/rebel'
    const batch = 32n * BigInt(trainingFlop(blobSwarm(seed).charter.model))
    const cap = batch * 20_000n
    const budget = { memberFlop: '0', roundFlop: '0', lineageFlop: cap.toString() }
    const swarm = room(seed, { budget, licensing: 'licensed' })
    const members = await joinAll(swarm, 3)
    const rebel = members[2]!
    const unlimited = { standing: 'good', budgetFlop: null, rateFlops: null, licence: '' } as const
    rebel.peer.citizen.limits = () => unlimited
    await run(swarm, 90_000)
    const honest = members.slice(0, 2)
    for (const { peer } of honest) {
      const reasons = buildView(peer).refusals.filter(({ member }) => member === rebel.signer.id)
      expect(
        reasons
          .map(({ reason }) => reason)
          .sort()
          .join(),
      ).toMatch(/no-licence|over-budget|suspended/)
    }
    expect(BigInt(steps(rebel)) * batch).toBeGreaterThan(cap / 50n)
  }, 120_000)
})

describe('the host of a room', () => {
  test('that leaves hands its office on, and the room goes on sealing', async () => {
    const swarm = room('handover', {}, 4, SLOW_STEP_MS)
    const members = await joinAll(swarm, 4)
    await swarm.clock.run(1e9, () => members.every(({ peer }) => peer.book.epoch >= 1))
    const left = members[0]!.peer.leave()
    await run(swarm, 6_000)
    const receipt = await left
    expect(receipt.entries.map(({ body }) => body.kind).slice(-2)).toEqual(['handover', 'leave'])
    const rest = members.slice(1)
    const anchors = new Set(rest.map(({ peer }) => peer.book.genesis.anchor))
    expect(anchors.size).toBe(1)
    expect(rest.map(({ signer }) => signer.id)).toContain([...anchors][0])
    const { epoch } = rest[0]!.peer.book
    await run(swarm, 70_000)
    for (const { peer } of rest) expect(peer.book.epoch).toBeGreaterThan(epoch)
    expect(new Set(rest.map(({ peer }) => JSON.stringify(peer.book.seal))).size).toBe(1)
  })

  test('that vanishes is succeeded where enough of the others are left', async () => {
    const swarm = room('succession', {}, 6, SLOW_STEP_MS)
    const members = await joinAll(swarm, 6)
    await swarm.clock.run(1e9, () => members.every(({ peer }) => peer.book.epoch >= 1))
    swarm.kill(members[0]!)
    const rest = members.slice(1)
    await run(swarm, 180_000)
    const anchors = new Set(rest.map(({ peer }) => peer.book.genesis.anchor))
    expect(anchors.size).toBe(1)
    expect([...anchors]).not.toEqual([members[0]!.signer.id])
    const { epoch } = rest[0]!.peer.book
    await run(swarm, 70_000)
    for (const { peer } of rest) expect(peer.book.epoch).toBeGreaterThan(epoch)
  })
})

describe('a device that changes hands', () => {
  test('whoever hands it over stops, suspended for nothing; who gets it back goes on', async () => {
    const swarm = room('handed-over', {}, 3)
    const members = await joinAll(swarm, 3)
    const [giver, taker] = members as [SimMember, SimMember]
    await run(swarm, 15_000)
    const given = await giver.peer.desk.act({ type: 'transfer-device', to: taker.signer.id })
    expect(given.status).toBe('done')
    await run(swarm, 5_000)
    expect(giver.peer.citizen.limits().standing).toBe('wrong-device')
    const stopped = steps(giver)
    await run(swarm, 30_000)
    expect(steps(giver)).toBe(stopped)
    for (const { peer } of members) expect(buildView(peer).governance.violations).toEqual([])
    expect(taker.peer.citizen.limits().standing).toBe('good')
  })
})
