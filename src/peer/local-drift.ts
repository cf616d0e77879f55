// What the charter's terms do against local models drifting apart where members' data differ: the control that goes into
// every local job, and what control variates learn from jobs and rounds.
import { createVariates, type Variates } from '../core/gossip/variates.ts'
import type { ModelState } from '../core/gossip/state.ts'
import type { TrainingTerms } from '../core/ledger/entry.ts'
import type { DriftControl } from '../ports/trainer.ts'

/** Measured on label-disjoint MNIST (docs/gossip.md). */
const VARIATES = { rate: 0.3, gain: 0.8 }

export class LocalDrift {
  private readonly variates: Variates | null
  private readonly learningRate: number

  /** @param shared parameters that members share, the first ones of the vector that is trained */
  constructor(
    private readonly terms: TrainingTerms,
    private readonly shared: number,
  ) {
    this.learningRate = terms.learningRateMicro / 1e6
    // What Adam walks is no gradient.
    const steered = terms.drift === 'variates' && terms.optimizer === 'sgd' && shared > 0
    this.variates = steered ? createVariates(shared, VARIATES) : null
  }

  /** For the next job on a model of `parameters`; the variates steer the shared part of it. */
  control(parameters: number): DriftControl | null {
    if (this.terms.drift === 'prox') return { proximal: this.terms.proximalMicro / 1e6, correction: null }
    const shared = this.variates?.correction() ?? null
    if (shared === null) return null
    if (shared.length === parameters) return { proximal: 0, correction: shared }
    const correction = new Float32Array(parameters)
    correction.set(shared)
    return { proximal: 0, correction }
  }

  jobDone(start: Float32Array, params: Float32Array, steps: number): void {
    if (this.variates === null) return
    const update = new Float32Array(this.shared)
    for (let i = 0; i < this.shared; i++) update[i] = start[i]! - params[i]!
    this.variates.ownUpdate(update, steps, this.learningRate)
  }

  /** The direction that the outer step took, read off the states before and after it. */
  roundMixed(before: ModelState, after: ModelState, steps: number): void {
    if (this.variates === null) return
    const alpha = this.terms.outerRateMilli / 1000
    const mu = this.terms.outerMomentumMilli / 1000
    const direction = new Float64Array(this.shared)
    for (let i = 0; i < this.shared; i++)
      direction[i] =
        mu === 0
          ? (before.params[i]! - after.params[i]!) / alpha
          : after.momentum[i]! - mu * before.momentum[i]!
    this.variates.roundMixed(direction, steps, this.learningRate)
  }
}
