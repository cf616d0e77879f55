// The swarm of a made-up room, as the Swarm page is fed.
import type { SwarmView } from '../../src/ports/swarm-view.ts'
import { memberId, type Scenario } from './fake-data.ts'

const PARAMETERS = 101_770

export function swarmOf(scenario: Scenario, round: number): SwarmView {
  const others = Array.from({ length: Math.max(0, scenario.members - 1) }, (_, i) => memberId(i + 1))
  const passed = others.slice(0, 5).flatMap((link, i) => [
    { seq: 2 * i + 1, author: link, round, link, direction: 'in' as const },
    { seq: 2 * i + 2, author: memberId(0), round, link, direction: 'out' as const },
  ])
  return {
    links: others.slice(0, 8),
    passed: round === 0 ? [] : passed,
    round: { published: round === 0 ? [] : others.slice(0, 2), expected: scenario.members, ageMs: 640 },
    lot: null,
    tolerance: {
      rule: 'clip-trim',
      publishers: scenario.members,
      liars: scenario.members >= 5 ? Math.floor(scenario.members / 5) : 0,
    },
    bytes: { update: 12_976, codec: 'one-bit', float32: 4 * PARAMETERS, parameters: PARAMETERS },
    privacy: null,
    agreement: { round: Math.max(0, round - 3), same: scenario.members, other: 0 },
  }
}
