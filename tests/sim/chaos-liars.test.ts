// Every kind of liar among honest members, and the other half of the hundred runs of chaos.test.ts.
import { describe, expect, test } from 'vitest'
import { ATTACKS } from '../../src/sim/chaos/attacks.ts'
import { runChaos } from '../../src/sim/chaos/run.ts'
import { expectAllKept, expectKept } from '../tools/chaos-kept.ts'

const HANG_MS = 240_000

test.each([50, 75])('25 runs from seed ci/%i on', { timeout: HANG_MS }, from => expectAllKept(from, 25))

describe('every kind of liar', () => {
  for (const attack of ATTACKS)
    test(attack, { timeout: HANG_MS }, async () => {
      const report = await runChaos(`liar/${attack}`, { members: 7, attack })
      expectKept(report)
      // Who is merely slow does nothing that could be counted.
      if (attack !== 'slow') expect(report.attacks[attack], 'it acts').toBeGreaterThan(0)
    })
})
