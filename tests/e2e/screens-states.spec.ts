// Every screen in every state of acted rooms, in a real browser; see screen-states.ts for what they are held to. The screens
// of the ledger and of governance have a file of their own.
import type { Page } from 'playwright'
import { describeStates, inRoom, openAll, type ScreenState } from '../tools/screen-states.ts'
import { go, useStage } from '../tools/screens.ts'
import { LINK_HASH } from '../ui/fake-data.ts'
import { enter } from '../ui/stage.ts'

const held = useStage()

const STATES: readonly ScreenState[] = [
  { name: 'home', hash: '', steps: openAll },
  { name: 'home, stay interrupted', query: 'resumable', hash: '' },
  {
    name: 'home, own data, bad link',
    hash: '',
    async steps(page) {
      await page.locator('input[value=own]').check()
      await page.locator('input[inputmode=url]').fill('nonsense')
      await page.locator('input[inputmode=url]').press('Enter')
    },
  },
  {
    name: 'home, asked to delete everything',
    hash: '',
    steps: page => page.locator('footer button').click(),
  },
  { name: 'invite', hash: `${LINK_HASH}/invite` },
  {
    name: 'invite, full screen',
    hash: `${LINK_HASH}/invite`,
    steps: page => page.locator('button.code').click(),
  },
  { name: 'green room', steps: openAll },
  { name: 'green room, searching', query: 'preview=searching&checks=checking' },
  { name: 'green room, nobody, unfit browser', query: 'preview=nobody&checks=bad' },
  { name: 'green room, full, without comforts', query: 'preview=room-full&checks=soft' },
  { name: 'green room, own tables only', query: 'task=own' },
  inRoom('room, joining', 'phase=joining&members=1'),
  inRoom('room, preparing, alone', 'phase=preparing&members=1'),
  inRoom('room, training', '', openAll),
  inRoom('room, crowded and in trouble', 'members=12&trouble', openAll),
  inRoom('room, paused', 'phase=paused'),
  inRoom('room, finished', 'phase=finished'),
  inRoom('room, stopped by a fault', 'phase=failed', openAll),
  { name: 'room, watching', steps: page => enter(page, 'watch') },
  inRoom('try, before the first round', 'phase=preparing', go('try')),
  inRoom('try, digits', '', go('try'), page => page.locator('ul button').nth(3).click()),
  inRoom('try, clothes', 'task=fashion-mnist', go('try'), page => page.locator('ul button').nth(3).click()),
  {
    name: 'try, a table',
    query: 'task=own',
    async steps(page) {
      await enter(page, 'watch')
      await go('try')(page)
      await page.locator('button[type=submit]').first().click()
    },
  },
  inRoom('invite from the room', '', go('invite')),
  inRoom('leave', '', go('leave')),
  inRoom('left, with the receipt', '', go('leave'), leaveByMouse),
  { name: 'a link cut off', hash: LINK_HASH.slice(0, -3) },
  { name: 'an address that leads nowhere', hash: '#/nowhere' },
]

async function leaveByMouse(page: Page): Promise<void> {
  await page.locator('.btn.danger').click()
  await page.locator('dialog .danger').click()
  await page.locator('#receipt').waitFor()
}

describeStates(held, STATES)
