// Which measure of contribution tells good data from bad? Six owners with 0 to 90 % wrong labels and shards of unequal size train for real;
// each measure is ranked against the true quality, and the reward is settled by the Shapley values.
import { rescaleQuality } from '../../core/incentives/offers.ts'
import { sumRounds } from '../../core/incentives/shapley-driver.ts'
import { shapleyRun, type ShapleyEstimate } from '../../core/incentives/shapley.ts'
import {
  contributionParts,
  DEFAULT_SETTLEMENT,
  settle,
  type Settlement,
} from '../../core/incentives/settlement.ts'
import { createRng, shuffle } from '../../core/num/rng.ts'
import { granted, idOf } from './markets.ts'
import {
  accuracyOf,
  roundUtility,
  trainAlone,
  trainingDrops,
  trainRound,
  validationDrops,
  type Lab,
} from './training.ts'

export const WRONG_LABELS: readonly number[] = [0, 0.2, 0.4, 0.6, 0.7, 0.9]
export const SIZES: readonly number[] = [120, 200, 280, 360, 440, 520]
const ROUNDS = 4
/** All owners claim this, whatever they have. */
const CLAIMED = 0.95
const LEAST_QUALITY = 0.5

export interface ContributionResult {
  /** Rank correlation with true quality, mean and lowest over the seeds. */
  readonly shapley: { readonly mean: number; readonly lowest: number }
  readonly validationDrop: { readonly mean: number; readonly lowest: number }
  readonly trainingDrop: { readonly mean: number; readonly lowest: number }
  /** Measured share of the owners with 70 % and more wrong labels, in relation to the mean share of the three best. */
  readonly badShare: { readonly mean: number; readonly highest: number }
  readonly evaluations: number
  /** Settlements whose payments and returns add up to the reward, of all. */
  readonly exactSettlements: number
  readonly settlements: number
}

/** One seed of the study. */
export interface ContributionRun {
  /** Shapley values summed over the rounds, by owner. */
  readonly values: readonly number[]
  readonly ranks: { readonly shapley: number; readonly validationDrop: number; readonly trainingDrop: number }
  readonly badShare: number
  readonly evaluations: number
  /** Test accuracy of the common model; alone on what each brought. */
  readonly together: number
  readonly alone: readonly number[]
}

export type OpenLab = (wrongLabels: readonly number[], samples: number, seed: string) => Lab | Promise<Lab>

export async function contributionStudy(
  seeds: readonly string[],
  rewardMicro: bigint,
  open: OpenLab,
  log: (line: string) => void,
): Promise<ContributionResult> {
  const runs: ContributionRun[] = []
  let exactSettlements = 0
  for (const seed of seeds) {
    const steps = contributionRun(await open(WRONG_LABELS, Math.max(...SIZES), seed), seed)
    let step = steps.next()
    while (!step.done) step = steps.next()
    const { ranks, values } = step.value
    runs.push(step.value)
    const { payments, returnedMicro } = settleStudy(rewardMicro, values)
    const paid = payments.reduce((sum, { payMicro }) => sum + payMicro, 0n)
    if (paid === rewardMicro && returnedMicro === 0n) exactSettlements++
    log(
      `  seed ${seed}: rank correlation ${ranks.shapley.toFixed(2)} by Shapley, ${ranks.validationDrop.toFixed(2)} by validation loss, ${ranks.trainingDrop.toFixed(2)} as published`,
    )
  }
  const rank = (measure: keyof ContributionRun['ranks']) => {
    const values = runs.map(({ ranks }) => ranks[measure])
    return { mean: meanOf(values), lowest: Math.min(...values) }
  }
  const badShares = runs.map(({ badShare }) => badShare)
  return {
    shapley: rank('shapley'),
    validationDrop: rank('validationDrop'),
    trainingDrop: rank('trainingDrop'),
    badShare: { mean: meanOf(badShares), highest: Math.max(...badShares) },
    evaluations: runs.reduce((sum, { evaluations }) => sum + evaluations, 0),
    exactSettlements,
    settlements: seeds.length,
  }
}

/** Yields how far it is, in [0, 1]; between two yields a model is evaluated or an owner trained. */
export function* contributionRun(lab: Lab, seed: string): Generator<number, ContributionRun, void> {
  const counts = shuffle([...SIZES], createRng(`${seed}/sizes`))
  const quality = WRONG_LABELS.map(wrong => 1 - wrong)
  let params = lab.start
  const rounds: ShapleyEstimate[] = []
  let drops = quality.map(() => 0)
  const tuned = trainingDrops(lab, params, counts, seed)
  // The rounds are most of the work; training alone afterwards is the rest.
  const ofRounds = (done: number): number => (0.9 * done) / ROUNDS
  for (let round = 1; round <= ROUNDS; round++) {
    yield ofRounds(round - 1)
    const { params: next, deltas } = trainRound(lab, params, counts, `${seed}/${round}`)
    const start = params
    const utility = roundUtility(lab, start, deltas, counts)
    const game = shapleyRun(counts.length, { seed, tolerance: 0, permutations: 1, halfWidth: 0 })
    let step = game.next()
    while (!step.done) {
      yield ofRounds(round - 1 + step.value.done)
      step = game.next(utility(step.value.coalition))
    }
    rounds.push(granted(step.value))
    const now = validationDrops(lab, start, deltas)
    drops = drops.map((sum, n) => sum + now[n]!)
    params = next
  }
  const { values, evaluations } = granted(sumRounds(rounds))
  const alone: number[] = []
  for (const [n, count] of counts.entries()) {
    yield 0.9 + (0.1 * n) / counts.length
    alone.push(accuracyOf(lab, trainAlone(lab, n, count, ROUNDS, `${seed}/alone/${n}`)))
  }
  return {
    values,
    ranks: {
      shapley: spearman(values, quality),
      validationDrop: spearman(drops, quality),
      trainingDrop: spearman(tuned, quality),
    },
    badShare: badShareOf(values),
    evaluations,
    together: accuracyOf(lab, params),
    alone,
  }
}

function settleStudy(rewardMicro: bigint, values: readonly number[]): Settlement {
  const measured = rescaleQuality(values, LEAST_QUALITY)
  const parts = contributionParts(values)
  const owners = values.map((_, n) => ({
    id: idOf(n),
    contribution: parts[n]!,
    reportedMillionths: CLAIMED * 1e6,
    measuredMillionths: Math.round(measured[n]! * 1e6),
  }))
  return granted(settle(rewardMicro, owners, DEFAULT_SETTLEMENT))
}

function badShareOf(values: readonly number[]): number {
  const positive = values.map(value => Math.max(0, value))
  const bad = positive.filter((_, n) => WRONG_LABELS[n]! >= 0.7)
  return meanOf(bad) / meanOf(positive.slice(0, 3))
}

/** Rank correlation; ties share their mean rank. */
export function spearman(a: readonly number[], b: readonly number[]): number {
  const ranks = (values: readonly number[]): number[] =>
    values.map(value => {
      const below = values.filter(other => other < value).length
      const equal = values.filter(other => other === value).length
      return below + (equal - 1) / 2
    })
  const [x, y] = [ranks(a), ranks(b)]
  const middle = (a.length - 1) / 2
  const product = (one: readonly number[], other: readonly number[]): number =>
    one.reduce((sum, rank, i) => sum + (rank - middle) * (other[i]! - middle), 0)
  return product(x, y) / Math.sqrt(product(x, x) * product(y, y))
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
