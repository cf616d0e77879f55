// What the screen of sponsored rounds works with: words, the runs newest first, what the person may do in each, and deeds whose
// refusals stand beside the button that caused them.
import { enRounds } from '../i18n/en-rounds.ts'
import type { Language } from '../i18n/format.ts'
import { jaRounds } from '../i18n/ja-rounds.ts'
import type { RunAction, RunActionResult, RunRefusal, RunsView, RunView } from '../ports/runs-view.ts'
import type { App } from './app.svelte.ts'
import { Lens } from './lens.svelte.ts'
import { prospectsOf, type Prospect } from './prospects.ts'
import type { WaitReason } from './run-waits.ts'
import type { Stay } from './stay.svelte.ts'

/** Every refusal has its words. */
export type RoundsWords = typeof enRounds & {
  readonly refused: Record<RunRefusal, string>
  readonly stage: Record<RunView['stage'], string>
  readonly stageText: Record<RunView['stage'], string>
  readonly waits: Record<WaitReason, string>
}

const WORDS: Record<Language, RoundsWords> = { en: enRounds, ja: jaRounds }

/** Micro-credits as a number of credits, for curves and sliders; what is signed stays an integer. */
export const CREDIT = 1_000_000

export class RoundsDesk {
  readonly lens: Lens
  readonly t: RoundsWords = $derived.by(() => WORDS[this.lens.app.settings.language])
  readonly view: RunsView = $derived.by(() => this.lens.stay.view.runs)
  /** Runs that are still going on; else the newest one. */
  readonly shown: readonly RunView[] = $derived.by(() => {
    const live = this.view.runs.filter(isLive)
    return live.length > 0 ? live : this.view.runs.slice(0, 1)
  })
  readonly older: readonly RunView[] = $derived.by(() =>
    this.view.runs.filter(run => !this.shown.includes(run)),
  )

  constructor(app: App, stay: Stay) {
    this.lens = new Lens(app, stay)
  }

  deed(): RunDeed {
    return new RunDeed(action => this.lens.stay.session.actRun(action))
  }

  /** Everybody else who could bring data to a run of this member. @param usual samples of an ordinary part */
  prospects(usual: number): readonly Prospect[] {
    const { members, self } = this.lens.stay.view
    return prospectsOf(members, self, this.view, usual)
  }

  credits(micro: bigint | string): string {
    return this.lens.words.ledger.credits(this.lens.f.credits(BigInt(micro)))
  }

  /** Rounded to hundredths, for what is read and not checked; sums are shown exactly. */
  money(credits: number): string {
    return this.lens.words.ledger.credits(this.hundredths(BigInt(Math.round(credits * CREDIT))))
  }

  /** The same without the unit, for tables. */
  hundredths(micro: bigint): string {
    const sign = micro < 0n ? '−' : ''
    const cents = ((micro < 0n ? -micro : micro) + 5_000n) / 10_000n
    return `${cents === 0n ? '' : sign}${this.lens.f.credits(cents * 10_000n)}`
  }

  problem(problem: RunProblem): string {
    return problem === 'failed' ? this.t.failed : this.t.refused[problem]
  }

  tell(text: string): void {
    this.lens.app.announcer.toast(text, 'ok')
  }
}

export function isLive({ stage }: RunView): boolean {
  return stage !== 'settled' && stage !== 'aborted'
}

/** Whether who takes part can still change: its reward is locked, and its rounds are not over. */
export function isOngoing({ stage }: RunView): boolean {
  return stage === 'open' || stage === 'beginning' || stage === 'training'
}

export type RunProblem = RunRefusal | 'failed'

/** One thing that a person signs about a run. */
export class RunDeed {
  busy = $state(false)
  problem = $state<RunProblem | null>(null)

  readonly #act: (action: RunAction) => Promise<RunActionResult>

  constructor(act: (action: RunAction) => Promise<RunActionResult>) {
    this.#act = act
  }

  /** Whether it stands in the ledger now. */
  async do(action: RunAction): Promise<boolean> {
    if (this.busy) return false
    this.busy = true
    this.problem = null
    try {
      const result = await this.#act(action)
      if (result.status === 'done') return true
      this.problem = result.why
    } catch {
      this.problem = 'failed'
    } finally {
      this.busy = false
    }
    return false
  }
}
