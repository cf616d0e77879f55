// The file form of a room's ledger, 'yoriai-ledger-2': one canonical JSON object a line, UTF-8, '\n' after every line.
// A writer that hands out pieces (an epoch at a time, so that no whole file needs to be in memory) and a reader that cuts
// any pieces into lines within limits. Says nothing about whether the contents hold: that is audit.ts.
import { canonicalise } from '../ledger/canonical.ts'
import type { Entry } from '../ledger/entry.ts'
import type { Certificate, Snapshot } from '../ledger/seal.ts'
import type { RoomId } from '../num/ids.ts'

export const LEDGER_FORMAT = 'yoriai-ledger-2'
/** A snapshot of a full room is the longest line. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024
export const MAX_FILE_BYTES = 512 * 1024 * 1024

/** What an export begins with that leaves out the epochs up to this certificate's. */
export interface ExportStart {
  readonly certificate: Certificate
  readonly snapshot: Snapshot
  /** The founder's charter entry: it proves the room's id. */
  readonly charter: Entry
}

/** Pieces of the file in order: `begin`, then `epoch` for each seal, then `end` with what no seal covers yet. */
export class LedgerWriter {
  private lines = 0

  constructor(private readonly room: RoomId) {}

  begin(start: ExportStart | null = null): Uint8Array {
    const fromEpoch = start?.certificate.seal.epoch ?? 0
    const head = { format: LEDGER_FORMAT, fromEpoch, room: this.room }
    if (!start) return this.encode([head])
    const { certificate, snapshot, charter } = start
    return this.encode([head, { certificate }, { snapshot }, { charter }])
  }

  /** The entries that the certificate's seal includes and no earlier one, in any order. */
  epoch(entries: readonly Entry[], certificate: Certificate): Uint8Array {
    return this.encode([...inOrder(entries), { certificate }])
  }

  end(openEntries: readonly Entry[]): Uint8Array {
    const open = inOrder(openEntries)
    return this.encode([...open, { end: this.lines + open.length }])
  }

  private encode(records: readonly object[]): Uint8Array {
    this.lines += records.length
    return new TextEncoder().encode(records.map(record => `${canonicalise(record)}\n`).join(''))
  }
}

/** Author, then sequence: the order of the lines and of the leaves of the Merkle tree inside an epoch. */
function inOrder(entries: readonly Entry[]): Entry[] {
  return [...entries].sort((a, b) => (a.author === b.author ? a.seq - b.seq : a.author < b.author ? -1 : 1))
}

export interface FileLine {
  /** Counts from 1. */
  readonly number: number
  /** Without its newline; the pieces that it came in may change afterwards. */
  readonly bytes: Uint8Array
}

const NEWLINE = 10

/** Cuts pieces of a file into lines. After `overflow` nothing more comes out. */
export class LineReader {
  private readonly held: Uint8Array[] = []
  private heldBytes = 0
  private fileBytes = 0
  private count = 0
  /** Number of the line at which a limit was passed; null while all is within limits. */
  overflow: number | null = null

  push(piece: Uint8Array): FileLine[] {
    const lines: FileLine[] = []
    let from = 0
    while (this.overflow === null && from < piece.length) {
      const at = piece.indexOf(NEWLINE, from)
      const to = at < 0 ? piece.length : at
      const fits = this.hold(piece.slice(from, to), at < 0 ? 0 : 1)
      if (!fits) this.overflow = this.count + 1
      else if (at >= 0) lines.push(this.release())
      from = to + 1
    }
    return lines
  }

  /** What stood after the last newline: null in a whole file. */
  rest(): FileLine | null {
    return this.heldBytes > 0 && this.overflow === null ? this.release() : null
  }

  private hold(part: Uint8Array, newline: number): boolean {
    this.heldBytes += part.length
    this.fileBytes += part.length + newline
    if (this.heldBytes > MAX_LINE_BYTES || this.fileBytes > MAX_FILE_BYTES) return false
    if (part.length > 0) this.held.push(part)
    return true
  }

  private release(): FileLine {
    const [only] = this.held
    const bytes = this.held.length === 1 ? only! : join(this.held, this.heldBytes)
    this.held.length = 0
    this.heldBytes = 0
    return { number: ++this.count, bytes }
  }
}

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  const joined = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}
