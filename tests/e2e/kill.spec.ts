// One member's browser dies in the middle of an exchange: the others hardly notice, and it comes back as the same member.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { imageDraft } from '../tools/drafts.ts'
import { percent, printFigures, spreadPoints } from '../tools/figures.ts'
import { advances, disagreements, longestGapMs, record, recorded } from '../tools/recorder.ts'
import {
  createRig,
  createRoom,
  joinRoom,
  linkHash,
  measureWhole,
  settle,
  sleep,
  waitForView,
  type Rig,
} from '../tools/rig.ts'

const WATCHED_MS = 10_000

let rig: Rig
beforeAll(async () => {
  rig = await createRig()
})
afterAll(() => rig.close())

test('a killed browser costs the others less than five seconds, comes back and agrees', async () => {
  const others = [await rig.openTab('Aiko'), await rig.openTab('Ben')]
  const founder = others[0]!
  const link = await createRoom(
    founder,
    imageDraft({ parts: 3, partition: { type: 'classes', classesPerPart: 4 } }),
  )
  const victim = await rig.openProcess('Victim')
  await Promise.all([...others, victim].map(tab => joinRoom(tab, link)))
  const everybody = [...others, victim]
  await Promise.all(everybody.map(tab => waitForView(tab, 'ten rounds', ({ round }) => round >= 10)))
  await Promise.all(others.map(record))
  await sleep(2_000)

  const identity = (await victim.view())!.self
  // In the middle of a round: its update is not out, the others' are on their way to it.
  await waitForView(
    victim,
    'the middle of a job',
    ({ step, stepsInRound }) => step > 0 && step < stepsInRound,
  )
  const killedAt = await victim.kill()
  await sleep(WATCHED_MS)
  const logs = await Promise.all(others.map(recorded))
  const before = logs.map(log => longestGapMs(log, log[0]!.at, killedAt))
  const after = logs.map(log => longestGapMs(log, killedAt, killedAt + WATCHED_MS))
  const next = logs.map(log => {
    const roundThen = Math.max(...log.filter(({ at }) => at <= killedAt).map(({ round }) => round))
    // The round that the death interrupted may have been complete already; the one after it cannot be.
    return advances(log).find(({ at, round }) => at > killedAt && round >= roundThen + 2)!.at - killedAt
  })
  printFigures('kill', { longestGapBeforeMs: before, longestGapAfterMs: after, nextWholeRoundMs: next })
  expect(Math.max(...after)).toBeLessThan(5_000)
  const gone = await waitForView(founder, 'the victim gone', ({ members }) =>
    members.some(({ id, status }) => id === identity && status === 'gone'),
  )
  expect(gone.refusals).toEqual([])

  const back = await rig.openProcess('Victim', { profile: victim.profile, query: linkHash(link) })
  await joinRoom(back, link)
  const returned = await waitForView(
    back,
    'training again',
    ({ phase, totalSteps }) => phase === 'training' && totalSteps > 0,
  )
  expect(returned.self).toBe(identity)
  await record(back)
  const since = (await back.view())!.round
  expect(since).toBeGreaterThan(10)
  await waitForView(back, 'three rounds', ({ round }) => round >= since + 3)
  const round = await settle([...others, back])
  const whole = []
  for (const tab of [...others, back]) whole.push(await measureWhole(tab))
  const accuracies = whole.map(({ swarm }) => swarm.accuracy)
  const finalViews = await Promise.all([...others, back].map(tab => tab.view()))
  printFigures('kill', {
    returnedInRound: since,
    measuredInRound: round,
    accuracies: accuracies.map(percent).join(', '),
    spreadPoints: spreadPoints(accuracies),
  })
  expect(spreadPoints(accuracies)).toBeLessThanOrEqual(1)
  const parted = disagreements(await recorded(back), await recorded(founder))
  printFigures('kill', { partedRounds: parted.rounds })
  expect(parted.agreedLater).toBe(true)
  expect(parted.rounds.length).toBeLessThan(10)
  // Coming back is no equivocation: nothing of anybody was refused.
  expect(finalViews.flatMap(view => view!.refusals)).toEqual([])
  await Promise.all([...others, back].map(tab => tab.close()))
})
