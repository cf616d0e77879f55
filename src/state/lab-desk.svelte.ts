// One visit to the Lab: the setup, the run that follows it, and what was done to the run. A changed setup starts anew, a
// little later, so that a slider that moves does not start a run for every value on its way.
import type { Lab, LabAct, LabEvent, LabHandle, LabPoint, LabSetup } from '../ports/lab.ts'
import { fitSetup } from './lab-link.ts'

export type LabPhase = 'starting' | 'running' | 'paused' | 'finished' | 'failed'

export interface LabMark {
  readonly act: LabAct
  readonly seconds: number
  readonly done: boolean
}

const SETTLE_MS = 350
const MAX_POINTS = 400
const MAX_MARKS = 40

export class LabDesk {
  setup = $state.raw<LabSetup>()!
  phase = $state<LabPhase>('starting')
  fast = $state(false)
  points = $state.raw<readonly LabPoint[]>([])
  marks = $state.raw<readonly LabMark[]>([])
  fingerprint = $state('')
  readonly now: LabPoint | undefined = $derived(this.points.at(-1))
  /** Acts need somebody to act on. */
  readonly alive: boolean = $derived(this.phase === 'running' || this.phase === 'paused')

  readonly #open: () => Promise<Lab>
  #run: LabHandle | null = null
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Counts starts, so that a run that was replaced is not heard any more. */
  #turn = 0

  constructor(open: () => Promise<Lab>, setup: LabSetup) {
    this.#open = open
    this.setup = setup
  }

  change(part: Partial<LabSetup>): void {
    this.setup = fitSetup({ ...this.setup, ...part })
    this.#stop()
    this.#timer = setTimeout(() => void this.restart(), SETTLE_MS)
  }

  async restart(): Promise<void> {
    this.#stop()
    const turn = this.#turn
    try {
      const lab = await this.#open()
      if (turn !== this.#turn) return
      this.#run = lab.start(this.setup, this.fast, event => {
        if (turn === this.#turn) this.#hear(event)
      })
    } catch {
      if (turn === this.#turn) this.phase = 'failed'
    }
  }

  togglePause(): void {
    if (!this.alive) return
    this.phase = this.phase === 'paused' ? 'running' : 'paused'
    this.#run?.setPaused(this.phase === 'paused')
  }

  setFast(fast: boolean): void {
    this.fast = fast
    this.#run?.setFast(fast)
  }

  act(act: LabAct): void {
    if (this.alive) this.#run?.act(act)
  }

  close(): void {
    this.#stop()
  }

  #hear(event: LabEvent): void {
    switch (event.type) {
      case 'points':
        this.points = [...this.points, ...event.points].slice(-MAX_POINTS)
        if (this.phase === 'starting') this.phase = 'running'
        return
      case 'acted':
        this.marks = [...this.marks, event].slice(-MAX_MARKS)
        return
      case 'finished':
        this.fingerprint = event.fingerprint
        this.phase = 'finished'
        return this.#end()
      case 'crashed':
        this.phase = 'failed'
        return this.#end()
      default:
        event satisfies never
    }
  }

  #stop(): void {
    this.#turn++
    clearTimeout(this.#timer)
    this.#end()
    this.phase = 'starting'
    this.points = []
    this.marks = []
    this.fingerprint = ''
  }

  #end(): void {
    this.#run?.close()
    this.#run = null
  }
}
