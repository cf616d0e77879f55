// A tab whose only backend is the slowest there is takes part through another tab's: a sponsored run in real tabs, matched and
// signed in the ledger, and from then on the owner's middle layers are computed at the provider over their link.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { imageDraft } from '../tools/drafts.ts'
import { printFigures } from '../tools/figures.ts'
import { beginLentRun, openLentTabs, type LentTabs } from '../tools/lent-run.ts'
import { createRig, waitForView, type Rig } from '../tools/rig.ts'

const SAMPLES = 600
/** Faster than alone on its own backend by so much at least, beside other tabs on a busy machine; bench/split.ts has the bar. */
const BAR = 3

let rig: Rig
let tabs: LentTabs
beforeAll(async () => {
  rig = await createRig()
  // Small steps: at a large rate jobs of three can honestly end worse than they began (docs/lending.md).
  const terms = { localSteps: 3, batchSize: 32, learningRateMicro: 5_000 }
  const draft = imageDraft({ model: 'cnn', parts: 3, partition: { type: 'iid' }, terms })
  tabs = await openLentTabs(rig, { ...draft, partSamples: SAMPLES })
  // A market needs two owners. This one's work is no part of what is measured, and other rooms have a computer for each tab.
  await tabs.other.page.evaluate(() => window.yoriai!.stay!.session.setEffort(0.05))
})
afterAll(() => rig.close())

test('an owner on the slowest backend is matched, and trains faster through the provider', async () => {
  const { owner, provider } = tabs
  const before = await waitForView(owner, 'own steps', ({ totalSteps }) => totalSteps >= 9, 240_000)
  expect(before.backend?.backend).toBe('cpu')
  expect(before.lending).toBeNull()
  const alone = before.stepsPerSecond
  await beginLentRun(tabs, 'split', { samples: SAMPLES, rounds: 100_000 })

  const lent = await waitForView(owner, 'lent jobs', ({ lending }) => (lending?.jobs ?? 0) >= 6, 300_000)
  const lending = lent.lending!
  const served = (await waitForView(provider, 'jobs served', view => (view.lending?.jobs ?? 0) >= 4)).lending!
  expect(lending).toMatchObject({ role: 'owner', labelsShow: false })
  expect(served).toMatchObject({ role: 'provider' })
  expect(lending.plan).toEqual(served.plan)
  const priced = await waitForView(
    owner,
    'the privacy price',
    ({ lending: now }) => (now?.reconstruction ?? null) !== null,
  )
  const { r2 } = priced.lending!.reconstruction!
  expect(r2).toBeGreaterThan(0)
  expect(r2).toBeLessThan(1)
  const ratio = lending.stepsPerSecond / alone
  printFigures('split', {
    aloneStepsPerSecond: Number(alone.toFixed(2)),
    lentStepsPerSecond: Number(lending.stepsPerSecond.toFixed(2)),
    ratio: Number(ratio.toFixed(1)),
    jobs: lending.jobs,
    ownJobs: lending.ownJobs,
    faults: lending.faults,
    bytesPerStep: Math.round((lending.sentBytes + lending.receivedBytes) / lending.steps),
    r2: Number(r2.toFixed(3)),
  })
  expect(ratio).toBeGreaterThanOrEqual(BAR)
}, 600_000)
