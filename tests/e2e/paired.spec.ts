// An owner hands its samples to one partner of its choosing: it signs by a click that says so, nothing leaves before, the partner trains
// on them for the length of the run, is paid for it, and says that it deleted them.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { imageDraft } from '../tools/drafts.ts'
import { printFigures } from '../tools/figures.ts'
import { beginLentRun, openLentTabs, type LentTabs } from '../tools/lent-run.ts'
import { createRig, waitForView, type Rig } from '../tools/rig.ts'

const SAMPLES = 300
const ROUNDS = 30

let rig: Rig
let tabs: LentTabs
beforeAll(async () => {
  rig = await createRig()
  const terms = { localSteps: 10, batchSize: 16, learningRateMicro: 20_000 }
  const draft = imageDraft({ parts: 3, partition: { type: 'iid' }, terms })
  tabs = await openLentTabs(rig, { ...draft, partSamples: SAMPLES })
})
afterAll(() => rig.close())

test('samples go to the partner that the owner signed for, and it states that it deleted them', async () => {
  const { owner, provider, other } = tabs
  const { page } = owner
  await beginLentRun(tabs, 'paired', { samples: SAMPLES, rounds: ROUNDS })
  await page.getByRole('link', { name: 'Rounds', exact: true }).click()
  const consent = page.getByRole('button', { name: 'Sign: my samples go to Provider' })
  await consent.waitFor()
  const waiting = (await owner.view())!
  expect(waiting.lending).toBeNull()
  expect(waiting.runs.runs[0]!.pairs).toMatchObject([{ mode: 'paired', ownerSigned: 0, deleted: 0 }])
  await consent.click()

  const lent = await waitForView(owner, 'lent jobs', ({ lending }) => (lending?.jobs ?? 0) >= 3, 120_000)
  expect(lent.lending).toMatchObject({
    role: 'owner',
    labelsShow: true,
    faults: [],
    plan: { mode: 'paired' },
  })
  const views = await Promise.all(
    [owner, provider, other].map(tab =>
      waitForView(
        tab,
        'settled, and deletion stated',
        ({ runs }) => runs.runs[0]?.stage === 'settled' && runs.runs[0].pairs[0]?.deleted === 1,
        120_000,
      ),
    ),
  )
  const { settlement, pairs } = views[0]!.runs.runs[0]!
  for (const { runs } of views) expect(runs.runs[0]!.settlement).toEqual(settlement)
  const [fee] = settlement!.fees
  printFigures('paired', {
    jobs: lent.lending!.jobs,
    ownJobs: lent.lending!.ownJobs,
    feeJobs: fee?.jobs ?? 0,
    feeMicro: fee?.feeMicro ?? '0',
    exposures: views[0]!.runs.exposures.length,
  })
  expect(fee).toMatchObject({ owner: pairs[0]!.owner, provider: pairs[0]!.provider })
  expect(fee!.jobs).toBeGreaterThan(0)
  expect(BigInt(fee!.feeMicro) > 0n).toBe(true)
  expect(views[0]!.runs.exposures).toEqual([pairs[0]!.provider])
  await page.getByText('deleted, says the partner').waitFor()
}, 600_000)
