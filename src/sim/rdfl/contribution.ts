// Which measure of contribution tells good data from bad? Six owners with 0 to 90 % wrong labels and shards of unequal size train for real;
// each measure is ranked against the true quality, and the reward is settled by the Shapley values.
import { rescaleQuality } from '../../core/incentives/offers.ts'
import { measureShapley, sumRounds } from '../../core/incentives/shapley-driver.ts'
import type { ShapleyEstimate } from '../../core/incentives/shapley.ts'
import {
  contributionParts,
  DEFAULT_SETTLEMENT,
  settle,
  type Settlement,
} from '../../core/incentives/settlement.ts'
import { createRng, shuffle } from '../../core/num/rng.ts'
import { granted, idOf } from './markets.ts'
import { applyDeltas, lossOf, openLab, trainingDrops, trainRound, validationDrops } from './training.ts'

const WRONG_LABELS: readonly number[] = [0, 0.2, 0.4, 0.6, 0.7, 0.9]
const SIZES: readonly number[] = [120, 200, 280, 360, 440, 520]
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

export async function contributionStudy(
  seeds: readonly string[],
  rewardMicro: bigint,
  log: (line: string) => void,
): Promise<ContributionResult> {
  const ranks = { shapley: [] as number[], validationDrop: [] as number[], trainingDrop: [] as number[] }
  const badShares: number[] = []
  let evaluations = 0
  let exactSettlements = 0
  const quality = WRONG_LABELS.map(wrong => 1 - wrong)
  for (const seed of seeds) {
    const lab = await openLab(WRONG_LABELS, Math.max(...SIZES), seed)
    const counts = shuffle([...SIZES], createRng(`${seed}/sizes`))
    let params = lab.start
    const rounds: ShapleyEstimate[] = []
    let drops = quality.map(() => 0)
    const tuned = trainingDrops(lab, params, counts, seed)
    for (let round = 1; round <= ROUNDS; round++) {
      const { params: next, deltas } = trainRound(lab, params, counts, `${seed}/${round}`)
      const start = params
      const utility = (coalition: readonly number[]): number =>
        -lossOf(
          lab,
          applyDeltas(
            start,
            deltas,
            counts.map((count, n) => (coalition.includes(n) ? count : 0)),
          ),
        )
      const options = { seed, tolerance: 0, permutations: 1, halfWidth: 0 }
      rounds.push(granted(measureShapley(counts.length, utility, options)))
      const now = validationDrops(lab, start, deltas)
      drops = drops.map((sum, n) => sum + now[n]!)
      params = next
    }
    const measured = granted(sumRounds(rounds))
    evaluations += measured.evaluations
    ranks.shapley.push(spearman(measured.values, quality))
    ranks.validationDrop.push(spearman(drops, quality))
    ranks.trainingDrop.push(spearman(tuned, quality))
    badShares.push(badShareOf(measured.values))
    const { payments, returnedMicro } = settleStudy(rewardMicro, measured.values)
    const paid = payments.reduce((sum, { payMicro }) => sum + payMicro, 0n)
    if (paid === rewardMicro && returnedMicro === 0n) exactSettlements++
    log(
      `  seed ${seed}: rank correlation ${ranks.shapley.at(-1)!.toFixed(2)} by Shapley, ${ranks.validationDrop.at(-1)!.toFixed(2)} by validation loss, ${ranks.trainingDrop.at(-1)!.toFixed(2)} as published`,
    )
  }
  const summary = (values: readonly number[]) => ({ mean: meanOf(values), lowest: Math.min(...values) })
  return {
    shapley: summary(ranks.shapley),
    validationDrop: summary(ranks.validationDrop),
    trainingDrop: summary(ranks.trainingDrop),
    badShare: { mean: meanOf(badShares), highest: Math.max(...badShares) },
    evaluations,
    exactSettlements,
    settlements: seeds.length,
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
function spearman(a: readonly number[], b: readonly number[]): number {
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
