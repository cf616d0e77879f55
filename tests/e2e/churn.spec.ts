// Eight tabs in one room; every ten seconds one of them dies without a word and a newcomer joins. Rounds go on, and whoever
// is there at the end holds one model.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { imageDraft } from '../tools/drafts.ts'
import { printFigures } from '../tools/figures.ts'
import { disagreements, hashesOf, longestGapMs, record, recorded } from '../tools/recorder.ts'
import {
  createRig,
  createRoom,
  joinRoom,
  settle,
  sleep,
  waitForView,
  type Rig,
  type Tab,
} from '../tools/rig.ts'

const TABS = 8
const EVENTS = 6
const BETWEEN_MS = 10_000

let rig: Rig
beforeAll(async () => {
  rig = await createRig()
})
afterAll(() => rig.close())

/** The renderer ends: no unload, no goodbye. */
async function crash({ page }: Tab): Promise<void> {
  const died = new Promise<void>(resolve => page.once('crash', () => resolve()))
  const devtools = await page.context().newCDPSession(page)
  // Never answered, since nobody is left to answer.
  devtools.send('Page.crash').catch(() => undefined)
  await died
  await page.context().close()
}

test('eight tabs, one killed and one joining every ten seconds for a minute', async () => {
  const tabs: Tab[] = []
  for (let i = 0; i < TABS; i++) tabs.push(await rig.openTab(`Tab ${i}`))
  const keeper = tabs[0]!
  const parts = TABS + EVENTS
  const link = await createRoom(keeper, imageDraft({ model: 'logistic', parts, partition: { type: 'iid' } }))
  await Promise.all(tabs.map(tab => joinRoom(tab, link)))
  await Promise.all(tabs.map(tab => waitForView(tab, 'three rounds', ({ round }) => round >= 3)))
  await Promise.all(tabs.map(record))

  const beganAt = Date.now()
  const from = (await keeper.view())!.round
  for (let event = 0; event < EVENTS; event++) {
    const nextAt = beganAt + (event + 1) * BETWEEN_MS
    // The first of those that came first, never the one that is asked at the end.
    const [victim] = tabs.splice(1, 1)
    await crash(victim!)
    const newcomer = await rig.openTab(`Tab ${TABS + event}`)
    await joinRoom(newcomer, link)
    await waitForView(newcomer, 'steps of its own', ({ totalSteps }) => totalSteps > 0)
    await record(newcomer)
    tabs.push(newcomer)
    await sleep(Math.max(0, nextAt - Date.now()))
  }
  const endedAt = Date.now()
  const rounds = (await keeper.view())!.round - from
  const gap = longestGapMs(await recorded(keeper), beganAt, endedAt)
  const settled = await settle(tabs)

  const logs = await Promise.all(tabs.map(recorded))
  const parted = logs.slice(1).map(log => disagreements(log, logs[0]!))
  const common = [...hashesOf(logs[0]!).keys()].filter(round => logs.every(log => hashesOf(log).has(round)))
  const last = Math.max(...common)
  const hashes = new Set(logs.map(log => hashesOf(log).get(last)))
  printFigures('churn', {
    rounds,
    longestGapMs: gap,
    partedRounds: parted.map(({ rounds: apart }) => apart.length),
    lastCommonRound: last,
    settledInRound: settled,
    hashes: hashes.size,
  })
  expect(rounds).toBeGreaterThan(EVENTS * 3)
  expect(gap).toBeLessThan(5_000)
  expect(hashes.size).toBe(1)
  for (const { agreedLater } of parted) expect(agreedLater).toBe(true)
  for (const tab of tabs) expect((await tab.view())!.refusals).toEqual([])
})
