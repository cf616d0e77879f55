// What the protocol promises whatever breaks, over seeded runs of the chaos engine. The other half of a hundred and every
// kind of liar are in chaos-liars.test.ts; more: npm run sim -- chaos. The controls show that the witness sees.
import { describe, expect, test } from 'vitest'
import { createProfile } from '../../src/peer/profile.ts'
import { EVENTS, planOf } from '../../src/sim/chaos/plan.ts'
import { runChaos, type RunOptions } from '../../src/sim/chaos/run.ts'
import type { Promised } from '../../src/sim/chaos/witness.ts'
import { expectAllKept } from '../tools/chaos-kept.ts'

const HANG_MS = 240_000

test.each([0, 25])('25 runs from seed ci/%i on', { timeout: HANG_MS }, from => expectAllKept(from, 25))

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

test.each([
  ['accept/3', 'one of three, alone and faster while it was cut off, went on alone'],
  ['a/29', 'few who ran ahead of many found no round that both had frozen'],
])('seed %s once broke a promise: %s', { timeout: HANG_MS }, async seed => {
  expect((await runChaos(seed)).violations).toEqual([])
})

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

  test('members that never fetch what most agree on', { timeout: HANG_MS }, () =>
    broken('one-model', 'control/apart/3', {
      only: 'partition',
      members: 5,
      honest: {
        prepare(peer) {
          peer.wire.states.fetch = () => undefined
        },
      },
    }),
  )

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
