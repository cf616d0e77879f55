// The whole ledger as far as it can be had: archived epochs of this device, missing ones from the links, the open entries.
// For the screens' pages, for exports, for proofs of single entries and for tracing a model. Nothing here changes the ledger.
import { canonicalise } from '../core/ledger/canonical.ts'
import { entryBytes, entryHash, hashOf } from '../core/ledger/chain.ts'
import type { Entry } from '../core/ledger/entry.ts'
import { leafHash } from '../core/ledger/merkle.ts'
import type { Certificate, SealedHead, Snapshot } from '../core/ledger/seal.ts'
import type { MemberId } from '../core/num/ids.ts'
import { LedgerWriter } from '../core/room/export-file.ts'
import { createProof } from '../core/room/proof-file.ts'
import { traceModel } from '../core/room/trace.ts'
import type { LedgerPage, LedgerQuery, LedgerRow, SealView, Trace } from '../ports/ledger-view.ts'
import type { ExportedFile } from '../ports/session.ts'
import type { Archive } from './archive.ts'
import type { PeerContext } from './context.ts'
import type { RoomBook } from './room-book.ts'

const ANSWER_MS = 4_000
const MAX_PAGE = 200
/** Links asked for one missing epoch. */
const ASKED = 3

interface Epoch {
  readonly certificate: Certificate
  readonly entries: readonly Entry[]
}

interface Whole {
  /** Epochs in hand, ascending and without a gap up to the newest. */
  readonly epochs: readonly Epoch[]
  /** What they begin after; null: from the beginning. */
  readonly start: { readonly certificate: Certificate; readonly snapshot: Snapshot } | null
}

export function viewOfSeal({ seal, statements }: Certificate): SealView {
  const { epoch, unixMs, size, root, members, anchor } = seal
  const signers = [...new Set(statements.map(({ author }) => author))].sort()
  const path = statements[0]?.path ?? 'host'
  return { epoch, hash: hashOf(seal), unixMs, size, root, members, anchor, signers, path }
}

export class History {
  private asked: {
    seal: string
    epoch: number
    after: readonly SealedHead[]
    done: (kept: boolean) => void
  } | null = null
  /** Rows of sealed epochs do not change; kept for the newest seal. */
  private cache: { epoch: number; whole: Whole; rows: readonly LedgerRow[] } | null = null

  constructor(
    private readonly context: PeerContext,
    private readonly book: RoomBook,
    private readonly archive: Archive,
  ) {}

  async page(query: LedgerQuery, nicknameOf: (member: MemberId) => string): Promise<LedgerPage> {
    const { rows } = await this.load()
    const wanted = query.text.trim().toLowerCase()
    const matches = [...rows, ...this.openRows()].filter(({ hash, entry }) => {
      if (query.kind !== 'all' && entry.body.kind !== query.kind) return false
      if (query.author !== 'all' && entry.author !== query.author) return false
      if (wanted === '') return true
      return `${hash} ${nicknameOf(entry.author)} ${canonicalise(entry.body)}`.toLowerCase().includes(wanted)
    })
    matches.sort((a, b) => b.entry.unixMs - a.entry.unixMs || (a.hash < b.hash ? -1 : 1))
    const from = Math.max(0, query.offset)
    return { total: matches.length, rows: matches.slice(from, from + Math.min(MAX_PAGE, query.count)) }
  }

  /** Every entry that can be had, sealed ones first. */
  async rows(): Promise<readonly LedgerRow[]> {
    return [...(await this.load()).rows, ...this.openRows()]
  }

  async export(): Promise<ExportedFile> {
    const { whole } = await this.load()
    const { charter } = this.book
    const writer = new LedgerWriter(charter.room)
    const pieces = [writer.begin(whole.start && { ...whole.start, charter })]
    for (const { certificate, entries } of whole.epochs) pieces.push(writer.epoch(entries, certificate))
    pieces.push(writer.end(this.book.ledger.openEntries() ?? []))
    return {
      name: `yoriai-ledger-${charter.room}.ndjson`,
      mediaType: 'application/x-ndjson',
      bytes: joined(pieces),
    }
  }

  /** Null while the entry is open or when the epochs before it are not all in hand. */
  async proofOf(hash: string): Promise<ExportedFile | null> {
    const { whole, rows } = await this.load()
    const last = whole.epochs[whole.epochs.length - 1]
    if (whole.start || !last) return null
    const index = rows.findIndex(row => row.hash === hash)
    const row = rows[index]
    if (!row) return null
    const leaves = rows.map(({ entry }) => leafHash(entryBytes(entry)))
    const bytes = createProof({
      charter: this.book.charter,
      entry: row.entry,
      index,
      leaves,
      certificate: last.certificate,
    })
    return { name: `yoriai-proof-${hash.slice(0, 12)}.json`, mediaType: 'application/json', bytes }
  }

  async trace(modelHash: string): Promise<Trace> {
    const { whole } = await this.load()
    const seals = whole.epochs.map(({ certificate }) => certificate)
    const traced = traceModel(
      await this.rows(),
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
    return (await this.rows()).filter(row => row.entry.author === author).map(({ entry }) => entry)
  }

  async onArchive(_from: MemberId, seal: string, bytes: Uint8Array): Promise<void> {
    const { asked } = this
    if (asked?.seal !== seal) return
    this.asked = null
    asked.done(await this.archive.accept(asked.epoch, bytes, asked.after))
  }

  private openRows(): LedgerRow[] {
    return (this.book.ledger.openEntries() ?? []).map(entry => ({
      hash: entryHash(entry),
      entry,
      epoch: null,
    }))
  }

  private async load(): Promise<{ whole: Whole; rows: readonly LedgerRow[] }> {
    const { epoch } = this.book
    if (this.cache?.epoch === epoch) return this.cache
    const whole = await this.collect()
    const rows = whole.epochs.flatMap(({ certificate, entries }) =>
      entries.map(entry => ({ hash: entryHash(entry), entry, epoch: certificate.seal.epoch })),
    )
    // The book may have moved on meanwhile; the answer is then a moment old, and is not kept.
    if (this.book.epoch === epoch) this.cache = { epoch, whole, rows }
    return { whole, rows }
  }

  /** From the newest epoch back, each linked by the hashes of the one after it. */
  private async collect(): Promise<Whole> {
    const epochs: Epoch[] = []
    let after = this.book.snapshot()?.heads ?? []
    for (let epoch = this.book.epoch; epoch > 0; epoch--) {
      const certificate =
        epoch === this.book.epoch ? this.book.certificate : await this.archive.certificateOf(epoch)
      const read = certificate && (await this.read(certificate, after))
      if (!read) return { epochs, start: await this.startAt(epoch) }
      epochs.unshift({ certificate, entries: read.entries })
      after = read.before
    }
    return { epochs, start: null }
  }

  private async startAt(epoch: number): Promise<Whole['start']> {
    if (epoch === this.book.epoch)
      return { certificate: this.book.certificate!, snapshot: this.book.snapshot()! }
    return this.archive.base(epoch)
  }

  private async read(certificate: Certificate, after: readonly SealedHead[]) {
    const { epoch } = certificate.seal
    const here = await this.archive.epochEntries(epoch, after)
    if (here) return here
    const seal = hashOf(certificate.seal)
    for (const link of this.context.transport.links().slice(0, ASKED)) {
      const kept = await new Promise<boolean>(resolve => {
        const cancel = this.context.clock.after(ANSWER_MS, () => resolve(false))
        const done = (ok: boolean): void => {
          cancel()
          resolve(ok)
        }
        this.asked = { seal, epoch, after, done }
        this.context.send(link, { type: 'archive-want', seal })
      })
      if (kept) return this.archive.epochEntries(epoch, after)
    }
    this.asked = null
    return undefined
  }
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
