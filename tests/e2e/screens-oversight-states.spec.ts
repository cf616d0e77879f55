// The screens of the ledger, of governance and of verification in every state, on acted rooms in a real browser.
import type { Page } from 'playwright'
import { describeStates, inRoom, openAll, type ScreenState } from '../tools/screen-states.ts'
import { go, useStage } from '../tools/screens.ts'
import { enter } from '../ui/stage.ts'

const held = useStage()

const BUSY = 'rule=busy&members=6'
const tryAll = async (page: Page): Promise<void> => {
  for (const button of await page.locator('main form button[type=submit]').all()) await button.click()
}
const file = (text: string) => async (page: Page) => {
  await page
    .locator('input[type=file]')
    .first()
    .setInputFiles({ name: 'ledger.jsonl', mimeType: 'text/plain', buffer: Buffer.from(text) })
}

const STATES: readonly ScreenState[] = [
  inRoom('ledger, everything open', BUSY, go('ledger'), openAll),
  inRoom('ledger, in trouble', `${BUSY}&trouble`, go('ledger')),
  inRoom('ledger, before the first seal', 'phase=preparing', go('ledger')),
  inRoom('ledger, verified and traced', BUSY, go('ledger'), async page => {
    await page.locator('section[aria-labelledby=verify] .primary').click()
    await page.locator('.verdict').waitFor()
    await page.locator('section[aria-labelledby=trace] button[type=submit]').click()
    await page.locator('#trace-seals').waitFor()
  }),
  inRoom('ledger, nothing found', BUSY, go('ledger'), async page => {
    await page.locator('input[type=search]').fill('nobody wrote this')
    await page.locator('ol').waitFor({ state: 'detached' })
  }),
  inRoom('governance of a room made by link', '', go('governance')),
  inRoom('governance, everything open, every form tried empty', BUSY, go('governance'), openAll, tryAll),
  inRoom('governance, asked why the room shall pause', BUSY, go('governance'), page =>
    page.locator('.btn.pause.large').click(),
  ),
  inRoom(
    'governance as a member, paused, suspended',
    `${BUSY}&member&compute=paused&standing=suspended`,
    go('governance'),
    openAll,
  ),
  inRoom('governance, held', `${BUSY}&compute=held`, go('governance')),
  inRoom('governance, resuming', `${BUSY}&compute=resuming`, go('governance')),
  inRoom('governance, no guardian', `${BUSY}&compute=unattended&member`, go('governance')),
  inRoom('governance, budget spent', `${BUSY}&compute=lineage-spent`, go('governance')),
  inRoom('governance, expired', `${BUSY}&compute=expired&member`, go('governance')),
  inRoom('governance, refused by the ledger', `${BUSY}&act=ledger-full`, go('governance'), page =>
    page.locator('section[aria-labelledby=motions] .primary').first().click(),
  ),
  inRoom('room, paused by guardians', `${BUSY}&compute=paused`),
  inRoom('room, own tab paused in a paused room', `${BUSY}&compute=paused&phase=paused`),
  inRoom('room, without a licence', `${BUSY}&standing=needs-licence&member`),
  inRoom('room, waiting for a share', `${BUSY}&standing=awaiting-share&compute=held`),
  {
    name: 'room, watched while it is paused',
    query: `${BUSY}&compute=paused`,
    steps: page => enter(page, 'watch'),
  },
  { name: 'verify', hash: '#/verify' },
  {
    name: 'verify, sound',
    hash: '#/verify',
    async steps(page) {
      await file('sound')(page)
      await page.locator('.verdict.sound').waitFor()
    },
  },
  {
    name: 'verify, broken',
    hash: '#/verify',
    async steps(page) {
      await file('broken')(page)
      await page.locator('.verdict.broken').waitFor()
    },
  },
  {
    name: 'verify, no ledger at all',
    hash: '#/verify',
    async steps(page) {
      await file('not a ledger')(page)
      await page.locator('[role=alert]').waitFor()
    },
  },
  { name: 'green room of a licensed room', query: BUSY },
]

describeStates(held, STATES)
