// A crowd through real peers: what a member pays follows the committee, not the room, and members that die and come back all
// stand on one model. `npm run sim -- scale` holds a thousand against a hundred.
import { expect, test } from 'vitest'
import { runScale } from '../../src/sim/scale.ts'

test('two hundred members, of whom every tenth dies in every round, pay for sixteen and hold one model', async () => {
  const said: string[] = []
  const room = { seed: 'scale', members: 200, rounds: 2, committee: 16, units: 16, stepMs: 33 }
  const figures = await runScale(room, line => said.push(line))
  const told = JSON.stringify({ ...figures, said }, null, 1)
  const { bytesByType } = figures
  expect(figures.deaths, told).toBe(100)
  expect(figures.returns, told).toBe(60)
  expect(figures.models, told).toBe(1)
  expect(figures.compared, told).toBeGreaterThan(100)
  expect(figures.publishers, told).toBeGreaterThan(4)
  expect(figures.publishers, told).toBeLessThan(32)
  // About 24 kB in all. Passed on to everybody, presence alone would be 200 kB; all heads at every comparison, 60 kB.
  expect(figures.bytesPerRound, told).toBeLessThan(60_000)
  expect(bytesByType['presence'], told).toBeLessThan(10_000)
  expect(bytesByType['heads-digest']! + bytesByType['heads-part']!, told).toBeLessThan(8_000)
}, 240_000)
