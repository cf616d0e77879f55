// What the protocol promises whatever breaks, over seeded runs of the chaos engine; more of them: npm run sim -- chaos. A
// failing run prints its seed. The controls show that the witness sees what it should.
import { describe, expect, test } from 'vitest'
import { createProfile } from '../../src/peer/profile.ts'
import { ATTACKS } from '../../src/sim/chaos/attacks.ts'
import { EVENTS, planOf } from '../../src/sim/chaos/plan.ts'
import { runChaos, type ChaosReport, type RunOptions } from '../../src/sim/chaos/run.ts'
import type { Promised } from '../../src/sim/chaos/witness.ts'

const HANG_MS = 240_000

function expectKept({ seed, kinds, violations }: ChaosReport): void {
  expect(violations, `npm run sim -- chaos --runs 1 --seed ${seed} [${kinds.join(', ')}]`).toEqual([])
}

describe('a hundred runs', () => {
  for (const block of [0, 1, 2, 3])
    test(`seeds ci/${25 * block} to ci/${25 * block + 24}`, { timeout: HANG_MS }, async () => {
      for (let i = 0; i < 25; i++) expectKept(await runChaos(`ci/${25 * block + i}`))
    })
})

describe('every kind of liar', () => {
  for (const attack of ATTACKS)
    test(attack, { timeout: HANG_MS }, async () => {
      const report = await runChaos(`liar/${attack}`, { members: 7, attack })
      expectKept(report)
      // Who is merely slow does nothing that could be counted.
      if (attack !== 'slow') expect(report.attacks[attack], 'it acts').toBeGreaterThan(0)
    })
})

test(
  'the same seed gives the same run, and a plan has whatever it is asked for',
  { timeout: HANG_MS },
  async () => {
    const [first, second] = [await runChaos('again'), await runChaos('again')]
    expect(second).toEqual(first)
    for (const only of EVENTS) expect(planOf('again', { only, members: 8 }).kinds).toEqual([only])
    const kinds = new Set(Array.from({ length: 200 }, (_, i) => planOf(`${i}`).kinds).flat())
    expect([...kinds].sort()).toEqual([...EVENTS].sort())
  },
)

describe('controls: what is broken on purpose is seen', () => {
  const broken = async (promise: Promised, seed: string, options: RunOptions): Promise<void> => {
    const { violations } = await runChaos(seed, options)
    expect(violations.map(found => found.promise)).toContain(promise)
  }

  test('rounds that only end when somebody happens to look', { timeout: HANG_MS }, () =>
    broken('wait', 'control/wait', {
      only: 'kill',
      members: 5,
      honest: {
        prepare(peer) {
          peer.machine.wakeAt = () => Infinity
        },
      },
    }),
  )

  test('members that mix in their own way', { timeout: HANG_MS }, () => {
    let members = 0
    return broken('one-model', 'control/one-model', {
      only: 'partition',
      members: 5,
      honest: {
        profile: (parameters, { terms }) =>
          createProfile(parameters, { ...terms, outerRateMilli: terms.outerRateMilli - members++ }),
      },
    })
  })

  test('the plain mean under a liar that scales', { timeout: HANG_MS }, () =>
    broken('accuracy', 'control/accuracy', {
      attack: 'scaling',
      members: 7,
      honest: {
        profile: (parameters, { terms }) => createProfile(parameters, { ...terms, rule: 'mean' }),
      },
    }),
  )
})
