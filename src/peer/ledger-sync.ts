// Replication of the ledger's open epoch: new entries are pushed at once, heads are compared when a link comes up and now
// and then after, and what follows a head is sent. Every entry is decoded and its signature checked before it is admitted;
// own entries are stored before anybody sees them, since a forgotten one would turn the next into an equivocation. Sealed
// epochs travel as snapshots and archives (seal-sync.ts).
import { entryBytes, entryHash, type Admission, type Head, type Ledger } from '../core/ledger/chain.ts'
import { decodeEntry } from '../core/ledger/decode.ts'
import type { Entry, EntryBody, ProofBody } from '../core/ledger/entry.ts'
import { proofOfFork } from '../core/ledger/evidence.ts'
import type { MemberId, RoomId } from '../core/num/ids.ts'
import type { Store } from '../ports/store.ts'
import { LIMITS } from '../protocol/messages.ts'
import { Allowance } from './allowance.ts'
import type { Archive } from './archive.ts'
import type { PeerContext } from './context.ts'
import { checkDecoded, checkEntry, signEntry, type EntryCheck } from './entry-signing.ts'
import type { ClosedEpoch, RoomBook } from './room-book.ts'

/** Fixed width, so that keys sort by sequence. */
export function entryKey(room: RoomId, author: MemberId, seq: number): string {
  return `entry/${room}/${author}/${String(seq).padStart(10, '0')}`
}

/** Heads that a link partner may send: each can cost the whole ledger in answer. */
const HEADS = { count: 6, windowMs: 10_000 }
/** Own heads that one link gets for entries that do not connect: a small message must not cost a large one each time. */
const GAPS = { count: 4, windowMs: 10_000 }

export class LedgerRefusal extends Error {
  override readonly name = 'LedgerRefusal'
  constructor(readonly kind: string) {
    super(`the ledger did not take an own entry: ${kind}`)
  }
}

export class LedgerSync {
  private queue: Promise<unknown> = Promise.resolve()
  private nextHeadsTo = 0
  private closing: Promise<number | null> = Promise.resolve(null)
  private readonly headsAllowed = new Allowance(HEADS.count, HEADS.windowMs)
  private readonly gapsAllowed = new Allowance(GAPS.count, GAPS.windowMs)
  /** Links that say they hold own entries that are not here, and the newest of those. */
  private readonly ownSaid = new Map<MemberId, number>()
  /** Of each link: the newest entry of every author that it is known to hold, from its heads and its entries. */
  private readonly heldBy = new Map<MemberId, Map<MemberId, Head>>()
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

  linkUp(member: MemberId): void {
    this.context.send(member, { type: 'heads', heads: this.ledger.heads() })
  }

  linkDown(member: MemberId): void {
    this.headsAllowed.forget(member)
    this.gapsAllowed.forget(member)
    this.ownSaid.delete(member)
    this.heldBy.delete(member)
  }

  /** Whether somebody says that this member wrote more than is here: going on without it would be an equivocation. */
  get lacksOwn(): boolean {
    const length = this.ledger.lengthOf(this.context.self)
    return [...this.ownSaid.values()].some(seq => seq >= length)
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
    this.heldBy.set(from, new Map(heads.map(head => [head.author, head])))
    const own = heads.find(({ author }) => author === this.context.self)
    if (own) this.ownSaid.set(from, own.seq)
    else this.ownSaid.delete(from)
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
    const checks = await Promise.all(
      entries.flatMap((bytes): (EntryCheck | Promise<EntryCheck>)[] => {
        const entry = decodeEntry(bytes)
        if (!entry) return [{ fault: 'malformed' }]
        if (from) this.noteHeld(from, entry)
        return this.ledger.holds(entry) ? [] : [checkDecoded(entry, room, signer)]
      }),
    )
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
    if (gap && from && this.gapsAllowed.take(from, this.context.clock.now())) this.linkUp(from)
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

  /** To all links but those that surely hold it, or a newcomer's catching up would go to everybody once more. */
  private push(entries: readonly Entry[], except?: MemberId | null): void {
    for (const link of this.context.transport.links()) {
      if (link === except) continue
      this.sendEntries(
        link,
        entries.filter(entry => !this.holds(link, entry)),
      )
    }
  }

  /** What a link has of another branch does not count: it must see this one to know of the fork. */
  private holds(link: MemberId, { author, seq }: Entry): boolean {
    const head = this.heldBy.get(link)?.get(author)
    return head !== undefined && head.seq >= seq && this.ledger.hashAt(author, head.seq) === head.hash
  }

  private noteHeld(link: MemberId, entry: Entry): void {
    const held = this.heldBy.get(link)
    const { author, seq } = entry
    if (held && seq > (held.get(author)?.seq ?? -1)) held.set(author, { author, seq, hash: entryHash(entry) })
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
