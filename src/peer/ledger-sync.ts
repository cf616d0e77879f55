// Replication of the ledger's open epoch: new entries are pushed on, in rooms of many offered (entry-offers.ts), heads are compared
// when a link comes up and now and then after (head-comparison.ts), and what follows a head is sent. Every entry is decoded and its
// signature checked before it is admitted; own entries are stored before anybody sees them, since a forgotten one would turn the
// next into an equivocation. Sealed epochs travel as snapshots and archives (seal-sync.ts).
import {
  entryBytes,
  entryHash,
  hashBytes,
  rememberBytes,
  type Admission,
  type Ledger,
} from '../core/ledger/chain.ts'
import { decodeEntry } from '../core/ledger/decode.ts'
import type { Entry, EntryBody, ProofBody } from '../core/ledger/entry.ts'
import { proofOfFork } from '../core/ledger/evidence.ts'
import type { MemberId, RoomId } from '../core/num/ids.ts'
import type { Signer } from '../ports/signer.ts'
import type { Store } from '../ports/store.ts'
import { LIMITS } from '../protocol/messages.ts'
import { Allowance } from './allowance.ts'
import type { Archive } from './archive.ts'
import type { PeerContext } from './context.ts'
import { EntryOffers } from './entry-offers.ts'
import { checkDecoded, checkEntry, signEntry, type EntryCheck } from './entry-signing.ts'
import { HeadComparison } from './head-comparison.ts'
import type { ClosedEpoch, RoomBook } from './room-book.ts'

/** Fixed width, so that keys sort by sequence. */
export function entryKey(room: RoomId, author: MemberId, seq: number): string {
  return `entry/${room}/${author}/${String(seq).padStart(10, '0')}`
}

/** Own heads that one link gets for entries that do not connect: a small message must not cost a large one each time. */
const GAPS = { count: 4, windowMs: 10_000 }

/** Entries of a backlog in a crowd that are handed on as if they were new. */
const FEW = 16

export class LedgerRefusal extends Error {
  override readonly name = 'LedgerRefusal'
  constructor(readonly kind: string) {
    super(`the ledger did not take an own entry: ${kind}`)
  }
}

export class LedgerSync {
  private queue: Promise<unknown> = Promise.resolve()
  readonly heads: HeadComparison
  readonly offers: EntryOffers
  private closing: Promise<number | null> = Promise.resolve(null)
  private readonly gapsAllowed = new Allowance(GAPS.count, GAPS.windowMs)
  /** What is handed on at the next tick, with the links that brought it meanwhile. */
  private readonly news = new Map<string, { readonly entry: Entry; readonly from: Set<MemberId> }>()

  constructor(
    private readonly context: PeerContext,
    private readonly book: RoomBook,
    private readonly archive: Archive,
    private readonly store: Store,
    /** Called once per entry, after it was admitted. */
    private readonly onAdmitted: (entry: Entry) => void,
    /** Somebody contradicted itself, and no proof of it stands in the ledger yet. */
    private readonly onFork: (proof: ProofBody) => void,
    private readonly checked: Map<string, Entry> | undefined,
  ) {
    this.heads = new HeadComparison(context, book.ledger, (to, entries) =>
      this.sendEntries('backlog', to, entries),
    )
    this.offers = new EntryOffers(
      context,
      (link, hash) => this.noteHolder(link, hash),
      (to, entries) => this.sendEntries('entries', to, entries),
    )
  }

  private get ledger(): Ledger {
    return this.book.ledger
  }

  /** Reads back what this device holds of the room; broken rows are left out. Returns how many were. */
  async restore(): Promise<number> {
    let broken = 0
    for (const key of await this.store.keys(`entry/${this.context.room}/`)) {
      const bytes = await this.store.get(key)
      const check = bytes && (await this.checkKept(bytes))
      if (check && 'entry' in check && this.book.admit(check.entry).status === 'added')
        this.onAdmitted(check.entry)
      else broken++
    }
    return broken
  }

  /**
   * The entries of a closed epoch go from the open store to the archive; by a snapshot's seal they just go. One epoch after
   * the other, or an older snapshot could replace a newer one. Returns the epoch that a restart will stand on, or null when
   * this one could not be kept: then the open entries stay, which a restart needs with the seal before.
   */
  epochClosed(closed: ClosedEpoch | null): Promise<number | null> {
    const { certificate } = this.book
    const snapshot = this.book.snapshot()
    const closing = this.closing.then(async () => {
      if (closed) await this.archive.keepEpoch(closed)
      if (!certificate || !snapshot || !(await this.archive.keepSeal(certificate, snapshot))) return null
      const sealed = new Map(snapshot.heads.map(([author, seq]) => [author, seq]))
      for (const key of await this.store.keys(`entry/${this.context.room}/`)) {
        const [author, seq] = key.split('/').slice(2) as [MemberId, string]
        if (Number(seq) <= (sealed.get(author) ?? -1)) await this.store.delete(key)
      }
      return certificate.seal.epoch
    })
    this.closing = closing.catch(() => null)
    return closing
  }

  /** Signs, stores, admits and pushes one entry; calls run one after the other. */
  append(body: EntryBody): Promise<Entry> {
    const appended = this.queue.then(() => this.write(body))
    // A failed append reports to its caller and must not block the next one.
    this.queue = appended.catch(() => undefined)
    return appended
  }

  private async write(body: EntryBody): Promise<Entry> {
    for (;;) {
      const entry = await signEntry(this.ledger, body, this.context.clock.unixMs(), this.context.signer)
      const key = entryKey(entry.room, entry.author, entry.seq)
      // Stored first: once it is in the ledger, anybody who asks gets it.
      if (this.isNext(entry)) await this.store.put(key, entryBytes(entry))
      // Own entries of before a wiped store, or a seal that names them, may have come meanwhile: then it is written anew.
      if (!this.isNext(entry)) {
        await this.restoreRow(key, entry)
        continue
      }
      const outcome = this.book.admit(entry)
      if (outcome.status !== 'added') {
        // An entry that the ledger has no room for is nowhere: another one with its number would be an equivocation.
        await this.restoreRow(key, entry)
        throw new LedgerRefusal(outcome.status === 'refused' ? outcome.why : outcome.status)
      }
      this.onAdmitted(entry)
      this.push([entry])
      return entry
    }
  }

  /** Whether the entry goes on where the own chain ends. */
  private isNext({ author, body, unixMs, seq, prev }: Entry): boolean {
    const next = this.ledger.draft(author, body, unixMs)
    return next.seq === seq && next.prev === prev
  }

  /** The row of an entry that was not taken: what the ledger holds in its place, or nothing. */
  private async restoreRow(key: string, { author, seq }: Entry): Promise<void> {
    const held = this.ledger.entriesOf(author, seq).find(other => other.seq === seq)
    if (held) await this.store.put(key, entryBytes(held))
    else await this.store.delete(key)
  }

  linkDown(member: MemberId): void {
    this.gapsAllowed.forget(member)
    this.heads.linkDown(member)
  }

  /** A few times a second. */
  tick(): void {
    this.heads.tick()
    this.offers.tick()
    if (this.news.size === 0) return
    const news = [...this.news.values()]
    this.news.clear()
    for (const link of this.context.transport.links()) {
      const lacked = news.flatMap(({ entry, from }) =>
        from.has(link) || this.heads.holds(link, entry) ? [] : [entry],
      )
      if (this.heads.isSmall) this.sendEntries('entries', link, lacked)
      else this.offers.offer(link, lacked)
    }
  }

  /** `from` null: another tab of this device, which is verified all the same but not cut off. */
  async onEntries(from: MemberId | null, entries: readonly Uint8Array[], isBacklog = false): Promise<void> {
    const checks = await Promise.all(entries.map(bytes => this.check(from, bytes)))
    const added: Entry[] = []
    let gap = false
    for (const check of checks) {
      if (check === null) continue
      if ('fault' in check) {
        if (from) this.context.strike(from, check.fault)
        continue
      }
      const outcome = this.book.admit(check.entry)
      gap ||= outcome.status === 'gap'
      this.settle(check.entry, outcome, added)
    }
    for (const entry of added) this.onAdmitted(entry)
    if (added.length > 0) {
      // Offering few of them costs less than comparing with every link once more; of many the links have most.
      if (isBacklog && !this.heads.isSmall && added.length > FEW) this.heads.caughtSome()
      else this.push(added, from)
    }
    if (gap && from && this.gapsAllowed.take(from, this.context.clock.now())) this.heads.compare(from)
    await Promise.all(
      added.map(entry => this.store.put(entryKey(entry.room, entry.author, entry.seq), entryBytes(entry))),
    )
  }

  private checkKept(bytes: Uint8Array): EntryCheck | Promise<EntryCheck> {
    const { room, signer } = this.context
    const entry = this.checked?.get(hashBytes(bytes))
    return entry ? { entry } : checkEntry(bytes, room, signer)
  }

  /** Null for what is here already: told by its hash, since most entries come over several links. */
  private check(from: MemberId | null, bytes: Uint8Array): EntryCheck | null | Promise<EntryCheck> {
    const { room, signer } = this.context
    const hash = hashBytes(bytes)
    this.offers.arrived(hash)
    if (from ? this.noteHolder(from, hash) : this.ledger.entryOf(hash) !== undefined) return null
    const known = this.checked?.get(hash)
    const entry = known ?? decodeEntry(bytes)
    if (!entry) return { fault: 'malformed' }
    rememberBytes(entry, bytes.slice(), hash)
    if (from) this.noteFrom(from, entry, hash)
    // Sealed last: the open entries do not hold it any more.
    if (this.ledger.holds(entry)) return null
    return known ? { entry } : this.checkNew(entry, hash, room, signer)
  }

  private async checkNew(entry: Entry, hash: string, ...by: [RoomId, Signer]): Promise<EntryCheck> {
    const check = await checkDecoded(entry, ...by)
    if ('entry' in check) this.checked?.set(hash, entry)
    return check
  }

  /** Whether the open ledger holds the entry; if so, that the link has it too. */
  private noteHolder(link: MemberId, hash: string): boolean {
    const held = this.ledger.entryOf(hash)
    if (held) this.noteFrom(link, held, hash)
    return held !== undefined
  }

  private noteFrom(link: MemberId, entry: Entry, hash: string): void {
    this.heads.noteHeld(link, entry)
    this.news.get(hash)?.from.add(link)
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

  /**
   * Own ones at once, to all links but those that surely hold them. Those of others at the next tick: by then most links have
   * them from elsewhere, and say so by sending or offering them. In a small room what may stop or move something is handed on at once.
   */
  private push(all: readonly Entry[], except?: MemberId | null): void {
    const canWait = (entry: Entry): boolean =>
      !!except && (!this.heads.isSmall || entry.body.kind === 'receipt')
    const entries = all.filter(entry => !canWait(entry))
    for (const entry of all) {
      if (except && canWait(entry)) this.news.set(entryHash(entry), { entry, from: new Set([except]) })
    }
    if (entries.length === 0) return
    for (const link of this.context.transport.links()) {
      if (link === except) continue
      this.sendEntries(
        'entries',
        link,
        entries.filter(entry => !this.heads.holds(link, entry)),
      )
    }
  }

  private sendEntries(type: 'entries' | 'backlog', to: MemberId, entries: readonly Entry[]): void {
    let batch: Uint8Array[] = []
    let bytes = 0
    const flush = (): void => {
      if (batch.length > 0)
        this.context.send(to, { type, entries: batch }, bytes > 16_384 ? 'bulk' : 'control')
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
