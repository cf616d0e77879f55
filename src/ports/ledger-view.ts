// Port, records only: the ledger as the screens see it.
import type { Entry, EntryBody } from '../core/ledger/entry.ts'
import type { MemberId } from '../core/num/ids.ts'

export interface SealView {
  readonly epoch: number
  readonly hash: string
  readonly unixMs: number
  readonly size: number
  readonly root: string
  readonly members: readonly MemberId[]
  readonly anchor: MemberId
  readonly signers: readonly MemberId[]
  readonly path: 'host' | 'quorum'
}

export interface LedgerView {
  /** Newest final seal; null before the first. */
  readonly seal: SealView | null
  readonly sealedEntries: number
  readonly openEntries: number
  /** Where agreement on the next seal stands. */
  readonly sealing:
    | { readonly status: 'idle' }
    /** `have` of `needed` signatures of sealing members. */
    | { readonly status: 'gathering'; readonly have: number; readonly needed: number }
    /** Too few of the sealing members are here: nothing becomes final, nothing is lost. */
    | { readonly status: 'no-quorum'; readonly present: number; readonly needed: number }
  /** Final balances at the last seal and provisional ones now, micro-credits. */
  readonly balances: readonly { readonly member: MemberId; readonly sealed: bigint; readonly live: bigint }[]
  readonly issuedMicro: bigint
  /** Sealed epochs whose entries this device keeps. */
  readonly archivedEpochs: number
  /** Members whose signatures contradicted each other. */
  readonly convicted: readonly MemberId[]
  /** What could not be written to this device since it joined: 0 normally. */
  readonly storageFailures: number
}

export interface LedgerQuery {
  readonly kind: EntryBody['kind'] | 'all'
  readonly author: MemberId | 'all'
  /** Matches text fields, hashes and nicknames; "" for no filter. */
  readonly text: string
  readonly offset: number
  /** At most 200. */
  readonly count: number
}

export interface LedgerRow {
  readonly hash: string
  readonly entry: Entry
  /** Epoch of the seal that made it final; null while open. */
  readonly epoch: number | null
}

/** Newest first. */
export interface LedgerPage {
  readonly total: number
  readonly rows: readonly LedgerRow[]
}

/** From a model's hash to everything that made it (P8). */
export interface Trace {
  readonly modelHash: string
  readonly receipts: readonly LedgerRow[]
  readonly licences: readonly LedgerRow[]
  readonly devices: readonly LedgerRow[]
  /** Join entries with their data commitments. */
  readonly joins: readonly LedgerRow[]
  readonly seals: readonly SealView[]
}
