// The main job: four people with two or three digits each meet behind a link and train one model that knows all ten.
// Everybody goes through the real clicks; the figures are taken on the full held-out set in every tab.
import type { Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { oneBitBytes } from '../../src/core/compress/one-bit.ts'
import { SIGNED_HEADER_BYTES } from '../../src/core/gossip/update.ts'
import { imageDraft } from '../tools/drafts.ts'
import { percent, printFigures, spreadPoints } from '../tools/figures.ts'
import {
  createRig,
  createRoom,
  joinRoom,
  measureWhole,
  settle,
  waitForView,
  type Rig,
  type Tab,
} from '../tools/rig.ts'
import { witness, witnessed } from '../tools/witness.ts'

const ROUNDS = 80
/** Of the model that a room for digits proposes. */
const PARAMETERS = 101_770
const NAMES = ['Aiko', 'Ben', 'Chidi', 'Dana']

let rig: Rig
beforeAll(async () => {
  rig = await createRig()
})
afterAll(() => rig.close())

/** Home, task, Create room, invite: returns what the invite screen hands on. */
async function createByClicks(page: Page): Promise<string> {
  await page.getByRole('radio', { name: /Handwritten digits/ }).check({ force: true })
  await page.getByText('Advanced').click()
  await page.getByRole('spinbutton', { name: 'Rounds' }).fill(String(ROUNDS))
  await page.getByRole('button', { name: 'Create room' }).click()
  const link = await page.getByRole('textbox', { name: 'Link to the room' }).inputValue()
  await page.getByRole('button', { name: 'Go to the green room' }).click()
  return link
}

/** Resolves with the milliseconds from the click to the first training step. */
async function joinByClick({ name, page }: Tab): Promise<number> {
  // Dana is in a hurry: from the link one click is enough.
  const nickname = page.getByRole('textbox', { name: 'Your name in the room' })
  if (name === 'Dana') expect(await nickname.inputValue()).toMatch(/^Guest \d{3}$/)
  else await nickname.fill(name)
  const join = page.getByRole('button', { name: 'Join and train' })
  await page.waitForFunction(
    () => document.querySelector('button[type=submit]')?.getAttribute('aria-disabled') === 'false',
  )
  const before = await witnessed(page)
  expect(before, `${name}: nothing computes and nothing connects before the click`).toEqual({
    workers: [],
    connections: 0,
  })
  const clickedAt = Date.now()
  await join.click()
  await page.waitForFunction(
    () => {
      const view = window.yoriai?.stay?.view
      return view !== undefined && (view.step > 0 || view.totalSteps > 0)
    },
    undefined,
    { polling: 50, timeout: 60_000 },
  )
  return Date.now() - clickedAt
}

test('four tabs with two or three digits each end with one model that knows all ten', async () => {
  const founder = await rig.openTab(NAMES[0]!, { prepare: witness })
  const link = await createByClicks(founder.page)
  expect(link).toContain('#/join=')
  // The others look at the green room already, and wait there for somebody to hand them the terms.
  const others = await Promise.all(
    NAMES.slice(1).map(name => rig.openTab(name, { prepare: witness, query: new URL(link).hash })),
  )
  const tabs = [founder, ...others]
  const firstStepMs = await Promise.all(tabs.map(joinByClick))
  const made = await witnessed(founder.page)
  expect(made.workers.length).toBeGreaterThanOrEqual(2)

  const together = await waitForView(
    founder,
    'everybody linked',
    ({ members }) => members.length === 4 && members.every(({ linked }) => linked),
  )
  const metInRound = together.round
  const done = await Promise.all(
    tabs.map(tab => waitForView(tab, 'all rounds done', ({ phase }) => phase === 'finished', 170_000)),
  )
  // By formula a member sends each of the others one update a round (docs/protocol.md): what else its channels carry is little.
  const update = SIGNED_HEADER_BYTES + oneBitBytes(PARAMETERS)
  const byFormula = ROUNDS * (tabs.length - 1) * update
  const bytesOverFormula = done.map(({ traffic }) => traffic.sentBytes / byFormula)
  const whole = await Promise.all(tabs.map(measureWhole))
  const accuracies = whole.map(({ swarm }) => swarm.accuracy)
  const spread = spreadPoints(accuracies)
  printFigures('room', {
    accuracies: accuracies.map(percent).join(', '),
    spreadPoints: spread,
    rounds: ROUNDS,
    metInRound,
    clickToFirstStepMs: firstStepMs,
    seconds: done[0]!.history.at(-1)?.seconds,
    sentBytes: done.map(({ traffic }) => traffic.sentBytes),
    bytesOverFormula,
    receivedBytes: done.map(({ traffic }) => traffic.receivedBytes),
    backends: done.map(({ backend }) => backend?.backend),
  })

  // 1.05 on a machine that is not busy with something else: presence and the ledger go by time.
  expect(Math.max(...bytesOverFormula)).toBeLessThan(1.1)
  for (const { swarm } of whole) expect(swarm.samples).toBe(10_000)
  const parts = done[0]!.members.map(({ part }) => part)
  expect([...parts].sort()).toEqual([0, 1, 2, 3])
  const digits = done.map(({ data }) => data!.perClass.flatMap((count, digit) => (count > 0 ? [digit] : [])))
  for (const held of digits) expect([2, 3]).toContain(held.length)
  expect(new Set(digits.flat()).size).toBe(10)
  expect(Math.min(...accuracies)).toBeGreaterThanOrEqual(0.85)
  expect(spread).toBeLessThanOrEqual(1)
  expect(new Set(done.map(({ modelHashRound }) => modelHashRound)).size).toBe(1)
  expect(new Set(done.map(({ modelHash }) => modelHash)).size).toBe(1)
  expect(done.flatMap(({ refusals }) => refusals)).toEqual([])
  await Promise.all(tabs.map(tab => tab.close()))
})

test('a tab alone, with as many steps on its digits, stays a beginner', async () => {
  const hermit = await rig.openTab('Hermit')
  const link = await createRoom(hermit, imageDraft())
  await joinRoom(hermit, link, { part: 0 })
  await waitForView(hermit, 'as many steps', ({ totalSteps }) => totalSteps >= ROUNDS * 20)
  await settle([hermit])
  const { own, swarm } = await measureWhole(hermit)
  printFigures('room', { alone: percent(own.accuracy), steps: (await hermit.view())!.totalSteps })
  expect(swarm.samples).toBe(10_000)
  expect(Math.max(own.accuracy, swarm.accuracy)).toBeLessThan(0.35)
})
