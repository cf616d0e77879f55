// Searching this room's ledger for signs of hidden training (R1, R4 to R7), and comparing a model file with the room's
// model (R2, R3). Findings are reasons to ask; nothing here refuses or convicts anybody.
import type { EntryBody } from '../core/ledger/entry.ts'
import type { Finding } from '../core/governance/detectors/findings.ts'
import type { ModelComparison } from '../ports/governance-view.ts'
import type { LedgerRow } from '../ports/ledger-view.ts'
import type { Session } from '../ports/session.ts'

/** Entries of a kind that are searched at most, newest first; a page is what the ledger hands out at once. */
export const MAX_SEARCHED = 4_000
const PAGE_ROWS = 200
const KINDS: readonly EntryBody['kind'][] = ['receipt', 'join', 'device', 'vouch']
export const MAX_MODEL_BYTES = 64 * 1024 * 1024

export interface Search {
  readonly entries: number
  readonly isPartial: boolean
  readonly findings: readonly Finding[]
}

export type Compared = ModelComparison | { readonly status: 'too-big' | 'failed' }

export class DetectorRun {
  search = $state.raw<Search | null>(null)
  compared = $state.raw<Compared | null>(null)
  searching = $state(false)
  comparing = $state(false)
  failed = $state(false)

  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  async searchLedger(): Promise<void> {
    if (this.searching) return
    this.searching = true
    this.failed = false
    try {
      const [{ examine }, { gatherFacts }] = await Promise.all([
        import('../core/governance/detectors/panel.ts'),
        import('../core/governance/detectors/facts.ts'),
      ])
      const read = await Promise.all(KINDS.map(kind => this.#rowsOf(kind)))
      const rows = read.flatMap(({ rows }) => rows)
      const facts = gatherFacts(rows, this.#session.view.governance.terms)
      this.search = {
        entries: rows.length,
        isPartial: read.some(({ isPartial }) => isPartial),
        findings: examine({ rooms: [facts], probes: [], comparisons: [] }),
      }
    } catch {
      this.failed = true
    } finally {
      this.searching = false
    }
  }

  async compare(file: File): Promise<void> {
    if (this.comparing) return
    if (file.size > MAX_MODEL_BYTES) {
      this.compared = { status: 'too-big' }
      return
    }
    this.comparing = true
    this.compared = null
    try {
      const bytes = new Uint8Array(await file.arrayBuffer())
      this.compared = await this.#session.compareModel(bytes, file.name)
    } catch {
      this.compared = { status: 'failed' }
    } finally {
      this.comparing = false
    }
  }

  async #rowsOf(
    kind: EntryBody['kind'],
  ): Promise<{ readonly rows: readonly LedgerRow[]; readonly isPartial: boolean }> {
    const rows: LedgerRow[] = []
    const seen: Record<string, true> = {}
    for (let offset = 0; offset < MAX_SEARCHED; offset += PAGE_ROWS) {
      const page = await this.#session.ledgerPage({ kind, author: 'all', text: '', offset, count: PAGE_ROWS })
      // Entries that come in between push others onto the next page: by hash, each counts once.
      for (const row of page.rows) {
        if (seen[row.hash] === undefined) rows.push(row)
        seen[row.hash] = true
      }
      if (page.rows.length === 0 || offset + page.rows.length >= page.total) return { rows, isPartial: false }
    }
    return { rows, isPartial: true }
  }
}
