// One verification of an exported ledger on the rooms' worker: of this room's own export, or of a file from outside. Says
// what is wrong with a file before anything reads it whole into memory.
import type { AuditReport } from '../core/room/audit-report.ts'
import type { ExportedFile, Rooms } from '../ports/session.ts'

export const MAX_LEDGER_BYTES = 512 * 1024 * 1024

export type AuditProblem = 'too-big' | 'empty' | 'unreadable' | 'not-a-ledger' | 'failed'

export type AuditState =
  | { readonly status: 'idle' }
  | { readonly status: 'reading'; readonly name: string }
  | { readonly status: 'running' }
  | { readonly status: 'done'; readonly report: AuditReport }
  | { readonly status: 'problem'; readonly problem: AuditProblem; readonly bytes: number }

export class AuditRun {
  state = $state.raw<AuditState>({ status: 'idle' })
  /** From 0 to 1. */
  progress = $state(0)
  readonly busy: boolean = $derived(this.state.status === 'reading' || this.state.status === 'running')

  readonly #rooms: () => Promise<Rooms>

  constructor(rooms: () => Promise<Rooms>) {
    this.#rooms = rooms
  }

  async ofFile(file: File): Promise<void> {
    if (this.busy) return
    if (file.size > MAX_LEDGER_BYTES) return this.#stop('too-big', file.size)
    if (file.size === 0) return this.#stop('empty', 0)
    this.state = { status: 'reading', name: file.name }
    let bytes: Uint8Array
    try {
      bytes = new Uint8Array(await file.arrayBuffer())
    } catch {
      return this.#stop('unreadable', file.size)
    }
    const report = await this.#verify(bytes)
    // Broken at its very first line, with nothing understood: some other file, not a damaged ledger.
    const broken = report?.firstBroken
    if (report?.room === null && broken?.line === 1 && broken.fault === 'unreadable-line')
      this.#stop('not-a-ledger', file.size)
  }

  async ofExport(collect: () => Promise<ExportedFile>): Promise<void> {
    if (this.busy) return
    this.state = { status: 'reading', name: '' }
    let bytes: Uint8Array
    try {
      bytes = (await collect()).bytes
    } catch {
      return this.#stop('failed', 0)
    }
    await this.#verify(bytes)
  }

  reset(): void {
    if (!this.busy) this.state = { status: 'idle' }
  }

  async #verify(bytes: Uint8Array): Promise<AuditReport | null> {
    this.progress = 0
    this.state = { status: 'running' }
    try {
      const rooms = await this.#rooms()
      const report = await rooms.verifyLedger(bytes, fraction => {
        this.progress = fraction
      })
      this.state = { status: 'done', report }
      return report
    } catch {
      this.#stop('failed', bytes.length)
      return null
    }
  }

  #stop(problem: AuditProblem, bytes: number): void {
    this.state = { status: 'problem', problem, bytes }
  }
}
