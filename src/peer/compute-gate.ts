// Follows what the ledger allows: orders stop the room's rounds and the job under way, limits stop this member's part.
import type { GossipEvent } from '../core/gossip/machine.ts'
import type { Phase } from '../ports/session.ts'
import type { Trainer } from '../ports/trainer.ts'
import type { Citizen } from './citizen.ts'
import type { LendAllowance } from './lender.ts'

export interface GateHost {
  phase(): Phase
  trainer(): Trainer | null
  dispatch(event: GossipEvent): void
  statePresence(): void
  /** A sponsored run has no use for this member's data at its price. */
  rests(): boolean
}

export class ComputeGate {
  /** Whether this member may train; the room as a whole may stand still all the same. */
  allowed = true
  private governedText = ''

  constructor(
    private readonly citizen: Citizen,
    private readonly host: GateHost,
  ) {}

  oversee(): void {
    const governed = this.citizen.governed()
    const text = JSON.stringify(governed)
    if (text !== this.governedText) {
      this.governedText = text
      this.holdTrainer()
      this.host.dispatch({ type: 'governed', governed })
      // The work until the order is stated at once, not at the next regular receipt.
      if (governed.frozen) this.citizen.stateReceipt().catch(() => undefined)
    }
    const allowed = this.citizen.limits().standing === 'good' && !this.host.rests()
    if (allowed === this.allowed) return
    this.allowed = allowed
    if (this.host.phase() === 'training') this.host.dispatch({ type: 'role', training: allowed })
    this.host.statePresence()
  }

  /** What may be lent to others: nothing while anything here stands still, and nothing beyond the own limits. */
  lendable(): LendAllowance {
    const { standing, budgetFlop, rateFlops } = this.citizen.limits()
    const phase = this.host.phase()
    const isStill = (phase !== 'training' && phase !== 'watching') || this.citizen.governed().frozen
    const refusal = isStill ? 'paused' : standing === 'good' ? null : 'not-allowed'
    return { refusal, budgetFlop, rateFlops }
  }

  /** The person's pause and the room's both keep the job where it is. */
  holdTrainer(): void {
    this.host.trainer()?.setPaused(this.host.phase() === 'paused' || this.citizen.governed().frozen)
  }
}
