// Joining from several members: what a newcomer gets, from whom, for how many bytes, and who is named.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createMemoryNetwork } from '../../src/adapters/transport-memory.ts'
import {
  chunkCount,
  chunkProof,
  encodeState,
  hashState,
  stateChunks,
  type ModelState,
} from '../../src/core/gossip/state.ts'
import type { MemberId, RoomId } from '../../src/core/num/ids.ts'
import { createRng } from '../../src/core/num/rng.ts'
import type { Anchor } from '../../src/peer/state-donor.ts'
import { StateSync } from '../../src/peer/state-sync.ts'
import type { Transport } from '../../src/ports/transport.ts'
import { decodeMessage, encodeMessage, LIMITS, type PeerMessage } from '../../src/protocol/messages.ts'
import { createSimSigner } from '../../src/sim/sim-signer.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import { madeState } from '../core/gossip/state-fixtures.ts'

/** 13 chunks without momentum; the model of the MNIST rooms. */
const PARAMETERS = 101_770
const DIGITS = madeState('digits', PARAMETERS, { hasMomentum: false })

type Chunk = PeerMessage & { type: 'state-chunk' }

const anchorOf = (state: ModelState): Anchor => ({ round: state.round, hash: hashState(state), state })

/** What a state costs on the wire: its bytes, and for each chunk a type byte, 43 bytes of head and the audit path. */
function wireBytes(state: ModelState): number {
  const paths = stateChunks(state).reduce((sum, _, i) => sum + 44 + 32 * chunkProof(state, i).length, 0)
  return encodeState(state).length + paths
}

interface Place {
  readonly id: MemberId
  readonly transport: Transport
  readonly states: StateSync
  anchors: Anchor[]
  readonly got: { readonly state: ModelState; readonly hash: string }[]
  failures: number
  readonly struck: string[]
  readonly heard: PeerMessage[]
  chunkBytes: number
}

interface Behaviour {
  /** What a donor sends instead of a chunk; null: nothing. */
  readonly spoil?: (chunk: Chunk) => Chunk | null
  readonly bytesPerSecond?: number
}

class Scene {
  readonly clock = new VirtualClock()
  readonly places: Place[] = []
  private readonly rates = new Map<MemberId, number>()
  private readonly network

  constructor(
    private readonly seed: string,
    private readonly parameters = PARAMETERS,
  ) {
    this.network = createMemoryNetwork({
      clock: this.clock,
      seed,
      latencyMs: () => 20,
      bytesPerSecond: from => this.rates.get(from) ?? 2_000_000,
    })
  }

  add(anchors: readonly Anchor[] = [], { spoil, bytesPerSecond }: Behaviour = {}): Place {
    const signer = createSimSigner(`${this.seed}/${this.places.length}`)
    const transport = this.network.transport(signer.id)
    if (bytesPerSecond !== undefined) this.rates.set(signer.id, bytesPerSecond)
    const context = {
      room: 'AAAAAAAAAAAAAAAAAAAAAA' as RoomId,
      self: signer.id,
      transport,
      signer,
      clock: this.clock,
      send: (to: MemberId, message: PeerMessage, priority: 'control' | 'bulk' = 'control') => {
        const sent = spoil && message.type === 'state-chunk' ? spoil(message) : message
        return sent === null || transport.send(to, encodeMessage(sent), priority)
      },
      checked: undefined,
      refuse: () => undefined,
      strike: (member: MemberId, reason: string) =>
        void place.struck.push(`${this.indexOf(member)} ${reason}`),
    }
    const states = new StateSync(
      context,
      () => place.anchors,
      this.parameters,
      (state, hash) => place.got.push({ state, hash }),
      () => place.failures++,
    )
    const place: Place = {
      id: signer.id,
      transport,
      states,
      anchors: [...anchors],
      got: [],
      failures: 0,
      struck: [],
      heard: [],
      chunkBytes: 0,
    }
    transport.subscribe(event => {
      if (event.type === 'down') states.linkDown(event.member)
      if (event.type !== 'message') return
      const message = decodeMessage(event.bytes)
      if (!message) return context.strike(event.from, 'malformed')
      place.heard.push(message)
      if (message.type === 'state-want') states.onWant(event.from, message)
      if (message.type === 'state-none') states.onNone(event.from, message)
      if (message.type !== 'state-chunk') return
      place.chunkBytes += event.bytes.length
      states.onChunk(event.from, message)
    })
    this.places.push(place)
    return place
  }

  kill(place: Place): void {
    this.network.kill(place.id)
  }

  async linked(): Promise<void> {
    await this.clock.run(this.clock.now() + 100)
  }

  /** Until the newcomer has something or has given up; returns how long that took. */
  async ended(newcomer: Place, ms = 120_000): Promise<number> {
    const start = this.clock.now()
    await this.clock.run(start + ms, () => newcomer.got.length > 0 || newcomer.failures > 0)
    return this.clock.now() - start
  }

  private indexOf(member: MemberId): number {
    return this.places.findIndex(({ id }) => id === member)
  }
}

async function scene(seed: string, donors: readonly Behaviour[], state = DIGITS) {
  const world = new Scene(seed, state.params.length)
  const anchor = anchorOf(state)
  const newcomer = world.add()
  const others = donors.map(behaviour => world.add([anchor], behaviour))
  await world.linked()
  const fetch = (): void =>
    newcomer.states.fetch(
      anchor.round,
      anchor.hash,
      others.map(({ id }) => id),
    )
  return { world, anchor, newcomer, others, fetch }
}

const flipped = (chunk: Chunk): Chunk => {
  const bytes = chunk.bytes.slice()
  bytes[100]! ^= 4
  return { ...chunk, bytes }
}

/** By its bytes: comparing a hundred thousand values one by one takes a second. */
function expectState({ got }: Place, state: ModelState, message?: string): void {
  const held = got[0] && Buffer.compare(encodeState(got[0].state), encodeState(state))
  expect(held, message).toBe(0)
}

describe('a newcomer', () => {
  test('has the state for its bytes and paths, in parts from at least three members', async () => {
    const { world, anchor, newcomer, others, fetch } = await scene('plain', [{}, {}, {}])
    fetch()
    const ms = await world.ended(newcomer)
    expect(newcomer.got.map(({ hash }) => hash)).toEqual([anchor.hash])
    expectState(newcomer, DIGITS)
    expect(newcomer.states.fetched).toBe(1)
    expect(newcomer.chunkBytes).toBe(wireBytes(DIGITS))
    expect(encodeState(DIGITS).length).toBe(203_551)
    expect(newcomer.chunkBytes).toBeLessThan(1.012 * 203_551)
    const asked = others.map(({ heard }) => heard.filter(({ type }) => type === 'state-want').length)
    expect(Math.min(...asked)).toBeGreaterThan(0)
    expect(ms).toBeLessThan(500)
    expect(newcomer.struck).toEqual([])
  })

  test('a momentum costs as much again, and only where there is one', async () => {
    const state = madeState('moving', PARAMETERS)
    const { world, newcomer, fetch } = await scene('momentum', [{}, {}, {}], state)
    fetch()
    await world.ended(newcomer)
    expectState(newcomer, state)
    expect(newcomer.chunkBytes).toBe(wireBytes(state))
  })

  test.each([1, 12, 8_186, 8_187, 8_188, 16_400])(
    'models of %i parameters, a draw at their end',
    async parameters => {
      const state = madeState('small', parameters, { drawBytes: 356 })
      const { world, newcomer, fetch } = await scene(`small ${parameters}`, [{}, {}], state)
      fetch()
      await world.ended(newcomer)
      expectState(newcomer, state)
      expect(newcomer.chunkBytes).toBe(wireBytes(state))
    },
  )

  test('one of three sends false chunks: it is named, the rest stays, and little comes twice', async () => {
    const { world, newcomer, fetch } = await scene('corrupt', [{}, { spoil: flipped }, {}])
    fetch()
    await world.ended(newcomer)
    expectState(newcomer, DIGITS)
    expect(newcomer.struck).toEqual(['2 bad-state'])
    // One false chunk of 16 KiB was the price; all else came once.
    expect(newcomer.chunkBytes).toBeLessThanOrEqual(wireBytes(DIGITS) + 44 + 128 + 16_384)
  })

  test('in a bigger state a false chunk is lost in five per cent', async () => {
    const state = madeState('big', 600_000, { hasMomentum: false })
    const { world, newcomer, fetch } = await scene('corrupt big', [{}, { spoil: flipped }, {}], state)
    fetch()
    await world.ended(newcomer)
    expectState(newcomer, state)
    expect(newcomer.struck).toEqual(['2 bad-state'])
    expect(newcomer.chunkBytes).toBeLessThanOrEqual(1.05 * wireBytes(state))
  })

  test.each([
    ['with the first chunk', 1, 2_000_000],
    ['with another chunk', 2, 2_000_000],
    ['with another chunk, before the first is here', 2, 20_000],
  ])('a wrong length %s: who claimed it is named', async (_, liar, bytesPerSecond) => {
    const short = (chunk: Chunk): Chunk => ({ ...chunk, total: chunk.total + 5 })
    const behaviours = [1, 2, 3].map(i => ({
      ...(i === 1 && { bytesPerSecond }),
      ...(i === liar && { spoil: short }),
    }))
    const { world, newcomer, fetch } = await scene(`length ${liar} ${bytesPerSecond}`, behaviours)
    fetch()
    await world.ended(newcomer)
    expectState(newcomer, DIGITS)
    expect(new Set(newcomer.struck)).toEqual(new Set([`${liar} bad-state`]))
  })

  test('a true chunk in a wrong place, proved by a wrong length: thrown away when the first chunk tells', async () => {
    // 5 chunks; the last one's path also fits the third place of a state of 3, which is what one without momentum has.
    const state = madeState('displaced', 16_384)
    const displaced = (chunk: Chunk): Chunk =>
      chunk.index === 2
        ? { ...chunk, total: 11 + 32_768, bytes: stateChunks(state)[4]!, proof: chunkProof(state, 4) }
        : chunk
    const behaviours = [{ bytesPerSecond: 20_000 }, {}, { spoil: displaced }]
    const { world, newcomer, fetch } = await scene('displaced', behaviours, state)
    fetch()
    await world.ended(newcomer)
    expectState(newcomer, state)
    expect(newcomer.struck).toEqual(['3 bad-state'])
  })

  test('all members but one die on the way: the last one gives what is missing', async () => {
    const slow = { bytesPerSecond: 100_000 }
    const { world, newcomer, others, fetch } = await scene('deaths', [slow, slow, slow])
    fetch()
    await world.clock.run(world.clock.now() + 400)
    expect(newcomer.chunkBytes).toBeGreaterThan(0)
    world.kill(others[0]!)
    world.kill(others[2]!)
    const ms = await world.ended(newcomer)
    expectState(newcomer, DIGITS)
    expect(ms).toBeLessThan(8_000)
    expect(newcomer.struck).toEqual([])
  })

  test('everybody dies: it fails soon, and later chunks of strangers are floods', async () => {
    const { world, newcomer, others, fetch } = await scene('all die', [
      { spoil: () => null },
      { spoil: () => null },
    ])
    fetch()
    await world.clock.run(world.clock.now() + 200)
    others.forEach(place => world.kill(place))
    expect(await world.ended(newcomer)).toBeLessThan(6_000)
    expect(newcomer.failures).toBe(1)
  })

  test('a slow member is passed over, and its late chunks are no flood', async () => {
    const { world, newcomer, fetch } = await scene('slow', [{}, { bytesPerSecond: 4_000 }, {}])
    fetch()
    const ms = await world.ended(newcomer)
    expectState(newcomer, DIGITS)
    // One chunk takes that member four seconds; the others are asked after two and a half.
    expect(ms).toBeLessThan(3_500)
    await world.clock.run(world.clock.now() + 20_000)
    expect(newcomer.struck).toEqual([])
    expect(newcomer.chunkBytes).toBeLessThanOrEqual(wireBytes(DIGITS) + 17_000)
  })

  test('silent members are given up one after the other; a link that never stated the state has it all the same', async () => {
    const mute = { spoil: () => null }
    const { world, anchor, newcomer, others } = await scene('silent', [mute, mute, mute, mute, {}])
    newcomer.states.fetch(
      anchor.round,
      anchor.hash,
      others.slice(0, 4).map(({ id }) => id),
    )
    const ms = await world.ended(newcomer)
    expectState(newcomer, DIGITS)
    expect(ms).toBeLessThan(4_000)
  })

  test('chunks asked twice of one member may come twice', async () => {
    // Alone and slow: what it was asked for last is asked again while it is on its way.
    const { world, newcomer, fetch } = await scene('twice', [{ bytesPerSecond: 12_000 }])
    fetch()
    await world.ended(newcomer)
    await world.clock.run(world.clock.now() + 60_000)
    expectState(newcomer, DIGITS)
    expect(newcomer.chunkBytes).toBeGreaterThan(wireBytes(DIGITS))
    expect(newcomer.struck).toEqual([])
  })

  test('four that drip hold no places: the others carry the fetch', async () => {
    const drip = { bytesPerSecond: 7_000 }
    // By themselves they would take 43 s.
    const state = madeState('drip', 600_000, { hasMomentum: false })
    const { world, newcomer, fetch } = await scene('drip', [drip, drip, drip, drip, {}, {}, {}], state)
    fetch()
    const ms = await world.ended(newcomer)
    console.log(`a fetch beside four that drip: ${(ms / 1000).toFixed(1)} s`)
    expectState(newcomer, state)
    expect(ms).toBeLessThan(15_000)
  })

  test('a fetch that failed half way goes on with what had come', async () => {
    let given = 0
    const dries: Behaviour = { spoil: chunk => (given++ < 6 ? chunk : null) }
    const { world, anchor, newcomer, fetch } = await scene('dries up', [dries])
    fetch()
    await world.ended(newcomer)
    expect(newcomer.failures).toBe(1)
    const other = world.add([anchor])
    await world.linked()
    fetch()
    await world.ended(newcomer)
    await world.clock.run(world.clock.now() + 60_000, () => newcomer.got.length > 0)
    expectState(newcomer, DIGITS)
    // All of it once, and the messages of the second attempt.
    expect(newcomer.chunkBytes).toBe(wireBytes(DIGITS))
    expect(other.heard.filter(({ type }) => type === 'state-want').length).toBeGreaterThan(0)
  })

  test('nobody holds it, or nobody is there: it fails and says so once', async () => {
    const { world, newcomer, others } = await scene('nobody', [{}, {}])
    newcomer.states.fetch(
      3,
      'ab'.repeat(32),
      others.map(({ id }) => id),
    )
    expect(await world.ended(newcomer)).toBeLessThan(1_000)
    expect(newcomer.failures).toBe(1)
    const alone = new Scene('alone')
    const hermit = alone.add()
    hermit.states.fetch(3, 'ab'.repeat(32), [])
    expect(hermit.failures).toBe(1)
  })

  test('another state in mid-fetch: the new one comes whole, what was on its way is nobody’s fault', async () => {
    const slow = { bytesPerSecond: 100_000 }
    const { world, newcomer, others, fetch } = await scene('switch', [slow, slow, slow])
    const next = madeState('next', PARAMETERS, { round: 8, hasMomentum: false })
    for (const place of others) place.anchors.push(anchorOf(next))
    fetch()
    await world.clock.run(world.clock.now() + 300)
    newcomer.states.fetch(
      8,
      hashState(next),
      others.map(({ id }) => id),
    )
    await world.ended(newcomer)
    await world.clock.run(world.clock.now() + 20_000)
    expect(newcomer.got.map(({ state }) => state.round)).toEqual([8])
    expectState(newcomer, next)
    expect(newcomer.struck).toEqual([])
    expect(newcomer.failures).toBe(0)
  })

  test('members freeze newer states meanwhile: what is being fetched stays at hand', async () => {
    const slow = { bytesPerSecond: 30_000 }
    const { world, newcomer, others, fetch } = await scene('frozen on', [slow, slow, slow])
    fetch()
    await world.clock.run(world.clock.now() + 300)
    for (const place of others) place.anchors = []
    await world.ended(newcomer)
    expectState(newcomer, DIGITS)
    // Not for ever.
    await world.clock.run(world.clock.now() + 16_000)
    fetch()
    await world.clock.run(world.clock.now() + 2_000)
    expect(newcomer.got).toHaveLength(1)
    expect(newcomer.failures).toBe(1)
  })

  test('what members agreed on is no state of this room: it fails, and no sender is blamed', async () => {
    const foreign = madeState('foreign', PARAMETERS, { round: 9, hasMomentum: false })
    const world = new Scene('foreign')
    const newcomer = world.add()
    // The name is right, the round that it was stated for is not.
    const anchor = { ...anchorOf(foreign), round: 4 }
    const donor = world.add([anchor])
    await world.linked()
    newcomer.states.fetch(4, anchor.hash, [donor.id])
    await world.ended(newcomer)
    expect([newcomer.got.length, newcomer.failures, newcomer.struck]).toEqual([0, 1, []])
  })
})

describe('a donor', () => {
  test('gives a link no more than twice the state in a while, whatever it asks', async () => {
    const { world, anchor, newcomer, others } = await scene('drain', [{}])
    const want = { type: 'state-want', round: anchor.round, hash: anchor.hash, first: 0, count: 8 } as const
    for (let i = 0; i < 50; i++) {
      newcomer.transport.send(others[0]!.id, encodeMessage(want), 'control')
      await world.clock.run(world.clock.now() + 100)
    }
    const chunks = newcomer.heard.filter(({ type }) => type === 'state-chunk')
    expect(chunks.length).toBeGreaterThan(13)
    expect(chunks.reduce((sum, chunk) => sum + (chunk as Chunk).bytes.length, 0)).toBeLessThanOrEqual(
      2 * 203_551,
    )
    // It has the state: no is for those who have not.
    expect(newcomer.heard.filter(({ type }) => type === 'state-none')).toEqual([])
    await world.clock.run(world.clock.now() + 20_000)
    newcomer.heard.length = 0
    newcomer.transport.send(others[0]!.id, encodeMessage(want), 'control')
    await world.clock.run(world.clock.now() + 1_000)
    expect(newcomer.heard.filter(({ type }) => type === 'state-chunk')).toHaveLength(8)
  })

  test('says no to chunks that are not there', async () => {
    const { world, anchor, newcomer, others } = await scene('outside', [{}])
    const want = { type: 'state-want', round: anchor.round, hash: anchor.hash, first: 12, count: 2 } as const
    newcomer.transport.send(others[0]!.id, encodeMessage(want), 'control')
    await world.clock.run(world.clock.now() + 500)
    expect(newcomer.heard.map(({ type }) => type)).toEqual(['state-none'])
  })
})

describe('chunks of somebody who means harm', () => {
  test('unasked, repeated or from another than was asked: flooding', async () => {
    const { world, anchor, newcomer, others, fetch } = await scene('unasked', [{}, {}])
    const chunk: Chunk = {
      type: 'state-chunk',
      round: anchor.round,
      hash: anchor.hash,
      total: 203_551,
      index: 0,
      proof: chunkProof(DIGITS, 0),
      bytes: stateChunks(DIGITS)[0]!,
    }
    const send = (place: Place): boolean => place.transport.send(newcomer.id, encodeMessage(chunk), 'bulk')
    send(others[0]!)
    await world.clock.run(world.clock.now() + 300)
    expect(newcomer.struck).toEqual(['1 flooding'])
    fetch()
    await world.ended(newcomer)
    send(others[1]!)
    await world.clock.run(world.clock.now() + 300)
    expect(newcomer.struck).toEqual(['1 flooding', '2 flooding'])
    expect(newcomer.got).toHaveLength(1)
  })

  test('60 fetches in which one member changes its chunks at random: always the true state, never another one named', async () => {
    const seed = 'fuzzed chunks'
    const rng = createRng(seed)
    const small = madeState('fuzzed', 20_000, { drawBytes: 356 })
    const count = chunkCount(encodeState(small).length)
    let named = 0
    for (let run = 0; run < 60; run++) {
      const spoil = (chunk: Chunk): Chunk | null => {
        const other = rng.below(count)
        switch (rng.below(9)) {
          case 0:
            return flipped(chunk)
          case 1:
            return { ...chunk, index: other }
          case 2:
            return { ...chunk, total: rng.below(2 ** 32) }
          case 3:
            return { ...chunk, total: chunk.total + rng.below(2_000) - 1_000 }
          case 4:
            return { ...chunk, proof: chunk.proof.slice(rng.below(chunk.proof.length + 1)) }
          case 5:
            return { ...chunk, bytes: stateChunks(small)[other]!, proof: chunkProof(small, other) }
          case 6:
            return { ...chunk, bytes: chunk.bytes.subarray(0, 1 + rng.below(chunk.bytes.length)) }
          case 7:
            return { ...chunk, round: chunk.round + rng.below(2) }
          default:
            return rng.below(2) === 0 ? chunk : null
        }
      }
      const { world, newcomer, fetch } = await scene(`${seed} ${run}`, [{ spoil }, {}, {}], small)
      fetch()
      await world.ended(newcomer)
      expectState(newcomer, small, `seed ${seed}, run ${run}`)
      for (const line of newcomer.struck) expect(line, `seed ${seed}, run ${run}`).toMatch(/^1 /)
      if (newcomer.struck.length > 0) named++
    }
    expect(named).toBeGreaterThan(30)
  })

  test('mutated bytes of chunk messages never throw, and what decodes is within limits', () => {
    const chunk: Chunk = {
      type: 'state-chunk',
      round: 7,
      hash: hashState(DIGITS),
      total: 203_551,
      index: 12,
      proof: chunkProof(DIGITS, 12),
      bytes: stateChunks(DIGITS)[12]!,
    }
    const sound = encodeMessage(chunk)
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(300), fc.nat(255))), fc.nat(sound.length), (edits, cut) => {
        const bytes = sound.slice(0, sound.length - (cut % 4 === 0 ? cut : 0))
        for (const [at, value] of edits) if (at > 0 && at < bytes.length) bytes[at] = value
        const message = decodeMessage(bytes)
        if (message?.type !== 'state-chunk') return
        expect(message.proof.length).toBeLessThanOrEqual(LIMITS.proof)
        expect(message.bytes.length).toBeLessThanOrEqual(16_384)
        expect(encodeMessage(message)).toEqual(bytes)
      }),
    )
  })
})
