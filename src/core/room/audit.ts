// The audit of an exported ledger, for the console, the page's worker and tests: pieces of the file go in, a report comes
// out. Lines are taken in batches: all signatures of a batch are checked at once, since the verifier may be asynchronous,
// and only then the lines in order, so that what the report counts stands before the first broken line. Knows no files.
import { LineReader, type FileLine } from './export-file.ts'
import { readLine, type LedgerRecord } from './audit-lines.ts'
import type { AuditReport, BrokenLine } from './audit-report.ts'
import { verifyRecords, type Verify } from './audit-signatures.ts'
import { reportOf } from './audit-summary.ts'
import { LedgerWalk } from './audit-walk.ts'

export interface Audit {
  /** Whether the first broken line is known: further pieces change nothing. */
  readonly isBroken: boolean
  /** The next bytes of the file, in order, pieces of any size. One at a time. */
  push(piece: Uint8Array): Promise<void>
  /** After the last piece. */
  finish(): Promise<AuditReport>
}

/** Lines whose signatures are checked together: enough to keep every core busy. */
const BATCH = 512

export function createAudit(verify: Verify): Audit {
  return new LedgerAudit(verify)
}

class LedgerAudit implements Audit {
  private readonly reader = new LineReader()
  private readonly walk = new LedgerWalk()
  private waiting: FileLine[] = []
  private firstBroken: BrokenLine | null = null
  private signatures = 0
  private lines = 0

  constructor(private readonly verify: Verify) {}

  get isBroken(): boolean {
    return this.firstBroken !== null
  }

  async push(piece: Uint8Array): Promise<void> {
    if (this.isBroken) return
    this.waiting.push(...this.reader.push(piece))
    while (this.waiting.length >= BATCH && !this.isBroken) await this.take(this.waiting.splice(0, BATCH))
  }

  async finish(): Promise<AuditReport> {
    while (this.waiting.length > 0 && !this.isBroken) await this.take(this.waiting.splice(0, BATCH))
    if (!this.isBroken) {
      if (this.reader.overflow !== null) this.breakAt(this.reader.overflow, 'unreadable-line')
      else if (this.reader.rest() !== null || !this.walk.isDone) this.breakAt(this.lines + 1, 'truncated')
    }
    return reportOf(this.walk, this.signatures, this.firstBroken)
  }

  private async take(lines: readonly FileLine[]): Promise<void> {
    const records: LedgerRecord[] = []
    for (const { bytes } of lines) {
      const record = readLine(bytes)
      if (!record) break
      records.push(record)
    }
    const verdicts = await verifyRecords(this.verify, records)
    for (const [i, record] of records.entries()) {
      const { checked, fault } = verdicts[i]!
      this.firstBroken = fault ? this.walk.blame(record, fault) : this.walk.step(record)
      if (this.firstBroken) return
      this.signatures += checked
      this.lines++
    }
    if (records.length < lines.length) this.breakAt(lines[records.length]!.number, 'unreadable-line')
  }

  private breakAt(line: number, fault: 'unreadable-line' | 'truncated'): void {
    this.firstBroken = { line, fault, author: null, seq: null, epoch: this.walk.epoch }
  }
}
