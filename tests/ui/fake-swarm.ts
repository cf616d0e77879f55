// The swarm of a made-up room, as the Swarm page is fed.
import type { PassedUpdate, SwarmView } from '../../src/ports/swarm-view.ts'
import { charterOf, memberId, type Scenario } from './fake-data.ts'

const PARAMETERS = 101_770
const COMMITTEE = 32
const CROWD = 400

const ONE_BIT = { update: 12_976, codec: 'one-bit' } as const
const UPDATES: Record<Scenario['swarm'], Pick<SwarmView['bytes'], 'update' | 'codec'>> = {
  plain: ONE_BIT,
  noise: ONE_BIT,
  mean: ONE_BIT,
  lot: { update: 3_504, codec: 'masked' },
  split: { update: 3_168, codec: 'sparse' },
  masks: { update: 407_232, codec: 'sum' },
}

export function swarmOf(scenario: Scenario, round: number): SwarmView {
  const { swarm } = scenario
  const others = Array.from({ length: Math.max(0, scenario.members - 1) }, (_, i) => memberId(i + 1))
  const here = others.filter(member => member !== memberId(6))
  const passed = here.slice(0, 5).flatMap((link, i): PassedUpdate[] => [
    { seq: 2 * i + 1, author: link, round, link, direction: 'in' },
    { seq: 2 * i + 2, author: memberId(0), round, link, direction: 'out' },
  ])
  const trainers = here.length + (scenario.phase === 'watching' ? 0 : 1)
  const expected = round === 0 ? 0 : swarm === 'lot' ? COMMITTEE : trainers
  const { terms } = charterOf(scenario)
  const guarded = terms.rule !== 'mean' && expected >= 5
  return {
    links: here.slice(0, 7),
    passed: round === 0 ? [] : passed,
    round: { published: round === 0 ? [] : others.slice(0, 2), expected, ageMs: 640 },
    lot: swarm === 'lot' ? { share: COMMITTEE / CROWD, drawn: false } : null,
    tolerance: { rule: terms.rule, publishers: expected, liars: guarded ? Math.floor(expected / 5) : 0 },
    bytes: {
      ...UPDATES[swarm],
      float32: 4 * PARAMETERS,
      parameters: PARAMETERS,
    },
    privacy: swarm === 'noise' ? { epsilon: 7.134, epsilonAnyData: 17.92, delta: 1e-5, rounds: round } : null,
    sums:
      swarm === 'masks'
        ? {
            counted: Math.max(0, round - 2),
            missed: Math.min(2, round),
            last: 'counted',
            trainers,
            needed: 3,
          }
        : null,
    agreement: {
      round: Math.max(0, round - 3),
      same: swarm === 'split' ? scenario.members - 1 : scenario.members,
      other: swarm === 'split' ? 1 : 0,
    },
  }
}
