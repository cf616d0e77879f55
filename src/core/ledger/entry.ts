// Ledger records: what a member signs. A closed union of bodies; integers and strings only (RFC 8785 canonical JSON
// then has one form). Entries of one author form a hash chain: seq counts from 0, prev is the SHA-256 of the entry before.
// An object that needs several signatures is one entry; the others sign its hash with an 'endorse' entry.
import type { PartitionScheme, TaskId } from '../data/dataset.ts'
import type { ModelSpec } from '../model/spec.ts'
import type { MemberId, RoomId } from '../num/ids.ts'

/** How members of a room train and mix; part of the charter, so everyone computes the same model. */
export interface TrainingTerms {
  readonly batchSize: number
  /** H of gossip.md step 1, before speed scaling. */
  readonly localSteps: number
  readonly optimizer: 'sgd' | 'adam'
  readonly learningRateMicro: number
  /** Outer step: alpha and mu of gossip.md step 7, in thousandths. */
  readonly outerRateMilli: number
  readonly outerMomentumMilli: number
  /** Rooms whose members do not know each other trim also at four members. */
  readonly trusted: 'yes' | 'no'
  /** Rounds to train; 0 trains until everyone leaves. */
  readonly rounds: number
  /** How updates are encoded; 'auto': one bit a parameter, and by a shared mask whoever has too slow an uplink for that. */
  readonly profile: 'auto' | 'one-bit' | 'masked' | 'sparse'
  /** How updates are combined. */
  readonly rule: RuleName
  readonly weighting: 'equal' | 'samples'
  /** What holds local models together where data differ: nothing, FedProx, or control variates. */
  readonly drift: 'none' | 'prox' | 'variates'
  /** mu of FedProx, millionths. */
  readonly proximalMicro: number
  /** 'own': the last layer is not shared; every member keeps its own. */
  readonly head: 'shared' | 'own'
  /** Members that publish in a round, about, drawn by lot where more train; 0 for everybody. */
  readonly committee: number
  readonly privacy: PrivacyTerms
}

/** Rules of combination; those that mend nothing (plain mean) serve experiments and privacy rooms. */
export type RuleName = 'clip-trim' | 'clip-mean' | 'multi-krum' | 'nearest-median' | 'centered-clip' | 'mean'

export type PrivacyTerms =
  | { readonly type: 'none' }
  /**
   * Every member clips the change of a round to an L2 norm and adds Gaussian noise to it before anything leaves the tab.
   * clipMicro: the norm in millionths; noiseMilli: standard deviation over the norm in thousandths; delta = 10^-deltaExponent.
   */
  | {
      readonly type: 'noise'
      readonly clipMicro: number
      readonly noiseMilli: number
      readonly deltaExponent: number
    }
  /** Changes are added up under pairwise masks: nobody sees one, everybody sees the sum. `profile` says nothing then. */
  | { readonly type: 'masks' }

/** Caps in floating-point operations, decimal strings; "0" sets none. */
export interface ComputeBudget {
  /** Of one member, over the whole room. */
  readonly memberFlop: string
  /** Of one member in one round. */
  readonly roundFlop: string
  /** Of the lineage: summed over all members. */
  readonly lineageFlop: string
}

/** Who may stop the room's compute, who may use it, and how the ledger is sealed. Changed by an 'amend' entry. */
export interface GovernanceTerms {
  /** Sorted, without repetition; 1 to 64. The founder alone unless others are named. */
  readonly guardians: readonly MemberId[]
  /** Guardians whose signatures make an order, a licence or an amendment effective; default ceil(2n/3). */
  readonly quorum: number
  /** Guardians whose signatures resume; default ceil(3n/4). */
  readonly resumeQuorum: number
  /** Members whose vouching gives identity level 2. */
  readonly issuers: readonly MemberId[]
  /** 'licensed': beyond one per cent of the lineage's cap a member needs a licence. */
  readonly licensing: 'open' | 'licensed'
  readonly budget: ComputeBudget
  readonly sealing: 'host' | 'consortium'
  /** Fail closed: nobody trains when no guardian was heard for this long, milliseconds; 0 never does. */
  readonly heartbeatMs: number
  /** The charter's end, room time; 0 for none. */
  readonly expiresUnixMs: number
}

/** Seq 0 of the room's founder. The room id is the first 16 bytes of SHA-256(founder key || salt), so it proves itself. */
export interface CharterBody {
  readonly kind: 'charter'
  readonly salt: string
  readonly title: string
  readonly task: TaskId
  readonly classes: readonly string[]
  readonly model: ModelSpec
  /** Seeds initial parameters and the partition. */
  readonly seed: string
  readonly partition: PartitionScheme
  /** Number of parts that a built-in task is split into. */
  readonly parts: number
  /** Samples of a built-in task that a part holds at most; 0 for no limit. */
  readonly partSamples: number
  readonly terms: TrainingTerms
  /** JSON of the table schema for task "own" with tables; else "". */
  readonly schema: string
  readonly governance: GovernanceTerms
  /** Micro-credits that the charter issues to the founder, decimal string: what the room has to pay with. */
  readonly rewardMicro: string
}

/** New governance terms in place of those of `previous`, an effective charter or amendment. */
export interface AmendBody {
  readonly kind: 'amend'
  /** Entry hash of the charter or amendment that this one replaces. */
  readonly previous: string
  readonly governance: GovernanceTerms
  readonly reason: string
}

export interface JoinBody {
  readonly kind: 'join'
  readonly nickname: string
  readonly role: 'trainer' | 'watcher'
  /** The part of the task taken; -1 for own data or none. */
  readonly part: number
  /** Hex Merkle root of the room-salted hashes of the training samples; "" without any. Commits, reveals nothing. */
  readonly dataRoot: string
}

export interface LeaveBody {
  readonly kind: 'leave'
}

/** Removes a silent or hostile sealing member; effective when endorsed by the seal quorum of the previous seal's members. */
export interface EvictBody {
  readonly kind: 'evict'
  readonly member: MemberId
  readonly reason: string
}

/** The anchor of a host-sealed room passes its office on. */
export interface HandoverBody {
  readonly kind: 'handover'
  readonly to: MemberId
}

/** Level 1 when the author is a guardian, level 2 when it is an issuer that the charter names. */
export interface VouchBody {
  readonly kind: 'vouch'
  readonly subject: MemberId
  readonly level: 1 | 2
  /** Beneficial owner as a commitment: hex SHA-256 of salt and name, or "". Opened to auditors only. */
  readonly owner: string
  readonly expiresUnixMs: number
}

/** An auditor asks for the opening of a commitment; its holder hands it over as a file. */
export interface DisclosureRequestBody {
  readonly kind: 'request'
  readonly subject: MemberId
  /** The commitment to open. */
  readonly commitment: string
  readonly reason: string
}

/** Registers a device, or a newly measured rate of it. */
export interface DeviceBody {
  readonly kind: 'device'
  /** 16 bytes, base64url: made on the device. */
  readonly device: string
  readonly label: string
  readonly backend: string
  /** Measured FLOP per second of training steps, decimal string. */
  readonly benchmarkFlops: string
  /** Entry hash of the custody event before: the transfer to this member or its own last registration; "" for a new device. */
  readonly previous: string
}

/** Custody of a device passes to another member, whose 'device' entry refers to this one. */
export interface DeviceTransferBody {
  readonly kind: 'device-transfer'
  readonly device: string
  readonly to: MemberId
  readonly previous: string
}

/** Permission to compute; effective when endorsed by the charter's quorum of guardians. */
export interface LicenceBody {
  readonly kind: 'licence'
  readonly subject: MemberId
  /** Fixed set; at most 16. */
  readonly devices: readonly string[]
  /** A lineage id, or "*". */
  readonly lineage: string
  readonly budgetFlop: string
  /** FLOP per second, decimal string; "0" sets no rate. */
  readonly rateFlops: string
  readonly notBeforeUnixMs: number
  readonly expiresUnixMs: number
  /** Grows with every licence of a subject: an older one can not be brought back. */
  readonly counter: number
}

/** Metered work since the author's previous receipt. */
export interface ReceiptBody {
  readonly kind: 'receipt'
  readonly lineage: string
  readonly device: string
  /** Entry hash of the licence used; "" under self-registration. */
  readonly licence: string
  /** Entry hash of the author's previous receipt; "" for the first. */
  readonly previous: string
  readonly fromRound: number
  readonly toRound: number
  /** The author's steps in this room before and after. */
  readonly fromStep: number
  readonly toStep: number
  readonly samples: number
  /** Floating-point operations from layer shapes, decimal string. */
  readonly flop: string
  /** Milliseconds of computing. */
  readonly wallMs: number
  /** Hex SHA-256 of the common model state at the receipt before and now. */
  readonly modelBefore: string
  readonly modelAfter: string
  /** Updates published, and the hex Merkle root of their ids in order; "" for none. */
  readonly updates: number
  readonly updatesRoot: string
  readonly sentBytes: number
  readonly receivedBytes: number
}

/** Effective when endorsed by the charter's quorum. Pauses and resumes concern the lineage. */
export interface OrderBody {
  readonly kind: 'order'
  readonly action: 'pause' | 'resume' | 'revoke'
  /** For revoke: entry hash of a licence, or a member id; else "". */
  readonly target: string
  readonly reason: string
  /** Greater than that of every effective order before. */
  readonly nonce: number
  /** The round that the author was in: a pause admits no update of a later round. */
  readonly round: number
  readonly expiresUnixMs: number
}

/** One guardian stops the room for a minute, at most once an hour. */
export interface HoldBody {
  readonly kind: 'hold'
  readonly reason: string
  readonly round: number
}

/** Signs an amendment, licence, order or eviction of somebody else. */
export interface EndorseBody {
  readonly kind: 'endorse'
  /** Entry hash. */
  readonly subject: string
  /** The round that the author was in. */
  readonly round: number
}

/** Credits to another member; carried out at the seal, as far as the payer's balance goes. */
export interface TransferBody {
  readonly kind: 'transfer'
  readonly to: MemberId
  readonly amountMicro: string
  readonly memo: string
}

/** Two signatures of one author that exclude each other; whoever reads it can convict. Both are canonical JSON texts. */
export interface ProofBody {
  readonly kind: 'proof'
  readonly against: MemberId
  /** 'entries': two signed heads (see SignedHead) for one seq. 'statements': two seal statements for one place. */
  readonly evidence: 'entries' | 'statements'
  readonly first: string
  readonly second: string
}

// Sponsored runs (core/incentives/runs): a run is named by the entry hash of its quote. Amounts of credits are decimal strings
// of micro-credits; shares, qualities and prices are millionths.

/** What an owner says of its data, as its tab appraised them: a report; pay follows measurement. The newest of an owner counts. */
export interface AssetBody {
  readonly kind: 'asset'
  /** Hex Merkle root of the salted hashes of the samples: that of the owner's join. */
  readonly root: string
  readonly samples: number
  /** Samples per class, in the charter's order. */
  readonly classes: readonly number[]
  readonly appraisal: AssetAppraisal
  /** f: what the report comes to. */
  readonly qualityMillionths: number
  /** Whose data these are and why they may be used: the owner's own, with consent of others, or public. */
  readonly consent: 'own' | 'granted' | 'public'
  /** Name of a licence, or "". */
  readonly licence: string
}

/** Findings as parts of a million: of samples that are complete, occur twice, nearly twice, ... (core/data/appraisal). */
export interface AssetAppraisal {
  readonly completeMillionths: number
  readonly duplicateMillionths: number
  readonly nearDuplicateMillionths: number
  /** Entropy of labels over its maximum. */
  readonly balanceMillionths: number
  readonly noiseMillionths: number
  readonly outlierMillionths: number
  /** Population stability index against held-out samples, times a million. */
  readonly driftMillionths: number
}

export type LendingMode = 'local' | 'split' | 'paired'

/** A sponsor prices a run; the reward is locked at the seal that holds this. */
export interface QuoteBody {
  readonly kind: 'quote'
  readonly title: string
  /** eta */
  readonly rewardMicro: string
  /** alpha, in micro-credits, and G of g(Q) = G ln(1 + Q): what the sponsor says quality is worth to it. */
  readonly alphaMicro: string
  readonly growthMillionths: number
  /** lambda * rho: what a unit of data costs its owner, in micro-credits. */
  readonly dataPriceMicro: string
  /** epsilon: what a unit of data costs a provider of unit cost 1, in micro-credits. */
  readonly computePriceMicro: string
  /** Samples in a unit of data. */
  readonly unitSamples: number
  /** xi: below it no quality is reported or measured. */
  readonly qualityFloorMillionths: number
  /** phi */
  readonly fineMillionths: number
  /** Part of the reward that all who contributed share alike. */
  readonly floorMillionths: number
  /** Gossip rounds that the run lasts. */
  readonly rounds: number
  /** Rounds after which measured quality replaces the reports; 0 never does. */
  readonly remeasureRounds: number
  /** Others that measure each owner, drawn by lot when the run begins. */
  readonly appraisers: number
  /** Ways of lending compute that the sponsor allows besides 'local'. */
  readonly lending: 'none' | 'split' | 'any'
  readonly centreRule: 'linearTarget' | 'nash'
  /** When everything that is then still locked is settled or handed back, room time. */
  readonly expiresUnixMs: number
}

/** An owner takes part; the newest word of an author in a run counts. */
export interface OfferBody {
  readonly kind: 'offer'
  readonly run: string
  /** Entry hash of the asset. */
  readonly asset: string
  readonly qualityMillionths: number
  /** Samples that the owner brings at most. */
  readonly samples: number
  readonly mode: LendingMode
}

/** A member lends compute to owners of a run. */
export interface CapacityBody {
  readonly kind: 'capacity'
  readonly run: string
  /** sigma of the cost. */
  readonly unitCostMillionths: number
  /** Steps per second, as the tab measured, in thousandths. */
  readonly speedMilli: number
  readonly modes: 'split' | 'any'
}

/** The author leaves a run, as owner and as provider; what was accepted of it stays. */
export interface WithdrawBody {
  readonly kind: 'withdraw'
  readonly run: string
}

/** The sponsor closes the offers: at the next seal amounts are solved and pairs made. */
export interface BeginBody {
  readonly kind: 'begin'
  readonly run: string
  /** The gossip round that the author was in. */
  readonly round: number
}

/** An owner, or its provider, signs the contract of a pair: only then data or activations flow. */
export interface ContractBody {
  readonly kind: 'contract'
  readonly run: string
  /** Hex SHA-256 of the canonical terms of the pair. */
  readonly contract: string
}

/** An owner allows that more than one provider gets to see its data. */
export interface ExposureBody {
  readonly kind: 'exposure'
  readonly limit: number
}

/** A provider states that it deleted what it held of an owner. */
export interface DeletionBody {
  readonly kind: 'deletion'
  readonly run: string
  readonly contract: string
}

/** Either side of a pair states what was lent so far; pay goes by the smaller of both statements. */
export interface ServiceBody {
  readonly kind: 'service'
  readonly run: string
  readonly contract: string
  /** Jobs that the provider completed, from the beginning: an owner's job is its training of one gossip round. */
  readonly jobs: number
}

/**
 * What an appraiser measured of each owner, in thousand-millionths of a nat (nano-nats) of its own validation loss, summed from
 * the run's beginning to `toRound`: 'drops' by each update alone, 'shapley' values over all rounds.
 */
export interface MeasureBody {
  readonly kind: 'measure'
  readonly run: string
  readonly method: 'drops' | 'shapley'
  readonly toRound: number
  /** Rounds that were really looked at. */
  readonly rounds: number
  /** By member, ascending; half-width is of a 95 % interval, 0 where exact. */
  readonly values: readonly {
    readonly member: MemberId
    readonly nanoNats: number
    readonly halfWidth: number
  }[]
}

/** The sponsor ends its run: what was accepted is paid, the rest goes back. */
export interface AbortBody {
  readonly kind: 'abort'
  readonly run: string
  readonly reason: string
}

/** Bodies of sponsored runs. */
export type RunBody =
  | AssetBody
  | QuoteBody
  | OfferBody
  | CapacityBody
  | WithdrawBody
  | BeginBody
  | ContractBody
  | ExposureBody
  | DeletionBody
  | ServiceBody
  | MeasureBody
  | AbortBody

export type EntryBody =
  | CharterBody
  | AmendBody
  | JoinBody
  | LeaveBody
  | EvictBody
  | HandoverBody
  | VouchBody
  | DisclosureRequestBody
  | DeviceBody
  | DeviceTransferBody
  | LicenceBody
  | ReceiptBody
  | OrderBody
  | HoldBody
  | EndorseBody
  | TransferBody
  | ProofBody
  | RunBody

export interface Entry {
  readonly v: 2
  readonly room: RoomId
  readonly author: MemberId
  readonly seq: number
  /** Hex SHA-256 of the previous entry's canonical bytes, signature included; "" for seq 0. */
  readonly prev: string
  /** The author's clock. */
  readonly unixMs: number
  readonly body: EntryBody
  /** Base64url Ed25519 signature over the canonical bytes of the SignedHead without `sig`. */
  readonly sig: string
}

/** What the signature covers: the body by its hash, so that two conflicting entries can be shown without their contents. */
export interface SignedHead {
  readonly v: 2
  readonly room: RoomId
  readonly author: MemberId
  readonly seq: number
  readonly prev: string
  readonly unixMs: number
  /** Hex SHA-256 of the canonical body. */
  readonly bodyHash: string
  readonly sig: string
}

const RUN_KINDS: ReadonlySet<EntryBody['kind']> = new Set<RunBody['kind']>([
  'asset',
  'quote',
  'offer',
  'capacity',
  'withdraw',
  'begin',
  'contract',
  'exposure',
  'deletion',
  'service',
  'measure',
  'abort',
])

export function isRunBody(body: EntryBody): body is RunBody {
  return RUN_KINDS.has(body.kind)
}
