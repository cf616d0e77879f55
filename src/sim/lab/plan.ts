// What a run of the laboratory is: a plan, from which with its seed everything follows. Rounds are synchronous; who is away,
// which updates come late and what liars send is part of the plan. Networks and clocks are the swarm's (sim/swarm.ts).
import type { PartitionScheme } from '../../core/data/dataset.ts'
import type { TrainingTerms } from '../../core/ledger/entry.ts'
import { DEFAULT_TERMS } from '../../core/ledger/terms.ts'
import type { ModelSpec } from '../../core/model/spec.ts'

/**
 * 'flip': minus three times what the liar would have said. 'ipm': minus 1.5 times the honest mean (inner product
 * manipulation, Xie et al. 2019). 'alie': the mean less 1.5 standard deviations in every coordinate (a little is enough,
 * Baruch et al. 2019). 'scale': minus fifty times the mean. 'labels': honest work on labels turned round. 'ipm-norm': minus the
 * mean, as long as the median honest update.
 */
export const ATTACKS = ['flip', 'ipm', 'alie', 'scale', 'labels', 'ipm-norm'] as const
export type AttackName = (typeof ATTACKS)[number]

export interface LabPlan {
  readonly seed: string
  readonly model: ModelSpec
  readonly members: number
  readonly rounds: number
  readonly partition: PartitionScheme
  /** Samples a member holds at most; 0 for no limit. */
  readonly partSamples: number
  readonly terms: TrainingTerms
  /**
   * 'room': codec and rule as the terms say. 'float32': every number whole, as FedAvg sends it, with the terms' rule;
   * 'median': the terms' codec with a coordinate-wise median, which rooms do not offer (it breaks sparse updates).
   */
  readonly exchange: 'room' | 'float32' | 'median'
  /** Whether states are rounded to half precision every round, as rooms do; FedAvg's are not. */
  readonly halfStates: boolean
  /** The last so many members lie. */
  readonly liars: number
  readonly attack: AttackName | null
  readonly delays: Delays | null
  readonly churn: Churn | null
}

/** An update misses its round at another member with this chance, and comes one to `rounds` rounds later, or never. */
export interface Delays {
  readonly rate: number
  readonly rounds: number
  /** 'replay': the round is computed again, as in rooms. 'drop': what comes late is thrown away. */
  readonly late: 'replay' | 'drop'
}

/** Chances a round that a member leaves, and that one who is away comes back, with nothing but the room's model. */
export interface Churn {
  readonly leave: number
  readonly rejoin: number
}

export const MNIST_MLP: ModelSpec = {
  input: [28, 28, 1],
  layers: [
    { type: 'flatten' },
    { type: 'dense', units: 128, activation: 'relu' },
    { type: 'dense', units: 10, activation: 'linear' },
  ],
}

export const PLAIN_PLAN: Omit<LabPlan, 'seed'> = {
  model: MNIST_MLP,
  members: 10,
  rounds: 60,
  partition: { type: 'iid' },
  partSamples: 0,
  terms: { ...DEFAULT_TERMS, committee: 0 },
  exchange: 'room',
  halfStates: true,
  liars: 0,
  attack: null,
  delays: null,
  churn: null,
}

/** What float32 federated averaging does with the same members and the same local training (McMahan et al. 2017). */
export function fedAvg(plan: Omit<LabPlan, 'seed'>): Omit<LabPlan, 'seed'> {
  const terms: TrainingTerms = {
    ...plan.terms,
    rule: 'mean',
    outerRateMilli: 1000,
    outerMomentumMilli: 0,
    drift: 'none',
  }
  return { ...plan, terms, exchange: 'float32', halfStates: false }
}
