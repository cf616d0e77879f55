// Rooms whose charter asks for sums under masks: real peers on virtual time, members and leads that die in mid-round, and
// every byte that they send looked through for what must not be in it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { quantise } from '../../src/core/privacy/secure-quantise.ts'
import { kindOf } from '../../src/core/privacy/secure-messages.ts'
import {
  encodeSumPayload,
  readConfirmation,
  readSum,
  readVouchers,
  SUM_BOUND,
  SUM_CODEC,
  type Voucher,
} from '../../src/core/privacy/sum-payload.ts'
import { maskedVectorBytes } from '../../src/core/privacy/sum-bytes.ts'
import type { Update } from '../../src/core/gossip/update.ts'
import { buildView } from '../../src/peer/peer-view.ts'
import { decodeMessage } from '../../src/protocol/messages.ts'
import { blobs, blobCharter, CLASSES } from '../../src/sim/blobs.ts'
import { commonHashes } from '../../src/sim/scenarios.ts'
import { createSimSigner } from '../../src/sim/sim-signer.ts'
import { Swarm, type PeerPorts, type SimMember, type SwarmOptions } from '../../src/sim/swarm.ts'
import { sha256 } from '@noble/hashes/sha2.js'

const MEMBERS = 7
const ROUNDS = 11
const MASKS = { rule: 'mean', committee: 0, privacy: { type: 'masks' } } as const
const isDone = ({ peer }: SimMember): boolean =>
  peer.phase === 'finished' && peer.gauge.swarm?.samples === 1000

function options(seed: string, terms: Partial<SwarmOptions['charter']['terms']>): SwarmOptions {
  const classes = CLASSES.map(Number)
  return {
    seed,
    charter: blobCharter({ rounds: ROUNDS, ...terms }, MEMBERS),
    partData: part => blobs(`${seed}/part/${part}`, classes, 200),
    testData: blobs(`${seed}/test`, classes, 1000),
  }
}

const sessionOf = ({ peer }: SimMember, round = peer.machine.round) => peer.sums!['sessions'].get(round)
const leads = (member: SimMember): boolean => sessionOf(member)?.lead === member.signer.id
/** All have shared their secrets for the round, and nobody has sent a vector yet. */
const isMidRound = (member: SimMember, round: number): boolean => {
  const session = sessionOf(member)
  return leads(member) && member.peer.machine.round >= round && session!['phase'] === 'masked'
}

/** The lead of a round from the given one on, at the moment when so many vectors have reached it. */
async function leadInMidRound(
  swarm: Swarm,
  members: readonly SimMember[],
  round: number,
  vectors = 0,
): Promise<SimMember> {
  let found: SimMember | undefined
  await swarm.clock.run(swarm.clock.now() + 60_000, () => {
    found = members.find(
      member => isMidRound(member, round) && sessionOf(member)!['delivered'].size >= vectors,
    )
    return found !== undefined
  })
  if (!found) throw new Error(`nobody leads a round from ${round} on`)
  return found
}

describe(`a room of ${MEMBERS} under masks; two die in mid-round, later a lead`, () => {
  const frames: Uint8Array[] = []
  const updates = new Map<number, Update>()
  const contributions: Float32Array[] = []
  let swarm: Swarm
  let alive: SimMember[]
  let broken: { round: number; early: number; late: number; waitedMs: number }

  const listening = (ports: PeerPorts): PeerPorts => {
    const { transport } = ports
    const send: typeof transport.send = (to, bytes, priority) => {
      frames.push(bytes)
      return transport.send(to, bytes, priority)
    }
    return { ...ports, transport: { ...transport, self: transport.self, send } }
  }

  beforeAll(async () => {
    swarm = new Swarm(options('sums', MASKS))
    for (let i = 0; i < MEMBERS; i++)
      await swarm.join({
        ports: listening,
        prepare: peer => {
          const desk = peer.sums!
          const { contribute, published } = desk
          desk.contribute = (round, own) => {
            contributions.push(own.change)
            contribute.call(desk, round, own)
          }
          desk.published = update => {
            updates.set(update.round, update)
            published.call(desk, update)
          }
        },
      })
    alive = swarm.members
    const lead = await leadInMidRound(swarm, alive, 3)
    const { round } = lead.peer.machine
    const victims = alive.filter(member => member !== lead).slice(0, 2)
    for (const victim of victims) swarm.kill(victim)
    alive = alive.filter(member => !victims.includes(member))
    await swarm.clock.run(swarm.clock.now() + 60_000, () => lead.peer.machine.round > round)
    const leaderless: number[] = []
    let waitedMs = 0
    for (const vectors of [0, 3]) {
      const last = await leadInMidRound(swarm, alive, lead.peer.machine.round + 2, vectors)
      leaderless.push(last.peer.machine.round)
      swarm.kill(last)
      const since = swarm.clock.now()
      alive = alive.filter(member => member !== last)
      await swarm.clock.run(since + 60_000, () =>
        alive.every(({ peer }) => peer.machine.round > leaderless.at(-1)!),
      )
      waitedMs = Math.max(waitedMs, swarm.clock.now() - since)
    }
    broken = { round, early: leaderless[0]!, late: leaderless[1]!, waitedMs }
    await swarm.clock.run(swarm.clock.now() + 120_000, () => alive.every(isDone))
  }, 60_000)
  afterAll(() => swarm.close())

  test('a sum has the changes of those who stayed', () => {
    const { payload } = updates.get(broken.round)!
    expect([payload[0], payload[1]]).toEqual([MEMBERS, MEMBERS - 2])
    const whole = [...updates.values()].filter(update => update.payload[1] === MEMBERS)
    expect(whole.length).toBeGreaterThanOrEqual(2)
    expect(new Set([...updates.values()].map(({ author }) => author)).size).toBeGreaterThan(2)
  })

  test('another leads where nothing had reached a lead that died; else the round goes on without a sum', () => {
    expect(updates.get(broken.early)?.payload[1]).toBe(4)
    expect(updates.has(broken.late)).toBe(false)
    expect(broken.waitedMs).toBeLessThan(15_000)
    for (const { peer } of alive) expect(peer.sums!.view.missed).toBeGreaterThan(0)
  })

  test('all who stayed end with one model, as good as that of a room with the plain mean', async () => {
    expect(alive.map(isDone)).toEqual([true, true, true])
    expect(commonHashes(alive)).not.toContain('none')
    expect(commonHashes(alive).size).toBe(1)
    expect(alive.flatMap(({ peer }) => buildView(peer).refusals)).toEqual([])
    const accuracy = alive[0]!.peer.gauge.swarm!.accuracy

    const plain = new Swarm(options('sums', { rule: 'mean', rounds: updates.size }))
    for (let i = 0; i < MEMBERS; i++) await plain.join()
    await plain.clock.run(120_000, () => plain.members.every(isDone))
    expect(accuracy).toBeGreaterThan(plain.members[0]!.peer.gauge.swarm!.accuracy - 0.01)
    plain.close()
  })

  test('no frame holds a member’s change in any form that the room knows', () => {
    // Eight bytes in a row by chance: about 10^-9 over all of this. A table of their first three keeps the search short.
    const index = new Set<string>()
    const begins = new Uint8Array(1 << 24)
    const beginOf = (bytes: Uint8Array, at: number): number =>
      bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)
    const textOf = (bytes: Uint8Array, at: number): string =>
      Buffer.from(bytes.buffer, bytes.byteOffset + at, 8).toString('latin1')
    const keep = (bytes: Uint8Array): void => {
      for (let at = 0; at + 8 <= bytes.length; at += 8) {
        const key = textOf(bytes, at)
        if (new Set(key).size < 6) continue
        index.add(key)
        begins[beginOf(bytes, at)] = 1
      }
    }
    const found = (bytes: Uint8Array): boolean => {
      for (let at = 0; at + 8 <= bytes.length; at++)
        if (begins[beginOf(bytes, at)] === 1 && index.has(textOf(bytes, at))) return true
      return false
    }
    for (const change of contributions) {
      keep(new Uint8Array(change.buffer))
      for (const members of [3, 4, 5, MEMBERS])
        keep(new Uint8Array(quantise(change, SUM_BOUND, members).buffer))
    }
    expect(index.size).toBeGreaterThan(10_000)
    expect(frames.filter(found)).toEqual([])
    // The search does find what is there: the sum, which everybody may see.
    const { payload } = updates.get(broken.round)!
    index.clear()
    keep(new Uint8Array(readSum(payload, contributions[0]!.length).buffer))
    expect(frames.filter(found).length).toBeGreaterThan(0)
  })

  test('vectors go to the lead only, once each, and weigh what the screens say', () => {
    const vectors = frames.filter(frame => {
      const message = decodeMessage(frame)
      return message?.type === 'sum' && kindOf(message.payload) === 'masked'
    })
    const senders = vectors.map(frame => {
      const message = decodeMessage(frame)
      return message?.type === 'sum' ? `${message.round} ${message.author}` : ''
    })
    expect(new Set(senders).size).toBe(vectors.length)
    for (const frame of vectors) expect(frame.length).toBe(maskedVectorBytes(contributions[0]!.length))
  })
})

test('a sum that its members did not confirm is refused by all who hear of it', async () => {
  const swarm = new Swarm(options('forged', { ...MASKS, rounds: 0 }))
  const updates: Update[] = []
  const prepare = (peer: SimMember['peer']): void => {
    const desk = peer.sums!
    const { published } = desk
    desk.published = update => {
      updates.push(update)
      published.call(desk, update)
    }
  }
  for (let i = 0; i < 3; i++) await swarm.join({ prepare })
  await swarm.clock.run(30_000, () => updates.some(({ round }) => round === 2))
  const [liar, ...honest] = swarm.members as [SimMember, ...SimMember[]]
  const { machine } = liar.peer
  const real = updates.find(({ round }) => round === 2)!
  const forge = (vouchers: readonly Voucher[]): void => {
    const sum = new Uint32Array(machine.window.current.params.length).fill(1_000_000_000)
    const confirmation = readConfirmation(real.payload)
    const payload = encodeSumPayload({ members: 3, contributors: 3, confirmation, vouchers, sum })
    const said = { round: machine.round, steps: 20, samples: 640, codec: SUM_CODEC, payload }
    liar.peer['dispatch']({ type: 'summed', ...said, payloadHash: sha256(payload) })
  }
  // True signatures, of another round.
  forge(readVouchers(real.payload))
  const at = machine.round
  await swarm.clock.run(swarm.clock.now() + 5_000)
  for (const { peer } of honest) {
    const refused = buildView(peer).refusals.map(({ member, reason }) => [member, reason])
    expect(refused).toContainEqual([liar.signer.id, 'bad-signature'])
    expect(peer.machine.round).toBeGreaterThanOrEqual(at)
    expect(Math.max(...peer.modelParams().map(Math.abs))).toBeLessThan(5)
  }
  swarm.close()
})

test('two go on without sums and are told so; with a third there are sums', async () => {
  const swarm = new Swarm(options('few', { ...MASKS, rounds: 0 }))
  const [first] = [await swarm.join(), await swarm.join()]
  const before = first.peer.modelParams()
  await swarm.clock.run(70_000)
  expect(first.peer.machine.round).toBeGreaterThan(0)
  expect(first.peer.sums!.view).toMatchObject({ counted: 0, last: 'too-few', trainers: 2, needed: 3 })
  expect(first.peer.modelParams()).toEqual(before)
  await swarm.join()
  await swarm.clock.run(swarm.clock.now() + 60_000, () => first.peer.sums!.view.counted > 2)
  expect(first.peer.sums!.view).toMatchObject({ last: 'counted', trainers: 3 })
  expect(first.peer.modelParams()).not.toEqual(before)
  swarm.close()
})

test('where two have no link, others hand on what they say to each other', async () => {
  const apart = [0, 1].map(index => createSimSigner(`apart/${index}`).id)
  const swarm = new Swarm({
    ...options('apart', { ...MASKS, rounds: 0 }),
    network: { canLink: (a, b) => !(apart.includes(a) && apart.includes(b)) },
  })
  for (let i = 0; i < 4; i++) await swarm.join()
  const updates = new Set<string>()
  const ledBy = (): boolean => apart.every(id => [...updates].some(author => author === id))
  await swarm.clock.run(20_000, () => {
    for (const { peer } of swarm.members)
      for (const round of peer.machine.window.openRounds())
        for (const author of peer.machine.window.updatesOf(round).keys()) updates.add(author)
    return ledBy()
  })
  expect(ledBy()).toBe(true)
  for (const { peer } of swarm.members) expect(peer.sums!.view.missed).toBeLessThanOrEqual(1)
  swarm.close()
})
