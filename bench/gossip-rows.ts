// The table of the swarm engine: which runs of the laboratory every row consists of. Terms are the charter's defaults
// (core/ledger/terms.ts: SGD 0.1, batches of 32, 20 local steps, outer step 1 without momentum) unless an arm says otherwise.
import type { PartitionScheme } from '../src/core/data/dataset.ts'
import type { TrainingTerms } from '../src/core/ledger/entry.ts'
import { ATTACKS, type Delays, fedAvg, type LabPlan, PLAIN_PLAN } from '../src/sim/lab/plan.ts'

type SeedlessPlan = Omit<LabPlan, 'seed'>

export interface Arm {
  /** Letter of the row, the split's name, and what is tried there. */
  readonly row: string
  readonly split: string
  readonly name: string
  readonly plan: SeedlessPlan
  /** Rounds between two evaluations; the last round is always evaluated. */
  readonly every: number
  /** Whether members' models are also tried on members' own kinds of samples. */
  readonly personal: boolean
}

const SPLITS = {
  iid: { type: 'iid' },
  'dir 0.3': { type: 'dirichlet', alphaMilli: 300 },
  'dir 0.1': { type: 'dirichlet', alphaMilli: 100 },
  'two shards': { type: 'classes', classesPerPart: 2 },
  disjoint: { type: 'classes', classesPerPart: 3 },
} as const satisfies Record<string, PartitionScheme>
type SplitName = keyof typeof SPLITS

const SKEWS: readonly SplitName[] = ['iid', 'dir 0.3']
export const RULES = ['clip-trim', 'clip-mean', 'multi-krum', 'nearest-median', 'centered-clip'] as const
const NESTEROV: Partial<TrainingTerms> = { outerRateMilli: 700, outerMomentumMilli: 500 }
const ADAM: Partial<TrainingTerms> = { optimizer: 'adam', learningRateMicro: 1_000 }
const LATE: Delays = { rate: 0.2, rounds: 3, late: 'replay' }

function arm(
  row: string,
  split: SplitName,
  name: string,
  terms: Partial<TrainingTerms> = {},
  rest: Partial<SeedlessPlan> = {},
  every = 60,
): Arm {
  const plan = {
    ...PLAIN_PLAN,
    partition: SPLITS[split],
    ...rest,
    terms: { ...PLAIN_PLAN.terms, profile: 'one-bit' as const, ...terms },
  }
  return { row, split, name, plan, every, personal: row === 'o' }
}

function asFedAvg({ plan, ...rest }: Arm): Arm {
  return { ...rest, plan: fedAvg(plan) }
}

/** In the order in which they should run if time is short. */
export function allArms(): readonly Arm[] {
  return [
    ...accuracyArms(),
    ...robustArms('clip-trim'),
    ...disjointArms(),
    ...controlArms(),
    ...lossArms(),
    ...churnArms(),
    ...priceArms(),
    ...sizeArms(),
    ...headArms(),
    ...choiceArms(),
    ...RULES.slice(1).flatMap(robustArms),
  ]
}

function accuracyArms(): Arm[] {
  return SKEWS.flatMap(split => [
    asFedAvg(arm('a', split, 'fedavg', {}, {}, 2)),
    arm('a', split, 'one-bit', {}, {}, 2),
    arm('k', split, 'states not rounded', {}, { halfStates: false }),
  ])
}

function robustArms(rule: TrainingTerms['rule']): Arm[] {
  return SKEWS.flatMap(split =>
    [null, ...ATTACKS].map(attack =>
      arm(
        'b',
        split,
        `${rule}: ${attack ?? 'none'}`,
        { rule },
        { rounds: 30, liars: attack ? 2 : 0, attack },
      ),
    ),
  )
}

/** Four members, every class with one of them. */
function disjointArms(): Arm[] {
  const four = { members: 4 }
  return [
    asFedAvg(arm('h', 'disjoint', 'fedavg', {}, four, 10)),
    arm('h', 'disjoint', 'default', {}, four, 10),
    arm('h', 'disjoint', 'nesterov', NESTEROV, four),
    arm('h', 'disjoint', 'variates', { drift: 'variates' }, four),
    arm('h', 'disjoint', 'prox 0.1', { drift: 'prox', proximalMicro: 100_000 }, four),
    arm('h', 'disjoint', 'rate 0.2', { learningRateMicro: 200_000 }, four),
    asFedAvg(arm('h', 'disjoint', 'fedavg, rate 0.2', { learningRateMicro: 200_000 }, four)),
    arm('h', 'disjoint', 'rate 0.2, variates', { learningRateMicro: 200_000, drift: 'variates' }, four),
    asFedAvg(arm('h', 'disjoint', 'fedavg, adam', ADAM, four)),
    arm('h', 'disjoint', 'default, adam', ADAM, four),
    arm('h', 'disjoint', 'nesterov, adam', { ...ADAM, ...NESTEROV }, four),
    arm('h', 'disjoint', 'prox 0.1, adam', { ...ADAM, drift: 'prox', proximalMicro: 100_000 }, four),
  ]
}

/** What must fail. */
function controlArms(): Arm[] {
  const thirty = { rounds: 30 }
  const sparse = { profile: 'sparse', rule: 'multi-krum' } as const
  return [
    ...SKEWS.map(split =>
      arm('x', split, 'mean: scale', { rule: 'mean' }, { ...thirty, liars: 2, attack: 'scale' }),
    ),
    arm('x', 'iid', 'sparse, multi-krum', sparse, thirty),
    arm('x', 'iid', 'sparse, mean', { ...sparse, rule: 'mean' }, thirty),
    arm('x', 'iid', 'sparse, median', { profile: 'sparse' }, { ...thirty, exchange: 'median' }),
    arm('x', 'iid', 'one-bit, median', {}, { ...thirty, exchange: 'median' }),
  ]
}

function lossArms(): Arm[] {
  const drop: Delays = { ...LATE, late: 'drop' }
  return [
    ...SKEWS.flatMap(lateArms),
    // The setting in which drift was first measured: 40 rounds of Adam.
    arm('d', 'iid', 'drop, adam', ADAM, { delays: drop, rounds: 40 }),
  ]
}

function lateArms(split: SplitName): Arm[] {
  return [
    arm('d', split, 'no loss'),
    arm('d', split, 'replay', {}, { delays: LATE }),
    arm('d', split, 'drop', {}, { delays: { ...LATE, late: 'drop' } }),
  ]
}

function churnArms(): Arm[] {
  return [0.1, 0.3].map(leave =>
    arm('f', 'iid', `${100 * leave} % leave`, {}, { churn: { leave, rejoin: 0.5 } }),
  )
}

function priceArms(): Arm[] {
  const splits: readonly SplitName[] = ['iid', 'dir 0.1', 'two shards']
  return splits.flatMap(split => [
    arm('c', split, 'clip-trim'),
    arm('c', split, 'mean', { rule: 'mean' }),
    asFedAvg(arm('c', split, 'fedavg')),
  ])
}

function sizeArms(): Arm[] {
  const forty = { rounds: 40 }
  return [
    arm('g', 'iid', '30 members, 6 flip', {}, { ...forty, members: 30, liars: 6, attack: 'flip' }),
    ...[2, 5, 30].map(members => arm('g', 'iid', `${members} members`, {}, { ...forty, members })),
    arm('g', 'iid', '5 members, 1 flips', {}, { ...forty, members: 5, liars: 1, attack: 'flip' }),
    arm(
      'g',
      'iid',
      '4 strangers, 1 flips',
      { trusted: 'no' },
      { ...forty, members: 4, liars: 1, attack: 'flip' },
    ),
  ]
}

/** A last layer of one's own, where it is meant for: every member knows few classes and wants those. */
function headArms(): Arm[] {
  const splits: readonly SplitName[] = ['dir 0.1', 'two shards']
  return splits.flatMap(split => [
    arm('o', split, 'shared head'),
    arm('o', split, 'own head', { head: 'own' }),
  ])
}

/** What the other choices of a charter cost where nobody lies, at 60 rounds like row a. */
function choiceArms(): Arm[] {
  return SKEWS.flatMap(split => [
    arm('p', split, 'masked', { profile: 'masked' }),
    arm('p', split, 'sparse, multi-krum', { profile: 'sparse', rule: 'multi-krum' }),
    arm('p', split, 'nesterov', NESTEROV),
    arm('p', split, 'by samples', { weighting: 'samples' }),
    asFedAvg(arm('p', split, 'fedavg by samples', { weighting: 'samples' })),
    arm('p', split, 'variates', { drift: 'variates' }),
    arm('p', split, 'prox 0.1', { drift: 'prox', proximalMicro: 100_000 }),
    ...RULES.slice(1).map(rule => arm('p', split, rule, { rule })),
  ])
}
