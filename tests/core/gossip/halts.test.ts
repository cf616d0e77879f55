import { describe, expect, test } from 'vitest'
import { NO_ORDERS, ordersFor, validityOf, type Governed } from '../../../src/core/gossip/halts.ts'
import { GossipMachine, type GossipEffect, type GossipEvent } from '../../../src/core/gossip/machine.ts'
import { hashState } from '../../../src/core/gossip/state.ts'
import { makeUpdate, meanProfile, memberId, PARAMETERS, ROOM, startState } from './fixtures.ts'

const SELF = memberId(0)
const RESUME = 'ab'.repeat(8)
const ones = Array.from({ length: PARAMETERS }, () => 1)
const paused = (cut: number): GossipEvent => ({
  type: 'governed',
  governed: { frozen: true, cut, segments: [] },
})
const resumed = (after: number): GossipEvent => ({
  type: 'governed',
  governed: { frozen: false, cut: null, segments: [{ after, ref: RESUME }] },
})

describe('which updates count', () => {
  const governed: Governed = {
    frozen: false,
    cut: null,
    segments: [
      { after: 4, ref: 'aa'.repeat(8) },
      { after: 9, ref: 'bb'.repeat(8) },
    ],
  }

  test('each round has the order of its stretch', () => {
    expect([0, 4, 5, 9, 10].map(round => ordersFor(governed, round).slice(0, 2))).toEqual([
      '00',
      '00',
      'aa',
      'aa',
      'bb',
    ])
  })

  test('another known order is void, an unknown one waits', () => {
    expect(validityOf({ round: 6, orders: 'aa'.repeat(8) }, governed)).toBe('good')
    expect(validityOf({ round: 6, orders: NO_ORDERS }, governed)).toBe('void')
    expect(validityOf({ round: 3, orders: 'aa'.repeat(8) }, governed)).toBe('void')
    expect(validityOf({ round: 12, orders: 'cc'.repeat(8) }, governed)).toBe('unknown')
  })

  test('behind the cut nothing counts, but what names a later order may, once that order is here', () => {
    const cut: Governed = { frozen: true, cut: 7, segments: [] }
    expect(validityOf({ round: 7, orders: NO_ORDERS }, cut)).toBe('good')
    expect(validityOf({ round: 8, orders: NO_ORDERS }, cut)).toBe('void')
    expect(validityOf({ round: 8, orders: RESUME }, cut)).toBe('unknown')
  })
})

describe('the machine under orders', () => {
  function trainer() {
    const start = startState()
    const config = { room: ROOM, self: SELF, profile: meanProfile, localSteps: 20, rounds: 0, committee: 0 }
    const machine = new GossipMachine(config, start, hashState(start), 0)
    const step = (event: GossipEvent, now: number): GossipEffect[] => machine.step(event, now)
    step({ type: 'role', training: true }, 0)
    const publish = (now: number, orders = NO_ORDERS): GossipEffect[] => {
      const { round } = machine
      const begin = machine.window.current.params
      const job = { type: 'trained', round, start: begin, params: begin.map(p => p - 0.1) } as const
      const effects = step({ ...job, steps: 20, samples: 640 }, now)
      const header = effects.find(effect => effect.type === 'publish')
      if (header) expect(header.header.orders).toBe(orders)
      return [
        ...effects,
        ...step({ type: 'update', update: makeUpdate(round, SELF, ones, ROOM, orders) }, now),
      ]
    }
    return { machine, step, publish }
  }

  test('frozen: no round ends, no job starts; afterwards the round has as much time as before', () => {
    const { machine, step, publish } = trainer()
    step({ type: 'governed', governed: { frozen: true, cut: null, segments: [] } }, 100)
    expect(publish(200).map(({ type }) => type)).not.toContain('train')
    step({ type: 'tick' }, 60_000)
    expect(machine.round).toBe(0)
    expect(machine.wakeAt(60_000)).toBe(Infinity)
    step({ type: 'governed', governed: { frozen: false, cut: null, segments: [] } }, 100_000)
    expect(machine.round).toBe(0)
    expect(machine.wakeAt(100_000)).toBe(100_150)
    step({ type: 'tick' }, 100_150)
    expect(machine.round).toBe(1)
  })

  test('a cut takes back the rounds behind it, and the resumed round is trained and published anew', () => {
    const { machine, step, publish } = trainer()
    publish(300)
    const afterFirst = hashState(machine.window.current)
    publish(600)
    expect(machine.round).toBe(2)
    const effects = step(paused(0), 700)
    expect(machine.round).toBe(1)
    expect(hashState(machine.window.current)).toBe(afterFirst)
    expect(effects.map(({ type }) => type)).toContain('model')
    // What was published for round 1 before the cut is void, here and wherever it turns up again.
    step({ type: 'update', update: makeUpdate(1, memberId(1), ones) }, 800)
    expect(machine.window.updatesOf(1).size).toBe(0)
    step({ type: 'trained', round: 2, start: ones32(), params: ones32(), steps: 20, samples: 1 }, 810)
    expect(step(resumed(0), 5_000).filter(({ type }) => type === 'train')).toMatchObject([{ round: 1 }])
    publish(5_400, RESUME)
    expect(machine.round).toBe(2)
    expect(machine.ejected.size).toBe(0)
    step({ type: 'update', update: makeUpdate(1, memberId(1), ones) }, 5_500)
    expect(machine.window.updatesOf(1).size).toBe(1)
  })

  test('a job that ends behind the cut is done again after the resume, and the room is not stuck on it', () => {
    const { machine, step, publish } = trainer()
    publish(300)
    expect(machine.round).toBe(1)
    step(paused(0), 400)
    const begin = machine.window.current.params
    const job = { type: 'trained', round: 1, start: begin, params: begin.map(p => p - 0.1) } as const
    expect(step({ ...job, steps: 20, samples: 640 }, 410).map(({ type }) => type)).not.toContain('publish')
    expect(step(resumed(0), 5_000)).toMatchObject([{ type: 'train', round: 1 }])
    publish(5_400, RESUME)
    expect(machine.round).toBe(2)
  })

  test('an own update that a pause overtook while it was being signed is trained again', () => {
    const { machine, step, publish } = trainer()
    publish(300)
    const begin = machine.window.current.params
    const job = { type: 'trained', round: 1, start: begin, params: begin.map(p => p - 0.1) } as const
    const types = step({ ...job, steps: 20, samples: 640 }, 500).map(({ type }) => type)
    expect(types).toContain('publish')
    step(paused(0), 501)
    step({ type: 'update', update: makeUpdate(1, SELF, ones) }, 502)
    expect(machine.window.updatesOf(1).size).toBe(0)
    expect(step(resumed(0), 5_000)).toMatchObject([{ type: 'train', round: 1 }])
    publish(5_400, RESUME)
    expect(machine.round).toBe(2)
  })

  test('after a pause that ends by itself nothing is published twice under the same orders', () => {
    const { machine, step, publish } = trainer()
    publish(300)
    publish(600)
    expect(machine.round).toBe(2)
    step(paused(0), 700)
    expect(machine.round).toBe(1)
    step({ type: 'trained', round: 2, start: ones32(), params: ones32(), steps: 0, samples: 0 }, 710)
    const over: GossipEvent = { type: 'governed', governed: { frozen: false, cut: null, segments: [] } }
    const effects = step(over, 9_000)
    const begin = machine.window.current.params
    const job = { type: 'trained', round: 1, start: begin, params: begin.map(p => p - 0.2) } as const
    effects.push(...step({ ...job, steps: 20, samples: 640 }, 9_400))
    expect(effects.map(({ type }) => type)).not.toContain('publish')
    // Nobody else is there to go on with: the next round begins from the state at hand.
    step({ type: 'tick' }, 20_000)
    expect(machine.round).toBe(2)
    publish(20_400)
    expect(machine.round).toBe(3)
  })
})

function ones32(): Float32Array {
  return Float32Array.from(ones)
}
