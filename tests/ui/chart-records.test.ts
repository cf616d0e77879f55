import { expect, it } from 'vitest'
import { valueAt } from '../../src/ui/charts/records.ts'

it('reads a curve between its points, and not outside or in gaps', () => {
  const xs = [0, 1, 2, 3]
  const ys = [0, 10, null, 30]
  expect([0, 0.5, 1, 1.5, 2, 3, 4, -1].map(x => valueAt(xs, ys, x))).toEqual([
    0,
    5,
    10,
    null,
    null,
    30,
    null,
    null,
  ])
})
