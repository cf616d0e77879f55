// The Lab's market with its real workers in a real browser: sliders by keys, the address, refusals that are mended by a button, coming and
// going, a study that is stopped; its states are held to what all screens are held to.
import type { Page } from 'playwright'
import { describe, expect, it } from 'vitest'
import { describeStates, openAll } from '../tools/screen-states.ts'
import { tabTo, usePage, useStage } from '../tools/screens.ts'

const held = useStage()
const HASH = '#/lab/market?seed=tea'
const solved = (page: Page): Promise<void> => page.locator('[data-phase=solved]').waitFor()

describeStates(held, [
  {
    name: 'many owners, everything open',
    hash: '#/lab/market?owners=14&centres=5&spread=80&skew=60&over=4&reward=140&floor=5',
    async steps(page) {
      await solved(page)
      await openAll(page)
    },
  },
  {
    name: 'that does not load',
    query: 'labfails',
    hash: '#/lab/market',
    steps: page => page.locator('[data-phase=failed]').waitFor(),
  },
])

describe('the market of the lab', () => {
  const here = usePage(held)

  it('is reached from the swarm by keys; sliders solve it anew and stand in the address', async () => {
    const { page } = here
    await held.stage.open(page, '', '#/lab?members=2')
    await tabTo(page, 'a[href="#/lab/market"]')
    await page.keyboard.press('Enter')
    await solved(page)
    const best = page.locator('[aria-labelledby=market-price] .marks li').first()
    const before = await best.textContent()
    await tabTo(page, 'input[name=alpha]')
    for (let i = 0; i < 10; i++) await page.keyboard.press('ArrowRight')
    await expect.poll(() => best.textContent()).not.toBe(before)
    await expect.poll(() => page.evaluate(() => location.hash)).toContain('alpha=6')
    expect(page.workers()).toHaveLength(1)
    await page.evaluate(() => (location.hash = '#/'))
    await expect.poll(() => page.workers().length).toBe(0)
  })

  it('says what would open it, and a button does', async () => {
    const { page } = here
    for (const query of ['owners=1', 'alpha=1', 'reward=0', 'rule=nash&centres=1']) {
      await held.stage.open(page, '', `${HASH}&${query}`)
      await solved(page)
      await page.locator('.refusal button').click()
      await expect.poll(() => page.locator('.refusal').textContent()).toBe('')
      await page.locator('[aria-labelledby=market-match] tbody tr').first().waitFor()
    }
  })

  it('matches anew only whom somebody left, and shows data to a second centre by the owner’s word', async () => {
    const { page } = here
    await held.stage.open(page, '', HASH)
    await solved(page)
    const row = (owner: string) =>
      page.locator('[aria-labelledby=market-match] tr', { hasText: owner }).first()
    const centre = await row('Owner 2').locator('td').nth(1).textContent()
    await page.getByRole('button', { name: `Leave: ${centre!.trim()}`, exact: true }).click()
    await row('Owner 2').getByText('waits').waitFor()
    await page.getByRole('button', { name: 'A centre comes' }).click()
    await page.getByRole('button', { name: 'Allow one more: Owner 2' }).click()
    await expect.poll(() => row('Owner 2').textContent()).toContain('2 / 2')
    await page.getByRole('button', { name: 'As at first' }).click()
    await expect.poll(() => row('Owner 2').textContent()).toContain(centre!.trim())
  })

  it('stops a study at once, and finishes one', async () => {
    const { page } = here
    await held.stage.open(page, '', `${HASH}&owners=4`)
    await solved(page)
    await page.locator('[data-study=training] button').click()
    await page.locator('[data-study=training][data-phase=running]').waitFor()
    await expect.poll(() => page.workers().length, { timeout: 15_000 }).toBe(2)
    await page.locator('[data-study=training] button').click()
    await expect.poll(() => page.workers().length, { timeout: 15_000 }).toBe(1)
    await page.locator('[data-study=reports] button').first().click()
    await page.locator('[data-study=reports][data-phase=done] svg').waitFor()
    await expect.poll(() => page.workers().length, { timeout: 15_000 }).toBe(1)
    expect(held.stage.complaints).toEqual([])
  })
})
