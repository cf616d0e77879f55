// Replication of the ledger's open epoch: new entries are pushed at once, heads are compared when a link comes up and now
// and then after, and what follows a head is sent. Every entry is decoded and its signature checked before it is admitted;
// own entries are stored before anybody sees them, since a forgotten one would turn the next into an equivocation. Sealed
// epochs travel as snapshots and archives (seal-sync.ts).
import { entryBytes, type Admission, type Head, type Ledger } from '../core/ledger/chain.ts'
import { decodeEntry } from '../core/ledger/decode.ts'
import type { Entry, EntryBody, ProofBody } from '../core/ledger/entry.ts'
import { proofOfFork } from '../core/ledger/evidence.ts'
import type { MemberId, RoomId } from '../core/num/ids.ts'
import type { Store } from '../ports/store.ts'
import { LIMITS } from '../protocol/messages.ts'
import { Allowance } from './allowance.ts'
import type { Archive } from './archive.ts'
import type { PeerContext } from './context.ts'
import { checkEntry, signEntry } from './entry-signing.ts'
import type { ClosedEpoch, RoomBook } from './room-book.ts'

/** Fixed width, so that keys sort by sequence. */
export function entryKey(room: RoomId, author: MemberId, seq: number): string {
  return `entry/${room}/${author}/${String(seq).padStart(10, '0')}`
}

/** Heads that a link partner may send: each can cost the whole ledger in answer. */
const HEADS = { count: 6, windowMs: 10_000 }

export class LedgerRefusal extends Error {
  override readonly name = 'LedgerRefusal'
  constructor(readonly kind: string) {
    super(`the ledger did not take an own entry: ${kind}`)
  }
}

export class LedgerSync {
  private queue: Promise<unknown> = Promise.resolve()
  private nextHeadsTo = 0
  private readonly headsAllowed = new Allowance(HEADS.count, HEADS.windowMs)
  /** What the first link said that there is; undefined before. */
  private firstHeads: readonly Head[] | undefined

  constructor(
    private readonly context: PeerContext,
    private readonly book: RoomBook,
    private readonly archive: Archive,
    private readonly store: Store,
    /** Called once per entry, after it was admitted. */
    private readonly onAdmitted: (entry: Entry) => void,
    /** Somebody contradicted itself, and no proof of it stands in the ledger yet. */
    private readonly onFork: (proof: ProofBody) => void,
  ) {}

  private get ledger(): Ledger {
    return this.book.ledger
  }

  /** Reads back what this device holds of the room; broken rows are left out. Returns how many were. */
  async restore(): Promise<number> {
    let broken = 0
    for (const key of await this.store.keys(`entry/${this.context.room}/`)) {
      const bytes = await this.store.get(key)
      const check = bytes && (await checkEntry(bytes, this.context.room, this.context.signer))
      if (check && 'entry' in check && this.book.admit(check.entry).status === 'added')
        this.onAdmitted(check.entry)
      else broken++
    }
    return broken
  }

  /** The entries of a closed epoch go from the open store to the archive; by a snapshot's seal they just go. */
  async epochClosed(closed: ClosedEpoch | null): Promise<void> {
    const { certificate } = this.book
    const snapshot = this.book.snapshot()
    if (closed) await this.archive.keepEpoch(closed)
    if (certificate && snapshot) await this.archive.keepSeal(certificate, snapshot)
    for (const key of await this.store.keys(`entry/${this.context.room}/`)) {
      const [author, seq] = key.split('/').slice(2) as [MemberId, string]
      if (Number(seq) < this.ledger.lengthOf(author) - this.ledger.entriesOf(author).length)
        await this.store.delete(key)
    }
  }

  /** Signs, stores, admits and pushes one entry; calls run one after the other. */
  append(body: EntryBody): Promise<Entry> {
    const appended = this.queue.then(async () => {
      const entry = await signEntry(this.ledger, body, this.context.clock.unixMs(), this.context.signer)
      // An entry that the ledger has no room for is nowhere: another one with its number would be an equivocation.
      const outcome = this.book.admit(entry)
      if (outcome.status !== 'added')
        throw new LedgerRefusal(outcome.status === 'refused' ? outcome.why : outcome.status)
      await this.store.put(entryKey(entry.room, entry.author, entry.seq), entryBytes(entry))
      this.onAdmitted(entry)
      this.push([entry])
      return entry
    })
    // A failed append reports to its caller and must not block the next one.
    this.queue = appended.catch(() => undefined)
    return appended
  }

  linkUp(member: MemberId): void {
    this.context.send(member, { type: 'heads', heads: this.ledger.heads() })
  }

  linkDown(member: MemberId): void {
    this.headsAllowed.forget(member)
  }

  /** Whether everything has arrived that the first link said there is. */
  get caughtUp(): boolean {
    return this.firstHeads?.every(({ author, seq }) => this.ledger.lengthOf(author) > seq) ?? false
  }

  compareWithNextLink(): void {
    const links = this.context.transport.links()
    const link = links[this.nextHeadsTo++ % Math.max(1, links.length)]
    if (link) this.linkUp(link)
  }

  onHeads(from: MemberId, heads: readonly Head[]): void {
    this.firstHeads ??= heads
    if (!this.headsAllowed.take(from, this.context.clock.now())) return
    const missing = this.ledger.missingAt(heads)
    this.sendEntries(
      from,
      missing.flatMap(({ author, fromSeq }) => this.ledger.entriesOf(author, fromSeq)),
    )
  }

  /** `from` null: another tab of this device, which is verified all the same but not cut off. */
  async onEntries(from: MemberId | null, entries: readonly Uint8Array[]): Promise<void> {
    const { room, signer } = this.context
    const news = entries.filter(bytes => {
      const entry = decodeEntry(bytes)
      return !entry || !this.ledger.holds(entry)
    })
    const checks = await Promise.all(news.map(bytes => checkEntry(bytes, room, signer)))
    const added: Entry[] = []
    let gap = false
    for (const check of checks) {
      if ('fault' in check) {
        if (from) this.context.strike(from, check.fault)
        continue
      }
      const outcome = this.book.admit(check.entry)
      gap ||= outcome.status === 'gap'
      this.settle(check.entry, outcome, added)
    }
    for (const entry of added) this.onAdmitted(entry)
    if (added.length > 0) this.push(added, from)
    if (gap && from) this.linkUp(from)
    await Promise.all(
      added.map(entry => this.store.put(entryKey(entry.room, entry.author, entry.seq), entryBytes(entry))),
    )
  }

  private settle(entry: Entry, outcome: Admission, added: Entry[]): void {
    switch (outcome.status) {
      case 'added':
        added.push(entry)
        return
      case 'fork':
        this.context.refuse(entry.author, 'equivocation')
        this.onFork(proofOfFork(...outcome.proof))
        return
      case 'refused':
        // A full ledger is not its authors' fault, and an expelled one was named when it was expelled.
        if (outcome.why === 'quota') this.context.refuse(entry.author, 'quota')
        else if (outcome.why !== 'ejected' && outcome.why !== 'limit' && outcome.why !== 'sealed')
          this.context.refuse(entry.author, 'bad-entry')
        return
      case 'known':
      case 'gap':
        return
      default:
        outcome satisfies never
    }
  }

  private push(entries: readonly Entry[], except?: MemberId | null): void {
    for (const link of this.context.transport.links()) if (link !== except) this.sendEntries(link, entries)
  }

  private sendEntries(to: MemberId, entries: readonly Entry[]): void {
    let batch: Uint8Array[] = []
    let bytes = 0
    const flush = (): void => {
      if (batch.length > 0)
        this.context.send(to, { type: 'entries', entries: batch }, bytes > 16_384 ? 'bulk' : 'control')
      batch = []
      bytes = 0
    }
    for (const entry of entries) {
      const encoded = entryBytes(entry)
      if (batch.length >= LIMITS.entries.count || bytes + encoded.length + 4 > LIMITS.entries.all) flush()
      batch.push(encoded)
      bytes += encoded.length + 4
    }
    flush()
  }
}
