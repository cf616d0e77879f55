// The screen of sponsored rounds in every stage and from every side, on acted rooms in a real browser; what its forms sign, what
// they say when they are refused, and by keys.
import type { Page } from 'playwright'
import { expect, it } from 'vitest'
import { describeStates, inRoom } from '../tools/screen-states.ts'
import { callsOf, go, tabTo, usePage, useStage } from '../tools/screens.ts'
import { enter } from '../ui/stage.ts'

const held = useStage()
const rounds = go('rounds')
const lookThrough = async (page: Page): Promise<void> => {
  await page.locator('article [data-phase] .btn').first().click()
  await page.locator('article [data-phase=done]').waitFor()
}

describeStates(held, [
  inRoom(
    'offering and sponsoring, every form open',
    'members=8&runs=open',
    rounds,
    lookThrough,
    async page => {
      await page.locator('section[aria-labelledby=sponsor] button').click()
      await page.locator('section[aria-labelledby=sponsor] details > summary').last().click()
    },
  ),
  inRoom('training, to be signed, in trouble', 'members=9&runs=training&part=owner&trouble', rounds),
  inRoom(
    'settled in a room that has finished',
    'members=9&runs=settled&part=provider&phase=finished',
    rounds,
  ),
])

const here = usePage(held)
async function openRounds(page: Page, query: string): Promise<void> {
  await held.stage.open(page, query)
  await enter(page)
  await rounds(page)
}
const actionsOf = async (page: Page): Promise<Record<string, unknown>[]> =>
  (await callsOf(page))
    .filter(call => call.startsWith('actRun '))
    .map(call => JSON.parse(call.slice('actRun '.length)) as Record<string, unknown>)

it('sponsors a round by keys: the slider moves the reward, the forecast names who would bring how much', async () => {
  const { page } = here
  await openRounds(page, 'members=6&runs=open')
  await page.locator('section[aria-labelledby=sponsor] button').click()
  await page.getByText('4 of 5 have described').waitFor()
  const reward = page.getByLabel('Reward in credits')
  const before = Number(await reward.inputValue())
  await tabTo(page, 'section[aria-labelledby=sponsor] input[type=range]')
  for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowRight')
  expect(Number(await reward.inputValue())).toBeGreaterThan(before)
  await reward.fill('0.0001')
  await page.getByText('two owners do').waitFor()
  await page.getByRole('button', { name: 'Set the reward to' }).click()
  await page.getByText('samples together').waitFor()
  await reward.fill('100000')
  await page.getByRole('button', { name: 'Lock the reward' }).click()
  await page.getByText('more than you hold').waitFor()
  await reward.fill('60')
  await page.getByRole('button', { name: 'Lock the reward' }).click()
  await page.getByText('It opens with the next seal').waitFor()
  const [action] = await actionsOf(page)
  expect(action).toMatchObject({ type: 'quote', quote: { rewardMicro: '60000000', lending: 'split' } })
})

it('offers what was looked through, tells the fine for more, and what would help when it is refused', async () => {
  const { page } = here
  await openRounds(page, 'members=8&runs=open')
  await lookThrough(page)
  const quality = page.getByLabel('Quality that I report')
  expect(await quality.inputValue()).toBe('95.1')
  await quality.fill('99')
  await page.getByText('costs a fine').waitFor()
  await page.getByText('Expected fine').waitFor()
  await quality.fill('40')
  await page.getByText('from 50 to 100').waitFor()
  await quality.fill('90')
  await page.getByLabel('Samples that I bring at most').fill('5000')
  await page.locator('input[type=radio][value=split]').check()
  await page.getByRole('button', { name: 'Sign my offer' }).click()
  await page.getByText('Your offer stands in the ledger').waitFor()
  expect(await actionsOf(page)).toMatchObject([
    { type: 'asset', consent: 'own', qualityMillionths: 951_000 },
    { type: 'offer', samples: 5000, qualityMillionths: 900_000, mode: 'split' },
  ])
  await openRounds(page, 'members=8&runs=open&act=duplicate-data')
  await lookThrough(page)
  await page.getByRole('button', { name: 'Sign my offer' }).click()
  await page.getByRole('alert').getByText('The same data are paid once').waitFor()
})

it('says what a round lacks, where there are no credits, and why there is nothing to sponsor any more', async () => {
  const { page } = here
  await openRounds(page, 'runs=no-credits')
  await page.getByText('You hold no credits').waitFor()
  await openRounds(page, 'members=8&runs=problem&part=sponsor')
  await page.getByText('The reward is too small').waitFor()
  await openRounds(page, 'phase=finished')
  await page.getByText('nothing more can be sponsored here').waitFor()
})

it('signs a pair, raises the limit of who may see the data, and measures what is given away', async () => {
  const { page } = here
  await openRounds(page, 'members=9&runs=training&part=owner')
  await page.getByRole('button', { name: 'Sign the contract' }).click()
  await page.getByRole('button', { name: 'Allow 2' }).click()
  await page.getByText('38%').waitFor()
  const [contract, exposure] = await actionsOf(page)
  expect(contract).toMatchObject({ type: 'contract' })
  expect(exposure).toEqual({ type: 'exposure', limit: 2 })
  // What the tables and the sums say is what the settlement holds.
  await openRounds(page, 'members=9&runs=settled&part=owner')
  await page.getByText('Paid 120 credits + returned 0 credits = reward 120 credits').first().waitFor()
})
