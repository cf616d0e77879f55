// Reading the ledger: one page of entries at a time, filtered; proofs, origins and the whole as files. Answers come from
// the session; only the newest question's answer is shown.
import type { MemberId } from '../core/num/ids.ts'
import type { LedgerPage, LedgerQuery, Trace } from '../ports/ledger-view.ts'
import type { Session } from '../ports/session.ts'
import type { AppFault } from './kinds.ts'

const PAGE_ROWS = 25
/** A pause in typing that counts as the end of a word. */
const TYPING_MS = 250

export class LedgerDesk {
  kind = $state<LedgerQuery['kind']>('all')
  author = $state<MemberId | 'all'>('all')
  text = $state('')
  offset = $state(0)
  page = $state.raw<LedgerPage | null>(null)
  failed = $state(false)
  /** Entries that the ledger held when the page was read. */
  entriesThen = $state(0)
  trace = $state.raw<Trace | null>(null)
  tracing = $state(false)
  /** Nobody has stated any work yet, so the ledger names no model. */
  modelless = $state(false)
  readonly filtered: boolean = $derived(this.kind !== 'all' || this.author !== 'all' || this.text !== '')

  readonly #session: Session
  readonly #fail: (fault: AppFault) => void
  #asked = 0
  #typing: ReturnType<typeof setTimeout> | undefined

  constructor(session: Session, fail: (fault: AppFault) => void) {
    this.#session = session
    this.#fail = fail
  }

  async load(): Promise<void> {
    const asked = ++this.#asked
    const { kind, author, text, offset } = this
    const { sealedEntries, openEntries } = this.#session.view.ledger
    try {
      const page = await this.#session.ledgerPage({
        kind,
        author,
        text: text.trim(),
        offset,
        count: PAGE_ROWS,
      })
      if (asked !== this.#asked) return
      this.page = page
      this.failed = false
      this.entriesThen = sealedEntries + openEntries
    } catch {
      if (asked === this.#asked) this.failed = true
    }
  }

  filter(change: Partial<Pick<LedgerDesk, 'kind' | 'author'>>): void {
    if (change.kind !== undefined) this.kind = change.kind
    if (change.author !== undefined) this.author = change.author
    this.#fromTheTop()
  }

  search(text: string): void {
    this.text = text
    clearTimeout(this.#typing)
    this.#typing = setTimeout(() => this.#fromTheTop(), TYPING_MS)
  }

  showAll(): void {
    this.kind = 'all'
    this.author = 'all'
    this.text = ''
    this.#fromTheTop()
  }

  turn(pages: 1 | -1): void {
    this.offset = Math.max(0, this.offset + pages * PAGE_ROWS)
    void this.load()
  }

  newest(): void {
    this.#fromTheTop()
  }

  /** Of that model, or with "" of the newest that the ledger names: the common one is ahead of it by up to a receipt. */
  async findOrigin(modelHash: string): Promise<void> {
    this.tracing = true
    try {
      const wanted = modelHash === '' ? await this.#newestModel() : modelHash
      this.modelless = wanted === ''
      if (wanted !== '') this.trace = await this.#session.trace(wanted)
    } catch {
      this.#fail('trace-failed')
    } finally {
      this.tracing = false
    }
  }

  async #newestModel(): Promise<string> {
    const query = { kind: 'receipt', author: 'all', text: '', offset: 0, count: 1 } as const
    const body = (await this.#session.ledgerPage(query)).rows[0]?.entry.body
    return body?.kind === 'receipt' ? body.modelAfter : ''
  }

  close(): void {
    clearTimeout(this.#typing)
    this.#asked += 1
  }

  #fromTheTop(): void {
    clearTimeout(this.#typing)
    this.offset = 0
    void this.load()
  }
}
