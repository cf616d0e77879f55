// Entries of sponsored runs as schemas, with their limits. Meaning (who may say what in which phase) is for
// core/incentives/runs; the types are those of entry.ts.
import * as v from 'valibot'
import { count, decimal, hash, instant, int, isAscending, member, positive, text, u32 } from './fields.ts'

const millionths = int(0, 1_000_000)
const MAX_OWNERS = 200
/** A thousand nats either way: more than any loss. */
const nanoNats = int(-1e12, 1e12)

const asset = v.pipe(
  v.strictObject({
    kind: v.literal('asset'),
    root: hash,
    samples: int(1, 1e9),
    classes: v.pipe(v.array(count), v.minLength(1), v.maxLength(1000)),
    appraisal: v.strictObject({
      completeMillionths: millionths,
      duplicateMillionths: millionths,
      nearDuplicateMillionths: millionths,
      balanceMillionths: millionths,
      noiseMillionths: millionths,
      outlierMillionths: millionths,
      driftMillionths: int(0, 1e9),
    }),
    qualityMillionths: int(1, 1_000_000),
    consent: v.picklist(['own', 'granted', 'public']),
    licence: text(80),
  }),
  v.check(({ samples, classes }) => classes.reduce((sum, n) => sum + n, 0) === samples),
  v.description('The samples of the classes add up to all samples'),
)

const quote = v.pipe(
  v.strictObject({
    kind: v.literal('quote'),
    title: text(120),
    rewardMicro: positive,
    alphaMicro: decimal,
    growthMillionths: int(1, 1e9),
    dataPriceMicro: positive,
    computePriceMicro: positive,
    unitSamples: int(1, 1e9),
    qualityFloorMillionths: int(0, 999_999),
    fineMillionths: millionths,
    floorMillionths: int(0, 950_000),
    rounds: int(1, 1e6),
    remeasureRounds: int(0, 1e6),
    appraisers: int(1, 15),
    lending: v.picklist(['none', 'split', 'any']),
    centreRule: v.picklist(['linearTarget', 'nash']),
    expiresUnixMs: instant,
  }),
  v.check(({ rewardMicro, alphaMicro, dataPriceMicro, computePriceMicro }) =>
    [rewardMicro, alphaMicro, dataPriceMicro, computePriceMicro].every(text => text.length <= MONEY_DIGITS),
  ),
  v.check(({ rounds, remeasureRounds }) => remeasureRounds < rounds),
  v.description('Amounts have at most 15 digits; quality is measured again before the end'),
)

/** Forecasts are computed in doubles, which hold so many digits exactly. */
const MONEY_DIGITS = 15

const offer = v.strictObject({
  kind: v.literal('offer'),
  run: hash,
  asset: hash,
  qualityMillionths: int(1, 1_000_000),
  samples: int(1, 1e9),
  mode: v.picklist(['local', 'split', 'paired']),
})

const capacity = v.strictObject({
  kind: v.literal('capacity'),
  run: hash,
  unitCostMillionths: int(1, 1e9),
  speedMilli: int(1, 1e9),
  modes: v.picklist(['split', 'any']),
})

const measure = v.pipe(
  v.strictObject({
    kind: v.literal('measure'),
    run: hash,
    method: v.picklist(['drops', 'shapley']),
    toRound: u32,
    rounds: int(1, 1e6),
    values: v.pipe(
      v.array(v.strictObject({ member, nanoNats, halfWidth: int(0, 1e12) })),
      v.minLength(1),
      v.maxLength(MAX_OWNERS),
    ),
  }),
  v.check(({ values }) => isAscending(values.map(({ member }) => member))),
  v.description('Values are ascending by member'),
)

export const runBodies = {
  asset,
  quote,
  offer,
  capacity,
  withdraw: v.strictObject({ kind: v.literal('withdraw'), run: hash }),
  begin: v.strictObject({ kind: v.literal('begin'), run: hash, round: u32 }),
  contract: v.strictObject({ kind: v.literal('contract'), run: hash, contract: hash }),
  exposure: v.strictObject({ kind: v.literal('exposure'), limit: int(1, 200) }),
  deletion: v.strictObject({ kind: v.literal('deletion'), run: hash, contract: hash }),
  service: v.strictObject({ kind: v.literal('service'), run: hash, contract: hash, jobs: int(1, 1e6) }),
  measure,
  abort: v.strictObject({ kind: v.literal('abort'), run: hash, reason: text(500) }),
} as const
