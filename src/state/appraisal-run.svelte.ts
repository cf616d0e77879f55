// One appraisal of the tab's own data with its learning curve: started by the person, followed, stopped at any time. What was
// found stays until the next start; a stopped run leaves what it had found.
import type { Appraisal, AppraisalRefusal } from '../core/data/appraisal/records.ts'
import { fitScaling } from '../core/economics/scaling-fit.ts'
import type { ScalingFit, ScalingPoint } from '../core/economics/scaling-records.ts'
import type { AppraiserEvent, AppraiserHandle, AppraiserOptions } from '../ports/appraiser.ts'
import type { Session } from '../ports/session.ts'

export type AppraisalPhase = 'idle' | 'running' | 'done' | 'refused' | 'failed'
type Progress = Extract<AppraiserEvent, { readonly type: 'progress' }>

export class AppraisalRun {
  phase = $state<AppraisalPhase>('idle')
  progress = $state.raw<Pick<Progress, 'stage' | 'fraction'>>({ stage: 'completeness', fraction: 0 })
  appraisal = $state.raw<Appraisal | null>(null)
  refusal = $state.raw<AppraisalRefusal | null>(null)
  points = $state.raw<readonly ScalingPoint[]>([])
  /** Of the whole curve; null before it is measured, or with too few points for one. */
  fit = $state.raw<ScalingFit | null>(null)

  readonly #session: Pick<Session, 'appraise'>
  readonly #classes: number
  #handle: AppraiserHandle | null = null
  /** Counts starts, so that a run that was stopped is not heard any more. */
  #turn = 0

  /** `classes`: of the room; guessing gets one in so many right. */
  constructor(session: Pick<Session, 'appraise'>, classes: number) {
    this.#session = session
    this.#classes = classes
  }

  start(options: AppraiserOptions): void {
    this.stop()
    this.phase = 'running'
    this.progress = { stage: 'completeness', fraction: 0 }
    this.appraisal = null
    this.refusal = null
    this.points = []
    this.fit = null
    const turn = this.#turn
    this.#handle = this.#session.appraise(options, event => {
      if (turn === this.#turn) this.#hear(event)
    })
  }

  stop(): void {
    this.#turn++
    this.#handle?.close()
    this.#handle = null
    if (this.phase === 'running') this.phase = 'idle'
  }

  #hear(event: AppraiserEvent): void {
    switch (event.type) {
      case 'progress':
        this.progress = event
        return
      case 'appraised':
        this.appraisal = event.appraisal
        return
      case 'point':
        this.points = [...this.points, event.point]
        return
      case 'refused':
        this.refusal = event.refusal
        this.phase = 'refused'
        return
      case 'finished': {
        this.points = event.points
        const outcome = fitScaling(event.points, 1 / Math.max(2, this.#classes))
        this.fit = outcome.ok ? outcome.fit : null
        this.phase = 'done'
        return
      }
      case 'crashed':
        this.phase = 'failed'
        return
      default:
        event satisfies never
    }
  }
}
