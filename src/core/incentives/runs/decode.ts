// State of sponsored runs from another member's snapshot: its hash was checked, its shape was not.
import * as v from 'valibot'
import type { Canonical } from '../../ledger/canonical.ts'
import type { MemberId } from '../../num/ids.ts'
import type { RunFault, RunsState } from './records.ts'

const MAX_MEMBERS = 20_000
const MAX_PARTIES = 400
const MAX_PENDING = 200_000
/** One more than a quote may ask for; each may state both measures. */
const MAX_DRAWN = 16

const list = <Item extends v.GenericSchema>(item: Item, max: number) =>
  v.pipe(v.array(item), v.maxLength(max))
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const whole = v.pipe(v.number(), v.safeInteger())
const millionths = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1_000_000))
const flag = v.picklist([0, 1])
const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
const hashOrNone = v.union([v.literal(''), hash])
const decimal = v.pipe(v.string(), v.regex(/^(?:0|[1-9][0-9]{0,39})$/))
const signed = v.pipe(v.string(), v.regex(/^-?(?:0|[1-9][0-9]{0,39})$/))
const text = v.pipe(v.string(), v.maxLength(1_000))
const member = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9_-]{43}$/),
  v.custom<MemberId>(value => typeof value === 'string'),
)
const mode = v.picklist(['local', 'split', 'paired'])

const asset = v.strictObject({
  kind: v.literal('asset'),
  root: hash,
  samples: count,
  classes: list(count, 1_000),
  appraisal: v.strictObject({
    completeMillionths: millionths,
    duplicateMillionths: millionths,
    nearDuplicateMillionths: millionths,
    balanceMillionths: millionths,
    noiseMillionths: millionths,
    outlierMillionths: millionths,
    driftMillionths: count,
  }),
  qualityMillionths: millionths,
  consent: v.picklist(['own', 'granted', 'public']),
  licence: text,
})

const quote = v.strictObject({
  kind: v.literal('quote'),
  title: text,
  rewardMicro: decimal,
  alphaMicro: decimal,
  growthMillionths: count,
  dataPriceMicro: decimal,
  computePriceMicro: decimal,
  unitSamples: count,
  qualityFloorMillionths: millionths,
  fineMillionths: millionths,
  floorMillionths: millionths,
  rounds: count,
  remeasureRounds: count,
  appraisers: count,
  lending: v.picklist(['none', 'split', 'any']),
  centreRule: v.picklist(['linearTarget', 'nash']),
  expiresUnixMs: count,
})

const measures = {
  method: v.picklist(['drops', 'shapley']),
  toRound: count,
  rounds: count,
  values: list(v.strictObject({ member, nanoNats: whole, halfWidth: count }), MAX_PARTIES),
}

const body = v.variant('kind', [
  asset,
  quote,
  v.strictObject({
    kind: v.literal('offer'),
    run: hash,
    asset: hash,
    qualityMillionths: millionths,
    samples: count,
    mode,
  }),
  v.strictObject({
    kind: v.literal('capacity'),
    run: hash,
    unitCostMillionths: count,
    speedMilli: count,
    modes: v.picklist(['split', 'any']),
  }),
  v.strictObject({ kind: v.literal('withdraw'), run: hash }),
  v.strictObject({ kind: v.literal('begin'), run: hash, round: count }),
  v.strictObject({ kind: v.literal('contract'), run: hash, contract: hash }),
  v.strictObject({ kind: v.literal('exposure'), limit: count }),
  v.strictObject({ kind: v.literal('deletion'), run: hash, contract: hash }),
  v.strictObject({ kind: v.literal('service'), run: hash, contract: hash, jobs: count }),
  v.strictObject({ kind: v.literal('measure'), run: hash, ...measures }),
  v.strictObject({ kind: v.literal('abort'), run: hash, reason: text }),
])

const run = v.strictObject({
  hash,
  sponsor: member,
  quote,
  phase: v.picklist(['open', 'training', 'settled', 'aborted']),
  problem: list(v.strictObject({ kind: text, opensAtMicro: text, count }), 1),
  offers: list(
    v.strictObject({
      owner: member,
      root: hash,
      qualityMillionths: millionths,
      samples: count,
      mode,
      present: flag,
    }),
    MAX_PARTIES,
  ),
  capacities: list(
    v.strictObject({
      provider: member,
      unitCostMillionths: count,
      speedMilli: count,
      modes: v.picklist(['split', 'any']),
      present: flag,
    }),
    MAX_PARTIES,
  ),
  fromRound: count,
  toRound: count,
  remeasured: flag,
  appraisers: list(member, MAX_DRAWN),
  plan: list(
    v.strictObject({
      owner: member,
      samples: count,
      standing: v.picklist(['active', 'capped', 'priced-out', 'left']),
      shareMillionths: millionths,
      payMicro: decimal,
      costMicro: decimal,
      qualityMillionths: millionths,
    }),
    MAX_PARTIES,
  ),
  pairs: list(
    v.strictObject({
      owner: member,
      provider: member,
      mode: v.picklist(['split', 'paired']),
      contract: hash,
      ownerSigned: flag,
      providerSigned: flag,
      broken: flag,
      deleted: flag,
      priceMicro: decimal,
      ownerJobs: count,
      providerJobs: count,
    }),
    100 * MAX_PARTIES,
  ),
  measures: list(v.strictObject({ appraiser: member, ...measures }), 2 * MAX_DRAWN),
  settlement: list(
    v.strictObject({
      epoch: count,
      payments: list(
        v.strictObject({
          owner: member,
          payMicro: decimal,
          earnedMicro: decimal,
          fineMicro: decimal,
          bonusMicro: decimal,
          nanoNats: signed,
          measuredMillionths: millionths,
        }),
        MAX_PARTIES,
      ),
      fees: list(
        v.strictObject({ owner: member, provider: member, jobs: count, feeMicro: decimal }),
        100 * MAX_PARTIES,
      ),
      returnedMicro: decimal,
      reachedMillionths: millionths,
      why: v.picklist(['complete', 'ended', 'expired', 'nobody-measured']),
    }),
    1,
  ),
  reason: text,
})

const FAULTS = [
  'insufficient',
  'too-many-runs',
  'unknown-run',
  'wrong-phase',
  'not-sponsor',
  'own-run',
  'not-member',
  'unknown-asset',
  'wrong-root',
  'duplicate-data',
  'below-floor',
  'too-many-samples',
  'mode-not-allowed',
  'too-many-parties',
  'not-appraiser',
  'not-party',
  'stale',
  'convicted',
] as const satisfies readonly RunFault[]

const shape = v.strictObject({
  pending: list(v.strictObject({ hash, author: member, seq: count, body }), MAX_PENDING),
  assets: list(v.strictTuple([member, hash, asset]), MAX_MEMBERS),
  runs: list(run, 400),
  exposures: list(v.strictTuple([member, list(member, 100 * MAX_PARTIES)]), MAX_MEMBERS),
  limits: list(v.strictTuple([member, count]), MAX_MEMBERS),
  joined: list(v.strictTuple([member, hashOrNone, flag]), MAX_MEMBERS),
  rejected: list(v.strictTuple([hash, member, count, v.picklist(FAULTS)]), 200),
})

export function decodeRuns(value: Canonical): RunsState | undefined {
  const result = v.safeParse(shape, value, { abortEarly: true })
  if (!result.success) return undefined
  const { pending, assets, runs, exposures, limits, joined, rejected } = result.output
  return {
    pending: [...pending],
    assets: new Map(assets.map(([owner, name, record]) => [owner, { hash: name, body: record }])),
    runs: new Map(
      runs.map(({ problem, settlement, ...rest }) => [
        rest.hash,
        { ...rest, problem: problem[0] ?? null, settlement: settlement[0] ?? null },
      ]),
    ),
    exposures: new Map(exposures),
    limits: new Map(limits),
    joined: new Map(joined.map(([id, root, present]) => [id, { root, present }])),
    rejected: rejected.map(([name, author, epoch, why]) => ({ hash: name, author, epoch, why })),
  }
}
