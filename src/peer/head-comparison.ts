// Who lacks what of the open epoch: small rooms tell each other all heads, big ones digests of buckets first and then the
// heads of those that differ. Who comes asks one link, not all, or each would send it the whole epoch; the others follow when
// it has caught up. Sends no entries itself; what a link lacks goes to `backlog`.
import { sha256 } from '@noble/hashes/sha2.js'
import { entryHash, type Ledger } from '../core/ledger/chain.ts'
import type { Entry } from '../core/ledger/entry.ts'
import { bucketOf, type Head } from '../core/ledger/head-buckets.ts'
import type { MemberId } from '../core/num/ids.ts'
import { Allowance } from './allowance.ts'
import type { PeerContext } from './context.ts'

/** Heads that a link partner may send: each can cost the whole ledger in answer. */
const HEADS = { count: 6, windowMs: 10_000 }
/** Up to so many authors their heads cost no more than the digests. */
const FEW_AUTHORS = 64
/** A link that was asked and does not answer holds the others up for so long. */
const FIRST_LINK_MS = 2_000
/** What came late to this member may be news to its other links: they are compared once nothing more comes. */
const SETTLED_MS = 1_000

export class HeadComparison {
  private readonly allowed = new Allowance(HEADS.count, HEADS.windowMs)
  /** Links that say they hold own entries that are not here, and the newest of those. */
  private readonly ownSaid = new Map<MemberId, number>()
  /** In a small room, of each link: the newest entry of every author that it is known to hold. */
  private readonly heldBy = new Map<MemberId, Map<MemberId, Head>>()
  /** What the first link said that there is; undefined before. */
  private firstHeads: readonly Head[] | undefined
  private hasCaughtUp = false
  /** The link that is asked before all others, and since when. */
  private first: { readonly link: MemberId; readonly at: number } | undefined
  private readonly postponed = new Set<MemberId>()
  private backlogAt: number | undefined
  private nextTo = 0
  private compared = 0

  constructor(
    private readonly context: PeerContext,
    private readonly ledger: Ledger,
    private readonly backlog: (to: MemberId, entries: readonly Entry[]) => void,
  ) {}

  /** Whether heads are told one by one. */
  get isSmall(): boolean {
    return this.ledger.authorCount <= FEW_AUTHORS
  }

  /** Whether somebody says that this member wrote more than is here: going on without it would be an equivocation. */
  get lacksOwn(): boolean {
    const length = this.ledger.lengthOf(this.context.self)
    return [...this.ownSaid.values()].some(seq => seq >= length)
  }

  /** Whether everything has arrived that the first link said there is. */
  get caughtUp(): boolean {
    // Chains do not get shorter, and in a crowd looking at all of them is dear.
    this.hasCaughtUp ||=
      this.firstHeads?.every(({ author, seq }) => this.ledger.lengthOf(author) > seq) ?? false
    return this.hasCaughtUp
  }

  linkUp(member: MemberId): void {
    if (this.mustWait(member)) this.postponed.add(member)
    // One of two that hold much begins; the answer serves both.
    else if (this.isSmall || this.context.self < member || this.first?.link === member) this.compare(member)
  }

  linkDown(member: MemberId): void {
    this.allowed.forget(member)
    this.ownSaid.delete(member)
    this.heldBy.delete(member)
    this.postponed.delete(member)
    if (this.first?.link === member) this.first = undefined
  }

  /** A few times a second. */
  tick(): void {
    const now = this.context.clock.now()
    if (this.caughtUp) {
      for (const link of this.postponed) this.compare(link)
      this.postponed.clear()
    } else if (!this.first || now - this.first.at > FIRST_LINK_MS) {
      const [next] = this.postponed
      if (next !== undefined) {
        this.postponed.delete(next)
        this.first = { link: next, at: now }
        this.compare(next)
      }
    }
    if (this.backlogAt === undefined || now - this.backlogAt < SETTLED_MS) return
    this.backlogAt = undefined
    for (const link of this.context.transport.links()) this.compare(link)
  }

  compareWithNextLink(): void {
    const links = this.context.transport.links()
    const link = links[this.nextTo++ % Math.max(1, links.length)]
    if (link) this.compare(link)
  }

  compare(link: MemberId): void {
    if (this.isSmall) this.context.send(link, { type: 'heads', heads: this.ledger.heads() })
    else this.context.send(link, { type: 'heads-digest', digests: this.ledger.buckets.digests(this.nonce()) })
  }

  onHeads(from: MemberId, heads: readonly Head[]): void {
    this.firstHeads ??= heads
    this.noteOwn(from, heads)
    if (this.isSmall) this.heldBy.set(from, new Map(heads.map(head => [head.author, head])))
    if (!this.allowed.take(from, this.context.clock.now())) return
    // A newcomer must know what there is, or it cannot tell when it has everything.
    if (!this.isSmall && heads.length <= FEW_AUTHORS)
      this.context.send(from, { type: 'heads', heads: this.ledger.heads() })
    this.sendMissing(from, heads)
  }

  onDigest(from: MemberId, digests: Uint8Array): void {
    if (this.mustWait(from)) {
      this.postponed.add(from)
      return
    }
    if (!this.allowed.take(from, this.context.clock.now())) return
    const buckets = this.ledger.buckets.differing(digests)
    if (buckets.length === 0) {
      this.firstHeads ??= []
      this.ownSaid.delete(from)
    }
    const heads = buckets.flatMap(bucket => this.ledger.buckets.headsIn(bucket))
    // To a link that is asked all heads of this member were told already.
    if (!this.isSmall || buckets.length === 0) this.context.send(from, { type: 'heads-part', buckets, heads })
    else if (this.first?.link !== from) this.compare(from)
  }

  onPart(from: MemberId, buckets: readonly number[], heads: readonly Head[]): void {
    this.firstHeads ??= heads
    if (buckets.includes(bucketOf(this.context.self))) this.noteOwn(from, heads)
    else this.ownSaid.delete(from)
    if (!this.allowed.take(from, this.context.clock.now())) return
    const inPart = new Set(buckets)
    this.sendMissing(from, heads, author => inPart.has(bucketOf(author)))
    const after = heads.flatMap(({ author, seq, hash }) => {
      const length = this.ledger.lengthOf(author)
      if (length > seq && this.ledger.hashAt(author, seq) === hash) return []
      return [{ author, seq: length - 1, hash: this.ledger.hashAt(author, length - 1) ?? '' }]
    })
    if (after.length > 0) this.context.send(from, { type: 'entries-want', after })
  }

  onEntriesWant(from: MemberId, after: readonly Head[]): void {
    if (!this.allowed.take(from, this.context.clock.now())) return
    const named = new Set(after.map(({ author }) => author))
    this.sendMissing(
      from,
      after.filter(({ seq }) => seq >= 0),
      author => named.has(author),
    )
  }

  /** Entries came that a comparison had shown to be missing here. */
  caughtSome(): void {
    if (!this.isSmall) this.backlogAt = this.context.clock.now()
  }

  /** What a link has of another branch does not count: it must see this one to know of the fork. */
  holds(link: MemberId, { author, seq }: Entry): boolean {
    const head = this.heldBy.get(link)?.get(author)
    return head !== undefined && head.seq >= seq && this.ledger.hashAt(author, head.seq) === head.hash
  }

  noteHeld(link: MemberId, entry: Entry): void {
    const held = this.heldBy.get(link)
    const { author, seq } = entry
    if (held && seq > (held.get(author)?.seq ?? -1)) held.set(author, { author, seq, hash: entryHash(entry) })
  }

  /** Different each time; need not be secret. */
  private nonce(): Uint8Array {
    const { self, clock } = this.context
    return sha256(new TextEncoder().encode(`${self}/${this.compared++}/${clock.unixMs()}`)).subarray(0, 8)
  }

  private mustWait(member: MemberId): boolean {
    if (this.caughtUp) return false
    this.first ??= { link: member, at: this.context.clock.now() }
    return this.first.link !== member
  }

  private noteOwn(from: MemberId, heads: readonly Head[]): void {
    const own = heads.find(({ author }) => author === this.context.self)
    if (own) this.ownSaid.set(from, own.seq)
    else this.ownSaid.delete(from)
  }

  private sendMissing(to: MemberId, heads: readonly Head[], among?: (author: MemberId) => boolean): void {
    const missing = this.ledger.missingAt(heads, among)
    this.backlog(
      to,
      missing.flatMap(({ author, fromSeq }) => this.ledger.entriesOf(author, fromSeq)),
    )
  }
}
