// The member's own replica for screens, storage and its other tabs: a Yjs document with one grow-only array per author.
// It is written from verified entries alone, never from bytes of another member. Every append is made under a client id
// derived from the author, so the document is the same on every member that holds the same entries, and documents of one
// device merge without doubling anything.
import { sha256 } from '@noble/hashes/sha2.js'
import * as Y from 'yjs'
import { entryBytes } from '../core/ledger/chain.ts'
import type { Entry } from '../core/ledger/entry.ts'
import type { MemberId } from '../core/num/ids.ts'

const PREFIX = 'chain:'
/** Own storage can rot: a document beyond this is not opened. */
export const MAX_DOC_BYTES = 64 * 1024 * 1024

export class RoomDoc {
  readonly doc = new Y.Doc({ gc: false })

  /** Entries of one author must come in order, each once: the ledger sees to it. */
  append(entry: Entry): void {
    const chain = this.doc.getArray<string>(PREFIX + entry.author)
    if (chain.length !== entry.seq) return
    this.doc.clientID = clientIdOf(entry.author)
    chain.push([new TextDecoder().decode(entryBytes(entry))])
  }

  encode(): Uint8Array {
    return Y.encodeStateAsUpdate(this.doc)
  }

  get size(): number {
    let size = 0
    for (const name of this.doc.share.keys())
      if (name.startsWith(PREFIX)) size += this.doc.getArray(name).length
    return size
  }

  destroy(): void {
    this.doc.destroy()
  }
}

/** Encoded entries in a document of this device, for the verifying decoder. Empty for what cannot be read. */
export function entriesInDoc(update: Uint8Array): Uint8Array[] {
  if (update.length > MAX_DOC_BYTES) return []
  const doc = new Y.Doc({ gc: false })
  try {
    Y.applyUpdate(doc, update)
    const entries: Uint8Array[] = []
    for (const name of doc.share.keys()) {
      if (!name.startsWith(PREFIX)) continue
      for (const text of doc.getArray<unknown>(name).toArray()) {
        if (typeof text === 'string') entries.push(new TextEncoder().encode(text))
      }
    }
    return entries
  } catch {
    // A damaged replica is not a lost one: members send the entries again.
    return []
  } finally {
    doc.destroy()
  }
}

/** 32 bits of the author's hash; Yjs client ids are unsigned 32-bit integers here. */
function clientIdOf(author: MemberId): number {
  const digest = sha256(new TextEncoder().encode(author))
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0)
}
