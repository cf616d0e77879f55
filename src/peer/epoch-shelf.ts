// Sealed epochs in hand, newest first and without a gap: read from this device's archive, those that it lacks from the
// links. An epoch is read once: what a newer seal adds is put on top. After a while in which nobody looks, all go. Entries
// are trusted for the hashes that link them to heads that a seal has bound.
import { entryBytes, entryHash, hashOf } from '../core/ledger/chain.ts'
import type { Entry } from '../core/ledger/entry.ts'
import { leafHash } from '../core/num/merkle.ts'
import type { Certificate, SealedHead, Snapshot } from '../core/ledger/seal.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { LedgerRow } from '../ports/ledger-view.ts'
import type { Archive } from './archive.ts'
import type { PeerContext } from './context.ts'
import type { RoomBook } from './room-book.ts'

/** A link that does not answer for so long is not asked again for a while. */
const ANSWER_MS = 4_000
const SILENT_MS = 20_000
const IDLE_MS = 120_000

export interface HeldEpoch {
  readonly number: number
  readonly certificate: Certificate
  readonly rows: readonly LedgerRow[]
  /** Heads before its entries. */
  readonly before: readonly SealedHead[]
  /** Of its entries, in order; computed when a proof asks. */
  leaves: readonly Uint8Array[] | null
}

/** A snapshot that the epochs in hand follow. */
export interface Base {
  readonly certificate: Certificate
  readonly snapshot: Snapshot
}

/** Whether epochs that lie before these heads are wanted. */
export type Wants = (before: readonly SealedHead[]) => boolean

export const EVERYTHING: Wants = () => true

/** Of the epochs from one to another. */
const NOTHING: { readonly span: string; readonly rows: readonly LedgerRow[] } = { span: '', rows: [] }

export class EpochShelf {
  private held: HeldEpoch[] = []
  private sorted = NOTHING
  private readonly silentUntil = new Map<MemberId, number>()
  private lastAnswer: MemberId | undefined
  private asked: { readonly seal: string; readonly answer: (bytes: Uint8Array) => void } | null = null
  private reading: Promise<void> = Promise.resolve()
  private fetching: Promise<void> | null = null
  private cancelIdle: () => void = () => undefined
  private closed = false

  constructor(
    private readonly context: PeerContext,
    private readonly book: RoomBook,
    private readonly archive: Archive,
  ) {}

  /** Newest first, down from the newest seal; empty where that one's entries are not here. */
  get epochs(): readonly HeldEpoch[] {
    return this.held[0]?.number === this.book.epoch ? this.held : []
  }

  /** Whether they reach back to the room's beginning. */
  get isWhole(): boolean {
    return this.book.epoch === 0 || this.epochs[this.epochs.length - 1]?.number === 1
  }

  /** Rows of all epochs in hand. */
  newestFirst(): readonly LedgerRow[] {
    const { epochs } = this
    const span = `${epochs[epochs.length - 1]?.number ?? 0}-${epochs[0]?.number ?? 0}`
    if (span !== this.sorted.span) this.sorted = { span, rows: byTime(epochs.flatMap(({ rows }) => rows)) }
    return this.sorted.rows
  }

  /** What this device keeps. Calls run one after the other: who comes second finds the work done. */
  read(wants: Wants = EVERYTHING): Promise<void> {
    const done = this.reading.then(() => this.bring(wants, false))
    this.reading = done.catch(() => undefined)
    this.stayAwake()
    return done
  }

  /** What the links have too. */
  async fetch(wants: Wants = EVERYTHING): Promise<void> {
    await this.read(wants)
    while (this.fetching) await this.fetching
    this.fetching = this.bring(wants, true).finally(() => (this.fetching = null))
    await this.fetching
    this.stayAwake()
  }

  onArchive(seal: string, bytes: Uint8Array): void {
    if (this.asked?.seal === seal) this.asked.answer(bytes)
  }

  close(): void {
    this.closed = true
    this.cancelIdle()
  }

  private stayAwake(): void {
    this.cancelIdle()
    if (this.closed) return
    this.cancelIdle = this.context.clock.after(IDLE_MS, () => {
      this.held = []
      this.sorted = NOTHING
    })
  }

  private async bring(wants: Wants, ask: boolean): Promise<void> {
    for (;;) {
      const top = this.book.epoch
      await this.bringNewest(ask)
      await this.bringOlder(wants, ask)
      // The book may have moved on meanwhile.
      if (this.book.epoch === top) return
    }
  }

  /** Epochs above those in hand. Where they cannot be had, those in hand do not connect to the newest seal any more. */
  private async bringNewest(ask: boolean): Promise<void> {
    const known = this.held[0]
    if (!known || known.number === this.book.epoch) return
    const news: HeldEpoch[] = []
    let after = this.book.snapshot()?.heads ?? []
    for (let number = this.book.epoch; number > known.number; number--) {
      const epoch = await this.epochAt(number, after, ask)
      if (this.held[0] !== known) return
      if (!epoch) {
        this.held = news
        return
      }
      news.push(epoch)
      after = epoch.before
    }
    this.held.unshift(...news)
  }

  private async bringOlder(wants: Wants, ask: boolean): Promise<void> {
    for (;;) {
      const { held } = this
      const last = held[held.length - 1]
      const number = (last?.number ?? this.book.epoch + 1) - 1
      if (number < 1 || (last && !wants(last.before))) return
      const epoch = await this.epochAt(number, last?.before ?? this.book.snapshot()?.heads ?? [], ask)
      if (!epoch) return
      // Reading and fetching may both be here: the first one puts it down.
      if (this.held === held && held[held.length - 1] === last) held.push(epoch)
    }
  }

  private async epochAt(
    number: number,
    after: readonly SealedHead[],
    ask: boolean,
  ): Promise<HeldEpoch | undefined> {
    const newest = this.book.certificate
    const certificate = number === newest?.seal.epoch ? newest : await this.archive.certificateOf(number)
    if (!certificate) return undefined
    let read = await this.archive.epochEntries(number, after)
    if (!read && ask && (await this.askFor(certificate, after)))
      read = await this.archive.epochEntries(number, after)
    if (!read) return undefined
    const rows = read.entries.map(entry => ({ hash: entryHash(entry), entry, epoch: number }))
    return { number, certificate, rows, before: read.before, leaves: null }
  }

  /** One link after the other, first the one that answered last. */
  private async askFor(certificate: Certificate, after: readonly SealedHead[]): Promise<boolean> {
    const { clock, transport } = this.context
    const seal = hashOf(certificate.seal)
    const isLast = (link: MemberId): number => Number(link === this.lastAnswer)
    for (const link of [...transport.links()].sort((a, b) => isLast(b) - isLast(a))) {
      if ((this.silentUntil.get(link) ?? -Infinity) > clock.now()) continue
      const bytes = await this.askOne(link, seal)
      if (!bytes) {
        this.silentUntil.set(link, clock.now() + SILENT_MS)
        continue
      }
      this.lastAnswer = link
      if (await this.archive.accept(certificate.seal.epoch, bytes, after)) return true
    }
    return false
  }

  private askOne(link: MemberId, seal: string): Promise<Uint8Array | null> {
    return new Promise(resolve => {
      const settle = (bytes: Uint8Array | null): void => {
        cancel()
        this.asked = null
        resolve(bytes)
      }
      const cancel = this.context.clock.after(ANSWER_MS, () => settle(null))
      this.asked = { seal, answer: settle }
      if (!this.context.send(link, { type: 'archive-want', seal })) settle(null)
    })
  }
}

export function leavesOf(epoch: HeldEpoch): readonly Uint8Array[] {
  epoch.leaves ??= epoch.rows.map(({ entry }: { readonly entry: Entry }) => leafHash(entryBytes(entry)))
  return epoch.leaves
}

/** Newest first. */
export function byTime(rows: readonly LedgerRow[]): LedgerRow[] {
  return [...rows].sort(isLater)
}

export function isLater(a: LedgerRow, b: LedgerRow): number {
  return b.entry.unixMs - a.entry.unixMs || (a.hash < b.hash ? -1 : 1)
}
