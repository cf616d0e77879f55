// The Lab with its real worker in a real browser: it runs, breaks, heals, replays and ends with its screen; its states are
// held to what all screens are held to.
import type { Page } from 'playwright'
import { describe, expect, it } from 'vitest'
import { describeStates } from '../tools/screen-states.ts'
import { seriousFindings, tabTo, usePage, useStage } from '../tools/screens.ts'

const held = useStage()
const HASH = '#/lab?members=4&seed=tea'
const phase = (page: Page, name: string): Promise<void> => page.locator(`[data-phase=${name}]`).waitFor()
const act = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
const fact = async (page: Page, name: string): Promise<number> =>
  parseFloat((await page.locator('.facts div', { hasText: name }).locator('dd').textContent()) ?? '')

describeStates(held, [
  {
    name: 'broken, then paused, from an address that had to be changed',
    hash: '#/lab?members=3&attackers=9&profile=sparse&rule=mean&skew=4',
    async steps(page) {
      await phase(page, 'running')
      for (const i of [0, 1, 2]) await page.locator('[aria-labelledby=break] button').nth(i).click()
      await page.locator('.marks li').nth(2).waitFor()
      await page.locator('.btn.primary').click()
      await phase(page, 'paused')
    },
  },
  { name: 'that does not load', query: 'labfails', hash: '#/lab', steps: page => phase(page, 'failed') },
])

describe('the lab', () => {
  const here = usePage(held)
  const there = usePage(held)

  it('is reached from the first screen by keys, runs in a worker, and stops on leaving', async () => {
    const { page } = here
    await held.stage.open(page, '', '')
    await tabTo(page, 'a[href="#/lab"]', 'Shift+Tab')
    await page.keyboard.press('Enter')
    await phase(page, 'running')
    expect(page.workers()).toHaveLength(1)
    await tabTo(page, 'input[name=members]')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    await expect.poll(() => page.evaluate(() => location.hash)).toContain('members=10')
    await phase(page, 'running')
    expect(page.workers()).toHaveLength(1)
    await page.evaluate(() => (location.hash = '#/'))
    await expect.poll(() => page.workers().length).toBe(0)
  })

  it('shows what was broken on the curve, and that it heals', async () => {
    const { page } = here
    await held.stage.open(page, '', HASH)
    await phase(page, 'running')
    const line = page.locator('[aria-labelledby=lab-accuracy] path.line')
    const before = await line.getAttribute('d')
    await act(page, 'Cut in two')
    await page.getByText('cannot hear each other').waitFor()
    expect(await page.locator('[aria-labelledby=lab-accuracy] line.mark').count()).toBe(1)
    await page.getByLabel('As fast as it can').check()
    await expect.poll(() => fact(page, 'Different models'), { timeout: 15_000 }).toBe(2)
    await act(page, 'Heal')
    await expect.poll(() => fact(page, 'Different models'), { timeout: 15_000 }).toBe(1)
    expect(await line.getAttribute('d')).not.toBe(before)
    await act(page, 'Pause')
    await phase(page, 'paused')
    await page.waitForTimeout(300)
    const still = await fact(page, 'Round')
    await page.waitForTimeout(600)
    expect(await fact(page, 'Round')).toBe(still)
    await act(page, 'Resume')
    await expect.poll(() => fact(page, 'Round')).toBeGreaterThan(still)
  })

  it('ends with the same model for the same address', async () => {
    const ends = await Promise.all(
      [here.page, there.page].map(async page => {
        await held.stage.open(page, '', '#/lab?members=2&seed=tea')
        await page.getByLabel('As fast as it can').check()
        await page.locator('#fingerprint').waitFor()
        await phase(page, 'finished')
        expect(page.workers()).toHaveLength(0)
        return page.locator('#fingerprint').textContent()
      }),
    )
    expect(ends[0]).toMatch(/^[0-9a-f]{16}$/u)
    expect(ends[1]).toBe(ends[0])
    expect(await seriousFindings(here.page)).toEqual([])
  })
})
