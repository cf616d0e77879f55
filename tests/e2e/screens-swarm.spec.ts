// The Swarm page and the charter's choices of how to learn, on acted rooms in a real browser: states, keys, lights.
import type { Page } from 'playwright'
import { describe, expect, it } from 'vitest'
import { describeStates, inRoom, openAll } from '../tools/screen-states.ts'
import { callsOf, go, tabTo, usePage, useStage } from '../tools/screens.ts'
import { enter } from '../ui/stage.ts'

const held = useStage()
const swarm = go('swarm')
const openLearning = async (page: Page): Promise<void> => {
  await page.locator('form summary').nth(2).click()
  await page.locator('input[name=rule]').first().waitFor({ state: 'attached' })
}

describeStates(held, [
  inRoom('alone, before the first round', 'members=1&round=0', swarm),
  inRoom('in trouble, with a split and particular terms', 'members=5&trouble&swarm=split', swarm),
  inRoom('crowded, by lot, paused', 'members=64&phase=paused&swarm=lot', swarm),
  {
    name: 'watching, with noise',
    query: 'members=12&swarm=noise',
    async steps(page) {
      await enter(page, 'watch')
      await swarm(page)
    },
  },
  { name: 'green room with particular terms', query: 'swarm=mean' },
  {
    name: 'choices of how to learn, with noise that does not fit',
    hash: '',
    async steps(page) {
      await openLearning(page)
      await openAll(page)
      await page.locator('input[name=profile][value=sparse]').check()
      await page.locator('input[name=privacy][value=noise]').check()
      await page.locator('input[name=drift][value=prox]').check()
      await page.locator('input[type=number]').last().fill('99')
    },
  },
])

describe('the swarm', () => {
  const here = usePage(held)
  const moving = usePage(held)

  async function openSwarm(page: Page, query: string): Promise<void> {
    await held.stage.open(page, query)
    await enter(page)
    await swarm(page)
    await page.locator('#graph').waitFor()
  }
  const passUpdates = (page: Page) =>
    page.evaluate(() => {
      const { session } = window.fake
      const { swarmView } = session!.view
      const last = swarmView.passed.at(-1)!
      const more = [1, 2].map(i => ({ ...last, seq: last.seq + i, direction: 'in' as const }))
      session!.push({ swarmView: { ...swarmView, passed: [...swarmView.passed, ...more] } })
    })

  it('lights a link for each update that passes, and only counts where less motion is wanted', async () => {
    await openSwarm(here.page, 'members=5')
    await passUpdates(here.page)
    const said = '2 came in, 0 went out'
    await here.page.getByText(said).waitFor()
    expect(await here.page.locator('.pulse').count()).toBe(0)

    await moving.page.emulateMedia({ reducedMotion: 'no-preference' })
    await openSwarm(moving.page, 'members=5')
    expect(await moving.page.locator('.pulse').count()).toBe(0)
    await passUpdates(moving.page)
    await expect.poll(() => moving.page.locator('.pulse').count()).toBe(2)
    await moving.page.getByText(said).waitFor()
    await expect.poll(() => moving.page.locator('.pulse').count(), { timeout: 10_000 }).toBe(0)
  })

  it('says in words what the picture shows, who was refused and why, and what f means', async () => {
    const { page } = here
    await openSwarm(page, 'members=5&trouble')
    const table = page.getByRole('table', { name: 'Members' })
    expect(await table.getByRole('row', { name: /Kenji/u }).textContent()).toMatch(
      /Refused: numbers that are not finite.*3 times.*published.*direct/su,
    )
    expect(await page.locator('[aria-labelledby=tolerance]').textContent()).toMatch(
      /Tolerates 1 of 5.*counts invitations/su,
    )
    await openSwarm(page, 'members=4&swarm=split')
    expect(await page.locator('[aria-labelledby=tolerance]').textContent()).toMatch(
      /Tolerates none of 4.*no guarantee/su,
    )
    expect(await page.locator('[aria-labelledby=agreement]').textContent()).toContain('3 of 4 show the same')
    await openSwarm(page, 'members=64&swarm=lot')
    expect(await page.locator('[aria-labelledby=open-round]').textContent()).toMatch(
      /About 32 of 400 publish in a round, by lot.\s*You rest in this one and compute nothing/u,
    )
    expect(await page.locator('[aria-labelledby=bytes]').textContent()).toContain('= 163 MB')
    await tabTo(page, '.rows.long')
  })

  it('is reached by its tab, and leads to inviting when one is alone', async () => {
    const { page } = here
    await held.stage.open(page, 'members=1')
    await enter(page)
    await tabTo(page, 'nav a[href$="/swarm"]', 'Shift+Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'A swarm of one' }).waitFor()
    await tabTo(page, '.alone button')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.evaluate(() => location.hash)).toMatch(/\/invite$/u)
  })
})

describe('choosing how the swarm learns', () => {
  const here = usePage(held)

  it('offers only what goes together, shows what noise comes to, and puts it into the charter', async () => {
    const { page } = here
    await held.stage.open(page, '', '')
    await openLearning(page)
    await openAll(page)
    expect(await page.locator('input[name=rule]').count()).toBe(6)
    await page.locator('input[name=profile][value=sparse]').check()
    expect(
      await page.locator('input[name=rule]').evaluateAll(all => all.map(e => e.getAttribute('value'))),
    ).toEqual(['multi-krum', 'nearest-median', 'centered-clip'])
    expect(await page.locator('input[name=weighting]').count()).toBe(0)
    await page.locator('input[name=model][value=logistic]').check()
    expect(await page.locator('input[name=head]').count()).toBe(0)
    await page.locator('input[name=privacy][value=noise]').check()
    const sigma = page.getByLabel('Noise, in clips (sigma)')
    await sigma.fill('20')
    await page.getByText(/After 500 rounds: ε = [0-9.]+ at δ = 10⁻⁵/u).waitFor()
    await page.getByText('it finds liars less well').waitFor()
    await sigma.fill('0')
    // Folded away, what does not fit is opened and focused.
    await page.locator('form summary').nth(2).click()
    await page.locator('button[type=submit].large').click({ force: true })
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-invalid')))
      .toBe('true')
    expect(await callsOf(page)).toEqual([])
    await sigma.fill('20')
    await page.locator('button[type=submit].large').click()
    await expect.poll(async () => (await callsOf(page)).join()).toContain('createRoom')
  })
})
