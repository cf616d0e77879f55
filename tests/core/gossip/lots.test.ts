// Rounds of a room that publishes by lot, through the machine: who is drawn trains, who is not rests, nobody waits for either.
import { describe, expect, test } from 'vitest'
import { GossipMachine, type GossipEffect, type GossipEvent } from '../../../src/core/gossip/machine.ts'
import { AFTER_QUORUM_MS, MAX_GRACE_MS, MIN_ROUND_MS } from '../../../src/core/gossip/pacing.ts'
import { firstDraw, isDrawn } from '../../../src/core/gossip/sortition.ts'
import { hashState } from '../../../src/core/gossip/state.ts'
import { hexToBytes } from '../../../src/core/num/hex.ts'
import { makeUpdate, meanProfile, memberId, PARAMETERS, ROOM, startState } from './fixtures.ts'

const COMMITTEE = 4
const PARTS = 40
const ones = Array.from({ length: PARAMETERS }, () => 1)
const draw = firstDraw(COMMITTEE, PARTS, 'lots')
const start = { ...startState(), draw }
const hash = hashState(start)
const everybody = Array.from({ length: PARTS }, (_, index) => index)
const drawn = everybody.filter(index => isDrawn(draw, 0, memberId(index)))
const resting = everybody.filter(index => !isDrawn(draw, 0, memberId(index)))

function machineOf(self: number) {
  const config = {
    room: ROOM,
    self: memberId(self),
    profile: meanProfile,
    localSteps: 20,
    rounds: 0,
    committee: COMMITTEE,
  }
  const machine = new GossipMachine(config, start, hash, 0)
  const step = (event: GossipEvent, now: number): GossipEffect[] => machine.step(event, now)
  const hear = (index: number, round = 0, now = 0): void => {
    const base = { baseRound: 0, baseHash: hash, stepsPerSecond: 10 }
    step({ type: 'presence', presence: { member: memberId(index), status: 'training', round, ...base } }, now)
  }
  return { machine, step, hear }
}

const types = (effects: readonly GossipEffect[]): string[] => effects.map(({ type }) => type)

describe('a round by lot', () => {
  test('the seed gives both kinds', () => {
    expect(drawn.length).toBeGreaterThan(3)
    expect(resting.length).toBeGreaterThan(3)
  })

  test('who is drawn trains, who is not rests', () => {
    expect(types(machineOf(drawn[0]!).step({ type: 'role', training: true }, 0))).toEqual(['train'])
    expect(types(machineOf(resting[0]!).step({ type: 'role', training: true }, 0))).toEqual([])
  })

  test('an update of somebody who was not drawn is not mixed; blame is laid only from where its author stood', () => {
    const { machine, step } = machineOf(drawn[0]!)
    const update = makeUpdate(0, memberId(resting[1]!), ones)
    expect(step({ type: 'update', update }, 10)).toEqual([])
    const standing = { ...update, base: hexToBytes(hash) }
    expect(step({ type: 'update', update: standing }, 20)).toEqual([
      { type: 'refused', author: update.author, reason: 'not-drawn' },
    ])
    expect(machine.window.updatesOf(0).size).toBe(0)
  })

  test('on another state others are drawn: open updates of those who are not count no more', () => {
    const { machine, step } = machineOf(drawn[0]!)
    const other = { ...startState(), draw: firstDraw(COMMITTEE, PARTS, 'another past') }
    const both = drawn.filter(index => isDrawn(other.draw, 0, memberId(index)))
    const onlyHere = drawn.filter(index => !both.includes(index))
    expect(Math.min(both.length, onlyHere.length)).toBeGreaterThan(0)
    for (const index of drawn) step({ type: 'update', update: makeUpdate(0, memberId(index), ones) }, 10)
    expect(machine.window.updatesOf(0).size).toBe(drawn.length)
    const held = everybody.map(index => makeUpdate(0, memberId(index), ones))
    step({ type: 'state', state: other, hash: hashState(other), held }, 20)
    const counted = everybody.filter(index => isDrawn(other.draw, 0, memberId(index)))
    expect([...machine.window.updatesOf(0).keys()].sort()).toEqual(counted.map(memberId).sort())
  })

  test('the round ends when everybody who was drawn and is here has published; nobody else is awaited', () => {
    const [self, ...others] = drawn
    const { machine, step, hear } = machineOf(self!)
    step({ type: 'role', training: true }, 0)
    for (const index of [...others.slice(0, 2), ...resting.slice(0, 5)]) hear(index)
    for (const index of [self!, ...others.slice(0, 2)]) {
      expect(machine.round).toBe(0)
      step({ type: 'update', update: makeUpdate(0, memberId(index), ones) }, MIN_ROUND_MS)
    }
    expect(machine.round).toBe(1)
  })

  test('a round that draws nobody who is here ends empty, and at once', () => {
    const { machine, step, hear } = machineOf(resting[0]!)
    step({ type: 'role', training: true }, 0)
    hear(resting[1]!)
    expect(machine.wakeAt(0)).toBe(MIN_ROUND_MS)
    step({ type: 'tick' }, MIN_ROUND_MS)
    expect(machine.round).toBe(1)
    expect(machine.window.current.params).toEqual(start.params)
  })

  test('without anybody who trains rounds stand still', () => {
    const { machine, step } = machineOf(resting[0]!)
    step({ type: 'tick' }, MAX_GRACE_MS)
    expect(machine.round).toBe(0)
    expect(machine.wakeAt(MAX_GRACE_MS)).toBe(Infinity)
  })

  test('in a crowd a number stands for members: two thirds of the committee, then a moment for the rest', () => {
    const { machine, step } = machineOf(resting[0]!)
    step({ type: 'role', training: true }, 0)
    step({ type: 'crowd', trainers: 400 }, 0)
    expect(machine.wakeAt(0)).toBe(MAX_GRACE_MS)
    for (const index of drawn.slice(0, 3))
      step({ type: 'update', update: makeUpdate(0, memberId(index), ones) }, 500)
    expect(machine.round).toBe(0)
    expect(machine.wakeAt(500)).toBe(500 + AFTER_QUORUM_MS)
    step({ type: 'update', update: makeUpdate(0, memberId(drawn[3]!), ones) }, 600)
    expect(machine.round).toBe(1)
  })

  describe('in a crowd', () => {
    /** Everybody's updates of the round; those of who was not drawn count for nothing. */
    const publishAll = ({ step }: ReturnType<typeof machineOf>, round: number, now: number): void => {
      for (const index of everybody)
        step({ type: 'update', update: makeUpdate(round, memberId(index), ones) }, now)
    }
    const crowded = (): ReturnType<typeof machineOf> => {
      const all = machineOf(resting[0]!)
      all.step({ type: 'role', training: true }, 0)
      all.step({ type: 'crowd', trainers: COMMITTEE }, 0)
      return all
    }

    test('rounds run through to catch up do not teach that updates come at once', () => {
      const all = crowded()
      const { machine, step, hear } = all
      for (let round = 0; round < 5; round++) publishAll(all, round, 0)
      hear(resting[1]!, 5)
      let now = 0
      for (; machine.round < 5; now += MIN_ROUND_MS) step({ type: 'tick' }, now)
      expect(now).toBeLessThan(3_000)
      // Where the others are it waits as if it had seen no round at all.
      expect(machine.wakeAt(now)).toBe(now - MIN_ROUND_MS + MAX_GRACE_MS)
    })

    test('who is ahead of most waits for them; where they are the time of the last rounds counts', () => {
      const all = crowded()
      const { machine, step, hear } = all
      let now = 0
      for (let round = 0; round < 4; round++) {
        hear(resting[1]!, round, now)
        publishAll(all, round, now + 200)
        now += MIN_ROUND_MS
        step({ type: 'tick' }, now)
        expect(machine.round).toBe(round + 1)
      }
      expect(machine.wakeAt(now)).toBe(now + MAX_GRACE_MS)
      step({ type: 'tick' }, now + 3_000)
      expect(machine.round).toBe(4)
      hear(resting[1]!, 4, now + 3_000)
      expect(machine.round).toBe(5)
    })
  })
})
