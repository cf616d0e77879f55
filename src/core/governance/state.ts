// What governance remembers: facts of entries, kept so that their order between authors does not matter. Judgements are made
// when somebody asks (derived.ts), because what they rest on (signatures, terms, licences) may arrive later than the
// question; at a seal the judgements that must not change any more are written down (closing.ts).
import type { AmendBody, EvictBody, GovernanceTerms, LicenceBody, OrderBody } from '../ledger/entry.ts'
import type { MemberId, RoomId } from '../num/ids.ts'
import type { TimelineItem, ViolationKind } from './view-records.ts'

export interface TermsInForce {
  /** Entry hash of the charter or of the newest effective amendment. */
  readonly hash: string
  readonly terms: GovernanceTerms
}

export interface Signature {
  readonly round: number
  readonly unixMs: number
  /** Epoch that was open when it came. */
  readonly epoch: number
}

export type MotionBody = OrderBody | LicenceBody | AmendBody | EvictBody

/** Something that needs signatures. */
export interface MotionRecord {
  readonly author: MemberId
  readonly seq: number
  readonly unixMs: number
  readonly epoch: number
  /** One order too many in an hour: kept, with its reason, but without effect. */
  readonly idle: boolean
  /** Effective at a seal: stays so, whoever the guardians are later. Only licences remain after it. */
  readonly sealed: boolean
  readonly body: MotionBody
}

export interface Vouch {
  readonly level: 1 | 2
  readonly owner: string
  readonly expiresUnixMs: number
  /** The author was entitled at a seal. */
  readonly sealed: boolean
}

/** An event of a device's custody chain. */
export interface CustodyEvent {
  readonly device: string
  readonly kind: 'registered' | 'transferred'
  readonly author: MemberId
  readonly holder: MemberId
  readonly previous: string
  readonly unixMs: number
  readonly label: string
  readonly backend: string
  readonly benchmarkFlops: bigint
  /** Contradicts the author's own chain: counts for nothing. */
  readonly broken: boolean
}

/** What a member's own chain says of a device it uses. */
export interface DeviceUse {
  /** Newest own event of its custody. */
  registration: string
  transferred: boolean
  benchmarkFlops: bigint
  flop: bigint
  /** Ten thousandths of a FLOP that the benchmark allows for the milliseconds stated so far. */
  allowed: bigint
  /** Beginning of the time in which the stated milliseconds must lie, and those milliseconds. */
  sinceUnixMs: number
  wallMs: number
}

/** Work under one licence on one device; the licence "" is self-registration. */
export interface LicenceUse {
  readonly licence: string
  readonly device: string
  flop: bigint
  readonly firstSeq: number
  lastSeq: number
  firstUnixMs: number
  lastUnixMs: number
  /** Milliseconds on the author's clock that these receipts cover. */
  spanMs: number
  lastReceipt: string
}

export interface Account {
  flop: bigint
  steps: number
  /** Where the first receipt begins; -1 before it. */
  firstRound: number
  /** Of the newest receipt; -1 and "" before the first. */
  lastRound: number
  lastReceipt: string
  modelAfter: string
  lastUnixMs: number
  /** FLOP stated by receipts that lie within lastRound alone. */
  roundTail: bigint
  /** Most FLOP per round that the receipts amount to at any point, and which one shows it. */
  roundPeak: bigint
  roundPeakReceipt: string
  /** Keyed by useKey(licence, device). */
  readonly uses: Map<string, LicenceUse>
  readonly devices: Map<string, DeviceUse>
  /** Rules broken in the own chain, each with the first receipt that did. */
  readonly violations: Map<ViolationKind, string>
  /** What seals let this member use of the lineage's budget, in all; never less than before while it stays. */
  granted: bigint
  /** FLOP under self-registration while the terms asked for no licence. */
  excused: bigint
  isTrainer: boolean
  present: boolean
  /** Stated times of its newest orders that count, and of its newest hold that does. */
  orderTimes: readonly number[]
  lastHoldUnixMs: number
  deviceEvents: number
}

export interface HoldRecord {
  readonly author: MemberId
  readonly unixMs: number
  readonly epoch: number
  readonly round: number
  readonly reason: string
}

export interface PauseInForce {
  readonly order: string
  readonly cut: number
  readonly unixMs: number
  readonly expiresUnixMs: number
  readonly reason: string
}

/** Rounds after `after` belong to the order to resume with this hash. */
export interface Resumption {
  readonly after: number
  readonly order: string
}

/** Orders carried out so far. */
export interface Orders {
  /** Greatest nonce so far; -1 before the first. */
  readonly nonce: number
  /** Without an order to resume after them. */
  readonly pauses: readonly PauseInForce[]
  readonly resumptions: readonly Resumption[]
}

export interface Revocation {
  readonly order: string
  readonly unixMs: number
}

export interface HighWater {
  readonly counter: number
  readonly licence: string
}

export interface RequestRecord {
  readonly by: MemberId
  readonly subject: MemberId
  readonly commitment: string
  readonly reason: string
  readonly epoch: number
}

export type TimelineRecord = Omit<TimelineItem, 'hash' | 'effective'> & {
  readonly epoch: number
  readonly sealedEffective: boolean
}

/** Budgets as numbers; 0n sets none. */
export interface Caps {
  readonly memberFlop: bigint
  readonly roundFlop: bigint
  readonly lineageFlop: bigint
}

export interface GovernanceState {
  readonly room: RoomId
  /** Of the last seal; 0 before the first. */
  epoch: number
  founder: MemberId | ''
  /** FLOP of training on one sample, and samples of a step, from the charter's model and terms. */
  sampleFlop: number
  batchSize: number
  /** Terms in force at the last seal; null before the charter. */
  base: TermsInForce | null
  /** The loosest caps that were ever in force: what was done under them stays right. */
  loosest: Caps
  /** Sealing members since the last seal. */
  sealMembers: readonly MemberId[]
  orders: Orders
  readonly motions: Map<string, MotionRecord>
  /** By entry hash of the motion, which may come later than its signatures. */
  readonly signatures: Map<string, Map<MemberId, Signature>>
  readonly vouches: Map<MemberId, Map<MemberId, Vouch>>
  readonly custody: Map<string, CustodyEvent>
  readonly accounts: Map<MemberId, Account>
  readonly holds: Map<string, HoldRecord>
  /** By licence or member. */
  readonly revoked: Map<string, Revocation>
  readonly highWater: Map<MemberId, HighWater>
  /** Evicted members, with the epoch whose seal made it so; joining again removes the mark. */
  readonly evicted: Map<MemberId, number>
  readonly convicted: Set<MemberId>
  readonly requests: Map<string, RequestRecord>
  readonly timeline: Map<string, TimelineRecord>
}

/** Clocks of honest members may be this wrong. */
export const SKEW_MS = 3_600_000

export function initialState(room: RoomId): GovernanceState {
  return {
    room,
    epoch: 0,
    founder: '',
    sampleFlop: 0,
    batchSize: 0,
    base: null,
    loosest: { memberFlop: 0n, roundFlop: 0n, lineageFlop: 0n },
    sealMembers: [],
    orders: { nonce: -1, pauses: [], resumptions: [] },
    motions: new Map(),
    signatures: new Map(),
    vouches: new Map(),
    custody: new Map(),
    accounts: new Map(),
    holds: new Map(),
    revoked: new Map(),
    highWater: new Map(),
    evicted: new Map(),
    convicted: new Set(),
    requests: new Map(),
    timeline: new Map(),
  }
}

export function accountOf(state: GovernanceState, member: MemberId): Account {
  const known = state.accounts.get(member)
  if (known) return known
  const fresh = freshAccount()
  state.accounts.set(member, fresh)
  return fresh
}

/** Of a member that did nothing yet. */
export function freshAccount(): Account {
  return {
    flop: 0n,
    steps: 0,
    firstRound: -1,
    lastRound: -1,
    lastReceipt: '',
    modelAfter: '',
    lastUnixMs: 0,
    roundTail: 0n,
    roundPeak: 0n,
    roundPeakReceipt: '',
    uses: new Map(),
    devices: new Map(),
    violations: new Map(),
    granted: 0n,
    excused: 0n,
    isTrainer: false,
    present: false,
    orderTimes: [],
    lastHoldUnixMs: 0,
    deviceEvents: 0,
  }
}

/** One that can be changed without changing the other. Records that are replaced and never changed are shared. */
export function cloneGovernance(state: GovernanceState): GovernanceState {
  const inner = <K, V>(outer: ReadonlyMap<string, ReadonlyMap<K, V>>): Map<string, Map<K, V>> =>
    new Map([...outer].map(([key, map]) => [key, new Map(map)]))
  return {
    ...state,
    motions: new Map(state.motions),
    signatures: inner(state.signatures),
    vouches: inner(state.vouches) as GovernanceState['vouches'],
    custody: new Map(state.custody),
    accounts: new Map([...state.accounts].map(([member, account]) => [member, cloneAccount(account)])),
    holds: new Map(state.holds),
    revoked: new Map(state.revoked),
    highWater: new Map(state.highWater),
    evicted: new Map(state.evicted),
    convicted: new Set(state.convicted),
    requests: new Map(state.requests),
    timeline: new Map(state.timeline),
  }
}

function cloneAccount(account: Account): Account {
  return {
    ...account,
    uses: new Map([...account.uses].map(([key, use]) => [key, { ...use }])),
    devices: new Map([...account.devices].map(([device, use]) => [device, { ...use }])),
    violations: new Map(account.violations),
  }
}

/** The room's own lineage: everything trained here has one common model. */
export function lineageOf(state: Pick<GovernanceState, 'room'>): string {
  return state.room
}
