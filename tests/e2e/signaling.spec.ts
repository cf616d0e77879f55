// The server is only an introducer: it may go in the middle of training and come back, and nobody but newcomers notices.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { imageDraft } from '../tools/drafts.ts'
import { printFigures } from '../tools/figures.ts'
import { disagreements, longestGapMs, record, recorded } from '../tools/recorder.ts'
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

const AWAY_MS = 8_000

let rig: Rig
beforeAll(async () => {
  rig = await createRig()
})
afterAll(() => rig.close())

test('training goes on without the server; when it is back a newcomer joins and trains', async () => {
  const members = [await rig.openTab('Aiko'), await rig.openTab('Ben')]
  const founder = members[0]!
  const link = await createRoom(founder, imageDraft({ parts: 3, partition: { type: 'iid' } }))
  await Promise.all(members.map(tab => joinRoom(tab, link)))
  await Promise.all(members.map(tab => waitForView(tab, 'five rounds', ({ round }) => round >= 5)))
  await Promise.all(members.map(record))

  const stoppedAt = Date.now()
  await rig.stopServer()
  for (const { page } of members) {
    await page.getByText('The introduction server is out of reach', { exact: true }).waitFor()
    await page.getByRole('main').getByText('Newcomers cannot join until it is back').waitFor()
  }
  const roundWithout = (await founder.view())!.round
  await sleep(AWAY_MS)
  const backAt = Date.now()
  await rig.startServer()
  const alone = await Promise.all(members.map(recorded))
  const gaps = alone.map(log => longestGapMs(log, stoppedAt, backAt))
  const roundsWithout = (await founder.view())!.round - roundWithout

  const newcomer = await rig.openTab('Newcomer')
  await joinRoom(newcomer, link)
  const joined = await waitForView(
    newcomer,
    'training with both',
    ({ phase, totalSteps, members: seen }) =>
      phase === 'training' && totalSteps > 0 && seen.filter(({ linked }) => linked).length === 3,
  )
  await record(newcomer)
  for (const { page } of members)
    await page
      .getByText('The introduction server is out of reach', { exact: true })
      .waitFor({ state: 'detached' })
  const seenBy = await Promise.all(members.map(tab => waitForTraining(tab, joined.self)))
  const { round } = seenBy[0]!
  await waitForView(newcomer, 'five rounds with the others', view => view.round >= round + 5)
  const logs = await Promise.all(members.map(recorded))
  const joiningGaps = logs.map(log => longestGapMs(log, backAt, Date.now()))
  printFigures('signaling', { roundsWithout, longestGapMs: gaps, longestGapWhileJoiningMs: joiningGaps })

  expect(roundsWithout).toBeGreaterThan(3)
  expect(Math.max(...gaps, ...joiningGaps)).toBeLessThan(5_000)
  // A very late update may part them for a round or two; they must be together again at the end.
  await settle([...members, newcomer])
  const parted = disagreements(await recorded(newcomer), await recorded(founder))
  printFigures('signaling', { partedRounds: parted.rounds })
  expect(parted.agreedLater).toBe(true)
  expect(parted.rounds.length).toBeLessThan(10)
  const views = await Promise.all([...members, newcomer].map(tab => tab.view()))
  expect(views.flatMap(view => view!.refusals)).toEqual([])
  // Nobody lost a member by it.
  for (const view of views) expect(view!.members.map(({ status }) => status)).not.toContain('gone')
})

function waitForTraining(tab: Tab, id: string) {
  return waitForView(tab, 'the newcomer training', ({ members }) =>
    members.some(member => member.id === id && member.status === 'training' && member.linked),
  )
}
