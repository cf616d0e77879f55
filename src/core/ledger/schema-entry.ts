// Every kind of entry as a schema with its limits and the rules between its fields. The types are those of entry.ts (the
// compiler compares them in decode.ts). Meaning (who may sign what, and when) is for the mechanisms.
import * as v from 'valibot'
import type { EntryBody } from './entry.ts'
import { MAX_EVIDENCE, readEvidence } from './evidence.ts'
import {
  ascending,
  bytes16,
  count,
  decimal,
  distinct,
  hash,
  hashOrNone,
  instant,
  int,
  member,
  noHash,
  positive,
  room,
  signature,
  text,
  u32,
} from './fields.ts'
import { runBodies } from './schema-runs.ts'
import { termsFault } from './terms.ts'

const DAY_MS = 86_400_000
const reason = text(500)
const activation = v.picklist(['relu', 'linear'])
/** A lineage is named by a hash or an id. */
const lineage = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,64}$/))

const layer = v.variant('type', [
  v.strictObject({ type: v.literal('dense'), units: int(1, 1e6), activation }),
  v.strictObject({ type: v.literal('conv2d'), filters: int(1, 4096), kernel: int(1, 31), activation }),
  v.strictObject({ type: v.literal('maxPool2d'), size: int(1, 64) }),
  v.strictObject({ type: v.literal('flatten') }),
])

const partition = v.variant('type', [
  v.strictObject({ type: v.literal('iid') }),
  v.strictObject({ type: v.literal('dirichlet'), alphaMilli: int(1, 1_000_000) }),
  v.strictObject({ type: v.literal('classes'), classesPerPart: int(1, 1000) }),
])

export const governance = v.pipe(
  v.strictObject({
    guardians: ascending(member, 1, 64),
    quorum: int(1, 64),
    resumeQuorum: int(1, 64),
    issuers: distinct(member, 0, 64),
    licensing: v.picklist(['open', 'licensed']),
    budget: v.strictObject({ memberFlop: decimal, roundFlop: decimal, lineageFlop: decimal }),
    sealing: v.picklist(['host', 'consortium']),
    heartbeatMs: int(0, 7 * DAY_MS),
    expiresUnixMs: instant,
  }),
  v.check(
    ({ guardians, quorum, resumeQuorum }) => quorum <= guardians.length && resumeQuorum <= guardians.length,
  ),
  v.description('No quorum exceeds the number of guardians'),
)

const charter = v.pipe(
  v.strictObject({
    kind: v.literal('charter'),
    salt: bytes16,
    title: text(120),
    task: v.picklist(['mnist', 'fashion-mnist', 'own']),
    classes: v.pipe(v.array(text(80)), v.minLength(2), v.maxLength(1000)),
    model: v.strictObject({
      input: v.pipe(v.array(int(1, 4096)), v.minLength(1), v.maxLength(3)),
      layers: v.pipe(v.array(layer), v.minLength(1), v.maxLength(16)),
    }),
    seed: text(64),
    partition,
    parts: int(1, 1000),
    partSamples: int(0, 1e7),
    terms: v.strictObject({
      batchSize: int(1, 1024),
      localSteps: int(1, 1000),
      optimizer: v.picklist(['sgd', 'adam']),
      learningRateMicro: int(1, 10_000_000),
      outerRateMilli: int(1, 10_000),
      outerMomentumMilli: int(0, 999),
      trusted: v.picklist(['yes', 'no']),
      rounds: int(0, 1_000_000),
      profile: v.picklist(['auto', 'one-bit', 'masked', 'sparse']),
      rule: v.picklist(['clip-trim', 'clip-mean', 'multi-krum', 'nearest-median', 'centered-clip', 'mean']),
      weighting: v.picklist(['equal', 'samples']),
      drift: v.picklist(['none', 'prox', 'variates']),
      proximalMicro: int(0, 100_000_000),
      head: v.picklist(['shared', 'own']),
      committee: int(0, 1000),
      privacy: v.variant('type', [
        v.strictObject({ type: v.literal('none') }),
        v.strictObject({
          type: v.literal('noise'),
          clipMicro: int(1, 1_000_000_000),
          noiseMilli: int(1, 1_000_000),
          deltaExponent: int(1, 30),
        }),
        v.strictObject({ type: v.literal('masks') }),
      ]),
    }),
    schema: text(32 * 1024),
    governance,
    rewardMicro: decimal,
  }),
  v.check(({ terms, model }) => termsFault(terms, model) === undefined),
  v.description(
    'Sparse updates go with rules that weigh whole updates, and weighting by samples with the others; control variates need SGD; mu is above zero exactly with FedProx; heads of their own need two layers with parameters; sums under masks go with the plain mean, equal weights, no lot, the usual profile and at most 2,000,000 parameters',
  ),
)

const amend = v.strictObject({ kind: v.literal('amend'), previous: hash, governance, reason })

const join = v.strictObject({
  kind: v.literal('join'),
  nickname: text(40),
  role: v.picklist(['trainer', 'watcher']),
  part: int(-1, 999),
  dataRoot: hashOrNone,
})

const leave = v.strictObject({ kind: v.literal('leave') })
const evict = v.strictObject({ kind: v.literal('evict'), member, reason })
const handover = v.strictObject({ kind: v.literal('handover'), to: member })

const vouch = v.strictObject({
  kind: v.literal('vouch'),
  subject: member,
  level: v.picklist([1, 2]),
  owner: hashOrNone,
  expiresUnixMs: instant,
})

const request = v.strictObject({ kind: v.literal('request'), subject: member, commitment: hash, reason })

const device = v.strictObject({
  kind: v.literal('device'),
  device: bytes16,
  label: text(80),
  backend: text(40),
  benchmarkFlops: decimal,
  previous: hashOrNone,
})

const deviceTransfer = v.strictObject({
  kind: v.literal('device-transfer'),
  device: bytes16,
  to: member,
  previous: hash,
})

const licence = v.pipe(
  v.strictObject({
    kind: v.literal('licence'),
    subject: member,
    devices: distinct(bytes16, 1, 16),
    lineage: v.union([v.literal('*'), lineage]),
    budgetFlop: decimal,
    rateFlops: decimal,
    notBeforeUnixMs: instant,
    expiresUnixMs: instant,
    counter: count,
  }),
  v.check(({ notBeforeUnixMs, expiresUnixMs }) => notBeforeUnixMs < expiresUnixMs),
  v.description('Ends after it begins'),
)

const receipt = v.pipe(
  v.strictObject({
    kind: v.literal('receipt'),
    lineage,
    device: bytes16,
    licence: hashOrNone,
    previous: hashOrNone,
    fromRound: u32,
    toRound: u32,
    fromStep: count,
    toStep: count,
    samples: count,
    flop: decimal,
    wallMs: count,
    modelBefore: hash,
    modelAfter: hash,
    updates: count,
    updatesRoot: hashOrNone,
    sentBytes: count,
    receivedBytes: count,
  }),
  v.check(({ fromRound, toRound, fromStep, toStep }) => fromRound <= toRound && fromStep <= toStep),
  v.check(({ updates, updatesRoot }) => (updates === 0) === (updatesRoot === '')),
  v.description('Rounds and steps do not run backwards; updatesRoot is empty exactly when updates is 0'),
)

const order = v.pipe(
  v.strictObject({
    kind: v.literal('order'),
    action: v.picklist(['pause', 'resume', 'revoke']),
    target: v.union([noHash, hash, member]),
    reason,
    nonce: count,
    round: u32,
    expiresUnixMs: instant,
  }),
  v.check(({ action, target }) => (action === 'revoke') === (target !== '')),
  v.description('Has a target exactly when it revokes'),
)

const hold = v.strictObject({ kind: v.literal('hold'), reason, round: u32 })
const endorse = v.strictObject({ kind: v.literal('endorse'), subject: hash, round: u32 })

const transfer = v.strictObject({
  kind: v.literal('transfer'),
  to: member,
  amountMicro: positive,
  memo: text(200),
})

const proof = v.pipe(
  v.strictObject({
    kind: v.literal('proof'),
    against: member,
    evidence: v.picklist(['entries', 'statements']),
    first: text(MAX_EVIDENCE),
    second: text(MAX_EVIDENCE),
  }),
  v.check(body => readEvidence(body) !== undefined),
  v.description('Both texts are canonical records of the accused that exclude each other'),
)

/** By kind, for the published schema. */
export const bodies = {
  charter,
  amend,
  join,
  leave,
  evict,
  handover,
  vouch,
  request,
  device,
  'device-transfer': deviceTransfer,
  licence,
  receipt,
  order,
  hold,
  endorse,
  transfer,
  proof,
  ...runBodies,
} as const satisfies Record<EntryBody['kind'], v.GenericSchema>

export const body = v.variant('kind', [
  charter,
  amend,
  join,
  leave,
  evict,
  handover,
  vouch,
  request,
  device,
  deviceTransfer,
  licence,
  receipt,
  order,
  hold,
  endorse,
  transfer,
  proof,
  runBodies.asset,
  runBodies.quote,
  runBodies.offer,
  runBodies.capacity,
  runBodies.withdraw,
  runBodies.begin,
  runBodies.contract,
  runBodies.exposure,
  runBodies.deletion,
  runBodies.service,
  runBodies.measure,
  runBodies.abort,
])

export const entry = v.pipe(
  v.strictObject({
    v: v.literal(2),
    room,
    author: member,
    seq: u32,
    prev: hashOrNone,
    unixMs: instant,
    body,
    sig: signature,
  }),
  v.check(({ seq, prev }) => (seq === 0) === (prev === '')),
  v.check(({ room, body }) => body.kind !== 'proof' || readEvidence(body)?.pair[0].room === room),
  v.description('prev is empty exactly at the beginning of a chain; evidence is of the same room'),
)
