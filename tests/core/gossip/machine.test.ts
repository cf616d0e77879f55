import { describe, expect, test } from 'vitest'
import { GossipMachine, type GossipEffect, type GossipEvent } from '../../../src/core/gossip/machine.ts'
import {
  AFTER_QUORUM_MS,
  ArrivalHistory,
  localStepsFor,
  MAX_GRACE_MS,
  MIN_ROUND_MS,
  MIN_GRACE_MS,
  quorumOf,
  roundEndsAt,
} from '../../../src/core/gossip/pacing.ts'
import { LEASE_MS, type Presence } from '../../../src/core/gossip/presence.ts'
import { hashState } from '../../../src/core/gossip/state.ts'
import { makeUpdate, meanProfile, memberId, PARAMETERS, ROOM, startState } from './fixtures.ts'

const SELF = memberId(0)
const ones = Array.from({ length: PARAMETERS }, () => 1)

function createMachine(rounds = 0, publishedThrough = -1) {
  const config = { room: ROOM, self: SELF, profile: meanProfile, localSteps: 20, rounds, committee: 0 }
  const start = startState()
  const machine = new GossipMachine(config, start, hashState(start), 0, publishedThrough)
  const step = (event: GossipEvent, now: number): GossipEffect[] => machine.step(event, now)
  return { machine, step }
}

function presence(index: number, round = 0, extra: Partial<Presence> = {}): GossipEvent {
  const base = { baseRound: 0, baseHash: hashState(startState()), stepsPerSecond: 10 }
  return {
    type: 'presence',
    presence: { member: memberId(index), status: 'training', round, ...base, ...extra },
  }
}

const types = (effects: readonly GossipEffect[]): string[] => effects.map(({ type }) => type)

/** Runs the local job of the current round and feeds the published update back, as the peer does. */
function trainOnce({ machine, step }: ReturnType<typeof createMachine>, now: number): GossipEffect[] {
  const round = machine.round
  const start = machine.window.current.params
  const effects = step(
    { type: 'trained', round, start, params: start.map(value => value - 0.1), steps: 20, samples: 640 },
    now,
  )
  const publish = effects.find(effect => effect.type === 'publish')
  if (publish?.type !== 'publish') return effects
  return step({ type: 'update', update: makeUpdate(round, SELF, ones) }, now)
}

describe('rounds', () => {
  test('a member alone trains, publishes, mixes, goes on', () => {
    const member = createMachine()
    expect(types(member.step({ type: 'role', training: true }, 0))).toEqual(['train'])
    expect(types(trainOnce(member, 300))).toEqual(['announce', 'model', 'train'])
    expect(member.machine.round).toBe(1)
  })

  test('a newcomer does nothing, and counts for nobody, until it has heard somebody or knows that it is alone', () => {
    const newcomer = (): GossipMachine => {
      const config = {
        room: ROOM,
        self: SELF,
        profile: meanProfile,
        localSteps: 20,
        rounds: 0,
        committee: 0,
      }
      const listening = new GossipMachine(config, startState(), hashState(startState()), 0, -1, true)
      listening.step({ type: 'role', training: true }, 0)
      listening.step(presence(1, 0, { status: 'preparing' }), 0)
      expect(types(listening.step({ type: 'tick' }, 250))).toEqual([])
      expect(listening.isSettled).toBe(false)
      return listening
    }
    const joining = newcomer()
    const far = presence(2, 25, { baseRound: 22, baseHash: 'ab' })
    expect(types(joining.step(far, 300))).toEqual([])
    expect(types(joining.step({ type: 'tick' }, 2_000))).toEqual(['fetch-state'])
    expect(joining.isSettled).toBe(false)
    const alone = newcomer()
    expect(types(alone.step({ type: 'arrived' }, 2_500))).toEqual(['train'])
    alone.step({ type: 'tick' }, 2_750)
    expect(alone.isSettled).toBe(true)
  })

  test('everybody in: the round ends at once', () => {
    const member = createMachine()
    member.step({ type: 'role', training: true }, 0)
    member.step(presence(1), 0)
    trainOnce(member, 100)
    expect(member.machine.round).toBe(0)
    member.step({ type: 'update', update: makeUpdate(0, memberId(1), ones) }, 300)
    expect(member.machine.round).toBe(1)
  })

  test('one of four falls silent: the others go on within three seconds of the quorum', () => {
    const member = createMachine()
    member.step({ type: 'role', training: true }, 0)
    for (const other of [1, 2, 3]) member.step(presence(other), 0)
    trainOnce(member, 100)
    for (const other of [1, 2])
      member.step({ type: 'update', update: makeUpdate(0, memberId(other), ones) }, 500)
    expect(member.machine.round).toBe(0)
    expect(member.machine.wakeAt(500)).toBe(500 + AFTER_QUORUM_MS)
    member.step({ type: 'tick' }, 500 + AFTER_QUORUM_MS)
    expect(member.machine.round).toBe(1)
  })

  test('nobody else publishes: the grace window ends the round all the same', () => {
    const member = createMachine()
    member.step({ type: 'role', training: true }, 0)
    for (const other of [1, 2, 3]) member.step(presence(other), 0)
    trainOnce(member, 100)
    // Leases run out long before the first grace window does.
    member.step({ type: 'tick' }, LEASE_MS + 1)
    expect(member.machine.round).toBe(1)
  })

  test.each([
    ['two of four', [1, 2, 3], 1, 3 * MIN_GRACE_MS],
    ['three of eight', [1, 2, 3, 4, 5, 6, 7], 2, MIN_GRACE_MS],
    ['one of three', [1, 2], 0, MIN_GRACE_MS],
  ])('a round with %s waits as long as it must', (_, others, heard, graceMs) => {
    const member = createMachine()
    member.step({ type: 'role', training: true }, 0)
    for (const other of others) member.step(presence(other), 0)
    // Rounds in which everybody is quick, so that the grace is the shortest.
    for (let round = 0; round < 3; round++) {
      const now = round * MIN_ROUND_MS
      for (const other of others) {
        member.step(presence(other, round), now)
        member.step({ type: 'update', update: makeUpdate(round, memberId(other), ones) }, now)
      }
      trainOnce(member, now)
      member.step({ type: 'tick' }, now + MIN_ROUND_MS)
    }
    const startedAt = 3 * MIN_ROUND_MS
    for (const other of others) member.step(presence(other, 3), startedAt)
    trainOnce(member, startedAt)
    for (const other of others.slice(0, heard))
      member.step({ type: 'update', update: makeUpdate(3, memberId(other), ones) }, startedAt)
    expect(member.machine.round).toBe(3)
    expect(member.machine.wakeAt(startedAt)).toBe(startedAt + graceMs)
    member.step({ type: 'tick' }, startedAt + graceMs)
    expect(member.machine.round).toBe(4)
  })

  test('who is two rounds ahead of most waits for them, not for those who have fallen silent', () => {
    const member = createMachine()
    member.step({ type: 'role', training: true }, 0)
    for (let round = 0; round < 3; round++) trainOnce(member, 300 * (round + 1))
    expect(member.machine.round).toBe(3)
    for (const [others, graceMs] of [
      [[1, 2, 3], MAX_GRACE_MS],
      [[1, 2, 3], MIN_GRACE_MS],
    ] as const) {
      const round = graceMs === MAX_GRACE_MS ? 1 : 2
      for (const other of others) member.step(presence(other, round), 900)
      for (const other of [1, 2])
        member.step({ type: 'update', update: makeUpdate(3, memberId(other), ones) }, 900)
      trainOnce(member, 900)
      expect(member.machine.isFarAhead(900)).toBe(round === 1)
      expect(member.machine.isFarAhead(3_500)).toBe(false)
      expect(member.machine.wakeAt(900)).toBe(Math.min(900 + graceMs, 900 + AFTER_QUORUM_MS))
    }
  })

  test('a slow member is cut short, and its late update still counts', () => {
    const member = createMachine()
    member.step({ type: 'role', training: true }, 0)
    for (const other of [1, 2]) {
      member.step(presence(other), 0)
      member.step({ type: 'update', update: makeUpdate(0, memberId(other), ones) }, 10)
    }
    const effects = member.step({ type: 'tick' }, 10 + AFTER_QUORUM_MS)
    expect(types(effects)).toEqual(['model', 'stop'])
    const before = hashState(member.machine.window.current)
    const start = startState().params
    const published = member.step(
      { type: 'trained', round: 0, start, params: start.map(() => 1), steps: 3, samples: 96 },
      5_000,
    )
    expect(types(published)).toContain('publish')
    member.step(
      {
        type: 'update',
        update: makeUpdate(
          0,
          SELF,
          ones.map(() => 5),
        ),
      },
      5_001,
    )
    expect(hashState(member.machine.window.current)).not.toBe(before)
  })

  test('the charter says when it is over', () => {
    const member = createMachine(2)
    member.step({ type: 'role', training: true }, 0)
    trainOnce(member, 300)
    expect(types(trainOnce(member, 600))).toContain('finished')
    expect(member.machine.finished).toBe(true)
    expect(types(member.step({ type: 'tick' }, 700))).toEqual([])
  })

  test('never a second update for a round that was published before a reload', () => {
    const member = createMachine(0, 0)
    expect(types(member.step({ type: 'role', training: true }, 0))).toEqual([])
    const start = startState().params
    expect(
      types(member.step({ type: 'trained', round: 0, start, params: start, steps: 1, samples: 1 }, 1)),
    ).toEqual([])
  })

  test('however small the model, a round leaves time for what is said to arrive', () => {
    const member = createMachine()
    member.step({ type: 'role', training: true }, 0)
    trainOnce(member, 10)
    expect(member.machine.round).toBe(0)
    expect(member.machine.wakeAt(10)).toBe(MIN_ROUND_MS)
    member.step({ type: 'tick' }, MIN_ROUND_MS)
    expect(member.machine.round).toBe(1)
  })

  test('everybody reloaded and the newest updates are gone: the next round starts from the state at hand', () => {
    const member = createMachine(0, 7)
    member.step({ type: 'role', training: true }, 0)
    expect(types(member.step({ type: 'tick' }, 4_900))).toEqual([])
    expect(types(member.step({ type: 'tick' }, 5_000))).toEqual(['model', 'train'])
    expect(member.machine.round).toBe(8)
  })

  test('own training that diverged is published to nobody', () => {
    const member = createMachine()
    member.step({ type: 'role', training: true }, 0)
    const start = startState().params
    const effects = member.step(
      { type: 'trained', round: 0, start, params: start.map(() => NaN), steps: 20, samples: 1 },
      1,
    )
    expect(effects).toContainEqual({ type: 'refused', author: SELF, reason: 'not-finite' })
    expect(types(effects)).not.toContain('publish')
  })
})

describe('admission', () => {
  test.each([
    ['another room', makeUpdate(0, memberId(1), ones, memberId(9).slice(0, 22) as typeof ROOM), 'wrong-room'],
    ['another length', makeUpdate(0, memberId(1), [1, 2]), 'wrong-length'],
  ])('%s is refused by name', (_, update, reason) => {
    const { step, machine } = createMachine()
    expect(step({ type: 'update', update }, 0)).toEqual([{ type: 'refused', author: memberId(1), reason }])
    expect(machine.window.updatesOf(0).size).toBe(0)
  })

  test('two updates for one round: both go, the author is out, the proof travels', () => {
    const { step, machine } = createMachine()
    step(presence(1), 0)
    step(presence(2), 0)
    const [first, second] = [
      makeUpdate(0, memberId(1), ones),
      makeUpdate(
        0,
        memberId(1),
        ones.map(() => 3),
      ),
    ]
    step({ type: 'update', update: first }, 1)
    const effects = step({ type: 'update', update: second }, 2)
    expect(effects).toContainEqual({ type: 'refused', author: memberId(1), reason: 'equivocation' })
    expect(effects).toContainEqual({ type: 'announce', update: second })
    expect(machine.window.updatesOf(0).size).toBe(0)
    step({ type: 'update', update: makeUpdate(1, memberId(1), ones) }, 3)
    expect(machine.window.updatesOf(1).size).toBe(0)
  })

  test('the same update again is no news', () => {
    const { step } = createMachine()
    step(presence(1), 0)
    step(presence(2), 0)
    const update = makeUpdate(0, memberId(1), ones)
    expect(types(step({ type: 'update', update }, 1))).toEqual(['announce'])
    expect(step({ type: 'update', update }, 2)).toEqual([])
  })

  test('rounds far ahead and long past are left alone, without blame', () => {
    const { step, machine } = createMachine()
    expect(step({ type: 'update', update: makeUpdate(99, memberId(1), ones) }, 1)).toEqual([])
    expect(machine.window.updatesOf(99).size).toBe(0)
  })
})

describe('common state', () => {
  const theirs = 'ab'.repeat(32)

  test('left behind: fetch what most of the others stand on', () => {
    const { step } = createMachine()
    for (const other of [1, 2, 3])
      step(presence(other, 43, { baseRound: 40, baseHash: other === 3 ? 'cd'.repeat(32) : theirs }), 0)
    const effects = step({ type: 'tick' }, 1)
    expect(effects).toContainEqual({
      type: 'fetch-state',
      round: 40,
      hash: theirs,
      from: [memberId(1), memberId(2)],
    })
    // One delivery at a time.
    expect(types(step({ type: 'tick' }, 2))).not.toContain('fetch-state')
  })

  test('one voice for a far round does not decide, a watcher’s neither', () => {
    const { step } = createMachine()
    for (const other of [1, 2, 3]) step(presence(other, 43, { baseRound: 40, baseHash: theirs }), 0)
    step(presence(4, 5_003, { baseRound: 5_000, baseHash: 'ef'.repeat(32), status: 'watching' }), 0)
    const fetch = step({ type: 'tick' }, 1).find(({ type }) => type === 'fetch-state')
    expect(fetch).toMatchObject({ round: 40, hash: theirs })
  })

  test('standing on another state than most for a while: fetch theirs, also when the room is finished', () => {
    const { step } = createMachine()
    for (const other of [1, 2]) step(presence(other, 0, { baseHash: theirs, status: 'watching' }), 0)
    expect(types(step({ type: 'tick' }, 1))).toEqual([])
    expect(types(step({ type: 'tick' }, 1_000))).toEqual([])
    for (const other of [1, 2]) step(presence(other, 0, { baseHash: theirs, status: 'watching' }), 1_400)
    expect(step({ type: 'tick' }, 1_600)).toContainEqual({
      type: 'fetch-state',
      round: 0,
      hash: theirs,
      from: [memberId(1), memberId(2)],
    })
  })

  test('two halves: the side of the smallest member stands, whatever the hashes of a round', () => {
    for (const hash of ['00'.repeat(32), 'ff'.repeat(32)]) {
      const { step } = createMachine()
      const own = hashState(startState())
      for (const now of [0, 1_000, 2_000, 3_000]) {
        step(presence(1, 0, { baseHash: own }), now)
        for (const other of [2, 3]) step(presence(other, 0, { baseHash: hash }), now)
        expect(types(step({ type: 'tick' }, now + 100))).not.toContain('fetch-state')
      }
    }
  })

  test('who speaks first of a newer round does not clear a suspicion that more have raised', () => {
    const member = createMachine()
    const { machine, step } = member
    step({ type: 'role', training: true }, 0)
    for (let round = 0; round < 5; round++) trainOnce(member, 3_000 * (round + 1))
    const [old, newer] = machine.window.anchors.slice(-2)
    const at = 20_000
    for (const other of [1, 2]) step(presence(other, 5, { baseRound: old!.round, baseHash: theirs }), at)
    step({ type: 'tick' }, at + 1)
    step(presence(3, 5, { baseRound: newer!.round, baseHash: newer!.hash }), at + 500)
    step({ type: 'tick' }, at + 501)
    const effects = step({ type: 'tick' }, at + 1_600)
    expect(effects).toContainEqual({
      type: 'fetch-state',
      round: old!.round,
      hash: theirs,
      from: [memberId(1), memberId(2)],
    })
  })

  test('members that only prepare have no say', () => {
    const { step } = createMachine()
    step(presence(1, 43, { baseRound: 40, baseHash: theirs, status: 'preparing' }), 0)
    expect(types(step({ type: 'tick' }, 1))).not.toContain('fetch-state')
  })

  test('behind, nobody trains for a round that the others have left', () => {
    const { step } = createMachine()
    step(presence(1, 43, { baseRound: 40, baseHash: theirs }), 0)
    expect(types(step({ type: 'role', training: true }, 0))).not.toContain('train')
  })

  test('two behind do not wait for each other: the updates of the others carry both through', () => {
    const { machine, step } = createMachine()
    step({ type: 'role', training: true }, 0)
    // Member 1 is as far behind as this one; 2 and 3 went on.
    step(presence(1, 0), 0)
    for (const ahead of [2, 3]) step(presence(ahead, 4), 0)
    step({ type: 'expecting', counts: new Map([[1, 1]]) }, 10)
    for (const round of [0, 1])
      for (const ahead of [2, 3])
        step({ type: 'update', update: makeUpdate(round, memberId(ahead), ones) }, 20)
    step({ type: 'tick' }, MIN_ROUND_MS)
    expect(machine.round).toBe(1)
    // What is announced for the round is still on its way.
    step({ type: 'tick' }, 3 * MIN_ROUND_MS)
    expect(machine.round).toBe(1)
    step({ type: 'expecting', counts: new Map() }, 3 * MIN_ROUND_MS + 1)
    expect(machine.round).toBe(2)
  })

  test('few who are ahead of many go back: nothing that both hold can be compared', () => {
    const { machine, step } = createMachine()
    step({ type: 'role', training: true }, 0)
    const alone = (round: number): GossipEvent => ({ type: 'update', update: makeUpdate(round, SELF, ones) })
    let now = 0
    while (machine.window.anchors[0]!.round < 5) {
      step(alone(machine.round), (now += 10_000))
      step({ type: 'tick' }, (now += MIN_ROUND_MS))
    }
    const asked = (): GossipEffect[] =>
      step({ type: 'tick' }, (now += 1_000)).filter(({ type }) => type === 'fetch-state')
    // One other that is behind is no majority of two.
    step(presence(1, 2, { baseRound: 1, baseHash: theirs }), now)
    expect([...asked(), ...asked(), ...asked()]).toEqual([])
    for (const index of [1, 2]) step(presence(index, 2, { baseRound: 1, baseHash: theirs }), now)
    expect([...asked(), ...asked(), ...asked()]).toEqual([
      { type: 'fetch-state', round: 1, hash: theirs, from: [memberId(1), memberId(2)] },
    ])
  })

  test('who comes into a room is not settled before it is where the others are', () => {
    const { machine, step } = createMachine()
    step(presence(1, 43, { baseRound: 40, baseHash: theirs }), 0)
    step({ type: 'tick' }, 10)
    expect(machine.isSettled).toBe(false)
    const state = { ...startState(), round: 43 }
    step({ type: 'state', state, hash: theirs, held: [] }, 20)
    expect(machine.isSettled).toBe(true)
    // Who is alone is where everybody is.
    const first = createMachine()
    first.step({ type: 'tick' }, 10)
    expect(first.machine.isSettled).toBe(true)
  })

  test('a fetched state is adopted and training starts from it', () => {
    const { step, machine } = createMachine()
    step(presence(1, 43, { baseRound: 40, baseHash: theirs }), 0)
    const state = {
      round: 43,
      params: Float32Array.from(ones),
      momentum: new Float32Array(PARAMETERS),
      draw: new Uint8Array(0),
    }
    step({ type: 'state', state, hash: theirs, held: [] }, 10)
    expect(machine.round).toBe(43)
    expect(machine.window.baseHash).toBe(theirs)
    expect(types(step({ type: 'role', training: true }, 11))).toEqual(['train'])
  })
})

describe('pacing', () => {
  test.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 3],
    [9, 6],
    [10, 7],
  ])('two thirds of %i are %i', (live, quorum) => expect(quorumOf(live)).toBe(quorum))

  test('nothing to mix: no end by time', () => {
    expect(
      roundEndsAt({
        now: 9,
        startedAt: 0,
        quorumAt: undefined,
        updates: 0,
        awaited: 3,
        graceMs: 10,
        mayBeEmpty: false,
      }),
    ).toBe(Infinity)
  })

  test('the grace window follows the arrivals within its limits', () => {
    const history = new ArrivalHistory()
    expect(history.graceMs()).toBe(MAX_GRACE_MS)
    history.record([10, 20])
    expect(history.graceMs()).toBe(MIN_GRACE_MS)
    for (let i = 0; i < 5; i++) history.record(Array.from({ length: 10 }, () => 4_000))
    expect(history.graceMs()).toBe(6_000)
    for (let i = 0; i < 5; i++) history.record([60_000])
    expect(history.graceMs()).toBe(MAX_GRACE_MS)
  })

  test('local steps follow speed, between half and double', () => {
    expect(localStepsFor(20, 10, [10, 10])).toBe(20)
    expect(localStepsFor(20, 1, [10, 10])).toBe(10)
    expect(localStepsFor(20, 100, [10, 10])).toBe(40)
    expect(localStepsFor(20, 0, [10])).toBe(20)
  })
})
