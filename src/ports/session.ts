// Port: one person's stay in one room, as the screens see it. The view is replaced, never mutated, at most four times a
// second. main.ts builds the real one (peer and trainer in workers, links in the page).
import type { Dataset } from '../core/data/dataset.ts'
import type { CharterBody, Entry } from '../core/ledger/entry.ts'
import type { MemberId, RoomId } from '../core/num/ids.ts'
import type { AuditReport } from '../core/room/audit-report.ts'
import type { AppraiserEvent, AppraiserHandle, AppraiserOptions } from './appraiser.ts'
import type { ActionResult, GovernanceAction, GovernanceView, ModelComparison } from './governance-view.ts'
import type { LedgerPage, LedgerQuery, LedgerView, Trace } from './ledger-view.ts'
import type { OwnDataRequest, OwnDataResult } from './own-data.ts'
import type { LendingView, ReconstructionView } from './lending-view.ts'
import type { RunAction, RunActionResult, RunsView } from './runs-view.ts'
import type { SwarmView } from './swarm-view.ts'
import type { BackendReport, Evaluation } from './trainer.ts'

export interface RoomLink {
  readonly room: RoomId
  /** 32 bytes, base64url. */
  readonly key: string
}

export type Phase =
  /** Links are being made; the charter or the model is on its way. */
  | 'joining'
  /** Timing the backends, loading data, warming up. */
  | 'preparing'
  | 'training'
  | 'paused'
  | 'watching'
  /** The charter's rounds are done. */
  | 'finished'
  | 'left'
  | 'failed'

export interface MemberView {
  readonly id: MemberId
  readonly nickname: string
  readonly self: boolean
  readonly role: 'trainer' | 'watcher'
  readonly status: 'training' | 'paused' | 'watching' | 'gone' | 'preparing'
  readonly part: number
  readonly round: number
  readonly accuracy: number | null
  readonly stepsPerSecond: number
  readonly linked: boolean
  readonly steps: number
}

export type RefusalReason =
  | 'malformed'
  | 'bad-signature'
  | 'wrong-length'
  | 'not-finite'
  /** One update has one encoding; this was another. */
  | 'not-canonical'
  | 'wrong-codec'
  /** The lot did not fall on its author. */
  | 'not-drawn'
  | 'outsized'
  | 'wrong-hash'
  | 'equivocation'
  | 'wrong-room'
  | 'too-old'
  | 'from-future'
  | 'bad-state'
  | 'bad-entry'
  | 'flooding'
  /** Publishes updates although it only watches or was expelled. */
  | 'not-a-trainer'
  /** Trained while the room was paused. */
  | 'paused'
  | 'no-licence'
  | 'over-budget'
  /** Publishes updates and states no receipts for them, or receipts that break a rule. */
  | 'no-receipt'
  | 'suspended'
  /** More entries than one author may add to an epoch. */
  | 'quota'
  /** A proposed seal that names what the ledger does not hold. */
  | 'bad-seal'
  /** Broke the rules of a sum under masks: shares that do not fit, lists that contradict each other. */
  | 'bad-sum'
  /** Compute that it lent came back wrong. */
  | 'bad-lending'

export interface Refusal {
  readonly member: MemberId | null
  readonly nickname: string
  readonly reason: RefusalReason
  readonly count: number
  readonly lastUnixMs: number
}

/** One point of the curves, from a measurement in a round. Accuracy is a fraction on the shared held-out samples. */
export interface MetricPoint {
  readonly round: number
  readonly seconds: number
  readonly ownLoss: number | null
  readonly ownAccuracy: number | null
  readonly swarmLoss: number | null
  /** This member's measurement of the mixed model. */
  readonly swarmAccuracy: number | null
  /** Lowest and highest accuracy of local models that members report. */
  readonly lowAccuracy: number | null
  readonly highAccuracy: number | null
}

export interface TrafficView {
  readonly sentBytes: number
  readonly receivedBytes: number
  readonly updatesSent: number
  readonly updatesReceived: number
  /** What float32 parameters to and from every member would have cost this member so far. */
  readonly float32Bytes: number
}

export interface DataSummary {
  readonly source: 'part' | 'own'
  readonly trainSamples: number
  readonly testSamples: number
  /** Training samples per class. */
  readonly perClass: readonly number[]
  readonly addedExamples: number
}

export type SessionFault =
  | { readonly kind: 'no-backend'; readonly detail: string }
  | { readonly kind: 'data-unavailable'; readonly detail: string }
  | { readonly kind: 'trainer-crashed'; readonly detail: string }
  | { readonly kind: 'room-full'; readonly detail: string }
  | { readonly kind: 'refused'; readonly detail: string }

export interface SessionView {
  readonly link: RoomLink
  readonly self: MemberId
  readonly nickname: string
  readonly phase: Phase
  readonly fault: SessionFault | null
  readonly charter: CharterBody | null
  readonly round: number
  /** Local steps done in this round and asked for. */
  readonly step: number
  readonly stepsInRound: number
  readonly totalSteps: number
  readonly samplesSeen: number
  readonly stepsPerSecond: number
  readonly effort: number
  readonly backend: BackendReport | null
  readonly data: DataSummary | null
  readonly own: Evaluation | null
  readonly swarm: Evaluation | null
  readonly history: readonly MetricPoint[]
  readonly members: readonly MemberView[]
  readonly traffic: TrafficView
  readonly swarmView: SwarmView
  readonly refusals: readonly Refusal[]
  readonly signaling: 'connecting' | 'open' | 'closed'
  readonly entries: number
  readonly ledger: LedgerView
  readonly governance: GovernanceView
  readonly runs: RunsView
  /** Null while no pair of owner and provider names this member. */
  readonly lending: LendingView | null
  /** Hex SHA-256 of the newest common state, and its round. */
  readonly modelHash: string
  readonly modelHashRound: number
}

export interface Prediction {
  readonly mine: Float32Array
  readonly swarm: Float32Array
  readonly start: Float32Array
}

/** Everything needed to check a member's work offline: their chain and the charter. */
export interface Receipt {
  readonly format: 'yoriai-receipt-2'
  readonly room: RoomId
  readonly member: MemberId
  readonly entries: readonly Entry[]
}

export type ModelExport = 'safetensors' | 'tfjs'

export interface ExportedFile {
  readonly name: string
  readonly mediaType: string
  readonly bytes: Uint8Array
}

/** This member's local model and the room's on every held-out sample; `own` says nothing of a watcher. */
export interface WholeMeasure {
  readonly own: Evaluation
  readonly swarm: Evaluation
}

export interface Session {
  readonly view: SessionView
  subscribe(listener: (view: SessionView) => void): () => void
  setPaused(paused: boolean): void
  setEffort(effort: number): void
  /** One sample, values as in Dataset.x after scaling (pixels in [0, 1]). */
  predict(sample: Float32Array): Promise<Prediction>
  /** Samples of the held-out test set, from `offset` on, wrapping around; `count` at most 64. For trying the model. */
  testSamples(offset: number, count: number): Promise<Dataset>
  /** Into the training split of this member only. */
  addExamples(data: Dataset): Promise<void>
  exportModel(format: ModelExport): Promise<readonly ExportedFile[]>
  /** Null while there are no held-out samples here. */
  measureWhole(): Promise<WholeMeasure | null>
  /** What the activations that this member sends to a lender tell of its samples; null where it sends none. */
  measureReconstruction(): Promise<ReconstructionView | null>
  act(action: GovernanceAction): Promise<ActionResult>
  actRun(action: RunAction): Promise<RunActionResult>
  ledgerPage(query: LedgerQuery): Promise<LedgerPage>
  /** Inclusion proof of one sealed entry, checkable without the rest; null while it is open or unknown. */
  proofOf(hash: string): Promise<ExportedFile | null>
  /** Everything that this device holds of the ledger, as one file that the audit reads. */
  exportLedger(): Promise<ExportedFile>
  trace(modelHash: string): Promise<Trace>
  /** An auditor's model file against the room's model. `name` is what findings call it. */
  compareModel(bytes: Uint8Array, name: string): Promise<ModelComparison>
  /** The opening of a commitment that an auditor asked for; null when this device does not hold it. */
  openCommitment(commitment: string): Promise<ExportedFile | null>
  /**
   * Appraises the samples that this member's join commits to and measures how accuracy grows with them, in this tab. A
   * watcher's is refused ('no-samples').
   */
  appraise(options: AppraiserOptions, listener: (event: AppraiserEvent) => void): AppraiserHandle
  /** Signs a leave entry, tells the others, stops everything; resolves with the receipt. */
  leave(): Promise<Receipt>
  close(): void
}

export interface JoinOptions {
  readonly link: RoomLink
  readonly nickname: string
  readonly role: 'trainer' | 'watcher'
  /** -1 takes the lowest free part. */
  readonly part: number
  /** Own data instead of a part of the built-in task. */
  readonly own: { readonly train: Dataset; readonly test: Dataset } | null
}

/** What a newcomer learns before consenting, over signaling only: no WebRTC, nothing computed, no address shown to members. */
export type Preview =
  | { readonly status: 'searching' }
  | { readonly status: 'found'; readonly charter: CharterBody; readonly size: number }
  | { readonly status: 'nobody' }
  | { readonly status: 'failed'; readonly reason: 'network' | 'room-full' | 'refused' }

export interface GreenRoomChecks {
  readonly secureContext: boolean
  readonly webgpu: { readonly status: 'checking' | 'ok' | 'software' | 'missing'; readonly adapter: string }
  readonly webrtc: boolean
  readonly storage: { readonly status: 'checking' | 'ok' | 'missing'; readonly freeBytes: number | null }
  readonly ed25519: 'checking' | 'ok' | 'missing'
}

/** What main.ts hands to the screens. */
export interface Rooms {
  /** Writes the founder's charter to this device and returns the link; no network yet. */
  createRoom(charter: Omit<CharterBody, 'kind' | 'salt' | 'seed'>): Promise<RoomLink>
  preview(link: RoomLink, listener: (preview: Preview) => void): () => void
  runChecks(listener: (checks: GreenRoomChecks) => void): () => void
  /** Bytes that joining would download: program parts and data that this browser does not hold yet. */
  downloadBytes(charter: CharterBody): Promise<number>
  /** Verifies an exported ledger on a worker; needs no room and no network. `progress` gets a fraction. */
  verifyLedger(bytes: Uint8Array, progress: (fraction: number) => void): Promise<AuditReport>
  loadOwnFiles(request: OwnDataRequest): Promise<OwnDataResult>
  join(options: JoinOptions): Promise<Session>
  /** The stay that a reload interrupted, if any. */
  resumable(): Promise<JoinOptions | null>
  deleteEverything(): Promise<void>
}
