// A grow-only set of verified entries, kept as one hash chain per author, and its reconciliation: members compare heads
// and send each other what follows. Two different entries with one author and sequence are an equivocation: the author
// is out, and both entries prove it to anybody. Signatures are checked before an entry gets here.
import { sha256 } from '@noble/hashes/sha2.js'
import { decodeBase64url } from '../num/base64url.ts'
import { bytesToHex } from '../num/hex.ts'
import type { MemberId, RoomId } from '../num/ids.ts'
import { canonicalise } from './canonical.ts'
import { MAX_ENTRY_BYTES } from './decode.ts'
import type { CharterBody, Entry, EntryBody } from './entry.ts'

/** Entries that one author may add: work entries come at most every few seconds. */
export const MAX_CHAIN = 20_000
export const MAX_AUTHORS = 5_000
/** Entries of a room: about 100 MB. */
export const MAX_ENTRIES = 200_000

/** What is signed: the canonical entry without its signature. */
export function signingBytes(unsigned: Omit<Entry, 'sig'>): Uint8Array {
  return new TextEncoder().encode(canonicalise(unsigned))
}

export function entryBytes(entry: Entry): Uint8Array {
  return new TextEncoder().encode(canonicalise(entry))
}

/** Hex SHA-256 of the canonical bytes, signature included. */
export function entryHash(entry: Entry): string {
  return bytesToHex(sha256(entryBytes(entry)))
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

export interface Head {
  readonly author: MemberId
  /** Sequence of the newest entry. */
  readonly seq: number
}

export type Admission =
  | { readonly status: 'added' }
  | { readonly status: 'known' }
  /** Entries before it are missing: ask for them. */
  | { readonly status: 'gap'; readonly have: number }
  | { readonly status: 'fork'; readonly proof: readonly [Entry, Entry] }
  | {
      readonly status: 'refused'
      readonly why: 'room' | 'chain' | 'charter' | 'limit' | 'ejected' | 'too-large'
    }

export class Ledger {
  private readonly chains = new Map<MemberId, { entries: Entry[]; lastHash: string }>()
  readonly forks = new Map<MemberId, readonly [Entry, Entry]>()
  private total = 0

  constructor(readonly room: RoomId) {}

  get size(): number {
    return this.total
  }

  /** Adds a decoded entry whose signature was checked. */
  admit(entry: Entry): Admission {
    if (entry.room !== this.room) return { status: 'refused', why: 'room' }
    if (this.forks.has(entry.author)) return { status: 'refused', why: 'ejected' }
    const chain = this.chains.get(entry.author)
    const next = chain?.entries.length ?? 0
    if (entry.seq < next) {
      const held = chain!.entries[entry.seq]!
      if (held.sig === entry.sig && entryHash(held) === entryHash(entry)) return { status: 'known' }
      const proof = [held, entry] as const
      this.forks.set(entry.author, proof)
      return { status: 'fork', proof }
    }
    if (entry.seq > next) return { status: 'gap', have: next }
    if (next >= MAX_CHAIN || this.total >= MAX_ENTRIES || (!chain && this.chains.size >= MAX_AUTHORS))
      return { status: 'refused', why: 'limit' }
    if (entry.prev !== (chain?.lastHash ?? '')) return { status: 'refused', why: 'chain' }
    if (entry.body.kind === 'charter' && !this.isFounding(entry, entry.body))
      return { status: 'refused', why: 'charter' }
    if (entryBytes(entry).length > MAX_ENTRY_BYTES) return { status: 'refused', why: 'too-large' }
    const lastHash = entryHash(entry)
    if (chain) {
      chain.entries.push(entry)
      chain.lastHash = lastHash
    } else {
      this.chains.set(entry.author, { entries: [entry], lastHash })
    }
    this.total++
    return { status: 'added' }
  }

  /** Whether exactly this entry is here: then its signature was checked before. */
  holds(entry: Entry): boolean {
    const held = this.chains.get(entry.author)?.entries[entry.seq]
    return held !== undefined && held.sig === entry.sig && entryHash(held) === entryHash(entry)
  }

  /** The entry that the author would sign next, without its signature. */
  draft(author: MemberId, body: EntryBody): Omit<Entry, 'sig'> {
    const chain = this.chains.get(author)
    return {
      v: 1,
      room: this.room,
      author,
      seq: chain?.entries.length ?? 0,
      prev: chain?.lastHash ?? '',
      body,
    }
  }

  heads(): Head[] {
    return [...this.chains]
      .map(([author, { entries }]) => ({ author, seq: entries.length - 1 }))
      .sort((a, b) => (a.author < b.author ? -1 : 1))
  }

  /** What this ledger has and a holder of `heads` lacks: per author, where to start. */
  missingAt(heads: readonly Head[]): { author: MemberId; fromSeq: number }[] {
    const theirs = new Map(heads.map(({ author, seq }) => [author, seq]))
    return this.heads().flatMap(({ author, seq }) => {
      const fromSeq = (theirs.get(author) ?? -1) + 1
      return fromSeq <= seq ? [{ author, fromSeq }] : []
    })
  }

  lengthOf(author: MemberId): number {
    return this.chains.get(author)?.entries.length ?? 0
  }

  entriesOf(author: MemberId, fromSeq = 0): readonly Entry[] {
    return this.chains.get(author)?.entries.slice(fromSeq) ?? []
  }

  authors(): readonly MemberId[] {
    return [...this.chains.keys()]
  }

  private isFounding(entry: Entry, body: CharterBody): boolean {
    const id = decodeBase64url(this.room, 16)
    if (!id || entry.seq !== 0) return false
    return roomIdBytes(entry.author, body.salt).every((byte, i) => byte === id[i])
  }
}
