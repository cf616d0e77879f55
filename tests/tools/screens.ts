// What the tests of the screens share: the acted stage with its complaints, ways around it by mouse and by keys, and axe.
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { LINK_HASH } from '../ui/fake-data.ts'
import { raiseStage, type Setting, type Stage } from '../ui/stage.ts'

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

/** One stage for the tests of a file; whatever the page complains about fails the test that made it. */
export function useStage(): { readonly stage: Stage } {
  let stage: Stage
  beforeAll(async () => {
    stage = await raiseStage()
  })
  afterAll(() => stage.close())
  afterEach(() => {
    expect(stage.complaints.splice(0)).toEqual([])
  })
  return {
    get stage() {
      return stage
    },
  }
}

/** A page of the stage for the tests of one file or block. */
export function usePage(held: { readonly stage: Stage }, setting?: Setting): { readonly page: Page } {
  let page: Page
  beforeAll(async () => {
    page = await held.stage.newPage(setting)
  })
  afterAll(() => page.context().close())
  return {
    get page() {
      return page
    },
  }
}

/** To another screen of the room. */
export const go = (view: string) => async (page: Page) => {
  await page.evaluate(hash => (location.hash = hash), `${LINK_HASH}/${view}`)
  await page.locator('h1').waitFor()
}

/** What the acted session was asked to do. */
export const callsOf = (page: Page): Promise<readonly string[]> => page.evaluate(() => window.fake.calls)

export const focusedText = (page: Page): Promise<string> =>
  page.evaluate(() => document.activeElement?.textContent?.trim() ?? '')

/** Tabs until the focus is where the selector says. */
export async function tabTo(page: Page, selector: string, key = 'Tab'): Promise<void> {
  for (let i = 0; i < 80; i++) {
    if (await page.evaluate(s => document.activeElement?.matches(s) ?? false, selector)) return
    await page.keyboard.press(key)
  }
  throw new Error(`no way to ${selector}`)
}

export async function enterByKeys(page: Page): Promise<void> {
  await tabTo(page, '#nickname')
  await page.keyboard.type('Hana')
  await tabTo(page, 'button[type=submit]')
  await page.keyboard.press('Enter')
  await page.locator('nav a[aria-current=page]').waitFor()
}

/** Nothing that axe calls serious or critical. */
export async function seriousFindings(page: Page): Promise<string[]> {
  await page.addScriptTag({ path: AXE })
  const results = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<AxeResults> } }
    return axe.run()
  })
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(node => `${node.html} (${node.any[0]?.message ?? ''})`).join(' | ')}`,
    )
}
