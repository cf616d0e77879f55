// A sponsored run in real tabs in which one owner has its compute elsewhere: who founds the room pays and lends, the owner is on
// the slowest backend there is, and a second owner makes the market.
import type { LendingMode } from '../../src/core/ledger/entry.ts'
import type { RunAction } from '../../src/ports/runs-view.ts'
import { SPOTLESS } from '../../src/sim/spotless.ts'
import { createRoom, joinRoom, waitForView, type Draft, type Rig, type Tab } from './rig.ts'

export interface LentTabs {
  readonly provider: Tab
  readonly owner: Tab
  readonly other: Tab
}

const REWARD_MICRO = '100000000'

export async function openLentTabs(rig: Rig, draft: Draft): Promise<LentTabs> {
  const provider = await rig.openTab('Provider', { query: '?backend=wasm' })
  const owner = await rig.openTab('Owner', { query: '?backend=cpu' })
  const other = await rig.openTab('Other', { query: '?backend=reference' })
  const tabs = [provider, owner, other]
  const link = await createRoom(provider, { ...draft, rewardMicro: '1000000000' })
  for (const [part, tab] of tabs.entries()) await joinRoom(tab, link, { part })
  for (const tab of tabs) await waitForView(tab, 'training', ({ phase }) => phase === 'training')
  return { provider, owner, other }
}

/** Offers of both owners, the provider's capacity, and the end of offers; returns the run's hash. */
export async function beginLentRun(
  { provider, owner, other }: LentTabs,
  mode: Exclude<LendingMode, 'local'>,
  { samples, rounds }: { readonly samples: number; readonly rounds: number },
): Promise<string> {
  const run = await act(provider, {
    type: 'quote',
    quote: {
      title: 'digits',
      rewardMicro: REWARD_MICRO,
      alphaMicro: '400000000',
      growthMillionths: 500_000,
      dataPriceMicro: '8000000',
      computePriceMicro: '1000000',
      unitSamples: samples,
      qualityFloorMillionths: 500_000,
      fineMillionths: 200_000,
      floorMillionths: 0,
      rounds,
      remeasureRounds: 0,
      appraisers: 1,
      lending: mode === 'split' ? 'split' : 'any',
      centreRule: 'linearTarget',
      expiresUnixMs: 0,
    },
  })
  await Promise.all(
    [provider, owner, other].map(tab =>
      waitForView(tab, 'the open run', ({ runs }) =>
        runs.runs.some(({ hash, stage }) => hash === run && stage === 'open'),
      ),
    ),
  )
  await offer(owner, run, samples, mode)
  await offer(other, run, samples, 'local')
  const modes = mode === 'split' ? 'split' : 'any'
  await act(provider, { type: 'capacity', run, unitCostMillionths: 1_000_000, modes })
  await waitForView(provider, 'both offers', ({ runs }) => runs.runs[0]?.offers.length === 2)
  await act(provider, { type: 'begin', run })
  return run
}

async function act(tab: Tab, action: RunAction): Promise<string> {
  const result = await tab.page.evaluate(what => window.yoriai!.stay!.session.actRun(what), action)
  if (result.status !== 'done') throw new Error(`${tab.name}: ${action.type} refused, ${result.why}`)
  return result.hash
}

async function offer(tab: Tab, run: string, samples: number, mode: LendingMode): Promise<void> {
  await act(tab, {
    type: 'asset',
    appraisal: SPOTLESS,
    qualityMillionths: 900_000,
    consent: 'public',
    licence: 'CC0',
  })
  await act(tab, { type: 'offer', run, qualityMillionths: 900_000, samples, mode })
}
