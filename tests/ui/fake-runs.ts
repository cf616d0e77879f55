// Acted sponsored runs: every stage, from every side. Forecasts are the real equilibrium, pay is the real settlement; who
// measured what is made up.
import { contractHash, planRun } from '../../src/core/incentives/runs/plan.ts'
import { problemOf } from '../../src/core/incentives/runs/course.ts'
import { settle } from '../../src/core/incentives/settlement.ts'
import type { AssetBody, QuoteBody } from '../../src/core/ledger/entry.ts'
import type { LendingView } from '../../src/ports/lending-view.ts'
import type {
  KnownAsset,
  MeasuredRow,
  OfferRecord,
  PairRecord,
  RunsView,
  RunStage,
  RunView,
  SettlementRecord,
} from '../../src/ports/runs-view.ts'
import { memberId, type Scenario } from './fake-data.ts'
import { APPRAISAL } from './fake-appraisal.ts'
import { hashOf, NOW } from './fake-ledger.ts'

const SELF = 0
const RUN = hashOf(5001)
const OLD_RUN = hashOf(5002)
const DAY_MS = 86_400_000

const QUOTE: QuoteBody = {
  kind: 'quote',
  title: 'A better eye for sevens',
  rewardMicro: '120000000',
  alphaMicro: '260000000',
  growthMillionths: 1_000_000,
  dataPriceMicro: '28000000',
  computePriceMicro: '14000000',
  unitSamples: 6_000,
  qualityFloorMillionths: 500_000,
  fineMillionths: 200_000,
  floorMillionths: 50_000,
  rounds: 20,
  remeasureRounds: 4,
  appraisers: 3,
  lending: 'any',
  centreRule: 'linearTarget',
  expiresUnixMs: NOW + DAY_MS,
}

/** Who offers what; the last one is too dear to bring anything. */
const OFFERS: readonly [owner: number, quality: number, samples: number, mode: OfferRecord['mode']][] = [
  [1, 930_000, 6_000, 'local'],
  [2, 880_000, 3_500, 'split'],
  [3, 950_000, 6_000, 'paired'],
  [4, 500_000, 5_000, 'local'],
]
const OWN_OFFER = [SELF, 910_000, 5_000, 'split'] as const
/** In nano-nats; the third helped nothing. */
const MEASURED: Readonly<Record<number, bigint>> = {
  0: 61_000_000n,
  1: 74_000_000n,
  2: 39_000_000n,
  3: 82_000_000n,
  4: -6_000_000n,
}

function offersOf(part: Scenario['part']): OfferRecord[] {
  return [...(part === 'owner' ? [OWN_OFFER] : []), ...OFFERS].map(
    ([owner, qualityMillionths, samples, mode]) => ({
      owner: memberId(owner),
      root: hashOf(900 + owner),
      qualityMillionths,
      samples,
      mode,
      present: 1,
    }),
  )
}

function assetOf(): AssetBody {
  const { classCounts, samples, qualityMillionths, asset } = APPRAISAL
  return {
    kind: 'asset',
    root: hashOf(900),
    samples,
    classes: classCounts,
    appraisal: asset,
    qualityMillionths,
    consent: 'own',
    licence: 'CC BY 4.0',
  }
}

export function runsOf(scenario: Scenario): RunsView {
  const { runs: stage, part } = scenario
  const described = part === 'owner'
  const empty = stage === 'none' || stage === 'no-credits'
  const known: KnownAsset[] = empty
    ? []
    : OFFERS.map(([owner, qualityMillionths, samples]) => ({
        owner: memberId(owner),
        samples,
        qualityMillionths,
      }))
  return {
    runs: empty
      ? []
      : [
          runOf(stage === 'problem' ? 'open' : stage, scenario),
          { ...runOf('settled', scenario), hash: OLD_RUN, quote: { ...QUOTE, title: 'First try' } },
        ],
    asset: described ? { hash: hashOf(5100), body: assetOf() } : null,
    known,
    balanceMicro: stage === 'no-credits' ? 0n : 880_000_000n,
    exposures: part === 'owner' && pairedStage(stage) ? [memberId(5)] : [],
    exposureLimit: 1,
    rejected: scenario.trouble
      ? [
          { hash: hashOf(5200), epoch: 3, why: 'insufficient' },
          { hash: hashOf(5201), epoch: 4, why: 'duplicate-data' },
        ]
      : [],
  }
}

function pairedStage(stage: Scenario['runs']): boolean {
  return (
    stage !== 'none' &&
    stage !== 'no-credits' &&
    stage !== 'problem' &&
    stage !== 'waiting' &&
    stage !== 'open'
  )
}

function runOf(stage: RunStage, { part, trouble, runs, round }: Scenario): RunView {
  const problem = runs === 'problem'
  const quote: QuoteBody = problem && stage === 'open' ? { ...QUOTE, rewardMicro: '2000' } : QUOTE
  const offers = stage === 'waiting' ? [] : offersOf(part)
  const plan = planRun(quote, offers)
  const forecast = plan.ok ? plan.value : []
  const goes = stage === 'training' || stage === 'measuring' || stage === 'settled'
  const measured = goes ? measuredOf(quote, offers) : []
  const refusal = plan.ok ? null : problemOf(plan.refusal)
  return {
    hash: RUN,
    stage,
    quote,
    sponsor: memberId(part === 'sponsor' ? SELF : 5),
    isSponsor: part === 'sponsor',
    problem: problem ? refusal : null,
    offers,
    capacities:
      stage === 'waiting'
        ? []
        : [
            capacity(5, 1_000_000, 'any'),
            capacity(7, 1_400_000, 'split'),
            ...(part === 'provider' ? [capacity(SELF, 800_000, 'any')] : []),
          ],
    ownOffer: offers.find(({ owner }) => owner === memberId(SELF)) ?? null,
    ownCapacity: part === 'provider' && stage !== 'waiting' ? capacity(SELF, 800_000, 'any') : null,
    forecast,
    forecastProblem: refusal,
    fromRound: goes ? round - 8 : 0,
    toRound: goes ? round + 12 : 0,
    remeasured: goes,
    pairs: goes ? pairsOf(part, trouble) : [],
    appraisers: goes ? [0, 1, 5, 7].map(memberId) : [],
    appraisal:
      stage === 'training'
        ? { status: 'following', rounds: 8 }
        : stage === 'measuring'
          ? { status: 'computing', fraction: 0.42 }
          : stage === 'settled'
            ? { status: 'stated' }
            : { status: 'none' },
    measured,
    measuredBy: measured.length > 0 ? 3 : 0,
    measuredRound: measured.length > 0 ? round : 0,
    method: stage === 'settled' ? 'shapley' : 'drops',
    settlement:
      stage === 'settled' ? settlementOf(quote, offers, measured) : stage === 'aborted' ? NOTHING : null,
    reason: stage === 'aborted' ? 'The labels of one part were wrong; I shall ask again.' : '',
  }
}

const NOTHING: SettlementRecord = {
  epoch: 6,
  payments: [],
  fees: [],
  returnedMicro: QUOTE.rewardMicro,
  reachedMillionths: 0,
  why: 'ended',
}

function capacity(provider: number, unitCostMillionths: number, modes: 'split' | 'any') {
  return {
    provider: memberId(provider),
    unitCostMillionths,
    speedMilli: 90_000 + provider * 11_000,
    modes,
    present: 1,
  } as const
}

function pair(
  owner: number,
  provider: number,
  mode: PairRecord['mode'],
  signed: [0 | 1, 0 | 1],
  broken: 0 | 1 = 0,
) {
  const terms = { owner: memberId(owner), provider: memberId(provider), mode, priceMicro: '2450000' }
  const [ownerSigned, providerSigned] = signed
  return {
    ...terms,
    contract: contractHash(RUN, terms),
    ownerSigned,
    providerSigned,
    broken,
    deleted: broken,
    ownerJobs: broken === 1 ? 3 : 7,
    providerJobs: 8,
  } as const
}

function pairsOf(part: Scenario['part'], trouble: boolean): PairRecord[] {
  const pairs: PairRecord[] = [pair(3, 5, 'paired', [1, 1])]
  if (part === 'owner') pairs.push(pair(SELF, 7, 'split', [0, 1]))
  else if (part === 'provider') pairs.push(pair(2, SELF, 'split', [1, 0]))
  else pairs.push(pair(2, 7, 'split', [1, 1]))
  if (trouble) pairs.push(pair(3, 8, 'paired', [1, 1], 1))
  return pairs
}

function qualityOf(owner: number): number {
  return owner === 4 ? 500_000 : owner === 2 ? 780_000 : 940_000
}

const indexOf = (owner: string): number => Number(owner.slice(-2))

function measuredOf(quote: QuoteBody, offers: readonly OfferRecord[]): MeasuredRow[] {
  const values = offers.map(({ owner }) => MEASURED[indexOf(owner)] ?? 0n)
  const total = values.reduce((sum, value) => (value > 0n ? sum + value : sum), 0n)
  const payments = paymentsOf(quote, offers)
  return offers.map(({ owner }, i) => {
    const value = values[i]!
    return {
      owner,
      nanoNats: value,
      shareMillionths: value > 0n ? Number((value * 1_000_000n) / total) : 0,
      halfWidthMillionths: 14_000 + i * 3_000,
      payMicro: BigInt(payments.find(one => one.id === owner)?.payMicro ?? 0n),
      qualityMillionths: qualityOf(indexOf(owner)),
    }
  })
}

function paymentsOf(quote: QuoteBody, offers: readonly OfferRecord[]) {
  const settled = settle(
    BigInt(quote.rewardMicro),
    offers.map(({ owner, qualityMillionths }) => ({
      id: owner,
      contribution: MEASURED[indexOf(owner)] ?? 0n,
      reportedMillionths: qualityMillionths,
      measuredMillionths: qualityOf(indexOf(owner)),
    })),
    { fineMillionths: quote.fineMillionths, floorMillionths: quote.floorMillionths },
  )
  return settled.ok ? settled.value.payments : []
}

function settlementOf(
  quote: QuoteBody,
  offers: readonly OfferRecord[],
  measured: readonly MeasuredRow[],
): SettlementRecord {
  const payments = paymentsOf(quote, offers)
  const paid = payments.reduce((sum, { payMicro }) => sum + payMicro, 0n)
  return {
    epoch: 9,
    payments: payments.map(({ id, payMicro, earnedMicro, fineMicro, bonusMicro }) => ({
      owner: memberId(indexOf(id)),
      payMicro: String(payMicro),
      earnedMicro: String(earnedMicro),
      fineMicro: String(fineMicro),
      bonusMicro: String(bonusMicro),
      nanoNats: String(measured.find(({ owner }) => owner === id)?.nanoNats ?? 0n),
      measuredMillionths: qualityOf(indexOf(id)),
    })),
    fees: [{ owner: memberId(3), provider: memberId(5), jobs: 7, feeMicro: '857500' }],
    returnedMicro: String(BigInt(quote.rewardMicro) - paid),
    reachedMillionths: 1_000_000,
    why: 'complete',
  }
}

/** Split for the owner and the provider of a run that trains; the owner has measured what its activations give away. */
export function lendingOf({ runs, part }: Scenario): LendingView | null {
  if (runs !== 'training' || (part !== 'owner' && part !== 'provider')) return null
  const owner = part === 'owner'
  const { contract, ...names } = owner ? pair(SELF, 7, 'split', [1, 1]) : pair(2, SELF, 'split', [1, 1])
  return {
    plan: {
      contract,
      owner: names.owner,
      provider: names.provider,
      mode: 'split',
      clipMilli: 4_000,
      noiseMilli: 0,
      samples: 0,
    },
    role: owner ? 'owner' : 'provider',
    active: true,
    jobs: 7,
    ownJobs: 1,
    steps: 140,
    stepsPerSecond: 18.4,
    sentBytes: 21_400_000,
    receivedBytes: 20_900_000,
    ownFlop: 4_200_000_000n,
    otherFlop: 61_000_000_000n,
    faults: owner ? [{ fault: 'timeout', count: 1 }] : [],
    dropped: 2,
    labelsShow: false,
    reconstruction: owner ? { r2: 0.38, samples: 64, clipMilli: 4_000, noiseMilli: 0 } : null,
  }
}
