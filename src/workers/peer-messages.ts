// What the page and the peer's worker say to each other. Both are built from one commit, so this is a type, not a border.
import type { Dataset } from '../core/data/dataset.ts'
import type {
  ExportedFile,
  ModelExport,
  Prediction,
  Receipt,
  SessionView,
  WholeMeasure,
} from '../ports/session.ts'
import type { OwnSamples } from '../ports/appraiser.ts'
import type { ActionResult, GovernanceAction, ModelComparison } from '../ports/governance-view.ts'
import type { RunAction, RunActionResult } from '../ports/runs-view.ts'
import type { LedgerPage, LedgerQuery, Trace } from '../ports/ledger-view.ts'
import type { ReconstructionView } from '../ports/lending-view.ts'
import type { CharterEntry } from '../peer/founding.ts'
import type { PeerOptions } from '../peer/deps.ts'

export interface PeerStart {
  readonly type: 'start'
  readonly transport: MessagePort
  readonly trainer: MessagePort
  readonly options: Omit<PeerOptions, 'charter' | 'resume'>
  readonly charter: CharterEntry
  /** Names of the databases and the identity's slot; see adapters/device.ts. */
  readonly slot: string
  /** Where the prepared data lie, absolute, with a slash at the end. */
  readonly dataUrl: string
  /** Forces a training backend (address parameter "backend"); null measures and chooses. */
  readonly backend: string | null
}

/** Calls with an answer. */
export interface PeerCalls {
  predict(sample: Float32Array): Prediction
  addExamples(data: Dataset): void
  testSamples(offset: number, count: number): Dataset
  exportModel(format: ModelExport): readonly ExportedFile[]
  measureWhole(): WholeMeasure | null
  act(action: GovernanceAction): ActionResult
  measureReconstruction(): ReconstructionView | null
  actRun(action: RunAction): RunActionResult
  ledgerPage(query: LedgerQuery): LedgerPage
  proofOf(hash: string): ExportedFile | null
  exportLedger(): ExportedFile
  trace(modelHash: string): Trace
  compareModel(bytes: Uint8Array, name: string): ModelComparison
  openCommitment(commitment: string): ExportedFile | null
  /** For an appraisal in this tab; null for who brings no samples. */
  ownSamples(): OwnSamples | null
  leave(): Receipt
}

export type PeerCall = {
  [Name in keyof PeerCalls]: { readonly name: Name; readonly args: Parameters<PeerCalls[Name]> }
}[keyof PeerCalls]

export type ToPeer =
  | PeerStart
  | { readonly type: 'paused'; readonly paused: boolean }
  | { readonly type: 'effort'; readonly effort: number }
  /** The page saw the trainer's worker die. */
  | { readonly type: 'trainer-crashed'; readonly detail: string }
  | { readonly type: 'call'; readonly id: number; readonly call: PeerCall }
  | { readonly type: 'close' }

export type FromPeer =
  | { readonly type: 'view'; readonly view: SessionView }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly message: string }
  | { readonly type: 'not-started'; readonly message: string }
