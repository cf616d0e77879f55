// Coming back and going for good: a reload is the same member and trains on without a question; leaving gives a receipt
// that verifies anywhere and the model as files; what was deleted from the device is really gone.
import { readFile } from 'node:fs/promises'
import type { Download, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RoomLink } from '../../src/ports/session.ts'
import { imageDraft } from '../tools/drafts.ts'
import { printFigures } from '../tools/figures.ts'
import { checkReceipt } from '../tools/receipt.ts'
import { createRig, createRoom, joinRoom, waitForView, type Rig, type Tab } from '../tools/rig.ts'

let rig: Rig
let aiko: Tab
let ben: Tab
let twin: Tab
let link: RoomLink
beforeAll(async () => {
  rig = await createRig()
  aiko = await rig.openTab('Aiko')
  ben = await rig.openTab('Ben')
  link = await createRoom(aiko, imageDraft({ parts: 3, partition: { type: 'iid' } }))
  await Promise.all([aiko, ben].map(tab => joinRoom(tab, link)))
  await Promise.all([aiko, ben].map(tab => waitForView(tab, 'five rounds', ({ round }) => round >= 5)))
})
afterAll(() => rig.close())

test('a reload comes back as the same member and goes on training without asking', async () => {
  // Both joined at one moment and may have taken the same part; then one of them moves, with or without a reload.
  const before = await waitForView(
    ben,
    'a part of its own',
    ({ members }) => new Set(members.map(({ part }) => part)).size === members.length,
  )
  const reloadedAt = Date.now()
  await ben.page.reload()
  const after = await waitForView(
    ben,
    'training again',
    ({ phase, totalSteps, round }) => phase === 'training' && totalSteps > 0 && round > before.round,
  )
  printFigures('reload', { backToTrainingMs: Date.now() - reloadedAt, round: [before.round, after.round] })
  expect(after.self).toBe(before.self)
  expect(after.nickname).toBe('Ben')
  const partOf = ({ members, self }: typeof after): number => members.find(({ id }) => id === self)!.part
  expect(partOf(after)).toBe(partOf(before))
  // Not from the start: the room's model was fetched, not trained again.
  expect(after.round).toBeGreaterThan(5)
  const seen = await waitForView(aiko, 'Ben training', ({ members }) =>
    members.some(({ id, status }) => id === before.self && status === 'training'),
  )
  expect(seen.members.length).toBe(2)
  expect(seen.refusals).toEqual([])
  expect(after.refusals).toEqual([])
})

test('two reloads in a row, the second before the first has settled, end in the same place', async () => {
  const before = (await ben.view())!
  await ben.page.reload()
  await ben.page.reload()
  const after = await waitForView(
    ben,
    'training again',
    ({ phase, totalSteps }) => phase === 'training' && totalSteps > 0,
  )
  expect(after.self).toBe(before.self)
  expect((await aiko.view())!.refusals).toEqual([])
})

test('a second tab of the same browser is another member', async () => {
  twin = await rig.openTab('Twin', { context: ben.page.context() })
  await joinRoom(twin, link)
  const view = await waitForView(
    twin,
    // Before it knows of both it may take a part that one of them holds; then it moves to the free one.
    'training with both, on a part of its own',
    ({ totalSteps, members }) =>
      totalSteps > 0 &&
      members.filter(({ status }) => status === 'training').length === 3 &&
      new Set(members.map(({ part }) => part)).size === 3,
  )
  const { self } = (await ben.view())!
  expect(view.self).not.toBe(self)
})

test('leaving gives a receipt that verifies, and the model as files', async () => {
  const { page } = ben
  await waitForView(ben, 'some work stated', ({ entries }) => entries >= 4)
  await page.getByRole('link', { name: 'Leave' }).click()
  await page.getByRole('button', { name: 'Leave the room' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Leave the room' }).click()
  await page.getByRole('heading', { name: 'You have left. Thank you!' }).waitFor()

  const [receipt] = await downloads(page, 'Download the receipt (JSON)', 1)
  const text = await readFile(await receipt!.path(), 'utf8')
  const check = await checkReceipt(text)
  if (check.status !== 'ok') throw new Error(`entry ${check.entry}: ${check.why}`)
  const steps = check.work.reduce((sum, body) => sum + body.toStep - body.fromStep, 0)
  printFigures('reload', { receipt: check.kinds, steps })
  expect(check.kinds[0]).toBe('charter')
  expect(check.kinds.at(-1)).toBe('leave')
  expect(check.kinds).toContain('join')
  expect(steps).toBeGreaterThan(0)
  // One digit more of claimed work breaks it.
  const forged = text.replace(/"toStep": (\d+)/, '"toStep": 1$1')
  expect(forged).not.toBe(text)
  expect((await checkReceipt(forged)).status).toBe('broken')

  const [safetensors] = await downloads(page, 'safetensors', 1)
  const bytes = await readFile(await safetensors!.path())
  const headerBytes = Number(bytes.readBigUInt64LE(0))
  const header = JSON.parse(bytes.subarray(8, 8 + headerBytes).toString('utf8')) as Record<string, unknown>
  const tensors = Object.keys(header).filter(name => name !== '__metadata__')
  expect(tensors.length).toBe(4)
  expect(bytes.length).toBe(8 + headerBytes + 4 * 101_770)
  const [modelJson, weights] = await downloads(page, 'TensorFlow.js', 2)
  const model = JSON.parse(await readFile(await modelJson!.path(), 'utf8')) as Record<string, unknown>
  expect(model['weightsManifest']).toBeDefined()
  expect((await readFile(await weights!.path())).length).toBe(4 * 101_770)
  printFigures('reload', {
    files: [safetensors, modelJson, weights].map(file => file!.suggestedFilename()),
    tensors,
  })
})

test('the others see the leave at once', async () => {
  const self = await ben.page.evaluate(() => window.yoriai!.stay!.view.self)
  const view = await waitForView(aiko, 'Ben gone', ({ members }) =>
    members.some(({ id, status }) => id === self && status === 'gone'),
  )
  expect(view.refusals).toEqual([])
})

test('"delete everything on this device" leaves nothing, not even beside a tab that trains on', async () => {
  const { page } = ben
  const old = await page.evaluate(() => window.yoriai!.stay!.view.self)
  const kept = await leftovers(page)
  expect(kept.databases.length).toBeGreaterThan(0)
  expect(kept.local.length + kept.session.length).toBeGreaterThan(0)
  await page.getByRole('button', { name: 'Delete everything on this device' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete everything' }).click()
  await page.getByText('Everything that Yoriai kept on this device is deleted.').first().waitFor()
  expect(await leftovers(page)).toEqual({ databases: [], local: [], session: [], caches: [] })
  // Nothing writes itself back after the page has gone.
  await page.reload()
  await page.getByRole('button', { name: 'Create room' }).waitFor()
  expect(await leftovers(page)).toEqual({ databases: [], local: [], session: [], caches: [] })

  const { round } = (await twin.view())!
  await waitForView(twin, 'more rounds', view => view.phase === 'training' && view.round > round + 3)
  expect(await leftovers(page)).toEqual({ databases: [], local: [], session: [], caches: [] })
  await twin.close()

  await joinRoom(ben, await createRoom(ben, imageDraft({ parts: 1, partition: { type: 'iid' } })))
  const fresh = await waitForView(ben, 'a first step', ({ totalSteps, step }) => totalSteps + step > 0)
  expect(fresh.self).not.toBe(old)
})

test('deleting in the middle of training stops the stay, and a new room works without a reload', async () => {
  const { page } = aiko
  await page.getByRole('link', { name: 'Yoriai' }).first().click()
  await page.getByRole('button', { name: 'Delete everything on this device' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete everything' }).click()
  await page.getByText('Everything that Yoriai kept on this device is deleted.').first().waitFor()
  expect(await leftovers(page)).toEqual({ databases: [], local: [], session: [], caches: [] })
  await joinRoom(aiko, await createRoom(aiko, imageDraft({ parts: 1, partition: { type: 'iid' } })))
  await waitForView(aiko, 'a first step', ({ totalSteps, step }) => totalSteps + step > 0)
})

async function downloads(page: Page, button: string, count: number): Promise<readonly Download[]> {
  const files: Download[] = []
  const all = new Promise<void>(resolve => {
    const onDownload = (file: Download): void => {
      files.push(file)
      if (files.length < count) return
      page.off('download', onDownload)
      resolve()
    }
    page.on('download', onDownload)
  })
  await page.getByRole('button', { name: button, exact: true }).click()
  await all
  return files
}

async function leftovers(page: Page) {
  return page.evaluate(async () => ({
    databases: (await indexedDB.databases()).map(({ name }) => name),
    local: Object.keys(localStorage),
    session: Object.keys(sessionStorage),
    caches: await caches.keys(),
  }))
}
