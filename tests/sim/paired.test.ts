// A sponsored run in which one owner has its compute elsewhere: real peers, real contracts, the in-memory transport. Every frame
// that leaves the owner and everything that its provider stores is searched for samples in clear.
import { describe, expect, test } from 'vitest'
import type { RunRecord } from '../../src/core/incentives/runs/records.ts'
import type { LendingMode } from '../../src/core/ledger/entry.ts'
import { createReferenceModel } from '../../src/core/model/reference/model.ts'
import { evaluateSamples } from '../../src/core/model/reference/train.ts'
import type { RunAction } from '../../src/ports/runs-view.ts'
import { decodeMessage } from '../../src/protocol/messages.ts'
import { blobs, blobCharter, CLASSES } from '../../src/sim/blobs.ts'
import { SPOTLESS } from '../../src/sim/spotless.ts'
import { Swarm, type PeerPorts, type SimMember } from '../../src/sim/swarm.ts'
import { plantCanaries, watchCanaries } from '../tools/canary.ts'

const SAMPLES = 120
const ALL = CLASSES.map(Number)
const held = blobs('paired/test', ALL, 1_000)
const planted = plantCanaries(blobs('paired/owner', ALL, SAMPLES), 20, 'paired')
const watch = watchCanaries(planted.canaries)

interface Outcome {
  readonly run: RunRecord
  readonly accuracy: number
  readonly sponsor: SimMember
  readonly owner: SimMember
  readonly provider: SimMember
  readonly shards: number
  readonly frames: number
  readonly stored: number
  /** In frames of the owner, and in what the provider stored or sent. */
  readonly sightings: number
  readonly swarm: Swarm
}

/** `reload`: the provider's tab dies before the run is over and begins anew after it. */
async function runIn(mode: LendingMode, reload = false): Promise<Outcome> {
  const charter = { ...blobCharter({ rounds: 0, localSteps: 10, batchSize: 16 }, 2), parts: 2 }
  const swarm = new Swarm({
    seed: `paired ${mode}`,
    charter,
    partData: part => (part === 0 ? planted.data : blobs('paired/other', ALL, SAMPLES)),
    testData: held,
    latencyMs: 2,
    stepMs: () => 100,
  })
  let [shards, frames, stored, sightings] = [0, 0, 0, 0]
  const tapped = ({ transport, store, signer }: PeerPorts): PeerPorts => ({
    signer,
    transport: new Proxy(transport, {
      get(target, key) {
        if (key !== 'send') return bound(target, key)
        return (...[to, bytes, priority]: Parameters<typeof transport.send>) => {
          frames++
          sightings += watch.scan(bytes).length
          const message = decodeMessage(bytes)
          if (message?.type === 'lend' && message.message.type === 'shard') shards++
          return target.send(to, bytes, priority)
        }
      },
    }),
    store: new Proxy(store, {
      get(target, key) {
        if (key !== 'put') return bound(target, key)
        return (...[name, bytes]: Parameters<typeof store.put>) => {
          stored++
          sightings += watch.scan(bytes).length
          return target.put(name, bytes)
        }
      },
    }),
  })
  // Who founds the room has the credits that a reward needs.
  const sponsor = await swarm.join({ role: 'watcher' })
  const provider = await swarm.join({ role: 'watcher', ports: tapped })
  const owner = await swarm.join({ part: 0, ports: ports => ({ ...tapped(ports), store: ports.store }) })
  const other = await swarm.join({ part: 1 })
  const until = async (done: () => boolean): Promise<void> => {
    const came = await swarm.clock.run(swarm.clock.now() + 60_000, done)
    if (!came) throw new Error(`${mode}: ${JSON.stringify(recordOf(sponsor)?.pairs)} ${owner.peer.phase}`)
  }
  const recordOf = ({ peer }: SimMember): RunRecord | undefined => [...peer.book.sealed.runs.runs.values()][0]
  await until(() => swarm.members.every(({ peer }) => peer.citizen.members.size === 4))
  await swarm.clock.run(swarm.clock.now() + 3_000)
  const run = await act(sponsor, { type: 'quote', quote: QUOTE })
  await until(() => swarm.members.every(member => recordOf(member) !== undefined))
  for (const member of [owner, other]) {
    await act(member, ASSET)
    await swarm.clock.run(swarm.clock.now() + 100)
    const lent = member === owner ? mode : 'local'
    await act(member, { type: 'offer', run, qualityMillionths: 900_000, samples: SAMPLES, mode: lent })
  }
  if (mode !== 'local') await act(provider, { type: 'capacity', run, unitCostMillionths: 1, modes: 'any' })
  await until(() => recordOf(sponsor)!.offers.length === 2)
  if (mode !== 'local') await until(() => recordOf(sponsor)!.capacities.length === 1)
  await act(sponsor, { type: 'begin', run })
  if (mode === 'paired') {
    // What the next seal would make is no pair yet: whoever signed it would have signed nothing, and not be told.
    const { desk } = owner.peer.runs
    const next = (): RunRecord => desk.preview.runs.runs.get(run)!
    await until(() => next().pairs.length === 1)
    expect(recordOf(owner)!.phase).toBe('open')
    expect(desk.view().runs[0]!.pairs).toEqual([])
    const early: RunAction = { type: 'contract', run, contract: next().pairs[0]!.contract }
    expect(await desk.act(early)).toEqual({ status: 'refused', why: 'wrong-phase' })
  }
  await until(() => recordOf(owner)?.phase === 'training')
  if (mode === 'paired') {
    const [pair] = recordOf(owner)!.pairs
    await swarm.clock.run(swarm.clock.now() + 2_000)
    // Nobody but the person at the owner's tab signs this, and before that nothing is handed over.
    expect([shards, owner.peer.runs.steward.plan()]).toEqual([0, null])
    await act(owner, { type: 'contract', run, contract: pair!.contract })
  }
  if (reload) {
    // Both have stated jobs, not sealed yet: those survive the loss.
    const { desk } = owner.peer.runs
    await until(() => {
      const [pair] = desk.preview.runs.runs.get(run)?.pairs ?? []
      return (pair?.ownerJobs ?? 0) > 0 && (pair?.providerJobs ?? 0) > 0
    })
    swarm.kill(provider)
  }
  await until(() => recordOf(sponsor)!.phase === 'settled')
  if (reload) {
    expect(recordOf(sponsor)!.pairs[0]!.deleted).toBe(0)
    await swarm.rejoin(provider, { role: 'watcher' })
  }
  const accuracy = evaluateSamples(
    createReferenceModel(charter.model),
    held,
    owner.peer.modelParams(),
  ).accuracy
  if (mode === 'paired') await until(() => recordOf(sponsor)!.pairs.every(({ deleted }) => deleted === 1))
  return {
    run: recordOf(sponsor)!,
    accuracy,
    sponsor,
    owner,
    provider,
    shards,
    frames,
    stored,
    sightings,
    swarm,
  }
}

/** The real thing's method or value: private fields do not go through a proxy. */
function bound(target: object, key: PropertyKey): unknown {
  const value: unknown = Reflect.get(target, key)
  return typeof value === 'function' ? (value.bind(target) as unknown) : value
}

async function act({ peer }: SimMember, action: RunAction): Promise<string> {
  const result = await peer.runs.desk.act(action)
  if (result.status === 'refused') throw new Error(`${action.type} was refused: ${result.why}`)
  return result.hash
}

const QUOTE: Extract<RunAction, { type: 'quote' }>['quote'] = {
  title: 'paired',
  rewardMicro: '100000000',
  alphaMicro: '400000000',
  growthMillionths: 500_000,
  dataPriceMicro: '8000000',
  computePriceMicro: '1000000',
  unitSamples: SAMPLES,
  qualityFloorMillionths: 500_000,
  fineMillionths: 200_000,
  floorMillionths: 0,
  rounds: 12,
  remeasureRounds: 0,
  appraisers: 3,
  lending: 'any',
  centreRule: 'linearTarget',
  expiresUnixMs: 0,
}

const ASSET: RunAction = {
  type: 'asset',
  appraisal: SPOTLESS,
  qualityMillionths: 900_000,
  consent: 'own',
  licence: '',
}

describe('a sponsored run with an owner that', () => {
  let local = 0
  test.each(['local', 'split', 'paired'] as const)('trains %s: no sample leaves it in clear', async mode => {
    const outcome = await runIn(mode)
    const { run, accuracy, sponsor, owner, provider, shards, frames, stored, sightings, swarm } = outcome
    expect(sightings).toBe(0)
    expect(frames).toBeGreaterThan(100)
    expect(stored).toBeGreaterThan(0)
    // The search would have found them.
    expect(watch.scan(new Uint8Array(planted.data.x.buffer)).length).toBeGreaterThanOrEqual(20)
    expect(shards).toBe(mode === 'paired' ? 1 : 0)
    if (mode === 'local') {
      local = accuracy
      expect(run.pairs).toEqual([])
    } else {
      // What clipping costs is measured in bench split.
      if (mode === 'paired') expect(accuracy).toBeGreaterThanOrEqual(local - 0.01)
      const [pair] = run.pairs
      expect(pair).toMatchObject({ mode, ownerSigned: 1, providerSigned: 1 })
      expect(provider.peer.book.sealed.runs.exposures.get(owner.signer.id)).toEqual([provider.signer.id])
      expect(provider.peer.holdsShard(pair!.contract)).toBe(false)
      expect(pair!.deleted).toBe(mode === 'paired' ? 1 : 0)
      // Both stated the same, and the provider has what the owner paid for it.
      expect(pair!.ownerJobs).toBe(pair!.providerJobs)
      const [fee] = run.settlement!.fees
      const lent = Math.min(pair!.ownerJobs, run.quote.rounds)
      expect(lent).toBeGreaterThan(run.quote.rounds / 2)
      expect(fee).toMatchObject({ owner: owner.signer.id, provider: provider.signer.id, jobs: lent })
      const { balances } = sponsor.peer.book.sealed.credits
      expect(balances.get(provider.signer.id) ?? 0n).toBe(BigInt(fee!.feeMicro))
      const pay = BigInt(run.settlement!.payments.find(one => one.owner === owner.signer.id)!.payMicro)
      const due = (BigInt(pair!.priceMicro) * BigInt(lent)) / 12n
      expect(due).toBeGreaterThan(0n)
      expect(BigInt(fee!.feeMicro)).toBe(due < pay ? due : pay)
      expect(balances.get(owner.signer.id) ?? 0n).toBe(pay - BigInt(fee!.feeMicro))
    }
    swarm.close()
  })
  test('loses its provider: it goes on alone, and the reloaded provider states that nothing is left', async () => {
    const { run, owner, shards, swarm } = await runIn('paired', true)
    expect(shards).toBe(1)
    expect(run.pairs[0]!.deleted).toBe(1)
    expect(run.settlement!.payments.map(({ owner: paid }) => paid)).toContain(owner.signer.id)
    // For the jobs that both had stated when it vanished.
    const { ownerJobs, providerJobs } = run.pairs[0]!
    const paid = Math.min(ownerJobs, providerJobs)
    expect(paid).toBeGreaterThan(0)
    expect(paid).toBeLessThan(12)
    expect(run.settlement!.fees).toMatchObject([{ provider: run.pairs[0]!.provider, jobs: paid }])
    expect(owner.peer.fault).toBeNull()
    swarm.close()
  })
})
