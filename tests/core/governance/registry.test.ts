import { describe, expect, test } from 'vitest'
import { custodyOf, heldDevices, MAX_DEVICE_EVENTS } from '../../../src/core/governance/devices.ts'
import { levelOf, ownersOf } from '../../../src/core/governance/identity.ts'
import {
  devicesOf,
  metersOf,
  requestsTo,
  timelineOf,
  violationsOf,
} from '../../../src/core/governance/views.ts'
import type { EntryBody } from '../../../src/core/ledger/entry.ts'
import { member } from '../ledger/fixtures.ts'
import { deviceOf, guardians, RoomScript, T0 } from '../room/script.ts'

describe('identity levels', () => {
  const vouch = (
    subject: number,
    level: 1 | 2,
    changes: { owner?: string; expiresUnixMs?: number } = {},
  ): EntryBody => ({
    kind: 'vouch',
    subject: member(subject),
    level,
    owner: '',
    expiresUnixMs: 0,
    ...changes,
  })
  const room = (): RoomScript => new RoomScript({ guardians: guardians(0), issuers: guardians(4) })
  const level = (script: RoomScript, of: number, unixMs = T0) =>
    levelOf(script.state.governance, member(of), unixMs)

  test('0 registered, 1 vouched by a guardian, 2 by an issuer; each as long as it lasts', () => {
    const script = room()
    script.write(0, vouch(1, 1, { expiresUnixMs: T0 + 1_000 }))
    script.write(4, vouch(2, 2))
    script.write(0, vouch(3, 2))
    script.write(1, vouch(3, 1))
    expect([1, 2, 3].map(of => level(script, of))).toEqual([1, 2, 0])
    expect(level(script, 1, T0 + 1_000)).toBe(0)
    expect([level(script, 0), level(script, 4)], 'named by the terms').toEqual([1, 1])
    script.write(4, vouch(2, 2, { expiresUnixMs: 1 }))
    expect(level(script, 2), 'the newest word of a voucher counts').toBe(0)
  })

  test('a vouch stays when its guardian is replaced after a seal; one before it goes', () => {
    const script = room()
    script.write(0, vouch(1, 1))
    script.close([0])
    const { base } = script.state.governance
    script.write(0, {
      kind: 'amend',
      previous: base!.hash,
      governance: { ...base!.terms, guardians: guardians(7) },
      reason: '',
    })
    script.close([0])
    script.write(0, vouch(2, 1))
    expect([level(script, 1), level(script, 2)]).toEqual([1, 0])
  })

  test('owners as stated by somebody entitled', () => {
    const script = room()
    script.write(0, vouch(1, 1, { owner: 'ab'.repeat(32) }))
    script.write(3, vouch(2, 1, { owner: 'cd'.repeat(32) }))
    expect([...ownersOf(script.state.governance)]).toEqual([[member(1), 'ab'.repeat(32)]])
  })
})

describe('custody of devices', () => {
  const transfer = (to: number, previous: string): EntryBody => ({
    kind: 'device-transfer',
    device: deviceOf(1),
    to: member(to),
    previous,
  })
  const held = (script: RoomScript, by: number) => heldDevices(script.state.governance, member(by))

  test('passes from hand to hand and back, each link by hash', () => {
    const script = new RoomScript()
    const a = script.register(1)
    const b = script.write(1, transfer(2, a.hash))
    expect(held(script, 1)).toEqual([])
    const c = script.register(2, deviceOf(1), b.hash)
    const d = script.write(2, transfer(1, c.hash))
    const e = script.register(1, deviceOf(1), d.hash)
    expect([held(script, 1), held(script, 2)]).toEqual([[deviceOf(1)], []])
    expect(devicesOf(script.state.governance, member(1))).toMatchObject([
      { device: deviceOf(1), holder: member(1), own: true, benchmarkFlops: 10n ** 12n },
    ])
    const chain = custodyOf(script.state.governance, e.hash)
    expect(chain?.map(([hash]) => hash)).toEqual([a, b, c, d, e].map(({ hash }) => hash))
  })

  test.each<[string, (script: RoomScript, root: string) => string]>([
    ['a transfer that was never made', script => script.register(2, deviceOf(1), 'ab'.repeat(32)).hash],
    [
      'a transfer to somebody else',
      (script, root) => script.register(3, deviceOf(1), script.write(1, transfer(2, root)).hash).hash,
    ],
    ['a registration of somebody else', (script, root) => script.register(2, deviceOf(1), root).hash],
    [
      'of another device',
      (script, root) => script.register(2, deviceOf(5), script.write(1, transfer(2, root)).hash).hash,
    ],
    [
      'begun anew after it was handed on',
      (script, root) => {
        script.write(1, transfer(2, root))
        return script.register(1).hash
      },
    ],
    [
      'taken back by an own word of before',
      (script, root) => {
        script.write(1, transfer(2, root))
        return script.register(1, deviceOf(1), root).hash
      },
    ],
    [
      'handed on twice',
      (script, root) => {
        script.write(1, transfer(2, root))
        return script.register(3, deviceOf(1), script.write(1, transfer(3, root)).hash).hash
      },
    ],
  ])('a broken link does not count: %s', (_, breakIt) => {
    const script = new RoomScript()
    const hash = breakIt(script, script.register(1).hash)
    expect(custodyOf(script.state.governance, hash)).toBeUndefined()
    expect(script.state.governance.custody.has(hash), 'but is remembered').toBe(true)
    expect(held(script, script.state.governance.custody.get(hash)!.author === member(1) ? 1 : 3)).toEqual([])
    expect(
      devicesOf(script.state.governance, member(1)).every(({ custody }) =>
        custody.every(event => event.hash !== hash),
      ),
    ).toBe(true)
  })

  test('at a seal the first and the newest rate of a holder stay, and the chain stays whole', () => {
    const script = new RoomScript()
    const renew = (by: number, previous: string, times: number): string => {
      for (let i = 1; i <= times; i++) previous = script.register(by, deviceOf(1), previous, BigInt(i)).hash
      return previous
    }
    const first = script.register(1).hash
    const handed = script.write(1, transfer(2, renew(1, first, 5))).hash
    const taken = script.register(2, deviceOf(1), handed).hash
    const newest = renew(2, taken, 4)
    const before = custodyOf(script.state.governance, newest)!.map(([hash]) => hash)
    expect(before).toHaveLength(1 + 5 + 1 + 1 + 4)
    script.close([0])
    const chain = custodyOf(script.state.governance, newest)!
    expect(chain.map(([hash]) => hash)).toEqual([first, before[5], handed, taken, newest])
    expect(script.state.governance.custody.size).toBe(chain.length)
    expect([held(script, 1), held(script, 2)]).toEqual([[], [deviceOf(1)]])
    script.close([0])
    const next = renew(2, newest, 1)
    script.close([0])
    expect(custodyOf(script.state.governance, next)!.map(([hash]) => hash)).toEqual([
      first,
      before[5],
      handed,
      taken,
      next,
    ])
  })

  test('an event that anything else names stays, so that nobody can cut the chain of another', () => {
    const script = new RoomScript()
    const first = script.register(1).hash
    const middle = script.register(1, deviceOf(1), first, 2n).hash
    const last = script.register(1, deviceOf(1), middle, 3n).hash
    const stray = script.register(1, deviceOf(1), middle, 4n).hash
    script.close([0])
    expect(script.state.governance.custody.get(stray)?.broken).toBe(true)
    expect(custodyOf(script.state.governance, last)!.map(([hash]) => hash)).toEqual([first, middle, last])
  })

  test('a receipt on a device whose custody is broken is remarked', () => {
    const script = new RoomScript()
    script.join(2)
    script.register(2, deviceOf(1), 'ab'.repeat(32))
    script.receipt(2, 1, { device: deviceOf(1) })
    expect(violationsOf(script.state.governance).map(({ kind }) => kind)).toEqual(['unknown-device'])
  })

  test('nobody fills the registry', () => {
    const script = new RoomScript()
    for (let i = 0; i < MAX_DEVICE_EVENTS + 30; i++) script.register(1, deviceOf(i))
    expect(script.state.governance.custody.size).toBe(MAX_DEVICE_EVENTS)
  })
})

describe('views', () => {
  test('meters, requests and the timeline', () => {
    const script = new RoomScript({ budget: { memberFlop: '900000000', roundFlop: '0', lineageFlop: '0' } })
    script.trainer(1)
    script.trainer(2)
    script.join(3, 'watcher')
    script.receipt(2, 3)
    script.write(3, { kind: 'request', subject: member(1), commitment: 'ab'.repeat(32), reason: 'audit' })
    const { governance } = script.state
    expect(metersOf(governance, T0).map(({ member: id, capFlop, level }) => [id, capFlop, level])).toEqual([
      [member(2), 900_000_000n, 0],
      [member(1), 900_000_000n, 0],
    ])
    expect(requestsTo(governance, member(1))).toMatchObject([{ by: member(3), reason: 'audit' }])
    expect(requestsTo(governance, member(2))).toEqual([])
    expect(timelineOf(governance).map(({ kind }) => kind)).toEqual(['request', 'charter'])
  })

  test('a room that lives long stays small, whatever its members write', () => {
    const script = new RoomScript({ guardians: guardians(0, 1) })
    for (let i = 0; i < 6; i++) script.trainer(i)
    for (let epoch = 0; epoch < 12; epoch++) {
      for (let i = 0; i < 40; i++) {
        const author = 2 + (i % 4)
        script.write(author, {
          kind: 'request',
          subject: member(0),
          commitment: 'ab'.repeat(32),
          reason: 'x'.repeat(500),
        })
        script.write(author, { kind: 'evict', member: member(1), reason: `${i}` })
        script.write(author, {
          kind: 'endorse',
          subject: (i + 41 * epoch).toString(16).padStart(64, '0'),
          round: 0,
        })
        script.write(author, { kind: 'hold', reason: '', round: 0 })
      }
      script.close([0, 1])
    }
    const { requests, motions, signatures, timeline, holds } = script.state.governance
    expect(requests.size).toBeLessThanOrEqual(100)
    expect(motions.size).toBeLessThanOrEqual(64)
    expect(signatures.size).toBeLessThanOrEqual(64)
    expect(timeline.size).toBeLessThanOrEqual(100)
    expect(holds.size).toBe(0)
  })
})
