// The ledger of a real room: sealed by real tabs, verified in the page, exported and audited in another program; a newcomer
// catches up from the seal.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RoomLink } from '../../src/ports/session.ts'
import { imageDraft } from '../tools/drafts.ts'
import { printFigures } from '../tools/figures.ts'
import { createRig, createRoom, joinRoom, waitForView, type Rig, type Tab } from '../tools/rig.ts'

const run = promisify(execFile)

let rig: Rig
let aiko: Tab
let ben: Tab
let link: RoomLink
let folder: string
beforeAll(async () => {
  rig = await createRig()
  folder = await mkdtemp(join(tmpdir(), 'yoriai-ledger-'))
  aiko = await rig.openTab('Aiko')
  ben = await rig.openTab('Ben')
  link = await createRoom(aiko, imageDraft({ parts: 3, partition: { type: 'iid' } }))
  await Promise.all([aiko, ben].map(tab => joinRoom(tab, link)))
})
afterAll(async () => {
  await rig.close()
  await rm(folder, { recursive: true, force: true })
})

test('a seal becomes final on both, and a newcomer stands on it without the history', async () => {
  const seals = await Promise.all(
    [aiko, ben].map(tab => waitForView(tab, 'the first seal', ({ ledger }) => ledger.seal !== null, 90_000)),
  )
  expect(new Set(seals.map(({ ledger }) => ledger.seal!.hash)).size).toBe(1)
  const { seal } = seals[0]!.ledger
  const newcomer = await rig.openTab('Newcomer')
  await joinRoom(newcomer, link)
  const joined = await waitForView(
    newcomer,
    'standing on a seal, and training',
    ({ ledger, phase }) => ledger.seal !== null && phase === 'training',
  )
  printFigures('seal', {
    epoch: joined.ledger.seal!.epoch,
    signers: seal!.signers.length,
    sealedEntries: joined.ledger.sealedEntries,
  })
  expect(joined.ledger.sealedEntries).toBeGreaterThanOrEqual(seal!.size)
  expect(joined.members.length).toBe(3)
  await newcomer.close()
})

test('the page verifies it, and so does the audit of the exported file, elsewhere', async () => {
  const { page } = ben
  await page.getByRole('link', { name: 'Ledger', exact: true }).click()
  await page.getByRole('button', { name: 'Verify everything' }).click()
  await page.getByText('Everything holds').first().waitFor({ timeout: 60_000 })
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export' }).first().click(),
  ])
  const file = join(folder, 'ledger.ndjson')
  await download.saveAs(file)
  const { stdout } = await run(process.execPath, [
    'node_modules/tsx/dist/cli.mjs',
    'scripts/audit.ts',
    file,
    '--json',
  ])
  const report = JSON.parse(stdout.trim().split('\n').at(-1)!) as {
    status: string
    seals: number
    entries: number
  }
  printFigures('audit', report.status === 'sound' ? { seals: report.seals, entries: report.entries } : report)
  expect(report.status).toBe('sound')
  expect(report.seals).toBeGreaterThan(0)
})

test('a reload stands on the same seal as before, and goes on signing', async () => {
  const before = (await ben.view())!
  await ben.page.reload()
  const after = await waitForView(
    ben,
    'training on a seal',
    ({ phase, ledger, totalSteps }) => phase === 'training' && totalSteps > 0 && ledger.seal !== null,
  )
  expect(after.self).toBe(before.self)
  expect(after.ledger.seal!.epoch).toBeGreaterThanOrEqual(before.ledger.seal!.epoch)
  const { epoch } = after.ledger.seal!
  // Something that people wait for is sealed at once, not with the next half minute.
  const { page } = aiko
  await page.getByRole('link', { name: 'Ledger', exact: true }).waitFor()
  await page.evaluate(() => window.yoriai!.stay!.session.actRun({ type: 'exposure', limit: 2 }))
  const later = await waitForView(ben, 'another seal', ({ ledger }) => ledger.seal!.epoch > epoch, 90_000)
  const signers = later.ledger.seal!.signers
  expect(signers).toContain(before.self)
  for (const tab of [aiko, ben]) {
    const { refusals, ledger } = (await tab.view())!
    expect(refusals).toEqual([])
    expect(ledger.convicted).toEqual([])
  }
})
