// One author's entries of the open epoch: a chain that goes on from the last sealed entry and ends, for an author that
// contradicted itself, before the lowest place it signed twice. Bookkeeping only; admission is chain.ts's.
import type { Entry, SignedHead } from './entry.ts'

export interface Link {
  readonly entry: Entry
  readonly hash: string
  readonly bytes: number
}

export class AuthorChain {
  /** Last sealed entry; -1 and "" before the first seal. */
  private baseSeq = -1
  private baseHash = ''
  /** Signed head of the last sealed entry, where the entry itself was here. */
  private baseHead: SignedHead | null = null
  private links: Link[] = []
  private heldBytes = 0
  /** Entries from this sequence on are not taken; Infinity for an honest author. */
  private end = Infinity

  get sealedSeq(): number {
    return this.baseSeq
  }

  get sealedHash(): string {
    return this.baseHash
  }

  get sealedHead(): SignedHead | null {
    return this.baseHead
  }

  get open(): readonly Link[] {
    return this.links
  }

  get bytes(): number {
    return this.heldBytes
  }

  /** Sequence of the entry that would be next. */
  get next(): number {
    return this.baseSeq + 1 + this.links.length
  }

  get lastHash(): string {
    return this.links[this.links.length - 1]?.hash ?? this.baseHash
  }

  get cut(): number {
    return this.end
  }

  linkAt(seq: number): Link | undefined {
    return this.links[seq - this.baseSeq - 1]
  }

  /** Hash of the entry there; undefined where it is not here, or sealed and passed. */
  hashAt(seq: number): string | undefined {
    return seq === this.baseSeq && seq >= 0 ? this.baseHash : this.linkAt(seq)?.hash
  }

  push(link: Link): void {
    this.links.push(link)
    this.heldBytes += link.bytes
  }

  /** Takes back the entries from `seq` on and refuses them from now on. Returns what was taken back. */
  cutAt(seq: number): Link[] {
    this.end = Math.min(this.end, seq)
    return this.drop(Math.max(0, this.end - this.baseSeq - 1))
  }

  /** The entries up to `seq` leave; they must be here. */
  seal(seq: number, headOf: (entry: Entry) => SignedHead): Link[] {
    const sealed = this.links.slice(0, seq - this.baseSeq)
    const last = sealed[sealed.length - 1]
    if (!last) return []
    this.links = this.links.slice(sealed.length)
    this.heldBytes -= sum(sealed)
    this.baseSeq = seq
    this.baseHash = last.hash
    this.baseHead = headOf(last.entry)
    return sealed
  }

  /** Goes on from a sealed entry that is not here. What was open leaves. */
  restart(seq: number, hash: string): Link[] {
    const dropped = this.drop(0)
    this.baseSeq = seq
    this.baseHash = hash
    this.baseHead = null
    return dropped
  }

  private drop(from: number): Link[] {
    const dropped = this.links.slice(from)
    this.links = this.links.slice(0, from)
    this.heldBytes -= sum(dropped)
    return dropped
  }
}

function sum(links: readonly Link[]): number {
  return links.reduce((bytes, link) => bytes + link.bytes, 0)
}
