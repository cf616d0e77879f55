// States of screens that are held to the same everywhere: nothing serious for axe, no sideways scrolling, one title. Each state is
// looked at in two settings that between them have both languages, appearances and widths; the next state in the other two. Axe,
// which takes most of the time, looks at one of the two by turns.
import type { Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { enter, type Setting, type Stage } from '../ui/stage.ts'
import { seriousFindings } from './screens.ts'

const PAIRS: readonly (readonly Setting[])[] = [
  [
    { lang: 'en', theme: 'light', width: 1280 },
    { lang: 'ja', theme: 'dark', width: 360 },
  ],
  [
    { lang: 'ja', theme: 'light', width: 1280 },
    { lang: 'en', theme: 'dark', width: 360 },
  ],
]

export interface ScreenState {
  readonly name: string
  readonly query?: string
  readonly hash?: string
  readonly steps?: (page: Page) => Promise<void>
}

export const inRoom = (
  name: string,
  query: string,
  ...more: readonly ((page: Page) => Promise<void>)[]
): ScreenState => ({
  name,
  query,
  async steps(page) {
    await enter(page)
    for (const step of more) await step(page)
  },
})

export const openAll = async (page: Page): Promise<void> => {
  const closed = page.locator('details:not([open]) > summary')
  while ((await closed.count()) > 0) await closed.first().click()
}

export function describeStates(held: { readonly stage: Stage }, states: readonly ScreenState[]): void {
  describe('every state, in two settings side by side', () => {
    const pages = new Map<Setting, Page>()
    beforeAll(async () => {
      for (const setting of PAIRS.flat()) pages.set(setting, await held.stage.newPage(setting))
    })
    afterAll(async () => {
      for (const page of pages.values()) await page.context().close()
    })

    const turns = states.map((state, i) => {
      const settings = PAIRS[i % PAIRS.length]!
      return { ...state, settings, audited: settings[(i >> 1) % settings.length]! }
    })
    it.each(turns)('$name', async ({ query, hash, steps, settings, audited }) => {
      const seen = await Promise.all(
        settings.map(async setting => {
          const page = pages.get(setting)!
          await held.stage.open(page, query, hash)
          await steps?.(page)
          await page.waitForTimeout(100)
          const serious = setting === audited ? await seriousFindings(page) : []
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
        settings.map(({ lang, theme }) => ({
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
}
