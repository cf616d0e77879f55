// One sponsored run with real peers, real gradient steps and the real ledger, on virtual time: a watcher sponsors, owners
// describe and offer data, the market is solved at a seal, appraisers measure, and the reward is paid at another seal. What
// the run came to is compared with what each owner reaches alone on the same steps.
import type { Dataset } from '../../core/data/dataset.ts'
import type { RunRecord } from '../../core/incentives/runs/records.ts'
import { lockedMicro } from '../../core/incentives/runs/mechanism.ts'
import type { RoomState } from '../../core/room/fold.ts'
import type { CharterBody, QuoteBody } from '../../core/ledger/entry.ts'
import type { ModelSpec } from '../../core/model/spec.ts'
import { createReferenceModel } from '../../core/model/reference/model.ts'
import { evaluateSamples, trainSteps } from '../../core/model/reference/train.ts'
import { initialParams } from '../../core/model/init.ts'
import type { MemberId } from '../../core/num/ids.ts'
import type { RunAction } from '../../ports/runs-view.ts'
import { blobCharter } from '../blobs.ts'
import { SPOTLESS } from '../spotless.ts'
import { Swarm, type SimMember } from '../swarm.ts'

export interface SponsoredSetup {
  readonly seed: string
  readonly model: ModelSpec
  readonly classes: readonly string[]
  /** Training samples of each owner. */
  readonly parts: readonly Dataset[]
  readonly test: Dataset
  /** Part of each owner's labels that is wrong, in [0, 1]; the room does not know it. */
  readonly wrong: readonly number[]
  readonly rounds: number
  readonly localSteps: number
  /** Virtual milliseconds of a training step; offers and seals take seconds, whatever the rounds take. */
  readonly stepMs: number
  readonly learningRateMicro: number
  readonly quote?: Partial<QuoteBody>
  /** Called with the swarm every virtual second while the run trains. */
  readonly during?: (swarm: Swarm, second: number) => void
}

export interface OwnerResult {
  readonly owner: MemberId
  readonly wrong: number
  /** Of the positive measured values. */
  readonly share: number
  readonly forecastShare: number
  readonly payMicro: bigint
  /** What bringing the planned samples costs the owner at the quote's price. */
  readonly costMicro: bigint
  readonly fineMicro: bigint
  /** Accuracy on held-out samples, alone with as many steps. */
  readonly alone: number
}

export interface SponsoredResult {
  readonly run: RunRecord
  readonly owners: readonly OwnerResult[]
  /** The room's model at the end. */
  readonly room: number
  readonly reports: number
  /** Balances and locks add up to what the charter issued, on every member. */
  readonly conserved: boolean
  readonly virtualSeconds: number
}

const ISSUED = 1_000_000_000n
const BATCH = 16
const WAIT_MS = 900_000
/** What an owner of good data would say of it; who has bad data says the same here. */
const REPORTED = 900_000

export async function runSponsored(setup: SponsoredSetup): Promise<SponsoredResult> {
  const { seed, parts, wrong, test, model, rounds } = setup
  const owners = parts.length
  const charter: Omit<CharterBody, 'kind' | 'salt' | 'seed'> = {
    ...blobCharter({
      rounds: 0,
      localSteps: setup.localSteps,
      learningRateMicro: setup.learningRateMicro,
      batchSize: BATCH,
    }),
    title: 'sponsored',
    model,
    classes: setup.classes,
    parts: owners,
    rewardMicro: String(ISSUED),
  }
  const swarm = new Swarm({
    seed,
    charter,
    partData: part => parts[part]!,
    testData: test,
    stepMs: () => setup.stepMs,
  })
  try {
    const sponsor = await swarm.join({ role: 'watcher' })
    for (let n = 0; n < owners; n++) await swarm.join({ part: n })
    await until(swarm, () => swarm.members.every(({ peer }) => peer.citizen.members.size === owners + 1))
    await swarm.clock.run(swarm.clock.now() + 3_000)
    const unit = Math.max(...parts.map(({ y }) => y.length))
    const run = await quoteRun(swarm, sponsor, setup, unit)
    for (const member of swarm.members.slice(1)) await offerData(swarm, member, run, unit)
    await until(swarm, () => recordOf(sponsor, run).offers.length === owners)
    await act(sponsor, { type: 'begin', run })
    await until(swarm, () => recordOf(sponsor, run).phase === 'training')
    const plan = recordOf(sponsor, run).plan
    let second = 0
    const tick = (): void => {
      setup.during?.(swarm, ++second)
      swarm.clock.after(1_000, tick)
    }
    tick()
    await until(swarm, () => {
      const { phase } = recordOf(sponsor, run)
      return phase === 'settled' || phase === 'aborted'
    })
    const record = recordOf(sponsor, run)
    // What is paid is the same for everybody once the seal has reached them.
    await until(swarm, () =>
      swarm.members.every(({ peer }) => recordOf({ peer }, run).phase === record.phase),
    )
    const oracle = createReferenceModel(model)
    const start = initialParams(model, seed)
    const total = rounds * setup.localSteps
    const results = swarm.members.slice(1).map(({ signer }, n): OwnerResult => {
      const payment = record.settlement?.payments.find(({ owner }) => owner === signer.id)
      const row = plan.find(({ owner }) => owner === signer.id)!
      const values = record.settlement?.payments.map(({ nanoNats }) => Math.max(0, Number(nanoNats))) ?? []
      const sum = values.reduce((a, b) => a + b, 0)
      const alone = trainSteps(oracle, parts[n]!, start, total, {
        batchSize: BATCH,
        optimizer: { type: 'sgd', learningRate: setup.learningRateMicro / 1e6 },
        seed: `${seed}/alone/${n}`,
      })
      return {
        owner: signer.id,
        wrong: wrong[n] ?? 0,
        share: sum > 0 ? Math.max(0, Number(payment?.nanoNats ?? 0)) / sum : 0,
        forecastShare: row.shareMillionths / 1e6,
        payMicro: BigInt(payment?.payMicro ?? 0),
        costMicro: BigInt(row.costMicro),
        fineMicro: BigInt(payment?.fineMicro ?? 0),
        alone: evaluateSamples(oracle, test, alone.params).accuracy,
      }
    })
    return {
      run: record,
      owners: results,
      room: evaluateSamples(oracle, test, sponsor.peer.modelParams()).accuracy,
      reports: record.measures.filter(({ method }) => method === 'shapley').length,
      conserved: swarm.members.every(({ peer }) => isConserved(peer.book.sealed)),
      virtualSeconds: Math.round(swarm.clock.now() / 1000),
    }
  } finally {
    swarm.close()
  }
}

async function quoteRun(
  swarm: Swarm,
  sponsor: SimMember,
  setup: SponsoredSetup,
  unit: number,
): Promise<string> {
  const quote: Omit<QuoteBody, 'kind'> = {
    title: 'simulated',
    rewardMicro: '100000000',
    alphaMicro: '400000000',
    growthMillionths: 500_000,
    // Half of the price at which five equal owners would just bring all they have: nobody needs to be at the edge.
    dataPriceMicro: '8000000',
    computePriceMicro: '1000000',
    unitSamples: unit,
    qualityFloorMillionths: 500_000,
    fineMillionths: 200_000,
    floorMillionths: 0,
    rounds: setup.rounds,
    remeasureRounds: 0,
    appraisers: 3,
    lending: 'none',
    centreRule: 'linearTarget',
    expiresUnixMs: 0,
    ...setup.quote,
  }
  const run = await act(sponsor, { type: 'quote', quote })
  await until(swarm, () => swarm.members.every(({ peer }) => peer.book.sealed.runs.runs.has(run)))
  return run
}

async function offerData(swarm: Swarm, member: SimMember, run: string, unit: number): Promise<void> {
  const described = member.peer.seat.described
  if (!described) throw new Error('an owner without data')
  await act(member, {
    type: 'asset',
    appraisal: SPOTLESS,
    qualityMillionths: REPORTED,
    consent: 'own',
    licence: '',
  })
  await swarm.clock.run(swarm.clock.now() + 100)
  const samples = Math.min(unit, described.samples)
  await act(member, { type: 'offer', run, qualityMillionths: REPORTED, samples, mode: 'local' })
}

async function act({ peer }: Pick<SimMember, 'peer'>, action: RunAction): Promise<string> {
  const result = await peer.runs.desk.act(action)
  if (result.status === 'refused') throw new Error(`${action.type} was refused: ${result.why}`)
  return result.hash
}

/** As of the last seal that this member holds. */
function recordOf({ peer }: Pick<SimMember, 'peer'>, run: string): RunRecord {
  const record = peer.book.sealed.runs.runs.get(run)
  if (!record) throw new Error('the run is not sealed here')
  return record
}

async function until(swarm: Swarm, done: () => boolean): Promise<void> {
  if (await swarm.clock.run(swarm.clock.now() + WAIT_MS, done)) return
  const phases = swarm.members.map(({ peer }) => `${peer.phase} ${peer.machine.round}`)
  throw new Error(`nothing came of it in ${WAIT_MS / 1000} s: ${phases.join(', ')}`)
}

function isConserved({ credits, runs }: RoomState): boolean {
  const balances = [...credits.balances.values()].reduce((sum, micro) => sum + micro, 0n)
  return balances + lockedMicro(runs) === ISSUED
}
