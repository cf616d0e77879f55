// The ledger between seals: a grow-only set of verified entries, kept as one hash chain per author that goes on from the
// last sealed entry, and its reconciliation (members compare heads and send each other what follows). Two signatures of an
// author for one place cut its chain there, for everybody who knows them, in whatever order they came: members with the
// same entries and the same proofs hold the same set. Signatures are checked before anything gets here.
import { sha256 } from '@noble/hashes/sha2.js'
import { decodeBase64url } from '../num/base64url.ts'
import { bytesToHex } from '../num/hex.ts'
import type { MemberId, RoomId } from '../num/ids.ts'
import { AuthorChain, type Link } from './author-chain.ts'
import { canonicalise } from './canonical.ts'
import { MAX_ENTRY_BYTES } from './decode.ts'
import type { CharterBody, Entry, EntryBody, SignedHead } from './entry.ts'
import { areForked } from './evidence.ts'
import { HeadBuckets, type Head } from './head-buckets.ts'
import { MAX_HEADS } from './schema-seal.ts'
import type { SealedHead } from './seal.ts'

/** What one author may add between two seals. */
export const EPOCH_QUOTA = { entries: 2_000, bytes: 1024 * 1024 } as const
export const MAX_AUTHORS = MAX_HEADS
/** Of all authors between two seals. */
export const OPEN_LIMIT = { entries: 200_000, bytes: 64 * 1024 * 1024 } as const

export type UnsignedEntry = Omit<Entry, 'sig'>

/** Hex SHA-256. */
export function hashBytes(bytes: Uint8Array): string {
  return bytesToHex(sha256(bytes))
}

/** Hex SHA-256 of the canonical text: names seals, heads, states and bodies. */
export function hashOf(value: unknown): string {
  return hashBytes(new TextEncoder().encode(canonicalise(value)))
}

// Entries do not change, and every link and every mechanism asks for them: computed once for each.
const encodings = new WeakMap<Entry, Uint8Array>()
const hashes = new WeakMap<Entry, string>()

/** Canonical bytes. Not to be changed: everybody who asks gets the same. */
export function entryBytes(entry: Entry): Uint8Array {
  const known = encodings.get(entry)
  if (known) return known
  const bytes = new TextEncoder().encode(canonicalise(entry))
  encodings.set(entry, bytes)
  return bytes
}

/** The entry came from the decoder, which takes none but canonical bytes: these and their hash need not be made again. */
export function rememberBytes(entry: Entry, bytes: Uint8Array, hash: string): void {
  encodings.set(entry, bytes)
  hashes.set(entry, hash)
}

/** Hex SHA-256 of the canonical bytes, signature included. */
export function entryHash(entry: Entry): string {
  const known = hashes.get(entry)
  if (known !== undefined) return known
  const hash = hashBytes(entryBytes(entry))
  hashes.set(entry, hash)
  return hash
}

const headsOf = new WeakMap<Entry, SignedHead>()

export function headOf(entry: Entry): SignedHead {
  const known = headsOf.get(entry)
  if (known) return known
  const head = { ...unsignedHead(entry), sig: entry.sig }
  headsOf.set(entry, head)
  return head
}

/** What an entry's signature covers: its head without the signature. */
export function signingBytes(unsigned: UnsignedEntry): Uint8Array {
  return new TextEncoder().encode(canonicalise(unsignedHead(unsigned)))
}

/** The same bytes from the head alone: to check evidence whose entry is not at hand. */
export function headSigningBytes(head: SignedHead): Uint8Array {
  const { sig: _, ...unsigned } = head
  return new TextEncoder().encode(canonicalise(unsigned))
}

function unsignedHead({ v, room, author, seq, prev, unixMs, body }: UnsignedEntry): Omit<SignedHead, 'sig'> {
  const bodyHash = hashOf(body)
  return { v, room, author, seq, prev, unixMs, bodyHash }
}

/** First 16 bytes of SHA-256(founder key || salt): only the founder can have made the charter of the room. */
export function roomIdBytes(founder: MemberId, salt: string): Uint8Array {
  const key = decodeBase64url(founder, 32)
  const saltBytes = decodeBase64url(salt, 16)
  if (!key || !saltBytes) throw new RangeError('founder key or salt is malformed')
  const joined = new Uint8Array(48)
  joined.set(key)
  joined.set(saltBytes, 32)
  return sha256(joined).slice(0, 16)
}

export type AdmissionRefusal =
  | 'room'
  | 'chain'
  | 'charter'
  /** The ledger is full until the next seal. */
  | 'limit'
  /** At or after the place that the author signed twice. */
  | 'ejected'
  | 'too-large'
  /** The author's share of the epoch is used up. */
  | 'quota'
  /** Before the last seal and not its head: nothing changes there any more. */
  | 'sealed'

export type Admission =
  | { readonly status: 'added' }
  | { readonly status: 'known' }
  /** Entries before it are missing: ask for them. */
  | { readonly status: 'gap'; readonly have: number }
  /** The author is convicted; `removed` of its entries were open here and left. */
  | {
      readonly status: 'fork'
      readonly proof: readonly [SignedHead, SignedHead]
      readonly removed: readonly Entry[]
    }
  | { readonly status: 'refused'; readonly why: AdmissionRefusal }

export type Conviction =
  /** Entries may have left: what was folded from them no longer holds. */
  | { readonly status: 'cut'; readonly removed: readonly Entry[] }
  /** The author was cut there or lower before. */
  | { readonly status: 'known' }
  | { readonly status: 'refused'; readonly why: 'room' | 'no-fork' | 'limit' }

export class Ledger {
  /** The same heads as `heads()`, for comparing them in parts. */
  readonly buckets = new HeadBuckets()
  private readonly chains = new Map<MemberId, AuthorChain>()
  private readonly proofs = new Map<MemberId, readonly [SignedHead, SignedHead]>()
  /** Open entries by hash: what came before is known before it is decoded. */
  private readonly byHash = new Map<string, Entry>()
  private openCount = 0
  private openSize = 0

  constructor(readonly room: RoomId) {}

  get authorCount(): number {
    return this.chains.size
  }

  /** Open entries. */
  get size(): number {
    return this.openCount
  }

  /** Canonical bytes of the open entries. */
  get openBytes(): number {
    return this.openSize
  }

  /** Per convicted author the lowest fork that is known here. */
  get forks(): ReadonlyMap<MemberId, readonly [SignedHead, SignedHead]> {
    return this.proofs
  }

  /** Adds a decoded entry whose signature was checked. */
  admit(entry: Entry): Admission {
    if (entry.room !== this.room) return refused('room')
    const chain = this.chains.get(entry.author)
    if (chain && entry.seq >= chain.cut) return refused('ejected')
    const next = chain?.next ?? 0
    if (chain && entry.seq < next) return this.compare(entry, chain)
    if (entry.seq > next) return { status: 'gap', have: next }
    if (entry.prev !== (chain?.lastHash ?? '')) return refused('chain')
    if (entry.body.kind === 'charter' && !this.isFounding(entry, entry.body)) return refused('charter')
    const encoded = entryBytes(entry)
    const bytes = encoded.length
    if (bytes > MAX_ENTRY_BYTES) return refused('too-large')
    if (chain && (chain.open.length >= EPOCH_QUOTA.entries || chain.bytes + bytes > EPOCH_QUOTA.bytes))
      return refused('quota')
    const isFull = this.openCount >= OPEN_LIMIT.entries || this.openSize + bytes > OPEN_LIMIT.bytes
    const newcomers = this.newcomersIn(entry)
    const isCrowded = newcomers.length > 0 && this.chains.size + newcomers.length > MAX_AUTHORS
    if (isFull || isCrowded) return refused('limit')
    const hash = entryHash(entry)
    for (const author of newcomers) this.chainOf(author)
    this.chainOf(entry.author).push({ entry, hash, bytes })
    this.buckets.set({ author: entry.author, seq: entry.seq, hash })
    this.byHash.set(hash, entry)
    this.openCount++
    this.openSize += bytes
    return { status: 'added' }
  }

  /** On evidence whose signatures were checked. */
  convict(proof: readonly [SignedHead, SignedHead]): Conviction {
    const [first, second] = proof
    if (first.room !== this.room) return { status: 'refused', why: 'room' }
    if (!areForked(first, second)) return { status: 'refused', why: 'no-fork' }
    const { author, seq } = first
    const chain = this.chains.get(author)
    if (!chain && this.chains.size >= MAX_AUTHORS) return { status: 'refused', why: 'limit' }
    if (chain && chain.cut <= seq) return { status: 'known' }
    this.proofs.set(author, proof)
    return { status: 'cut', removed: this.cutAt(author, seq) }
  }

  /**
   * Refuses the author's entries from `seq` on: on the word of a final seal, whose evidence need not be at hand. Returns
   * the open entries that left.
   */
  cutAt(author: MemberId, seq: number): readonly Entry[] {
    const removed = this.release(this.chainOf(author).cutAt(seq))
    this.placeHead(author)
    return removed
  }

  /** Whether exactly this entry is here or was sealed last: then its signature was checked before. */
  holds(entry: Entry): boolean {
    return this.chains.get(entry.author)?.hashAt(entry.seq) === entryHash(entry)
  }

  /** The open entry of this hash. */
  entryOf(hash: string): Entry | undefined {
    return this.byHash.get(hash)
  }

  /** Hash of the author's entry there; undefined where it is not here, or sealed and passed. */
  hashAt(author: MemberId, seq: number): string | undefined {
    return this.chains.get(author)?.hashAt(seq)
  }

  /** The entry that the author would sign next, without its signature. */
  draft(author: MemberId, body: EntryBody, unixMs: number): UnsignedEntry {
    const chain = this.chains.get(author)
    return {
      v: 2,
      room: this.room,
      author,
      seq: chain?.next ?? 0,
      prev: chain?.lastHash ?? '',
      unixMs,
      body,
    }
  }

  /** Sorted by author. */
  heads(): Head[] {
    return this.sorted().map(([author, chain]) => ({ author, seq: chain.next - 1, hash: chain.lastHash }))
  }

  /** The same as a seal names them. */
  sealableHeads(): SealedHead[] {
    return this.heads().map(({ author, seq, hash }) => [author, seq, hash])
  }

  /**
   * What this ledger has open and a holder of `heads` lacks: per author, where to start. A holder of another branch gets
   * the open chain from its beginning, so that it finds where the two part. One that lacks sealed entries gets nothing:
   * it needs the seal first. `among`: the authors that `heads` speaks of.
   */
  missingAt(
    heads: readonly Head[],
    among: (author: MemberId) => boolean = () => true,
  ): { author: MemberId; fromSeq: number }[] {
    const theirs = new Map(heads.map(head => [head.author, head]))
    return this.sorted(among).flatMap(([author, chain]) => {
      const head = theirs.get(author)
      const seq = head?.seq ?? -1
      if (chain.open.length === 0 || seq < chain.sealedSeq || seq >= chain.next) return []
      const agrees = !head || chain.hashAt(seq) === head.hash
      if (!agrees) return seq === chain.sealedSeq ? [] : [{ author, fromSeq: chain.sealedSeq + 1 }]
      return seq + 1 < chain.next ? [{ author, fromSeq: seq + 1 }] : []
    })
  }

  /** Entries of the author up to now, sealed ones included. */
  lengthOf(author: MemberId): number {
    return this.chains.get(author)?.next ?? 0
  }

  /** Open entries of one author. */
  entriesOf(author: MemberId, fromSeq = 0): readonly Entry[] {
    const chain = this.chains.get(author)
    return chain ? chain.open.slice(Math.max(0, fromSeq - chain.sealedSeq - 1)).map(({ entry }) => entry) : []
  }

  authors(): readonly MemberId[] {
    return this.sorted().map(([author]) => author)
  }

  /**
   * Open entries by author, then sequence: all of them, or up to `heads`. Undefined unless the heads continue all that is
   * sealed and every entry up to them is here with the same hash.
   */
  openEntries(upTo?: readonly SealedHead[]): Entry[] | undefined {
    const heads = upTo ?? this.sealableHeads()
    if (!this.reaches(heads)) return undefined
    return heads.flatMap(([author, seq]) => {
      const chain = this.chains.get(author)!
      return chain.open.slice(0, seq - chain.sealedSeq).map(({ entry }) => entry)
    })
  }

  /** Entries up to the heads become sealed and leave; they come back in canonical order. Undefined as in openEntries. */
  seal(heads: readonly SealedHead[]): Entry[] | undefined {
    if (!this.reaches(heads)) return undefined
    return heads.flatMap(([author, seq]) => this.release(this.chains.get(author)!.seal(seq, headOf)))
  }

  /**
   * Goes on from the heads of a final seal that may name entries that are not here; a head below what is sealed changes
   * nothing. Chains that hold a head keep what follows it; where the head is not here all that was open leaves, since
   * nobody can tell whether it is sealed. Returns what left, by author and sequence.
   */
  rebase(heads: readonly SealedHead[]): Entry[] {
    return heads.flatMap(([author, seq, hash]) => {
      const chain = this.chainOf(author)
      if (seq <= chain.sealedSeq) return []
      const isHeld = chain.hashAt(seq) === hash
      const left = this.release(isHeld ? chain.seal(seq, headOf) : chain.restart(seq, hash))
      this.placeHead(author)
      return left
    })
  }

  /** Authors that nobody has heard of, the accused of proofs among them: what is remembered of them is bounded too. */
  private newcomersIn({ author, body }: Entry): readonly MemberId[] {
    const named = body.kind === 'proof' ? new Set([author, body.against]) : [author]
    return [...named].filter(each => !this.chains.has(each))
  }

  /** An entry for a place that is taken. */
  private compare(entry: Entry, chain: AuthorChain): Admission {
    if (chain.hashAt(entry.seq) === entryHash(entry)) return { status: 'known' }
    const link = chain.linkAt(entry.seq)
    const held = link ? headOf(link.entry) : entry.seq === chain.sealedSeq ? chain.sealedHead : null
    if (!held) return refused('sealed')
    const proof = [held, headOf(entry)] as const
    this.proofs.set(entry.author, proof)
    return { status: 'fork', proof, removed: this.cutAt(entry.author, entry.seq) }
  }

  private reaches(heads: readonly SealedHead[]): boolean {
    const sealedAuthors = this.sorted().filter(([, chain]) => chain.sealedSeq >= 0)
    const named = new Set(heads.map(([author]) => author))
    return (
      sealedAuthors.every(([author]) => named.has(author)) &&
      heads.every(([author, seq, hash], i) => {
        if (i > 0 && heads[i - 1]![0] >= author) return false
        return this.chains.get(author)?.hashAt(seq) === hash
      })
    )
  }

  private sorted(among: (author: MemberId) => boolean = () => true): [MemberId, AuthorChain][] {
    return [...this.chains]
      .filter(([author, chain]) => chain.next > 0 && among(author))
      .sort(([a], [b]) => (a < b ? -1 : 1))
  }

  private chainOf(author: MemberId): AuthorChain {
    const known = this.chains.get(author)
    if (known) return known
    const chain = new AuthorChain()
    this.chains.set(author, chain)
    return chain
  }

  private placeHead(author: MemberId): void {
    const chain = this.chainOf(author)
    if (chain.next === 0) this.buckets.delete(author)
    else this.buckets.set({ author, seq: chain.next - 1, hash: chain.lastHash })
  }

  private release(links: readonly Link[]): Entry[] {
    this.openCount -= links.length
    for (const { bytes, hash } of links) {
      this.openSize -= bytes
      this.byHash.delete(hash)
    }
    return links.map(({ entry }) => entry)
  }

  private isFounding(entry: Entry, body: CharterBody): boolean {
    const id = decodeBase64url(this.room, 16)
    if (!id || entry.seq !== 0) return false
    return roomIdBytes(entry.author, body.salt).every((byte, i) => byte === id[i])
  }
}

function refused(why: AdmissionRefusal): Admission {
  return { status: 'refused', why }
}
