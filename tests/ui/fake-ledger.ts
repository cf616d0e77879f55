// An acted ledger: entries of every kind, a seal, balances; filtered and paged as the port says. Nothing is signed.
import type { Entry, EntryBody, GovernanceTerms } from '../../src/core/ledger/entry.ts'
import type { AuditReport } from '../../src/core/room/audit-report.ts'
import type { MemberId, RoomId } from '../../src/core/num/ids.ts'
import type {
  LedgerPage,
  LedgerQuery,
  LedgerRow,
  LedgerView,
  SealView,
  Trace,
} from '../../src/ports/ledger-view.ts'
import { charterOf, LINK, memberId, memberName, type Scenario } from './fake-data.ts'

/** A Saturday, early afternoon in Tokyo. */
export const NOW = Date.UTC(2026, 10, 21, 4, 30)

export function hashOf(n: number): string {
  return Array.from({ length: 8 }, (_, i) =>
    (((n + 1) * 2_654_435_761 + i * 40_503 * (n + 7)) >>> 0).toString(16).padStart(8, '0'),
  ).join('')
}

export const DEVICE = (i: number): string => `D${i}evice${'x'.repeat(15)}`.slice(0, 22)

const FLOP = 390_000_000

export function amendedTerms(terms: GovernanceTerms): GovernanceTerms {
  return {
    ...terms,
    budget: { ...terms.budget, lineageFlop: '120000000000' },
    heartbeatMs: 30_000,
    licensing: 'licensed',
  }
}

/** Oldest first: who, and what. */
/** A sponsored run, every kind of its entries once. */
function runBodies(): readonly EntryBody[] {
  const run = hashOf(5001)
  const contract = hashOf(5003)
  return [
    {
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
      expiresUnixMs: NOW + 86_400_000,
    },
    {
      kind: 'asset',
      root: hashOf(5002),
      samples: 6_000,
      classes: [6_000],
      appraisal: {
        completeMillionths: 1_000_000,
        duplicateMillionths: 1_200,
        nearDuplicateMillionths: 15_000,
        balanceMillionths: 990_000,
        noiseMillionths: 21_000,
        outlierMillionths: 0,
        driftMillionths: 8_000,
      },
      qualityMillionths: 930_000,
      consent: 'own',
      licence: '',
    },
    { kind: 'offer', run, asset: hashOf(5004), qualityMillionths: 930_000, samples: 6_000, mode: 'split' },
    { kind: 'capacity', run, unitCostMillionths: 1_000_000, speedMilli: 61_700, modes: 'any' },
    { kind: 'begin', run, round: 20 },
    { kind: 'contract', run, contract },
    { kind: 'exposure', limit: 2 },
    {
      kind: 'measure',
      run,
      method: 'drops',
      toRound: 24,
      rounds: 4,
      values: [{ member: memberId(1), nanoNats: 74_000_000, halfWidth: 0 }],
    },
    {
      kind: 'measure',
      run,
      method: 'shapley',
      toRound: 40,
      rounds: 16,
      values: [{ member: memberId(1), nanoNats: 74_000_000, halfWidth: 2_000_000 }],
    },
    { kind: 'withdraw', run },
    { kind: 'deletion', run, contract },
    { kind: 'service', run, contract, jobs: 18 },
    { kind: 'abort', run, reason: 'Lunch takes longer' },
  ]
}

function bodies(scenario: Scenario): (readonly [author: number, body: EntryBody])[] {
  const charter = charterOf(scenario)
  const id = memberId
  const count = Math.min(scenario.members, 6)
  const list: [number, EntryBody][] = [[0, charter]]
  for (let i = 0; i < count; i++) {
    list.push([
      i,
      {
        kind: 'join',
        nickname: memberName(i, 'Hana'),
        role: 'trainer',
        part: i % 4,
        dataRoot: i === 2 ? '' : hashOf(900 + i),
      },
    ])
    list.push([
      i,
      {
        kind: 'device',
        device: DEVICE(i),
        label: ['Laptop', 'Desktop at home', 'Phone', 'Borrowed laptop', 'Tablet', 'Server'][i]!,
        backend: ['webgpu', 'wasm', 'webgl', 'wasm', 'cpu', 'webgpu'][i]!,
        benchmarkFlops: String(3_100_000_000 - i * 390_000_000),
        previous: '',
      },
    ])
  }
  if (count > 2) {
    list.push([0, { kind: 'vouch', subject: id(1), level: 1, owner: hashOf(801), expiresUnixMs: 0 }])
    list.push([1, { kind: 'vouch', subject: id(2), level: 1, owner: hashOf(802), expiresUnixMs: 0 }])
  }
  for (let round = 0; round < scenario.round; round += 3) {
    for (let i = 0; i < count; i++) {
      list.push([
        i,
        {
          kind: 'receipt',
          lineage: hashOf(1),
          device: DEVICE(i),
          licence: '',
          previous: round === 0 ? '' : hashOf(400 + round),
          fromRound: round,
          toRound: round + 2,
          fromStep: round * 20,
          toStep: (round + 3) * 20,
          samples: 1920,
          flop: String(3 * FLOP),
          wallMs: 960,
          modelBefore: hashOf(300 + round),
          modelAfter: hashOf(303 + round),
          updates: 3,
          updatesRoot: hashOf(600 + round),
          sentBytes: 40_000,
          receivedBytes: 41_000,
        },
      ])
    }
    if (round === 9 && count > 2) {
      list.push([0, { kind: 'hold', reason: 'The curves jump: let us look first', round: 9 }])
      list.push([1, { kind: 'transfer', to: id(0), amountMicro: '12500000', memo: 'Coffee' }])
      list.push([0, { kind: 'transfer', to: id(2), amountMicro: '1', memo: '' }])
    }
  }
  if (count > 3) {
    for (const body of runBodies()) list.push([body.kind === 'quote' ? 0 : 1, body])
    list.push([
      0,
      {
        kind: 'licence',
        subject: id(1),
        devices: [DEVICE(1)],
        lineage: '*',
        budgetFlop: '20000000000',
        rateFlops: '2000000000',
        notBeforeUnixMs: NOW - 3_600_000,
        expiresUnixMs: NOW + 86_400_000,
        counter: 1,
      },
    ])
    list.push([1, { kind: 'endorse', subject: hashOf(2001), round: 21 }])
    list.push([2, { kind: 'device-transfer', device: DEVICE(2), to: id(1), previous: hashOf(77) }])
    list.push([
      2,
      {
        kind: 'amend',
        previous: hashOf(0),
        governance: amendedTerms(charter.governance),
        reason: 'We train longer than we thought, and want to be safe when nobody watches',
      },
    ])
    list.push([1, { kind: 'evict', member: id(5), reason: 'Gone since yesterday' }])
    list.push([0, { kind: 'handover', to: id(1) }])
    list.push([
      3,
      { kind: 'request', subject: id(0), commitment: hashOf(801), reason: 'Yearly audit of the club' },
    ])
    list.push([
      0,
      {
        kind: 'order',
        action: 'revoke',
        target: hashOf(2001),
        reason: 'The device was lost',
        nonce: 1,
        round: 22,
        expiresUnixMs: 0,
      },
    ])
    list.push([
      1,
      { kind: 'order', action: 'pause', target: '', reason: 'Lunch', nonce: 2, round: 22, expiresUnixMs: 0 },
    ])
    list.push([
      1,
      { kind: 'order', action: 'resume', target: '', reason: 'Back', nonce: 3, round: 22, expiresUnixMs: 0 },
    ])
    list.push([0, { kind: 'proof', against: id(4), evidence: 'entries', first: '{}', second: '{}' }])
    list.push([3, { kind: 'leave' }])
  }
  return list
}

/** Oldest first. */
export function ledgerRows(scenario: Scenario): readonly LedgerRow[] {
  const all = bodies(scenario)
  const seqs = new Map<number, number>()
  const sealed = Math.floor(all.length * 0.8)
  return all.map(([author, body], i) => {
    const seq = seqs.get(author) ?? 0
    seqs.set(author, seq + 1)
    const entry: Entry = {
      v: 2,
      room: LINK.room,
      author: memberId(author),
      seq,
      prev: seq === 0 ? '' : hashOf(3000 + i),
      unixMs: NOW - (all.length - i) * 20_000,
      body,
      sig: 'R3vYq0TzN8sWb1LhXaAmK4vXo2nD7cTq9LrYh1BzEwS5uGfJp8iN0aVtCk3RdMkR3vYq0TzN8sWb1LhXaAmK_',
    }
    return {
      hash: hashOf(body.kind === 'amend' ? 2003 : 4000 + i),
      entry,
      epoch: i < sealed ? 1 + Math.floor((7 * i) / sealed) : null,
    }
  })
}

export function pageOf(scenario: Scenario, query: LedgerQuery): LedgerPage {
  const text = query.text.toLowerCase()
  const rows = ledgerRows(scenario)
    .filter(
      ({ hash, entry }) =>
        (query.kind === 'all' || entry.body.kind === query.kind) &&
        (query.author === 'all' || entry.author === query.author) &&
        (text === '' || `${hash} ${JSON.stringify(entry.body)}`.toLowerCase().includes(text)),
    )
    .toReversed()
  return { total: rows.length, rows: rows.slice(query.offset, query.offset + query.count) }
}

export function traceOf(scenario: Scenario, modelHash: string): Trace {
  const rows = ledgerRows(scenario)
  const of = (kind: EntryBody['kind']): LedgerRow[] => rows.filter(({ entry }) => entry.body.kind === kind)
  return {
    modelHash,
    receipts: of('receipt'),
    licences: of('licence'),
    devices: of('device'),
    joins: of('join'),
    seals: [sealOf(scenario)],
  }
}

function sealOf({ members }: Scenario): SealView {
  const all = Array.from({ length: Math.min(members, 6) }, (_, i) => memberId(i))
  return {
    epoch: 7,
    hash: hashOf(71),
    unixMs: NOW - 120_000,
    size: 61,
    root: hashOf(72),
    members: all,
    anchor: memberId(0),
    signers: all.slice(0, Math.max(1, all.length - 1)),
    path: 'host',
  }
}

export function ledgerViewOf(scenario: Scenario): LedgerView {
  const early = scenario.phase === 'joining' || scenario.phase === 'preparing'
  const rows = early ? [] : ledgerRows(scenario)
  const sealed = rows.filter(({ epoch }) => epoch !== null).length
  const trouble = scenario.trouble
  return {
    seal: early ? null : sealOf(scenario),
    sealedEntries: sealed,
    openEntries: rows.length - sealed,
    sealing: trouble
      ? { status: 'no-quorum', present: 2, needed: 5 }
      : early
        ? { status: 'idle' }
        : { status: 'gathering', have: 3, needed: 5 },
    balances: early
      ? []
      : [
          { member: memberId(0), sealed: 950_000_000n, live: 937_499_999n },
          { member: memberId(1), sealed: 50_000_000n, live: 62_500_000n },
          { member: memberId(2), sealed: 0n, live: 1n },
        ],
    issuedMicro: 1_000_000_000n,
    archivedEpochs: early ? 0 : 7,
    convicted: trouble ? [memberId(4)] : [],
    storageFailures: trouble ? 2 : 0,
  }
}

export function reportOf(scenario: Scenario, text: string): AuditReport {
  const rows = ledgerRows(scenario)
  const broken = text.includes('broken')
  const foreign = text.includes('not a ledger')
  const names = [0, 1, 2].map(i => ({ member: memberId(i), nickname: memberName(i, 'Hana') }))
  const empty: AuditReport = {
    status: 'broken',
    firstBroken: { line: 1, fault: 'unreadable-line', author: null, seq: null, epoch: null },
    room: null,
    title: '',
    founder: null,
    fromEpoch: 0,
    entries: 0,
    sealedEntries: 0,
    seals: 0,
    authors: 0,
    signatures: 0,
    convicted: [],
    lastSeal: null,
    issuedMicro: 0n,
    balances: [],
    compute: [],
    violations: [],
    proved: [],
    notProved: [],
  }
  if (foreign) return empty
  return {
    ...empty,
    status: broken ? 'broken' : 'sound',
    firstBroken: broken ? { line: 48, fault: 'bad-signature', author: memberId(1), seq: 9, epoch: 3 } : null,
    room: LINK.room as RoomId,
    title: 'Saturday workshop',
    founder: memberId(0) as MemberId,
    entries: rows.length,
    sealedEntries: 61,
    seals: 7,
    authors: 6,
    signatures: rows.length + 38,
    convicted: [memberId(4)],
    lastSeal: { epoch: 7, hash: hashOf(71), root: hashOf(72), unixMs: NOW - 120_000 },
    issuedMicro: 1_000_000_000n,
    balances: names.map((name, i) => ({ ...name, micro: [950_000_000n, 50_000_000n, 0n][i]! })),
    compute: names.map((name, i) => ({ ...name, flop: BigInt(9_360_000_000 - i * 1_000_000_000) })),
    violations: [{ member: memberId(2), kind: 'rate', receipt: hashOf(55) }],
    proved: ['authorship', 'chains', 'seals', 'history', 'balances', 'compute-sums', 'orders', 'convictions'],
    notProved: ['open-entries', 'work-was-done', 'who-people-are', 'entries-never-shown'],
  }
}
