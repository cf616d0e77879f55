// One thing that a person signs: busy while it is being signed, and the reason when it was refused. Each form has its own,
// so that an error stands beside the button that caused it.
import type { ActionRefusal, ActionResult, GovernanceAction } from '../ports/governance-view.ts'

export type DeedProblem = ActionRefusal | 'failed'

export class Deed {
  busy = $state(false)
  problem = $state<DeedProblem | null>(null)

  readonly #act: (action: GovernanceAction) => Promise<ActionResult>

  constructor(act: (action: GovernanceAction) => Promise<ActionResult>) {
    this.#act = act
  }

  /** Whether it stands in the ledger now. */
  async do(action: GovernanceAction): Promise<boolean> {
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
