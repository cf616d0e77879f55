// Every screen in every state of acted rooms, in a real browser: nothing serious for axe and no sideways scrolling, in both
// languages, both appearances and both widths (paired so that every two of them meet).
import type { Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { go, seriousFindings, useStage } from '../tools/screens.ts'
import { LINK_HASH } from '../ui/fake-data.ts'
import { enter, type Setting } from '../ui/stage.ts'

const held = useStage()

const SETTINGS: readonly Setting[] = [
  { lang: 'en', theme: 'light', width: 1280 },
  { lang: 'ja', theme: 'dark', width: 1280 },
  { lang: 'en', theme: 'dark', width: 360 },
  { lang: 'ja', theme: 'light', width: 360 },
]

interface State {
  readonly name: string
  readonly query?: string
  readonly hash?: string
  readonly steps?: (page: Page) => Promise<void>
}

const inRoom = (name: string, query: string, ...more: readonly ((page: Page) => Promise<void>)[]): State => ({
  name,
  query,
  async steps(page) {
    await enter(page)
    for (const step of more) await step(page)
  },
})
const openAll = async (page: Page): Promise<void> => {
  const closed = page.locator('details:not([open]) > summary')
  while ((await closed.count()) > 0) await closed.first().click()
}

const STATES: readonly State[] = [
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

describe('every state, in four settings side by side', () => {
  const pages = new Map<Setting, Page>()
  beforeAll(async () => {
    for (const setting of SETTINGS) pages.set(setting, await held.stage.newPage(setting))
  })
  afterAll(async () => {
    for (const page of pages.values()) await page.context().close()
  })

  it.each(STATES)('$name', async ({ query, hash, steps }) => {
    const seen = await Promise.all(
      SETTINGS.map(async setting => {
        const page = pages.get(setting)!
        await held.stage.open(page, query, hash)
        await steps?.(page)
        await page.waitForTimeout(100)
        const serious = await seriousFindings(page)
        const facts = await page.evaluate(() => ({
          sideways: document.documentElement.scrollWidth > document.documentElement.clientWidth,
          titles: document.querySelectorAll('h1').length,
          lang: document.documentElement.lang,
          theme: document.documentElement.dataset['theme'],
          named: document.title.includes('Yoriai'),
        }))
        return { serious, ...facts }
      }),
    )
    expect(seen).toEqual(
      SETTINGS.map(({ lang, theme }) => ({
        serious: [],
        sideways: false,
        titles: 1,
        lang,
        theme,
        named: true,
      })),
    )
  })
})
