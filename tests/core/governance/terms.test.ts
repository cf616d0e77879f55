import { describe, expect, test } from 'vitest'
import { derive } from '../../../src/core/governance/derived.ts'
import {
  defaultGovernance,
  defaultQuorum,
  defaultResumeQuorum,
  soundTerms,
  termsFault,
} from '../../../src/core/governance/terms.ts'
import type { GovernanceTerms } from '../../../src/core/ledger/entry.ts'
import { governanceTerms, member } from '../ledger/fixtures.ts'
import { guardians, RoomScript } from '../room/script.ts'

describe('terms', () => {
  test('default quorums: two thirds to pause, three quarters to resume', () => {
    expect([1, 2, 3, 4, 5, 6, 9, 64].map(defaultQuorum)).toEqual([1, 2, 2, 3, 4, 4, 6, 43])
    expect([1, 2, 3, 4, 5, 6, 9, 64].map(defaultResumeQuorum)).toEqual([1, 2, 3, 3, 4, 5, 7, 48])
    expect(termsFault(defaultGovernance([member(2), member(1), member(2)]))).toBeNull()
  })

  test.each<[string, Partial<GovernanceTerms>]>([
    ['guardians', { guardians: [] }],
    ['guardians', { guardians: [...guardians(0, 1)].reverse() }],
    ['quorum', { quorum: 0 }],
    ['quorum', { quorum: 2 }],
    ['quorum', { resumeQuorum: 1.5 }],
    ['issuers', { issuers: [member(1), member(1)] }],
    ['budget', { budget: { memberFlop: '-1', roundFlop: '0', lineageFlop: '0' } }],
    ['heartbeat', { heartbeatMs: 10 }],
    ['expiry', { expiresUnixMs: -1 }],
  ])('%s: %o is refused', (fault, changes) => {
    const terms = { ...governanceTerms, ...changes }
    expect(termsFault(terms)).toBe(fault)
    expect(soundTerms(terms, member(0))).toEqual(defaultGovernance([member(0)]))
  })
})

describe('amendments', () => {
  const room = (): RoomScript => new RoomScript({ guardians: guardians(0, 1, 2), quorum: 2, resumeQuorum: 3 })
  const inForce = ({ state }: RoomScript) => derive(state.governance).terms!
  const amend = (script: RoomScript, governance: Partial<GovernanceTerms>, previous = inForce(script).hash) =>
    ({
      kind: 'amend',
      previous,
      governance: { ...inForce(script).terms, ...governance },
      reason: '',
    }) as const

  test('take force with the quorum of the guardians that they replace, one after the other', () => {
    const script = room()
    const first = script.write(5, amend(script, { heartbeatMs: 30_000 }))
    script.endorse(0, first.hash)
    expect(inForce(script).hash).toBe(script.state.charter)
    script.endorse(1, first.hash)
    expect(inForce(script)).toMatchObject({ hash: first.hash, terms: { heartbeatMs: 30_000 } })
    const second = script.signed(
      amend(script, { guardians: guardians(7), quorum: 1, resumeQuorum: 1 }),
      0,
      [1],
    )
    expect(inForce(script).hash).toBe(second.hash)
    const third = script.write(7, amend(script, { licensing: 'licensed' }))
    expect(inForce(script).hash).toBe(third.hash)
    script.close([0])
    expect(inForce(script).hash).toBe(third.hash)
  })

  test('of two rivals the lower hash, until a seal made the choice final', () => {
    const script = room()
    const { charter } = script.state
    const rivals = [1, 2, 3, 4].map(i =>
      script.signed(amend(script, { heartbeatMs: 10_000 + i }, charter), 0, [1]),
    )
    const sorted = rivals.map(({ hash }) => hash).sort()
    expect(inForce(script).hash).toBe(sorted[0])
    script.close([0])
    for (let i = 0; i < 8; i++) script.signed(amend(script, { heartbeatMs: 20_000 + i }, charter), 0, [1])
    expect(inForce(script).hash).toBe(sorted[0])
  })

  test('unsound terms and another way of sealing never take force', () => {
    const script = room()
    script.signed(amend(script, { quorum: 9 }), 0, [1, 2])
    script.signed(amend(script, { sealing: 'consortium' }), 0, [1, 2])
    script.signed(amend(script, { heartbeatMs: 9_999 }, 'ab'.repeat(32)), 0, [1, 2])
    expect(inForce(script).hash).toBe(script.state.charter)
  })

  test('a lowered cap makes nobody guilty of what it did before', () => {
    const script = room()
    script.trainer(1)
    script.receipt(1, 50)
    const budget = { memberFlop: '1', roundFlop: '1', lineageFlop: '1' }
    script.signed(amend(script, { budget, licensing: 'licensed' }), 0, [1])
    const { accounts } = script.state.governance
    script.close([0, 1])
    expect(accounts.get(member(1))!.violations.size).toBe(0)
    expect(derive(script.state.governance).loosest).toEqual({
      memberFlop: 0n,
      roundFlop: 0n,
      lineageFlop: 0n,
    })
  })
})
