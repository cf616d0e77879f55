// A modified client in a real tab: its updates are refused and it is named on the others' screens, whose model is as good
// as if it were not there. All attacks, with controls, are in tests/sim/hostile.test.ts.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { imageDraft } from '../tools/drafts.ts'
import { percent, printFigures, spreadPoints } from '../tools/figures.ts'
import { preparePageAs } from '../tools/hostile-worker.ts'
import { createRig, createRoom, joinRoom, measureWhole, settle, waitForView, type Rig } from '../tools/rig.ts'

const ROUNDS = 30
const NAMES = ['Aiko', 'Ben', 'Chidi']

let rig: Rig
beforeAll(async () => {
  rig = await createRig()
})
afterAll(() => rig.close())

test('updates a million times too large are refused, named on the screen, and harm nobody', async () => {
  const modified = await preparePageAs('million-fold')
  const honest = await Promise.all(NAMES.map(name => rig.openTab(name)))
  const mallory = await rig.openTab('Mallory', { prepare: modified.prepare })
  const link = await createRoom(honest[0]!, imageDraft({ parts: 4, partition: { type: 'iid' } }))
  await Promise.all([...honest, mallory].map(tab => joinRoom(tab, link)))
  expect(modified.served()).toBe(1)

  await Promise.all(honest.map(tab => waitForView(tab, 'thirty rounds', ({ round }) => round >= ROUNDS)))
  const enemy = (await mallory.view())!
  expect(enemy.totalSteps).toBeGreaterThan(100)
  for (const { page } of honest) {
    const refusals = page.getByRole('region', { name: 'Refused' })
    await refusals.waitFor()
    const row = refusals.getByRole('listitem').filter({ hasText: 'Mallory' })
    expect(await row.innerText()).toContain('an update far larger than everyone else’s')
  }
  // Whoever trains while all others rest is the whole room, so it must be gone before they rest.
  await mallory.close()
  await waitForView(honest[0]!, 'the modified client gone', ({ members }) =>
    members.some(({ id, status, linked }) => id === enemy.self && status === 'gone' && !linked),
  )
  await settle(honest)
  const whole = []
  for (const tab of honest) whole.push(await measureWhole(tab))
  const accuracies = whole.map(({ swarm }) => swarm.accuracy)
  const views = await Promise.all(honest.map(tab => tab.view()))
  const refusals = views.flatMap(view => view!.refusals)
  printFigures('hostile', {
    attack: 'million-fold',
    accuracies: accuracies.map(percent).join(', '),
    rounds: views[0]!.round,
    refused: refusals.map(({ count }) => count),
  })
  expect(refusals.length).toBe(honest.length)
  for (const { member, reason } of refusals) {
    expect(member).toBe(enemy.self)
    expect(reason).toBe('outsized')
  }
  expect(Math.min(...accuracies)).toBeGreaterThanOrEqual(0.85)
  expect(spreadPoints(accuracies)).toBeLessThanOrEqual(1)
})
