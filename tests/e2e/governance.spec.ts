// The pause button of the room, across four real tabs: the founder, its only guardian, orders it on the Governance screen; all
// stop within the step under way and two seconds, nothing is mixed meanwhile, and the resume goes on where it was.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { imageDraft } from '../tools/drafts.ts'
import { printFigures } from '../tools/figures.ts'
import { createRig, createRoom, joinRoom, sleep, waitForView, type Rig, type Tab } from '../tools/rig.ts'
import { medianStepMs, stepsAfter, tapped, tapTrainer } from '../tools/trainer-tap.ts'

const PAUSED_MS = 6_000
/** A message from worker to worker may wait that long where four tabs compute on two cores. */
const HOP_MS = 300

let rig: Rig
let tabs: readonly Tab[]
beforeAll(async () => {
  rig = await createRig()
  // Every tab on the trainer that reports a step when it ends, with steps that are long beside the turns of a busy machine.
  const open = (name: string): Promise<Tab> =>
    rig.openTab(name, { prepare: tapTrainer, query: '?backend=reference' })
  tabs = [await open('Guardian'), await open('Ben'), await open('Chie'), await open('Dan')]
  const link = await createRoom(
    tabs[0]!,
    imageDraft({
      model: 'cnn',
      parts: 4,
      partition: { type: 'iid' },
      terms: { localSteps: 3, batchSize: 64 },
    }),
  )
  await Promise.all(tabs.map(tab => joinRoom(tab, link)))
  await Promise.all(
    tabs.map(tab =>
      waitForView(
        tab,
        'three rounds with everybody',
        ({ round, members }) =>
          round >= 3 && members.filter(({ status }) => status === 'training').length === 4,
      ),
    ),
  )
})
afterAll(() => rig.close())

/** On the Governance screen, with a reason; resolves with the wall-clock time of the last click. */
async function order(tab: Tab, button: string, reason: string): Promise<number> {
  const { page } = tab
  await page.getByRole('link', { name: 'Governance', exact: true }).click()
  await page.getByRole('button', { name: button }).click()
  await page.getByLabel('Reason').fill(reason)
  await page.getByRole('button', { name: button }).click()
  const { acts } = await tapped(page)
  return acts.at(-1)!
}

/** From now on the page notes when its screen first knows of a pause, to 5 ms. */
async function watchForPause({ page }: Tab): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    const timer = setInterval(() => {
      if (window.yoriai?.stay?.view?.governance.compute.status !== 'paused') return
      clearInterval(timer)
      document.documentElement.dataset['pausedAt'] = String(performance.timeOrigin + performance.now())
    }, 5)
  })
  return () => page.evaluate(() => Number(document.documentElement.dataset['pausedAt']))
}

test('P4 the order stops four tabs within a step and two seconds; the resume goes on', async () => {
  const guardian = tabs[0]!
  const watches = await Promise.all(tabs.map(watchForPause))
  const orderedAt = await order(guardian, 'Pause the room', 'Somebody reports odd data')
  const views = await Promise.all(
    tabs.map(tab =>
      waitForView(tab, 'paused', ({ governance }) => governance.compute.status === 'paused', 30_000),
    ),
  )
  await sleep(PAUSED_MS)
  const taps = await Promise.all(tabs.map(({ page }) => tapped(page)))
  const knownAt = await Promise.all(watches.map(read => read()))
  const lastStepMs = taps.map(({ steps }) =>
    Math.max(0, ...steps.map(({ at }) => Math.round(at - orderedAt))),
  )
  const stepsSinceKnown = taps.map((tap, i) => stepsAfter(tap, knownAt[i]!).length)
  const stepsOnceHeard = taps.map((tap, i) => stepsAfter(tap, knownAt[i]! + HOP_MS).length)
  printFigures('room-pause', {
    stepsAfterClick: taps.map(tap => stepsAfter(tap, orderedAt).length),
    lastStepMs,
    knownMs: knownAt.map(at => Math.round(at - orderedAt)),
    stepsSinceKnown,
    stepsOnceHeard,
    stepMs: taps.map(({ steps }) => Math.round(medianStepMs(steps))),
  })
  // The order takes its time to travel, two seconds at most; where it is known the step under way may end, no other begins.
  for (const ms of lastStepMs) expect(ms).toBeLessThan(2_000)
  expect(Math.max(...stepsOnceHeard)).toBeLessThanOrEqual(1)
  // What was told says why, and rounds stand still.
  for (const { governance } of views)
    expect(governance.compute).toMatchObject({ status: 'paused', reason: 'Somebody reports odd data' })
  const rounds = await Promise.all(tabs.map(async tab => (await tab.view())!.round))
  expect(Math.max(...rounds) - Math.min(...rounds)).toBeLessThanOrEqual(1)
  await tabs[1]!.page.getByText('Room paused').first().waitFor()

  await order(guardian, 'Resume the room', 'The data are fine')
  await Promise.all(
    tabs.map((tab, i) => waitForView(tab, 'going on', ({ round }) => round >= rounds[i]! + 3, 60_000)),
  )
  for (const tab of tabs) expect((await tab.view())!.refusals).toEqual([])
})

test('who is no guardian can not order it, and is told who can', async () => {
  const { page } = tabs[1]!
  await page.getByRole('link', { name: 'Governance', exact: true }).click()
  await page.getByText('Only guardians can pause or resume the room').first().waitFor()
  expect(await page.getByRole('button', { name: 'Pause the room' }).count()).toBe(0)
  const refused = await page.evaluate(() =>
    window.yoriai!.stay!.session.act({ type: 'order', action: 'pause', target: '', reason: 'me too' }),
  )
  expect(refused).toEqual({ status: 'refused', why: 'not-guardian' })
})
