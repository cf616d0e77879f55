import { describe, expect, test } from 'vitest'
import { NO_CUT, proofCut } from '../../../src/core/ledger/members.ts'
import {
  expectedAnchor,
  isMember,
  mayBeSealMember,
  membershipsOf,
  nextSealMembers,
} from '../../../src/core/room/fold.ts'
import { guardians, RoomScript, T0 } from '../room/script.ts'
import { member } from './fixtures.ts'

describe('members', () => {
  test('join, work, leave, join again: parts and sums', () => {
    const script = new RoomScript()
    script.trainer(1)
    script.receipt(1, 10, { updates: 2, updatesRoot: 'ab'.repeat(32) })
    script.receipt(1, 5)
    script.write(1, { kind: 'leave' })
    expect(membershipsOf(script.state).get(member(1))).toMatchObject({
      nickname: 'm1',
      part: 1,
      present: false,
      steps: 15,
      samples: 480,
      updates: 2,
    })
    script.join(1, 'watcher')
    expect(membershipsOf(script.state).get(member(1))).toMatchObject({
      present: true,
      steps: 15,
      role: 'watcher',
    })
  })

  test('a proof ends the membership for good, before or after the join', () => {
    const before = new RoomScript()
    before.write(0, before.proofAgainst(1, 3))
    before.join(1)
    const after = new RoomScript()
    after.join(1)
    after.write(0, after.proofAgainst(1, 3))
    for (const { state } of [before, after]) {
      expect(membershipsOf(state).has(member(1))).toBe(false)
      expect(isMember(state, member(1))).toBe(false)
      expect(state.members.convicted.get(member(1))).toBe(3)
    }
    expect(
      proofCut({ kind: 'proof', against: member(1), evidence: 'statements', first: '', second: '' }),
    ).toBe(NO_CUT)
  })

  test('the anchor hands over to a member; nobody else can', () => {
    const script = new RoomScript()
    for (const i of [0, 1, 2]) script.join(i)
    script.write(1, { kind: 'handover', to: member(2) })
    expect(expectedAnchor(script.state, member(0))).toBe(member(0))
    script.write(0, { kind: 'handover', to: member(9) })
    expect(expectedAnchor(script.state, member(0))).toBe(member(0))
    script.write(0, { kind: 'handover', to: member(1) })
    expect(expectedAnchor(script.state, member(0))).toBe(member(1))
    script.close([0, 1, 2])
    expect(script.state.members.handovers.size).toBe(0)
  })

  test('an eviction needs more than two thirds of the sealing members, and joining again makes a stranger', () => {
    const script = new RoomScript({ guardians: guardians(0) })
    for (const i of [0, 1, 2, 3]) script.join(i)
    script.close([0, 1, 2, 3])
    const { hash } = script.write(0, { kind: 'evict', member: member(3), reason: 'silent' })
    script.endorse(1, hash)
    script.endorse(9, hash)
    expect(isMember(script.state, member(3))).toBe(true)
    script.endorse(2, hash)
    expect(isMember(script.state, member(3))).toBe(false)
    expect(membershipsOf(script.state).get(member(3))).toMatchObject({ present: false })
    script.join(3)
    expect(isMember(script.state, member(3)), 'the eviction outlasts a join of its epoch').toBe(false)
    script.close([0, 1, 2])
    script.join(3)
    expect(isMember(script.state, member(3))).toBe(true)
  })
})

describe('who seals next', () => {
  test('host-anchored: the members present', () => {
    const script = new RoomScript()
    for (const i of [0, 1, 2]) script.join(i)
    script.write(2, { kind: 'leave' })
    expect(nextSealMembers(script.state, [member(1), member(2), member(7)], member(0), T0)).toEqual(
      [member(0), member(1)].sort(),
    )
  })

  test('consortium: the founder and whoever is vouched for, present or not, until the vouch ends', () => {
    const script = new RoomScript({ sealing: 'consortium', guardians: guardians(0) })
    for (const i of [0, 1, 2, 3]) script.join(i)
    const vouch = { kind: 'vouch', level: 1, owner: '' } as const
    script.write(0, { ...vouch, subject: member(1), expiresUnixMs: T0 + 10_000 })
    script.write(0, { ...vouch, subject: member(2), expiresUnixMs: 0 })
    script.write(3, { ...vouch, subject: member(3), expiresUnixMs: 0 })
    const at = (unixMs: number) => nextSealMembers(script.state, [], member(0), unixMs)
    expect(at(T0)).toEqual([member(0), member(1), member(2)].sort())
    expect(at(T0 + 10_000)).toEqual([member(0), member(2)].sort())
    script.write(2, { kind: 'leave' })
    expect(at(T0 + 10_000)).toEqual([member(0)])
    expect(mayBeSealMember(script.state, member(3), T0)).toBe(false)
  })
})
