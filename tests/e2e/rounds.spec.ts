// A sponsored round between real tabs, by clicks: the founder locks a reward, two owners look through their data and offer them,
// the market is solved at a seal, the rounds are trained and measured, and the reward is paid to the micro-credit on every tab.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { imageDraft } from '../tools/drafts.ts'
import { printFigures } from '../tools/figures.ts'
import { createRig, createRoom, joinRoom, waitForView, type Rig, type Tab } from '../tools/rig.ts'

const ISSUED = 500_000_000n
const ROUNDS = 12

let rig: Rig
let sponsor: Tab
let owners: readonly Tab[]
beforeAll(async () => {
  rig = await createRig()
  sponsor = await rig.openTab('Sato')
  owners = [await rig.openTab('Ben'), await rig.openTab('Chie')]
  const draft = imageDraft({ model: 'logistic', parts: 3, partition: { type: 'iid' } })
  const link = await createRoom(sponsor, {
    ...draft,
    partSamples: 400,
    rewardMicro: String(ISSUED),
    terms: { ...draft.terms, localSteps: 5, learningRateMicro: 20_000 },
  })
  await Promise.all([sponsor, ...owners].map(tab => joinRoom(tab, link)))
  await Promise.all(
    [sponsor, ...owners].map(tab =>
      waitForView(
        tab,
        'everybody trains',
        // Who comes at the same moment may hold the same part until it is settled whose it is; the same data are paid once.
        ({ round, members }) =>
          round >= 2 &&
          members.filter(({ status }) => status === 'training').length === 3 &&
          new Set(members.map(({ part }) => part)).size === 3,
      ),
    ),
  )
})
afterAll(() => rig.close())

const openRounds = ({ page }: Tab): Promise<void> =>
  page.getByRole('link', { name: 'Rounds', exact: true }).click()

test('a reward is locked, offered for, measured and paid', async () => {
  const { page } = sponsor
  await openRounds(sponsor)
  await page.getByLabel('What is it for?').fill('Better digits')
  await page.getByLabel('Reward in credits').fill('120')
  await page.getByLabel('Rounds of training').fill(String(ROUNDS))
  await page.getByText('Terms in detail').click()
  await page.getByLabel('Measure quality again after rounds').fill('0')
  await page.getByRole('button', { name: 'Lock the reward and open the round' }).click()
  await waitForView(sponsor, 'the round is open', ({ runs }) => runs.runs[0]?.stage === 'open')

  for (const tab of owners) {
    await openRounds(tab)
    await tab.page.getByRole('heading', { name: 'Better digits' }).waitFor()
    await tab.page.getByRole('button', { name: 'Look through my data' }).click()
    await tab.page.getByRole('button', { name: 'Sign my offer' }).click()
  }
  await waitForView(sponsor, 'two offers', ({ runs }) => runs.runs[0]?.offers.length === 2)
  await page.getByRole('button', { name: 'Close offers and begin' }).click()
  const begun = await waitForView(sponsor, 'training', ({ runs }) => runs.runs[0]?.stage === 'training')
  const plan = begun.runs.runs[0]!.forecast
  expect(plan.map(({ samples }) => samples > 0)).toEqual([true, true])

  const views = await Promise.all(
    [sponsor, ...owners].map(tab =>
      waitForView(tab, 'settled', ({ runs }) => runs.runs[0]?.stage === 'settled', 120_000),
    ),
  )
  for (const { runs, ledger } of views) {
    const run = runs.runs[0]!
    expect(run).toEqual({
      ...views[0]!.runs.runs[0]!,
      isSponsor: run.isSponsor,
      ownOffer: run.ownOffer,
      appraisal: run.appraisal,
    })
    const { payments, returnedMicro, why } = run.settlement!
    expect(why).toBe('complete')
    const paid = payments.reduce((sum, { payMicro }) => sum + BigInt(payMicro), 0n)
    expect(paid + BigInt(returnedMicro)).toBe(120_000_000n)
    expect(ledger.balances.reduce((sum, { sealed }) => sum + sealed, 0n)).toBe(ISSUED)
    // Data of one kind: both help.
    for (const { payMicro } of payments) expect(BigInt(payMicro) > 0n).toBe(true)
  }
  const { settlement, toRound, measuredBy, measured } = views[0]!.runs.runs[0]!
  printFigures('sponsored round', {
    rounds: toRound,
    appraisers: measuredBy,
    paid: settlement!.payments.map(({ payMicro }) => Number(payMicro) / 1e6),
    shares: measured.map(({ shareMillionths }) => shareMillionths / 1e6),
  })
  await page.getByText('returned', { exact: false }).first().waitFor()
})
