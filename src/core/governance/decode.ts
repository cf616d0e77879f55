// Governance's state from another member's snapshot: its hash was checked, its shape was not.
import * as v from 'valibot'
import type { Canonical } from '../ledger/canonical.ts'
import type { MemberId, RoomId } from '../num/ids.ts'
import { initialState, type Account, type GovernanceState } from './state.ts'

const MAX = 20_000
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const flag = v.pipe(
  v.picklist([0, 1]),
  v.transform(value => value === 1),
)
const big = v.pipe(
  v.string(),
  v.regex(/^-?(?:0|[1-9][0-9]{0,59})$/),
  v.transform(digits => BigInt(digits)),
)
const decimal = v.pipe(v.string(), v.regex(/^(?:0|[1-9][0-9]{0,29})$/))
const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
const hashOrNone = v.union([v.literal(''), hash])
const member = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9_-]{43}$/),
  v.transform(value => value as MemberId),
)
const text = v.pipe(v.string(), v.maxLength(1_000))
const id = v.pipe(v.string(), v.maxLength(64))
const list = <Item extends v.GenericSchema>(item: Item, max = MAX) => v.pipe(v.array(item), v.maxLength(max))

const terms = v.strictObject({
  guardians: list(member, 64),
  quorum: count,
  resumeQuorum: count,
  issuers: list(member, 64),
  licensing: v.picklist(['open', 'licensed']),
  budget: v.strictObject({ memberFlop: decimal, roundFlop: decimal, lineageFlop: decimal }),
  sealing: v.picklist(['host', 'consortium']),
  heartbeatMs: count,
  expiresUnixMs: count,
})

const body = v.variant('kind', [
  v.strictObject({
    kind: v.literal('order'),
    action: v.picklist(['pause', 'resume', 'revoke']),
    target: id,
    reason: text,
    nonce: count,
    round: count,
    expiresUnixMs: count,
  }),
  v.strictObject({
    kind: v.literal('licence'),
    subject: member,
    devices: list(id, 16),
    lineage: id,
    budgetFlop: decimal,
    rateFlops: decimal,
    notBeforeUnixMs: count,
    expiresUnixMs: count,
    counter: count,
  }),
  v.strictObject({ kind: v.literal('amend'), previous: hash, governance: terms, reason: text }),
  v.strictObject({ kind: v.literal('evict'), member, reason: text }),
])

const kinds = v.picklist([
  'formula',
  'rate',
  'gap',
  'overlap',
  'over-budget',
  'no-licence',
  'wrong-device',
  'unknown-device',
  'model-chain',
  'clock',
])

const account = v.strictObject({
  flop: big,
  steps: count,
  firstRound: v.pipe(v.number(), v.safeInteger(), v.minValue(-1)),
  lastRound: v.pipe(v.number(), v.safeInteger(), v.minValue(-1)),
  lastReceipt: hashOrNone,
  modelAfter: hashOrNone,
  lastUnixMs: count,
  roundTail: big,
  roundPeak: big,
  roundPeakReceipt: hashOrNone,
  granted: big,
  excused: big,
  isTrainer: flag,
  present: flag,
  orderTimes: list(count, 16),
  lastHoldUnixMs: count,
  deviceEvents: count,
  uses: list(
    v.strictObject({
      licence: id,
      device: id,
      flop: big,
      firstSeq: count,
      lastSeq: count,
      firstUnixMs: count,
      lastUnixMs: count,
      spanMs: count,
      lastReceipt: hash,
    }),
    128,
  ),
  devices: list(
    v.strictObject({
      device: id,
      registration: hash,
      transferred: flag,
      benchmarkFlops: big,
      flop: big,
      allowed: big,
      sinceUnixMs: count,
      wallMs: count,
    }),
    128,
  ),
  violations: list(v.strictTuple([kinds, hash]), 16),
})

const shape = v.strictObject({
  epoch: count,
  founder: v.union([v.literal(''), member]),
  sampleFlop: count,
  batchSize: count,
  base: list(v.strictObject({ hash, terms }), 1),
  loosest: v.strictTuple([big, big, big]),
  sealMembers: list(member),
  orders: v.strictObject({
    nonce: v.pipe(v.number(), v.safeInteger(), v.minValue(-1)),
    pauses: list(
      v.strictObject({ order: hash, cut: count, unixMs: count, expiresUnixMs: count, reason: text }),
    ),
    resumptions: list(v.strictObject({ after: count, order: hash }), 64),
  }),
  motions: list(
    v.strictObject({
      hash,
      author: member,
      seq: count,
      unixMs: count,
      epoch: count,
      idle: flag,
      sealed: flag,
      body,
    }),
  ),
  signatures: list(v.strictTuple([hash, list(v.strictTuple([member, count, count, count]))])),
  vouches: list(
    v.strictTuple([member, list(v.strictTuple([member, v.picklist([1, 2]), hashOrNone, count, flag]))]),
  ),
  custody: list(
    v.strictObject({
      hash,
      device: id,
      kind: v.picklist(['registered', 'transferred']),
      author: member,
      holder: member,
      previous: hashOrNone,
      unixMs: count,
      label: text,
      backend: text,
      benchmarkFlops: big,
      broken: flag,
    }),
    20 * MAX,
  ),
  accounts: list(v.strictTuple([member, account])),
  holds: list(
    v.strictObject({ hash, author: member, unixMs: count, epoch: count, round: count, reason: text }),
  ),
  revoked: list(v.strictTuple([id, hash, count])),
  highWater: list(v.strictTuple([member, count, hash])),
  evicted: list(v.strictTuple([member, count])),
  convicted: list(member),
  requests: list(
    v.strictObject({ hash, by: member, subject: member, commitment: hash, reason: text, epoch: count }),
  ),
  timeline: list(
    v.strictObject({
      hash,
      kind: v.picklist([
        'charter',
        'amend',
        'order',
        'hold',
        'licence',
        'vouch',
        'evict',
        'handover',
        'proof',
        'request',
      ]),
      action: text,
      target: text,
      reason: text,
      author: member,
      unixMs: count,
      epoch: count,
      sealedEffective: flag,
    }),
  ),
})

export function decodeGovernance(value: Canonical, room: RoomId): GovernanceState | undefined {
  const result = v.safeParse(shape, value, { abortEarly: true })
  if (!result.success) return undefined
  const read = result.output
  const [memberFlop, roundFlop, lineageFlop] = read.loosest
  return {
    ...initialState(room),
    epoch: read.epoch,
    founder: read.founder,
    sampleFlop: read.sampleFlop,
    batchSize: read.batchSize,
    base: read.base[0] ?? null,
    loosest: { memberFlop, roundFlop, lineageFlop },
    sealMembers: read.sealMembers,
    orders: read.orders,
    motions: byHash(read.motions),
    signatures: new Map(
      read.signatures.map(([subject, by]) => [
        subject,
        new Map(by.map(([author, round, unixMs, epoch]) => [author, { round, unixMs, epoch }])),
      ]),
    ),
    vouches: new Map(
      read.vouches.map(([subject, about]) => [
        subject,
        new Map(
          about.map(([author, level, owner, expiresUnixMs, sealed]) => [
            author,
            { level, owner, expiresUnixMs, sealed },
          ]),
        ),
      ]),
    ),
    custody: byHash(read.custody),
    accounts: new Map(read.accounts.map(([member, fields]) => [member, accountFrom(fields)])),
    holds: byHash(read.holds),
    revoked: new Map(read.revoked.map(([target, order, unixMs]) => [target, { order, unixMs }])),
    highWater: new Map(read.highWater.map(([member, counter, licence]) => [member, { counter, licence }])),
    evicted: new Map(read.evicted),
    convicted: new Set(read.convicted),
    requests: byHash(read.requests),
    timeline: byHash(read.timeline),
  }
}

function accountFrom({ uses, devices, violations, ...rest }: v.InferOutput<typeof account>): Account {
  return {
    ...rest,
    uses: new Map(uses.map(use => [`${use.licence} ${use.device}`, use])),
    devices: new Map(devices.map(({ device, ...use }) => [device, use])),
    violations: new Map(violations),
  }
}

function byHash<Item extends { readonly hash: string }>(
  items: readonly Item[],
): Map<string, Omit<Item, 'hash'>> {
  return new Map(items.map(({ hash: key, ...item }) => [key, item]))
}
