// The recorded ledgers of tests/golden: npx tsx tests/tools/golden-ledgers.ts writes them anew; a test asserts that they are
// current. Keys, salts and times are fixed and Ed25519 signatures have no chance in them, so the bytes are the same each time.
//   host.ndjson        host-anchored, every kind of entry, two seals, entries after them
//   consortium.ndjson  four members, two seals by quorum
import { DEFAULT_TERMS } from '../../src/core/ledger/terms.ts'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { CharterBody, EntryBody, GovernanceTerms, ReceiptBody } from '../../src/core/ledger/entry.ts'
import { proofOfContradiction, proofOfFork } from '../../src/core/ledger/evidence.ts'
import { headOf } from '../../src/core/ledger/chain.ts'
import { contractHash } from '../../src/core/incentives/runs/plan.ts'
import { encodeBase64url } from '../../src/core/num/base64url.ts'
import { LedgerMaker } from './ledger-maker.ts'
import { testIdentity, type TestIdentity } from './test-identity.ts'

export const GOLDEN = path.resolve(import.meta.dirname, '../golden')

/** 1 January 2030, noon. */
const START = 1_893_499_200_000
const MINUTE = 60_000
/** Dense 784-10: 2 * 784 * 10 forward, three times that for a training step. */
const SAMPLE_FLOP = 47_040

const hashLike = (byte: number): string => (byte % 256).toString(16).padStart(2, '0').repeat(32)
const deviceId = (byte: number): string => encodeBase64url(new Uint8Array(16).fill(byte))
const ids = (...members: readonly TestIdentity[]): TestIdentity['id'][] => members.map(({ id }) => id).sort()

export function charterTerms(governance: GovernanceTerms, title: string): Omit<CharterBody, 'kind' | 'salt'> {
  return {
    title,
    task: 'mnist',
    classes: [...'0123456789'],
    model: {
      input: [28, 28, 1],
      layers: [{ type: 'flatten' }, { type: 'dense', units: 10, activation: 'linear' }],
    },
    seed: 'golden',
    partition: { type: 'dirichlet', alphaMilli: 300 },
    parts: 4,
    partSamples: 0,
    terms: {
      ...DEFAULT_TERMS,
      optimizer: 'sgd',
      learningRateMicro: 100_000,
      outerRateMilli: 1000,
      outerMomentumMilli: 0,
      trusted: 'yes',
      rounds: 500,
    },
    schema: '',
    governance,
    rewardMicro: '1000000000',
  }
}

function governance(
  guardians: readonly TestIdentity[],
  issuers: readonly TestIdentity[],
  sealing: GovernanceTerms['sealing'],
): GovernanceTerms {
  return {
    guardians: ids(...guardians),
    quorum: Math.ceil((2 * guardians.length) / 3),
    resumeQuorum: Math.ceil((3 * guardians.length) / 4),
    issuers: ids(...issuers),
    licensing: 'open',
    budget: { memberFlop: '0', roundFlop: '0', lineageFlop: '2000000000000' },
    sealing,
    heartbeatMs: 30_000,
    expiresUnixMs: 0,
  }
}

export function join(nickname: string, part: number): EntryBody {
  const role = part < 0 ? 'watcher' : 'trainer'
  return { kind: 'join', nickname, role, part, dataRoot: part < 0 ? '' : hashLike(0xd0 + part) }
}

/** Twenty steps of the charter's batch, a round each, after `earlier` such receipts. */
export function receipt(
  room: string,
  device: string,
  earlier: number,
  previous: string,
  licence = '',
): ReceiptBody {
  const samples = 20 * 32
  return {
    kind: 'receipt',
    lineage: room,
    device,
    licence,
    previous,
    fromRound: earlier,
    toRound: earlier,
    fromStep: 20 * earlier,
    toStep: 20 * (earlier + 1),
    samples,
    flop: String(samples * SAMPLE_FLOP),
    wallMs: 900,
    modelBefore: hashLike(earlier + 1),
    modelAfter: hashLike(earlier + 2),
    updates: 1,
    updatesRoot: hashLike(0xa0 + earlier),
    sentBytes: 4_000,
    receivedBytes: 12_000,
  }
}

function register(device: string, label: string, previous = ''): EntryBody {
  return { kind: 'device', device, label, backend: 'webgpu', benchmarkFlops: '2000000000', previous }
}

function pay(to: TestIdentity, amountMicro: string, memo: string): EntryBody {
  return { kind: 'transfer', to: to.id, amountMicro, memo }
}

function sponsored(expiresUnixMs: number): EntryBody {
  return {
    kind: 'quote',
    title: 'better sevens',
    rewardMicro: '2000000000',
    alphaMicro: '4000000000',
    growthMillionths: 500_000,
    dataPriceMicro: '20000000',
    computePriceMicro: '2000000',
    unitSamples: 600,
    qualityFloorMillionths: 500_000,
    fineMillionths: 200_000,
    floorMillionths: 0,
    rounds: 20,
    remeasureRounds: 0,
    appraisers: 3,
    lending: 'any',
    centreRule: 'linearTarget',
    expiresUnixMs,
  }
}

function described(part: number): EntryBody {
  return {
    kind: 'asset',
    root: hashLike(0xd0 + part),
    samples: 600,
    classes: [300, 300, 0, 0, 0, 0, 0, 0, 0, 0],
    appraisal: {
      completeMillionths: 1_000_000,
      duplicateMillionths: 0,
      nearDuplicateMillionths: 5_000,
      balanceMillionths: 301_030,
      noiseMillionths: 20_000,
      outlierMillionths: 1_000,
      driftMillionths: 250_000,
    },
    qualityMillionths: 900_000,
    consent: 'own',
    licence: '',
  }
}

const endorse = (subject: string, round = 0): EntryBody => ({ kind: 'endorse', subject, round })

/** Every kind of entry; two seals by the host; what a room of six lives through, in short. */
export function hostLedger(): LedgerMaker {
  const [haruko, ren, mika] = [testIdentity(1), testIdentity(2), testIdentity(3)]
  const [sora, yui] = [testIdentity(4), testIdentity(5)]
  const [kai, oni] = [testIdentity(6), testIdentity(7)]
  const terms = governance([haruko, sora, yui], [sora], 'host')
  const made = new LedgerMaker(haruko, charterTerms(terms, 'Ziffern / digits / 数字'), START)
  const charter = made.hashOfCharter
  made.add(haruko, join('春子', -1))
  made.add(ren, join('ren', 0))
  made.add(mika, join('mika "the third"\n', 1))
  made.add(sora, join('sora', -1))
  made.add(yui, join('yui', -1))
  made.add(kai, join('kai', 2))
  made.add(oni, join('oni', 3))
  made.add(sora, {
    kind: 'vouch',
    subject: ren.id,
    level: 2,
    owner: hashLike(0x77),
    expiresUnixMs: START + 1000 * MINUTE,
  })
  const [tower, laptop] = [deviceId(1), deviceId(2)]
  const towerEvent = made.add(ren, register(tower, 'tower'))
  made.add(mika, register(laptop, 'laptop'))
  const licence = made.add(haruko, {
    kind: 'licence',
    subject: ren.id,
    devices: [tower],
    lineage: made.room,
    budgetFlop: '500000000000',
    rateFlops: '0',
    notBeforeUnixMs: START,
    expiresUnixMs: START + 1000 * MINUTE,
    counter: 1,
  })
  made.add(sora, endorse(licence))
  made.add(yui, { kind: 'hold', reason: 'looking at the first losses', round: 0 })
  const firstOfRen = made.add(ren, receipt(made.room, tower, 0, '', licence))
  const firstOfMika = made.add(mika, receipt(made.room, laptop, 0, ''))
  made.add(haruko, pay(ren, '300000000', 'first work'))
  made.add(haruko, pay(mika, '200000001', 'first work'))
  made.add(ren, pay(mika, '50000000', 'a loan'))
  made.add(mika, pay(ren, '999000000', 'more than there is'))
  made.add(sora, { kind: 'request', subject: ren.id, commitment: hashLike(0x77), reason: 'yearly audit' })
  // More than the room ever issued: the run never opens, so that whoever does not fold runs comes to the same balances.
  const run = made.add(haruko, sponsored(START + 1000 * MINUTE))
  for (const [owner, part, mode] of [
    [ren, 0, 'paired'],
    [mika, 1, 'local'],
  ] as const) {
    const asset = made.add(owner, described(part))
    made.add(owner, { kind: 'offer', run, asset, qualityMillionths: 900_000, samples: 600, mode })
  }
  made.add(sora, { kind: 'capacity', run, unitCostMillionths: 1_000_000, speedMilli: 42_000, modes: 'any' })
  made.add(haruko, { kind: 'begin', run, round: 1 })
  const present = [haruko, ren, mika, sora, yui]
  made.seal({ path: 'host', signers: [haruko, ren, sora], present, unixMs: START + 5 * MINUTE })

  // The run never opens: that is the contract of no pair.
  const paired = { owner: ren.id, provider: sora.id, mode: 'paired', priceMicro: '0' } as const
  const contract = contractHash(run, paired)
  for (const party of [ren, sora]) made.add(party, { kind: 'contract', run, contract })
  made.add(ren, { kind: 'exposure', limit: 2 })
  for (const appraiser of [haruko, sora, yui])
    made.add(appraiser, {
      kind: 'measure',
      run,
      method: 'drops',
      toRound: 6,
      rounds: 5,
      values: ids(ren, mika).map((member, i) => ({
        member,
        nanoNats: 40_000_000 - 9_000_000 * i,
        halfWidth: 0,
      })),
    })
  made.add(mika, { kind: 'withdraw', run })
  made.add(haruko, { kind: 'abort', run, reason: 'the room has other work' })
  made.add(sora, { kind: 'service', run, contract, jobs: 3 })
  made.add(sora, { kind: 'deletion', run, contract })

  const later = START + 2000 * MINUTE
  const order = (action: 'pause' | 'resume', nonce: number): EntryBody => {
    return { kind: 'order', action, target: '', reason: 'drill', nonce, round: 2, expiresUnixMs: later }
  }
  const pause = made.add(sora, order('pause', 1))
  made.add(yui, endorse(pause, 3))
  const resume = made.add(haruko, order('resume', 2))
  made.add(sora, endorse(resume, 3))
  made.add(yui, endorse(resume, 3))
  const amended = { ...terms, budget: { ...terms.budget, memberFlop: '900000000000' } }
  const amendment: EntryBody = {
    kind: 'amend',
    previous: charter,
    governance: amended,
    reason: 'a cap for each',
  }
  made.add(yui, endorse(made.add(haruko, amendment)))
  made.add(ren, receipt(made.room, tower, 1, firstOfRen, licence))
  // One operation too many: what rule it breaks stands in every audit.
  const overstated = receipt(made.room, laptop, 1, firstOfMika)
  made.add(mika, { ...overstated, flop: String(BigInt(overstated.flop) + 1n) })
  const handedOver: EntryBody = { kind: 'device-transfer', device: tower, to: mika.id, previous: towerEvent }
  made.add(mika, register(tower, 'tower, now here', made.add(ren, handedOver)))
  const stray = made.strayHead(kai, 0, '')
  made.add(mika, proofOfFork(headOf(made.entryOf(kai, 0)), stray))
  const eviction = made.add(haruko, { kind: 'evict', member: oni.id, reason: 'silent for a day' })
  for (const signer of [ren, sora, yui]) made.add(signer, endorse(eviction))
  const revoked: EntryBody = {
    kind: 'order',
    action: 'revoke',
    target: licence,
    reason: 'the device has another owner',
    nonce: 3,
    round: 5,
    expiresUnixMs: later,
  }
  made.add(yui, endorse(made.add(sora, revoked), 5))
  made.add(haruko, { kind: 'handover', to: sora.id })
  made.add(mika, pay(haruko, '1', ''))
  made.add(ren, pay(mika, '50000000', 'a loan, now that there is something to lend'))
  made.seal({ path: 'host', signers: [haruko, mika, sora, yui], present, unixMs: START + 10 * MINUTE })

  made.add(ren, pay(yui, '123456789', 'open until the next seal'))
  const about = { epoch: 3, path: 'quorum', phase: 'vote', view: 1 } as const
  const [one, other] = [hashLike(1), hashLike(2)].map(seal => made.statement(oni, { ...about, seal }))
  made.add(yui, proofOfContradiction(one!, other!))
  made.add(ren, { kind: 'leave' })
  return made
}

/** The founder alone makes the first seal, three of four the second. */
export function consortiumLedger(): LedgerMaker {
  const aki = testIdentity(11)
  const others = [testIdentity(12), testIdentity(13), testIdentity(14)] as const
  const four = [aki, ...others]
  const terms = governance([aki], [], 'consortium')
  const made = new LedgerMaker(aki, charterTerms(terms, 'Four hospitals'), START)
  made.add(aki, join('aki', -1))
  for (const [i, other] of others.entries()) {
    made.add(other, join(`hospital ${i + 1}`, i))
    made.add(aki, { kind: 'vouch', subject: other.id, level: 1, owner: '', expiresUnixMs: 0 })
    made.add(aki, pay(other, String(1_000_000 * (i + 1)), 'start'))
  }
  made.seal({ path: 'quorum', signers: [aki], present: four, unixMs: START + MINUTE })
  const device = deviceId(3)
  made.add(others[0], register(device, 'server'))
  const first = made.add(others[0], receipt(made.room, device, 0, ''))
  made.add(others[0], receipt(made.room, device, 1, first))
  made.add(others[1], pay(others[0], '500000', 'for the server'))
  made.seal({
    path: 'quorum',
    signers: [others[0], others[1], others[2]],
    present: four,
    unixMs: START + 2 * MINUTE,
  })
  return made
}

export const GOLDEN_FILES = { 'host.ndjson': hostLedger, 'consortium.ndjson': consortiumLedger }

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  for (const [name, make] of Object.entries(GOLDEN_FILES))
    await writeFile(path.join(GOLDEN, name), make().export())
