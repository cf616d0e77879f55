// Entries for the ledger tests. Signatures are placeholders: checking them is the peer's work, not the chain's.
import { DEFAULT_TERMS } from '../../../src/core/ledger/terms.ts'
import { entryHash, headOf, roomIdBytes } from '../../../src/core/ledger/chain.ts'
import { proofOfFork } from '../../../src/core/ledger/evidence.ts'
import type {
  CharterBody,
  Entry,
  EntryBody,
  GovernanceTerms,
  ReceiptBody,
} from '../../../src/core/ledger/entry.ts'
import { encodeBase64url } from '../../../src/core/num/base64url.ts'
import type { MemberId, RoomId } from '../../../src/core/num/ids.ts'

export const SALT = encodeBase64url(new Uint8Array(16).fill(7))
export const member = (index: number): MemberId =>
  encodeBase64url(new Uint8Array(32).fill(index + 1)) as MemberId
export const FOUNDER = member(0)
export const ROOM = encodeBase64url(roomIdBytes(FOUNDER, SALT)) as RoomId
const SIG = encodeBase64url(new Uint8Array(64).fill(9))

/** The founder alone guards; nothing is capped. */
export const governanceTerms: GovernanceTerms = {
  guardians: [FOUNDER],
  quorum: 1,
  resumeQuorum: 1,
  issuers: [],
  licensing: 'open',
  budget: { memberFlop: '0', roundFlop: '0', lineageFlop: '0' },
  sealing: 'host',
  heartbeatMs: 0,
  expiresUnixMs: 0,
}

export const charterBody: CharterBody = {
  kind: 'charter',
  salt: SALT,
  title: 'Ziffern / digits',
  task: 'mnist',
  classes: [...'0123456789'],
  model: {
    input: [28, 28, 1],
    layers: [{ type: 'flatten' }, { type: 'dense', units: 10, activation: 'linear' }],
  },
  seed: 's',
  partition: { type: 'dirichlet', alphaMilli: 300 },
  parts: 4,
  partSamples: 0,
  terms: {
    ...DEFAULT_TERMS,
    optimizer: 'sgd',
    learningRateMicro: 200_000,
    outerRateMilli: 1000,
    outerMomentumMilli: 0,
    trusted: 'yes',
    rounds: 0,
  },
  schema: '',
  governance: governanceTerms,
  rewardMicro: '1000000000',
}

export const HASH = 'ab'.repeat(32)
export const DEVICE = encodeBase64url(new Uint8Array(16).fill(3))
/** Clock of an author's entry: a second apart. */
const START_UNIX_MS = 1_790_000_000_000

export const joinBody: EntryBody = {
  kind: 'join',
  nickname: '花子',
  role: 'trainer',
  part: 2,
  dataRoot: HASH,
}
export const leaveBody: EntryBody = { kind: 'leave' }
export const workBody: ReceiptBody = {
  kind: 'receipt',
  lineage: ROOM,
  device: DEVICE,
  licence: '',
  previous: '',
  fromRound: 0,
  toRound: 3,
  fromStep: 0,
  toStep: 60,
  samples: 1920,
  flop: '1172390400',
  wallMs: 900,
  modelBefore: HASH,
  modelAfter: 'cd'.repeat(32),
  updates: 3,
  updatesRoot: 'ef'.repeat(32),
  sentBytes: 40_000,
  receivedBytes: 41_000,
}

/** Entry of a chain; signed with a placeholder. */
export function entry(author: MemberId, seq: number, prev: string, body: EntryBody, sig = SIG): Entry {
  return { v: 2, room: ROOM, author, seq, prev, unixMs: START_UNIX_MS + seq * 1000, body, sig }
}

/** Bodies as one author's linked entries, after those given. */
export function chain(author: MemberId, bodies: readonly EntryBody[], after: readonly Entry[] = []): Entry[] {
  const entries = [...after]
  for (const body of bodies) {
    const last = entries[entries.length - 1]
    entries.push(entry(author, entries.length, last ? entryHash(last) : '', body))
  }
  return entries.slice(after.length)
}

/** Of a sponsored run. */
const runSamples: readonly EntryBody[] = [
  {
    kind: 'asset',
    root: HASH,
    samples: 600,
    classes: [200, 400],
    appraisal: {
      completeMillionths: 1_000_000,
      duplicateMillionths: 1_500,
      nearDuplicateMillionths: 20_000,
      balanceMillionths: 918_296,
      noiseMillionths: 30_000,
      outlierMillionths: 0,
      driftMillionths: 12_345,
    },
    qualityMillionths: 912_000,
    consent: 'granted',
    licence: 'CC BY 4.0',
  },
  {
    kind: 'quote',
    title: '手書き数字',
    rewardMicro: '50000000',
    alphaMicro: '200000000',
    growthMillionths: 500_000,
    dataPriceMicro: '1000000',
    computePriceMicro: '200000',
    unitSamples: 600,
    qualityFloorMillionths: 500_000,
    fineMillionths: 200_000,
    floorMillionths: 50_000,
    rounds: 40,
    remeasureRounds: 5,
    appraisers: 3,
    lending: 'any',
    centreRule: 'nash',
    expiresUnixMs: START_UNIX_MS + 3_600_000,
  },
  { kind: 'offer', run: HASH, asset: HASH, qualityMillionths: 900_000, samples: 500, mode: 'split' },
  { kind: 'capacity', run: HASH, unitCostMillionths: 1_200_000, speedMilli: 42_000, modes: 'any' },
  { kind: 'withdraw', run: HASH },
  { kind: 'begin', run: HASH, round: 12 },
  { kind: 'contract', run: HASH, contract: HASH },
  { kind: 'exposure', limit: 2 },
  { kind: 'deletion', run: HASH, contract: HASH },
  { kind: 'service', run: HASH, contract: HASH, jobs: 12 },
  {
    kind: 'measure',
    run: HASH,
    method: 'shapley',
    toRound: 52,
    rounds: 16,
    values: [member(1), member(2)].sort().map((id, i) => ({ member: id, nanoNats: 5 - 9 * i, halfWidth: i })),
  },
  { kind: 'abort', run: HASH, reason: 'Not enough data.' },
]

const [one, other] = [leaveBody, workBody].map(body => headOf(entry(member(3), 0, '', body)))

/** Every kind once. */
export const samples: readonly EntryBody[] = [
  charterBody,
  {
    kind: 'amend',
    previous: HASH,
    governance: { ...governanceTerms, heartbeatMs: 30_000 },
    reason: 'Fail closed.',
  },
  joinBody,
  leaveBody,
  { kind: 'evict', member: member(2), reason: '応答なし' },
  { kind: 'handover', to: member(1) },
  { kind: 'vouch', subject: member(1), level: 1, owner: '', expiresUnixMs: START_UNIX_MS + 86_400_000 },
  { kind: 'request', subject: member(1), commitment: HASH, reason: 'Who owns this device?' },
  {
    kind: 'device',
    device: DEVICE,
    label: 'Laptop',
    backend: 'webgpu',
    benchmarkFlops: '25000000000',
    previous: '',
  },
  { kind: 'device-transfer', device: DEVICE, to: member(2), previous: HASH },
  {
    kind: 'licence',
    subject: member(1),
    devices: [DEVICE],
    lineage: '*',
    budgetFlop: '500000000',
    rateFlops: '0',
    notBeforeUnixMs: START_UNIX_MS,
    expiresUnixMs: START_UNIX_MS + 3_600_000,
    counter: 1,
  },
  workBody,
  {
    kind: 'order',
    action: 'pause',
    target: '',
    reason: 'Loss is not a number.',
    nonce: 1,
    round: 12,
    expiresUnixMs: START_UNIX_MS + 3_600_000,
  },
  { kind: 'order', action: 'revoke', target: member(2), reason: '', nonce: 2, round: 12, expiresUnixMs: 0 },
  { kind: 'hold', reason: 'Wait.', round: 12 },
  { kind: 'endorse', subject: HASH, round: 12 },
  { kind: 'transfer', to: member(1), amountMicro: '2500000', memo: 'Danke 🙏' },
  proofOfFork(one!, other!),
  ...runSamples,
]
