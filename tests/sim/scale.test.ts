// A crowd through real peers: what a member pays follows the committee, not the room, and members that die and come back
// all stand on one model. `npm run sim -- scale` does the same with a thousand.
import { expect, test } from 'vitest'
import { runScale } from '../../src/sim/scale.ts'

const SMALL = { seed: 'scale', rounds: 3, committee: 8, units: 16 }

test('two hundred members pay about what sixty do, lose one in ten each round, and hold one model', async () => {
  const said: string[] = []
  const few = await runScale({ ...SMALL, members: 60 }, line => said.push(line))
  const many = await runScale({ ...SMALL, members: 200 }, line => said.push(line))
  const told = JSON.stringify({ few, many, said }, null, 1)
  expect(many.deaths, told).toBeGreaterThan(60)
  expect(many.returns, told).toBeGreaterThan(20)
  expect(many.models, told).toBe(1)
  expect(many.compared, told).toBeGreaterThan(80)
  expect(many.publishers, told).toBeLessThanOrEqual(16)
  expect(many.accuracy, told).toBeGreaterThan(0.8)
  // Everything that is said again and again; catching up after a death is counted apart below.
  const steady = ({ bytesByType: by }: typeof few): number =>
    ['presence', 'have', 'want', 'update', 'digest', 'entries', 'heads-digest'].reduce(
      (sum, type) => sum + (by[type] ?? 0),
      0,
    )
  expect(steady(many) / steady(few), told).toBeLessThan(1.25)
  expect(many.bytesByType['presence']! / few.bytesByType['presence']!, told).toBeLessThan(1.5)
}, 240_000)
