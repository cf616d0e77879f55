// How the oversight screens look at a stay: the words of the person's language, members by name, and deeds that are told
// about when they are done.
import type { Format } from '../i18n/format.ts'
import type { GovernanceView } from '../ports/governance-view.ts'
import type { LedgerView } from '../ports/ledger-view.ts'
import type { MemberView } from '../ports/session.ts'
import type { App } from './app.svelte.ts'
import { Deed, type DeedProblem } from './deed.svelte.ts'
import { oversightOf, type Oversight } from './oversight.ts'
import { peopleOf, type People } from './people.ts'
import type { Dictionary } from './settings.svelte.ts'
import type { Stay } from './stay.svelte.ts'

export class Lens {
  readonly app: App
  readonly stay: Stay
  readonly t: Dictionary = $derived.by(() => this.app.settings.t)
  readonly f: Format = $derived.by(() => this.app.settings.f)
  readonly words: Oversight = $derived.by(() => oversightOf(this.app.settings.language))
  readonly people: People = $derived.by(() =>
    peopleOf(this.stay.view.members, this.stay.view.self, this.words.ledger),
  )
  readonly governance: GovernanceView = $derived.by(() => this.stay.view.governance)
  readonly ledger: LedgerView = $derived.by(() => this.stay.view.ledger)
  /** Everybody but oneself, who may be named in a form; those who are here first. */
  readonly others: readonly MemberView[] = $derived.by(() =>
    this.stay.view.members
      .filter(({ self }) => !self)
      .sort((a, b) => Number(a.status === 'gone') - Number(b.status === 'gone')),
  )

  constructor(app: App, stay: Stay) {
    this.app = app
    this.stay = stay
  }

  deed(): Deed {
    return new Deed(action => this.stay.session.act(action))
  }

  problem(problem: DeedProblem): string {
    const { act } = this.words.governance
    return problem === 'failed' ? act.failed : act.refused[problem]
  }

  /** Says that something was signed, and how many signatures it still waits for. */
  tellDone(missing = 0): void {
    const { act } = this.words.governance
    const rest = missing > 0 ? act.waiting(missing, this.f.int(missing)) : act.effective
    this.app.announcer.toast(`${act.done} ${rest}`, 'ok')
  }
}
