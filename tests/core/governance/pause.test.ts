import { describe, expect, test } from 'vitest'
import {
  canHold,
  computeState,
  highestNonce,
  HOLD_MS,
  ordersInForce,
  pausesInForce,
  RESUME_DELAY_MS,
  timedEntries,
  type LocalFacts,
} from '../../../src/core/governance/pause.ts'
import { mayMix } from '../../../src/core/governance/standing.ts'
import { motionsOf, timelineOf } from '../../../src/core/governance/views.ts'
import type { OrderBody } from '../../../src/core/ledger/entry.ts'
import { member } from '../ledger/fixtures.ts'
import { guardians, RoomScript, STEP_FLOP, T0 } from '../room/script.ts'

const HOUR = 3_600_000
const order = (action: 'pause' | 'resume', nonce: number, changes: Partial<OrderBody> = {}): OrderBody => ({
  kind: 'order',
  action,
  target: '',
  reason: `${action} ${nonce}`,
  nonce,
  round: 100,
  expiresUnixMs: 0,
  ...changes,
})

/** Five guardians: four pause (ceil of 2/3), four resume (ceil of 3/4). */
function guardedRoom(terms: { heartbeatMs?: number; expiresUnixMs?: number } = {}): RoomScript {
  const script = new RoomScript({ guardians: guardians(0, 1, 2, 3, 4), quorum: 4, resumeQuorum: 4, ...terms })
  for (let i = 0; i < 6; i++) script.trainer(i)
  return script
}

/** A member's own clock and memory. */
class Watch implements LocalFacts {
  nowMs = 5_000
  guardianHeardAtMs = 5_000
  private readonly seen = new Map<string, number>()

  constructor(readonly script: RoomScript) {}

  look(): this {
    for (const hash of timedEntries(this.script.state.governance))
      if (!this.seen.has(hash)) this.seen.set(hash, this.nowMs)
    return this
  }

  seenAtMs(hash: string): number | undefined {
    return this.seen.get(hash)
  }

  after(ms: number): this {
    this.nowMs += ms
    return this
  }

  state(roomTime = this.script.unixMs) {
    return computeState(this.script.state.governance, roomTime, this)
  }
}

const cut = ({ state, unixMs }: RoomScript) => ordersInForce(state.governance, unixMs).cut
const mixed = ({ state, unixMs }: RoomScript, round: number) =>
  mayMix(state.governance, { author: member(5), round, roomTime: unixMs, newestReceiptRound: 100 })

describe('P4 orders', () => {
  test('P4 k-1 signatures do nothing; the k-th pauses, whoever brings it and in whatever order', () => {
    const script = guardedRoom()
    const watch = new Watch(script)
    const { hash } = script.write(0, order('pause', 1))
    script.endorse(1, hash, 103)
    script.endorse(2, hash, 101)
    for (const stranger of [5, 6, 7]) script.endorse(stranger, hash)
    script.endorse(1, hash, 90)
    expect([watch.look().state().status, cut(script), mixed(script, 200)]).toEqual(['running', null, null])
    script.close([0, 1, 2, 3, 4, 5])
    expect(watch.look().state().status).toBe('running')
    script.endorse(3, hash, 102)
    expect(watch.look().state()).toMatchObject({ status: 'paused', order: hash, reason: 'pause 1' })
    // Rounds stated: 100, 103, 101, 102; the fourth smallest is the cut.
    expect([cut(script), mixed(script, 103), mixed(script, 104)]).toEqual([103, null, 'paused'])
    script.close([0, 1, 2, 3, 4, 5])
    script.endorse(4, hash, 1)
    expect(cut(script), 'later signatures do not move a sealed cut').toBe(103)
  })

  test('P4 endorsements may come before the order', () => {
    const source = guardedRoom()
    const target = guardedRoom()
    const { hash } = source.write(0, order('pause', 1), T0 + 500)
    for (const i of [1, 2, 3]) target.endorse(i, hash, 100)
    expect(cut(target)).toBeNull()
    expect(target.write(0, order('pause', 1), T0 + 500).hash).toBe(hash)
    expect(cut(target)).toBe(100)
  })

  test('P4 resume needs its own quorum, waits two seconds, and opens the rounds behind the cut', () => {
    const script = guardedRoom()
    const watch = new Watch(script)
    script.signed(order('pause', 1), 0, [1, 2, 3], 100)
    expect(watch.look().state().status).toBe('paused')
    const resume = script.write(1, order('resume', 2))
    script.endorse(0, resume.hash)
    script.endorse(2, resume.hash)
    expect(watch.look().state().status).toBe('paused')
    script.endorse(4, resume.hash)
    expect(watch.after(50).look().state()).toEqual({ status: 'resuming', secondsLeft: 2 })
    expect(watch.after(RESUME_DELAY_MS - 1).state()).toEqual({ status: 'resuming', secondsLeft: 1 })
    expect(watch.after(1).state()).toEqual({ status: 'running' })
    const { segments } = ordersInForce(script.state.governance, script.unixMs)
    expect(segments).toEqual([{ after: 100, ref: resume.hash.slice(0, 16) }])
    expect(mixed(script, 104)).toBeNull()
    script.close([0, 1, 2, 3, 4, 5])
    expect(ordersInForce(script.state.governance, script.unixMs)).toEqual({ cut: null, segments })
  })

  test('P4 an order is worth nothing a second time: its nonce is used up', () => {
    const script = guardedRoom()
    script.signed(order('pause', 5), 0, [1, 2, 3])
    script.signed(order('resume', 6), 0, [1, 2, 3])
    script.close([0, 1, 2, 3, 4, 5])
    for (const nonce of [4, 5, 6]) script.signed(order('pause', nonce, { reason: 'again' }), 1, [0, 2, 3])
    expect(cut(script)).toBeNull()
    script.signed(order('pause', 7), 1, [0, 2, 3])
    expect(cut(script)).toBe(100)
  })

  test('of equal nonces the pause prevails; of several pauses the lowest cut', () => {
    const script = guardedRoom()
    script.signed(order('resume', 3), 0, [1, 2, 3])
    script.signed(order('pause', 3), 1, [0, 2, 3], 100)
    expect(cut(script)).toBe(100)
    script.signed(order('pause', 4, { round: 90 }), 1, [0, 2, 3], 90)
    expect(cut(script)).toBe(90)
    script.signed(order('pause', 5), 1, [0, 2, 3], 100)
    expect(cut(script)).toBe(90)
    script.signed(order('resume', 6), 1, [0, 2, 3])
    expect(cut(script)).toBeNull()
  })

  test('a leap of the nonce has no effect and does not drive the others', () => {
    const script = guardedRoom()
    script.signed(order('pause', Number.MAX_SAFE_INTEGER), 0, [1, 2, 3])
    expect([cut(script), highestNonce(script.state.governance)]).toEqual([null, -1])
    script.signed(order('pause', 0), 0, [1, 2, 3], 100)
    expect(cut(script)).toBe(100)
  })

  test('signatures after the order’s own end do not count; a pause ends by itself', () => {
    const late = guardedRoom()
    const { hash } = late.write(0, order('pause', 1, { expiresUnixMs: T0 + HOUR }))
    for (const i of [1, 2]) late.endorse(i, hash)
    late.unixMs = T0 + 2 * HOUR + 1
    late.endorse(3, hash)
    expect(pausesInForce(late.state.governance, T0)).toEqual([])

    const script = guardedRoom()
    script.signed(order('pause', 1, { expiresUnixMs: T0 + HOUR }), 0, [1, 2, 3], 100)
    expect(pausesInForce(script.state.governance, T0 + HOUR - 1)).toHaveLength(1)
    expect(pausesInForce(script.state.governance, T0 + HOUR)).toEqual([])
  })

  test('more than ten orders an hour of one guardian have no effect; their reasons are kept', () => {
    const script = guardedRoom()
    for (let i = 1; i <= 10; i++) script.write(0, order('pause', i))
    script.signed(order('pause', 11, { reason: 'one too many' }), 0, [1, 2, 3])
    expect(cut(script)).toBeNull()
    const { governance } = script.state
    expect(timelineOf(governance)).toContainEqual(
      expect.objectContaining({ reason: 'one too many', effective: false }),
    )
    script.unixMs += HOUR
    script.signed(order('pause', 12), 0, [1, 2, 3])
    expect(cut(script)).toBe(100)
  })

  test('a motion names what it needs and who may still sign', () => {
    const script = guardedRoom()
    const { hash } = script.signed(order('pause', 1), 0, [1])
    const view = (self: number) =>
      motionsOf(script.state.governance, member(self), script.unixMs).find(motion => motion.hash === hash)
    expect(view(2)).toMatchObject({ needed: 4, signed: guardians(0, 1), status: 'open', canSign: true })
    expect([view(1)?.canSign, view(5)?.canSign]).toEqual([false, false])
    for (const i of [2, 3]) script.endorse(i, hash)
    expect(view(4)).toMatchObject({ status: 'effective', canSign: false })
    script.close([0])
    expect(view(4)).toBeUndefined()
    expect(timelineOf(script.state.governance)[0]).toMatchObject({ hash, effective: true })
  })
})

describe('holds', () => {
  const hold = { kind: 'hold', reason: 'look', round: 3 } as const

  test('one guardian holds for a minute, once an hour by its stated times; nobody else can', () => {
    const script = guardedRoom()
    const watch = new Watch(script)
    script.write(5, hold)
    expect(watch.look().state().status).toBe('running')
    expect(canHold(script.state.governance, member(1), script.unixMs)).toBe(true)
    script.write(1, hold)
    expect(watch.look().state()).toEqual({ status: 'held', by: member(1), secondsLeft: 60, reason: 'look' })
    expect(canHold(script.state.governance, member(1), script.unixMs + HOUR - 2)).toBe(false)
    script.write(1, hold)
    watch.look()
    expect(
      watch
        .after(HOLD_MS - 1)
        .look()
        .state().status,
    ).toBe('held')
    expect(watch.after(1).state().status).toBe('running')
    script.unixMs += HOUR
    script.write(1, hold)
    expect(watch.look().state().status).toBe('held')
    expect(mixed(script, 500), 'a hold stops the honest; it refuses nothing').toBe('no-receipt')
  })

  test('a hold survives the seal, and one of another hour holds nobody', () => {
    const script = guardedRoom()
    const watch = new Watch(script)
    script.write(1, hold)
    watch.look()
    script.close([0, 1])
    expect(watch.state().status).toBe('held')
    expect(watch.state(script.unixMs + 2 * HOUR).status).toBe('running')
    script.close([0, 1], script.unixMs + 2 * HOUR)
    expect(script.state.governance.holds.size).toBe(0)
  })
})

describe('clocks that are an hour wrong change nothing of substance', () => {
  test.each([-HOUR, 0, HOUR])('room time off by %i ms', skew => {
    const script = guardedRoom()
    const watch = new Watch(script)
    script.write(1, { kind: 'hold', reason: '', round: 1 })
    const state = () => watch.look().state(script.unixMs + skew).status
    expect(state()).toBe('held')
    watch.after(HOLD_MS)
    expect(state()).toBe('running')
    // Half an hour's pause lasts half an hour on the own clock.
    script.signed(order('pause', 1, { expiresUnixMs: script.unixMs + 1 + HOUR / 2 }), 0, [1, 2, 3])
    expect(state()).toBe('paused')
    watch.after(HOUR / 2 - 1)
    expect(state()).toBe('paused')
    watch.after(1)
    expect(state()).toBe('running')
  })

  test('guardians whose own clocks are an hour apart pause together', () => {
    const script = guardedRoom()
    const { hash } = script.write(0, order('pause', 1, { expiresUnixMs: T0 + HOUR }), T0 - HOUR)
    script.write(1, { kind: 'endorse', subject: hash, round: 100 }, T0 + HOUR)
    script.write(2, { kind: 'endorse', subject: hash, round: 100 }, T0)
    script.write(3, { kind: 'endorse', subject: hash, round: 100 }, T0 + HOUR + 1)
    expect(cut(script)).toBe(100)
  })
})

describe('other reasons to stand still', () => {
  test('no guardian heard for the heartbeat: fail closed, and on again when one speaks', () => {
    const script = guardedRoom({ heartbeatMs: 30_000 })
    const watch = new Watch(script)
    expect(watch.after(30_000).state().status).toBe('running')
    expect(watch.after(1_000).state()).toEqual({ status: 'unattended', secondsSilent: 31 })
    watch.guardianHeardAtMs = watch.nowMs
    expect(watch.state().status).toBe('running')
  })

  test('the charter ends', () => {
    const script = guardedRoom({ expiresUnixMs: T0 + HOUR })
    const watch = new Watch(script)
    expect(watch.state(T0 + HOUR - 1).status).toBe('running')
    expect(watch.state(T0 + HOUR).status).toBe('expired')
  })

  test('the lineage is spent when not everybody can make another step', () => {
    const script = new RoomScript({
      budget: { memberFlop: '0', roundFlop: '0', lineageFlop: (STEP_FLOP * 10n).toString() },
    })
    script.trainer(0)
    script.close([0])
    const watch = new Watch(script)
    script.receipt(0, 9)
    expect(watch.state().status).toBe('running')
    script.receipt(0, 1)
    expect(watch.state().status).toBe('lineage-spent')
  })
})
