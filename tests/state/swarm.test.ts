import { describe, expect, it } from 'vitest'
import type { PassedUpdate } from '../../src/ports/swarm-view.ts'
import type { JoinOptions, SessionView } from '../../src/ports/session.ts'
import { createFormat } from '../../src/i18n/format.ts'
import { Pulses } from '../../src/state/pulses.svelte.ts'
import {
  byteFacts,
  crowdOf,
  deltaText,
  epsilonText,
  refusedByMember,
  roundMark,
} from '../../src/state/swarm-facts.ts'
import { swarmMap } from '../../src/state/swarm-map.ts'
import { LINK, memberId, readScenario } from '../ui/fake-data.ts'
import { FakeSession } from '../ui/fake-session.ts'

const OPTIONS: JoinOptions = { link: LINK, nickname: 'Hana', role: 'trainer', part: -1, own: null }
const viewOf = (query: string): SessionView =>
  new FakeSession(readScenario(new URLSearchParams(query)), OPTIONS, []).view
const mapOf = (query: string) => {
  const { members, swarmView, refusals } = viewOf(query)
  const here = members.filter(({ status }) => status !== 'gone')
  return { here, map: swarmMap(here, swarmView, refusals) }
}

describe('the picture of the swarm', () => {
  it('is a ring with all links up to eight members, the own ones known, the others presumed', () => {
    const { map } = mapOf('members=5&trouble')
    expect(map.mesh).toBe(true)
    expect(map.nodes[0]).toMatchObject({ member: { self: true }, named: true })
    expect(map.nodes[0]!.y).toBe(Math.max(...map.nodes.map(({ y }) => y)))
    expect(map.edges.filter(({ link }) => link !== null)).toHaveLength(4)
    expect(map.edges).toHaveLength(10)
    expect(map.nodes.filter(({ refused }) => refused).map(({ member }) => member.id)).toEqual([
      memberId(1),
      memberId(2),
    ])
  })

  it('presumes no link of a member that this one does not reach', () => {
    const { members, swarmView } = viewOf('members=4')
    const map = swarmMap(members, { ...swarmView, links: [memberId(1), memberId(2)] }, [])
    expect(map.edges.map(({ key }) => key)).toEqual([
      'member-00/member-01',
      'member-00/member-02',
      'member-01/member-02',
    ])
  })

  it.each([
    ['one', 1],
    ['nine', 9],
    ['sixty-four', 64],
    ['four hundred', 400],
  ])('of %s keeps everybody apart and inside', (_, members) => {
    const { here, map } = mapOf(`members=${members}`)
    expect(map.nodes.length + map.hidden).toBe(here.length)
    for (const [i, a] of map.nodes.entries()) {
      expect(Math.abs(a.x) + a.radius).toBeLessThanOrEqual(205)
      expect(Math.abs(a.y) + a.radius).toBeLessThanOrEqual(172)
      for (const b of map.nodes.slice(i + 1))
        expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThan(a.radius + b.radius)
    }
    if (!map.mesh) expect(map.edges.every(({ link, from }) => link !== null && from.x === 0)).toBe(true)
  })
})

describe('updates that pass', () => {
  const passed = (...seqs: number[]): PassedUpdate[] =>
    seqs.map(seq => ({
      seq,
      author: memberId(1),
      round: 1,
      link: memberId(1),
      direction: seq % 2 === 0 ? 'in' : 'out',
    }))

  it('light up once each, and only what is new', () => {
    const pulses = new Pulses(passed(1, 2, 3))
    pulses.take(passed(1, 2, 3), false)
    expect(pulses.lit).toEqual([])
    pulses.take(passed(2, 3, 4, 6), false)
    pulses.take(passed(4, 6, 7), false)
    expect(pulses.lit.map(({ seq }) => seq)).toEqual([4, 6, 7])
    expect([pulses.received, pulses.sent]).toEqual([2, 1])
    pulses.done(6)
    expect(pulses.lit.map(({ seq }) => seq)).toEqual([4, 7])
  })

  it('are counted but not lit where nothing shall move; in a burst the newest are lit', () => {
    const pulses = new Pulses([])
    pulses.take(passed(0, 1), true)
    expect([pulses.lit.length, pulses.received, pulses.sent]).toEqual([0, 1, 1])
    pulses.take(passed(...Array.from({ length: 40 }, (_, i) => i + 2)), false)
    expect(pulses.lit).toHaveLength(24)
    expect(pulses.lit.at(-1)?.seq).toBe(41)
  })
})

describe('numbers of the swarm', () => {
  it('count the crowd, or tell it from the lot', () => {
    expect(crowdOf(viewOf('members=5'))).toBe(5)
    expect(crowdOf(viewOf('members=64&swarm=lot'))).toBe(400)
  })

  it('compare bytes with what raw float32 to everybody costs', () => {
    const facts = byteFacts(viewOf('members=5'))
    expect(facts.raw).toEqual({ members: 5, bytes: 4 * (4 * 101_770 + 250) })
    expect(facts.total).toBe(24 * 80_500)
    expect(facts.perUpdate).toBe(39_000)
    expect(facts.factor).toBeCloseTo((407_080 * 2 * 4) / 80_500)
    expect(byteFacts(viewOf('members=1&round=0'))).toMatchObject({ factor: 0, perUpdate: null })
  })

  it('mark what members do in the open round; of others a lot tells nothing', () => {
    const marks = (query: string) => {
      const view = viewOf(query)
      return view.members.slice(0, 5).map(member => roundMark(member, view))
    }
    expect(marks('members=5')).toEqual(['waiting', 'published', 'published', 'resting', 'waiting'])
    expect(marks('members=5&swarm=lot')).toEqual(['notDrawn', 'published', 'published', 'resting', 'resting'])
  })

  it('gather refusals by member; what comes from nobody known is not theirs', () => {
    const by = refusedByMember(viewOf('trouble').refusals)
    expect([...by.keys()]).toEqual([memberId(1), memberId(2)])
    expect(by.get(memberId(1))).toEqual([{ reason: 'not-finite', count: 3 }])
  })

  it('write epsilon and delta as one reads them', () => {
    const f = createFormat('en')
    expect([1.2345, 12.345, 1234.5, Infinity].map(value => epsilonText(value, f))).toEqual([
      '1.23',
      '12.3',
      '1,235',
      '',
    ])
    expect([1e-5, 1e-12].map(deltaText)).toEqual(['10⁻⁵', '10⁻¹²'])
  })
})
