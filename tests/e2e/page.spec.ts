// The page stays usable while its tab trains: no task of the main thread longer than 50 ms after the join. On a machine
// whose cores are all busy a task can be long because others had their turn; the trace tells that from work of the page.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { printFigures } from '../tools/figures.ts'
import { LONG_TASK_MS, measurePage } from '../tools/page-run.ts'
import { createRig, type Rig } from '../tools/rig.ts'

const WATCHED_SECONDS = 20

let rig: Rig
beforeAll(async () => {
  rig = await createRig()
})
afterAll(() => rig.close())

test('no long task of the page in twenty seconds of training', async () => {
  const figures = await measurePage(rig, WATCHED_SECONDS)
  printFigures('page', { ...figures })
  expect(figures.steps).toBeGreaterThan(0)
  expect(figures.rounds).toBeGreaterThan(0)
  expect(figures.longTasks.filter(({ ownMs }) => ownMs > LONG_TASK_MS)).toEqual([])
  expect(figures.longestOwnMs).toBeLessThanOrEqual(LONG_TASK_MS)
})
