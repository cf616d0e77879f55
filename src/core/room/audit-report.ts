// What the audit of an exported ledger found: plain data for the console, the page and other programs.
import type { MemberId, RoomId } from '../num/ids.ts'

export type AuditFault =
  /** Not text, not canonical JSON, or none of the lines that the format knows. */
  | 'unreadable-line'
  | 'truncated'
  | 'wrong-room'
  | 'bad-signature'
  /** Sequence or previous hash does not continue its author's chain. */
  | 'broken-chain'
  | 'out-of-order'
  | 'not-the-founder'
  /** Two entries of one author for one place. */
  | 'fork'
  | 'wrong-root'
  | 'wrong-heads'
  | 'wrong-state'
  | 'wrong-size'
  | 'wrong-previous-seal'
  | 'wrong-members'
  | 'no-quorum'
  | 'bad-proof'
  /** The export starts later than the room did, and its snapshot is not that of its first seal. */
  | 'wrong-snapshot'

export interface BrokenLine {
  /** 1-based line of the file. */
  readonly line: number
  readonly fault: AuditFault
  readonly author: MemberId | null
  readonly seq: number | null
  readonly epoch: number | null
}

export interface AuditReport {
  readonly status: 'sound' | 'broken'
  /** The first line that does not hold; null when sound. Lines before it are proved as far as `proved` says. */
  readonly firstBroken: BrokenLine | null
  readonly room: RoomId | null
  readonly title: string
  readonly founder: MemberId | null
  /** Epoch that the export starts after; 0 for the whole history. */
  readonly fromEpoch: number
  readonly entries: number
  readonly sealedEntries: number
  readonly seals: number
  readonly authors: number
  readonly signatures: number
  readonly convicted: readonly MemberId[]
  readonly lastSeal: {
    readonly epoch: number
    readonly hash: string
    readonly root: string
    readonly unixMs: number
  } | null
  readonly issuedMicro: bigint
  readonly balances: readonly {
    readonly member: MemberId
    readonly nickname: string
    readonly micro: bigint
  }[]
  readonly compute: readonly { readonly member: MemberId; readonly nickname: string; readonly flop: bigint }[]
  readonly violations: readonly {
    readonly member: MemberId
    readonly kind: string
    readonly receipt: string
  }[]
  /** What follows from the file alone, and what nobody can conclude from it; keys that the screens word. */
  readonly proved: readonly AuditProof[]
  readonly notProved: readonly AuditLimit[]
}

export type AuditProof =
  'authorship' | 'chains' | 'seals' | 'history' | 'balances' | 'compute-sums' | 'orders' | 'convictions'

export type AuditLimit =
  /** Entries after the last seal may still be contradicted. */
  | 'open-entries'
  /** The export starts after an earlier seal: what was before rests on that seal's signatures. */
  | 'earlier-epochs'
  /** Receipts are consistent; that the work was done is their authors' word. */
  | 'work-was-done'
  /** Keys are known, people are not, but for what vouching says. */
  | 'who-people-are'
  | 'entries-never-shown'
