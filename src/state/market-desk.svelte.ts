// One visit to the Lab's market: the setup, the newest look at it, who came and went since, and the studies that run. A changed setup
// is looked at at once; moves belong to one setup and begin anew with the next.
import {
  MAX_MOVES,
  type LookEvent,
  type MarketLab,
  type MarketLabOpener,
  type MarketLook,
  type MarketMove,
  type MarketSetup,
  type MarketStudy,
  type StudyEvent,
  type StudyResult,
  type StudyRun,
} from '../ports/market-lab.ts'
import type { Refusal } from '../core/incentives/refusal.ts'
import { fitMarket } from './market-link.ts'

export type StudyPhase = 'idle' | 'running' | 'done' | 'refused' | 'failed'

/** One kind of heavy work: at most one run of it at a time. */
export class StudyDesk {
  phase = $state<StudyPhase>('idle')
  done = $state(0)
  result = $state.raw<StudyResult | null>(null)
  refusal = $state.raw<Refusal | null>(null)
  /** The setup that the result is of. */
  of = $state.raw<MarketSetup | null>(null)
  run: StudyRun | null = null

  hear(event: StudyEvent): void {
    switch (event.type) {
      case 'progress':
        this.done = event.done
        return
      case 'done':
        this.result = event.result
        this.phase = 'done'
        break
      case 'refused':
        this.refusal = event.refusal
        this.phase = 'refused'
        break
      case 'crashed':
        this.phase = 'failed'
        break
      default:
        event satisfies never
    }
    this.run = null
  }

  cancel(): void {
    this.run?.cancel()
    this.run = null
    if (this.phase === 'running') this.phase = this.result === null ? 'idle' : 'done'
  }
}

export class MarketDesk {
  setup = $state.raw<MarketSetup>()!
  moves = $state.raw<readonly MarketMove[]>([])
  look = $state.raw<MarketLook | null>(null)
  /** What solving took, in milliseconds. */
  ms = $state(0)
  failed = $state(false)
  readonly studies: Readonly<Record<MarketStudy, StudyDesk>> = {
    reports: new StudyDesk(),
    training: new StudyDesk(),
  }
  readonly full: boolean = $derived(this.moves.length >= MAX_MOVES)

  readonly #open: () => Promise<MarketLabOpener>
  #lab: MarketLab | null = null
  #closed = false

  constructor(open: () => Promise<MarketLabOpener>, setup: MarketSetup) {
    this.#open = open
    this.setup = setup
  }

  async start(): Promise<void> {
    this.failed = false
    this.#lab?.close()
    this.#lab = null
    try {
      const open = await this.#open()
      if (this.#closed) return
      this.#lab = open(event => this.#hear(event))
      this.#ask()
    } catch {
      this.failed = true
    }
  }

  change(part: Partial<MarketSetup>): void {
    this.setup = fitMarket({ ...this.setup, ...part })
    this.moves = []
    this.#ask()
  }

  move(move: MarketMove): void {
    if (this.full) return
    this.moves = [...this.moves, move]
    this.#ask()
  }

  undoMoves(): void {
    this.moves = []
    this.#ask()
  }

  study(kind: MarketStudy): void {
    const desk = this.studies[kind]
    if (this.#lab === null || desk.phase === 'running') return
    desk.done = 0
    desk.refusal = null
    desk.phase = 'running'
    desk.of = this.setup
    desk.run = this.#lab.study(kind, this.setup, event => desk.hear(event))
  }

  close(): void {
    this.#closed = true
    for (const desk of Object.values(this.studies)) desk.cancel()
    this.#lab?.close()
    this.#lab = null
  }

  #ask(): void {
    this.#lab?.look(this.setup, this.moves)
  }

  #hear(event: LookEvent): void {
    switch (event.type) {
      case 'look':
        this.look = event.look
        this.ms = event.ms
        return
      case 'crashed':
        this.failed = true
        return
      default:
        event satisfies never
    }
  }
}
