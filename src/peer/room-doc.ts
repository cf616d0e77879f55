// The member's own replica behind its screens and its other tabs: a Yjs document with one grow-only array per author, of
// the entries since the last seal. It is written from verified entries alone, never from bytes of another member. Every
// append is made under a client id derived from the author, so the document is the same on every member that holds the same
// entries of an epoch, whatever the order in which they came. Another epoch is another document. It is written once somebody
// looks: in a room of a thousand its upkeep costs more than everything else that an entry causes.
import { sha256 } from '@noble/hashes/sha2.js'
import * as Y from 'yjs'
import { entryBytes } from '../core/ledger/chain.ts'
import type { Entry } from '../core/ledger/entry.ts'
import type { MemberId } from '../core/num/ids.ts'

const PREFIX = 'chain:'

export class RoomDoc {
  private written: Y.Doc | null = null
  /** What the document will hold once somebody looks. */
  private waiting: Entry[] = []
  /** Sequence at which each author's array begins. */
  private firstSeqs = new Map<MemberId, number>()
  private readonly listeners = new Set<(entry: Uint8Array) => void>()

  get doc(): Y.Doc {
    if (this.written) return this.written
    const doc = (this.written = new Y.Doc({ gc: false }))
    for (const entry of this.waiting) this.write(doc, entry, entryBytes(entry))
    this.waiting = []
    return doc
  }

  /** Starts over with the open entries: of another epoch, or of this one after entries were taken back. */
  begin(open: readonly Entry[]): void {
    const { written } = this
    this.written = null
    this.firstSeqs = new Map()
    this.waiting = [...open]
    if (!written) return
    written.destroy()
    // Somebody looks at it already.
    void this.doc
  }

  /** Entries of one author must come in order; one that is there already is left alone. */
  append(entry: Entry): void {
    if (!this.written) {
      this.waiting.push(entry)
      return
    }
    const bytes = entryBytes(entry)
    if (!this.write(this.written, entry, bytes)) return
    for (const listener of this.listeners) listener(bytes)
  }

  onAppend(listener: (entry: Uint8Array) => void): () => void {
    this.listeners.add(listener)
    // From now on what comes is told, and what is told must fit what is there.
    void this.doc
    return () => this.listeners.delete(listener)
  }

  /** Canonical bytes of every entry, chain by chain. */
  entries(): Uint8Array[] {
    const chains = [...this.doc.share.keys()].filter(name => name.startsWith(PREFIX)).sort()
    const encoder = new TextEncoder()
    return chains.flatMap(name => this.doc.getArray<string>(name).map(text => encoder.encode(text)))
  }

  private write(doc: Y.Doc, { author, seq }: Entry, bytes: Uint8Array): boolean {
    const chain = doc.getArray<string>(PREFIX + author)
    const first = this.firstSeqs.get(author) ?? seq
    if (seq !== first + chain.length) return false
    this.firstSeqs.set(author, first)
    doc.clientID = clientIdOf(author)
    chain.push([new TextDecoder().decode(bytes)])
    return true
  }

  encode(): Uint8Array {
    return Y.encodeStateAsUpdate(this.doc)
  }

  destroy(): void {
    this.listeners.clear()
    this.waiting = []
    this.written?.destroy()
  }
}

/** 32 bits of the author's hash; Yjs client ids are unsigned 32-bit integers here. */
function clientIdOf(author: MemberId): number {
  const digest = sha256(new TextEncoder().encode(author))
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0)
}
