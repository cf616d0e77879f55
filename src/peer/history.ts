// The whole ledger as far as it can be had, for the screens' pages, for exports, for proofs of single entries and for
// tracing a model: epochs in hand (epoch-shelf.ts) and the open entries. Nothing here changes the ledger.
import { canonicalise } from '../core/ledger/canonical.ts'
import { entryHash, hashOf } from '../core/ledger/chain.ts'
import type { Entry } from '../core/ledger/entry.ts'
import type { Certificate } from '../core/ledger/seal.ts'
import type { MemberId } from '../core/num/ids.ts'
import { LedgerWriter } from '../core/room/export-file.ts'
import { createProof } from '../core/room/proof-file.ts'
import { traceModel } from '../core/room/trace.ts'
import type { LedgerPage, LedgerQuery, LedgerRow, SealView, Trace } from '../ports/ledger-view.ts'
import type { ExportedFile } from '../ports/session.ts'
import type { Archive } from './archive.ts'
import type { PeerContext } from './context.ts'
import { byTime, EpochShelf, isLater, leavesOf, type Base, type HeldEpoch } from './epoch-shelf.ts'
import type { RoomBook } from './room-book.ts'

const MAX_PAGE = 200

interface Whole {
  /** Ascending and without a gap up to the newest. */
  readonly epochs: readonly HeldEpoch[]
  /** What they begin after; null: from the beginning. */
  readonly start: Base | null
}

export function viewOfSeal({ seal, statements }: Certificate): SealView {
  const { epoch, unixMs, size, root, members, anchor } = seal
  const signers = [...new Set(statements.map(({ author }) => author))].sort()
  const path = statements[0]?.path ?? 'host'
  return { epoch, hash: hashOf(seal), unixMs, size, root, members, anchor, signers, path }
}

export class History {
  private readonly shelf: EpochShelf

  constructor(
    context: PeerContext,
    private readonly book: RoomBook,
    private readonly archive: Archive,
  ) {
    this.shelf = new EpochShelf(context, book, archive)
  }

  async page(query: LedgerQuery, nicknameOf: (member: MemberId) => string): Promise<LedgerPage> {
    await this.shelf.read()
    // What only others have is there when the page is asked for again.
    if (!this.shelf.isWhole) this.shelf.fetch().catch(() => undefined)
    const wanted = query.text.trim().toLowerCase()
    const matches = merged(this.shelf.newestFirst(), byTime(this.openRows())).filter(({ hash, entry }) => {
      if (query.kind !== 'all' && entry.body.kind !== query.kind) return false
      if (query.author !== 'all' && entry.author !== query.author) return false
      if (wanted === '') return true
      return `${hash} ${nicknameOf(entry.author)} ${canonicalise(entry.body)}`.toLowerCase().includes(wanted)
    })
    const from = Math.max(0, query.offset)
    return { total: matches.length, rows: matches.slice(from, from + Math.min(MAX_PAGE, query.count)) }
  }

  async export(): Promise<ExportedFile> {
    const { epochs, start } = await this.whole()
    const { charter } = this.book
    const writer = new LedgerWriter(charter.room)
    const pieces = [writer.begin(start && { ...start, charter })]
    for (const { certificate, rows } of epochs)
      pieces.push(
        writer.epoch(
          rows.map(({ entry }) => entry),
          certificate,
        ),
      )
    pieces.push(writer.end(this.book.ledger.openEntries() ?? []))
    return {
      name: `yoriai-ledger-${charter.room}.ndjson`,
      mediaType: 'application/x-ndjson',
      bytes: joined(pieces),
    }
  }

  /** Null while the entry is open or when the epochs before it are not all in hand. */
  async proofOf(hash: string): Promise<ExportedFile | null> {
    const { epochs, start } = await this.whole()
    const last = epochs[epochs.length - 1]
    if (start || !last) return null
    const rows = epochs.flatMap(epoch => epoch.rows)
    const index = rows.findIndex(row => row.hash === hash)
    const row = rows[index]
    if (!row) return null
    const bytes = createProof({
      charter: this.book.charter,
      entry: row.entry,
      index,
      leaves: epochs.flatMap(leavesOf),
      certificate: last.certificate,
    })
    return { name: `yoriai-proof-${hash.slice(0, 12)}.json`, mediaType: 'application/json', bytes }
  }

  async trace(modelHash: string): Promise<Trace> {
    await this.shelf.fetch()
    const epochs = [...this.shelf.epochs].reverse()
    const seals = epochs.map(({ certificate }) => certificate)
    const traced = traceModel(
      [...epochs.flatMap(({ rows }) => rows), ...this.openRows()],
      modelHash,
      seals.map(({ seal }) => seal),
    )
    return {
      modelHash,
      receipts: traced.receipts,
      licences: traced.licences,
      devices: traced.devices,
      joins: traced.joins,
      seals: seals.filter(({ seal }) => traced.epochs.includes(seal.epoch)).map(viewOfSeal),
    }
  }

  /** The author's own chain as far as it can be had, oldest first. */
  async chainOf(author: MemberId): Promise<Entry[]> {
    // No further back than the author was there.
    await this.shelf.fetch(before => before.some(([known]) => known === author))
    const rows = [...this.shelf.epochs].reverse().flatMap(epoch => epoch.rows)
    return [...rows, ...this.openRows()].flatMap(({ entry }) => (entry.author === author ? [entry] : []))
  }

  onArchive(seal: string, bytes: Uint8Array): void {
    this.shelf.onArchive(seal, bytes)
  }

  close(): void {
    this.shelf.close()
  }

  private openRows(): LedgerRow[] {
    return (this.book.ledger.openEntries() ?? []).map(entry => ({
      hash: entryHash(entry),
      entry,
      epoch: null,
    }))
  }

  /** Ends with the newest seal, and begins with the room or after a seal whose snapshot is at hand. */
  private async whole(): Promise<Whole> {
    await this.shelf.fetch()
    const base = await this.archive.base()
    const { certificate } = this.book
    const epochs = [...this.shelf.epochs].reverse()
    const first = epochs[0]?.number
    if (!certificate || first === 1) return { epochs, start: null }
    const baseEpoch = base?.certificate.seal.epoch
    if (base && baseEpoch !== undefined && first !== undefined && baseEpoch >= first - 1)
      return { epochs: epochs.filter(({ number }) => number > baseEpoch), start: base }
    return { epochs: [], start: { certificate, snapshot: this.book.snapshot()! } }
  }
}

/** Of two lists in order. */
function merged(a: readonly LedgerRow[], b: readonly LedgerRow[]): LedgerRow[] {
  const rows: LedgerRow[] = []
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) rows.push(isLater(a[i]!, b[j]!) <= 0 ? a[i++]! : b[j++]!)
  while (i < a.length) rows.push(a[i++]!)
  while (j < b.length) rows.push(b[j++]!)
  return rows
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}
