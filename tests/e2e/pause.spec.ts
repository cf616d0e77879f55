// Whoever trains decides when: pause works within one step, by button and by the space bar, holds up nobody, and the
// effort slider is obeyed. Steps are counted where they happen, in the trainer's worker.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { imageDraft } from '../tools/drafts.ts'
import { printFigures } from '../tools/figures.ts'
import { createRig, createRoom, joinRoom, sleep, waitForView, type Rig, type Tab } from '../tools/rig.ts'
import { medianStepMs, stepsAfter, tapped, tapTrainer, type TappedStep } from '../tools/trainer-tap.ts'

const WATCHED_MS = 4_000

let rig: Rig
let aiko: Tab
let ben: Tab
beforeAll(async () => {
  rig = await createRig()
  // Large batches on the trainer that reports a step when it ends: steps are long enough to be told apart.
  aiko = await rig.openTab('Aiko', { prepare: tapTrainer, query: '?backend=reference' })
  ben = await rig.openTab('Ben')
  const terms = { localSteps: 6, batchSize: 1024 }
  const draft = imageDraft({ parts: 2, partition: { type: 'iid' }, terms })
  const link = await createRoom(aiko, draft)
  await Promise.all([aiko, ben].map(tab => joinRoom(tab, link)))
  await Promise.all([aiko, ben].map(tab => waitForView(tab, 'three rounds', ({ round }) => round >= 3)))
})
afterAll(() => rig.close())

/** Waits until a job is under way, so that there is something to interrupt. */
async function inTheMiddle(tab: Tab): Promise<void> {
  await waitForView(
    tab,
    'the middle of a job',
    ({ step, stepsInRound }) => step > 0 && step < stepsInRound - 1,
  )
}

async function expectPause(act: () => Promise<void>, how: string): Promise<void> {
  await inTheMiddle(aiko)
  await act()
  await waitForView(aiko, 'paused', ({ phase }) => phase === 'paused', 5_000)
  const roundOfBen = (await ben.view())!.round
  const stepsOfBen = (await ben.view())!.totalSteps
  await sleep(WATCHED_MS)
  const tap = await tapped(aiko.page)
  const actedAt = tap.acts.at(-1)!
  const after = stepsAfter(tap, actedAt).length
  const lastMs = Math.max(0, ...tap.steps.map(({ at }) => at - actedAt))
  const others = (await ben.view())!
  printFigures('pause', {
    how,
    stepsAfter: after,
    lastStepAfterMs: Math.round(lastMs),
    roundsOfOther: others.round - roundOfBen,
    stepsOfOther: others.totalSteps - stepsOfBen,
  })
  // The step under way may end, no other begins.
  expect(after).toBeLessThanOrEqual(1)
  expect(others.round - roundOfBen).toBeGreaterThanOrEqual(2)
  expect(others.totalSteps).toBeGreaterThan(stepsOfBen)
}

async function expectResume(act: () => Promise<void>): Promise<void> {
  const before = (await tapped(aiko.page)).steps.length
  await act()
  await waitForView(aiko, 'training', ({ phase }) => phase === 'training', 5_000)
  await expect
    .poll(async () => (await tapped(aiko.page)).steps.length, { timeout: 20_000 })
    .toBeGreaterThan(before + 2)
  const { round } = (await ben.view())!
  await waitForView(aiko, 'the round of the others', view => view.round >= round)
}

test('the pause button stops within one step; the others go on; resume goes on too', async () => {
  const bar = aiko.page.getByRole('button', { name: 'Pause' }).first()
  await expectPause(() => bar.click(), 'button')
  await expectResume(() => aiko.page.getByRole('button', { name: 'Resume' }).first().click())
})

test('the space bar does the same', async () => {
  await aiko.page.getByRole('main').click({ position: { x: 5, y: 5 } })
  await expectPause(() => aiko.page.keyboard.press('Space'), 'space bar')
  await expectResume(() => aiko.page.keyboard.press('Space'))
})

test('effort at ten per cent makes room between steps', async () => {
  const full = medianStepMs(await someSteps())
  await aiko.page.getByRole('slider', { name: 'Effort' }).fill('10')
  await waitForView(aiko, 'an effort of 10 %', ({ effort }) => effort === 0.1)
  const tenth = medianStepMs(await someSteps())
  printFigures('pause', { stepMsAt100: Math.round(full), stepMsAt10: Math.round(tenth) })
  // Ten, were the machine otherwise idle: a step is shorter where less is computed at once.
  expect(tenth / full).toBeGreaterThan(2)
})

/** The next few, from now on. */
async function someSteps(): Promise<readonly TappedStep[]> {
  const from = Date.now()
  const seen = async (): Promise<readonly TappedStep[]> => stepsAfter(await tapped(aiko.page), from)
  await expect
    .poll(async () => (await seen()).length, { timeout: 60_000, interval: 250 })
    .toBeGreaterThanOrEqual(9)
  return seen()
}
