// R6 and R8 by training: does a round pay each of five owners, in accuracy and in credits; and what is left of the share of an owner with
// 70 % wrong labels once quality is measured. On MNIST and on generated digits, whatever the lab is opened with.
import { answerReward, openMarket, solveMarket, type Equilibrium } from '../../core/incentives/equilibrium.ts'
import { PAPER_TERMS, rescaleQuality } from '../../core/incentives/offers.ts'
import { contributionParts, DEFAULT_SETTLEMENT, settle } from '../../core/incentives/settlement.ts'
import { sumRounds } from '../../core/incentives/shapley-driver.ts'
import type { ShapleyEstimate } from '../../core/incentives/shapley.ts'
import type { OpenLab } from './contribution.ts'
import { granted, idOf } from './markets.ts'
import {
  accuracyOf,
  lossOf,
  roundShapley,
  trainAlone,
  trainRound,
  validationDrops,
  type Lab,
} from './training.ts'

/** R6: honest owners, some more careful than others; the round is worth so much that each brings all it has. */
const FIVE: readonly number[] = [0, 0.01, 0.02, 0.03, 0.04]
const RICH_TERMS = { ...PAPER_TERMS, alpha: 50 }
/** R8: seven honest owners and one with 70 % wrong labels, which no report shows. */
const EIGHT: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0.7]
const SAMPLES = 500
/** After so many rounds quality is measured, as published (L = 2, counted from 0). */
const MEASURED_AFTER = 3
const LEAST_QUALITY = 0.5
const MICRO = 1e6

export interface TogetherResult {
  /** By seed and owner: accuracy of the common model less that alone on all the owner has, in points. */
  readonly gains: readonly (readonly number[])[]
  /**
   * Pay less cost in credits. At the reward that is best for the sponsor the forecast margin of an owner is a fifth of its pay, which
   * errors of measurement can eat; `half` is a reward that leaves the sponsor half of what it gains there.
   */
  readonly best: readonly (readonly number[])[]
  readonly half: readonly (readonly number[])[]
  /** As `half`, paid by Shapley values instead of validation-loss drops: noisier between owners who are much alike. */
  readonly halfByShapley: readonly (readonly number[])[]
  readonly together: readonly number[]
}

/** Alone and together train as many epochs; rounds after the lowest validation loss are neither kept nor paid. */
export async function togetherStudy(
  open: OpenLab,
  samples: number,
  rounds: number,
  seeds: readonly string[],
): Promise<TogetherResult> {
  const result = {
    gains: [] as number[][],
    best: [] as number[][],
    half: [] as number[][],
    halfByShapley: [] as number[][],
    together: [] as number[],
  }
  for (const seed of seeds) {
    const lab = await open(FIVE, samples, seed)
    const offers = FIVE.map((wrong, n) => ({
      id: idOf(n),
      quality: LEAST_QUALITY + (1 - LEAST_QUALITY) * (1 - wrong),
      samplesPerUnit: samples,
    }))
    const market = granted(solveMarket(granted(openMarket(RICH_TERMS, offers))))
    const counts = market.owners.map(({ amount }) => Math.round(amount * samples))
    const { params, drops, shapley } = trainToBest(lab, counts, rounds, seed)
    const common = accuracyOf(lab, params)
    result.together.push(common)
    result.gains.push(
      counts.map(
        (_, n) => 100 * (common - accuracyOf(lab, trainAlone(lab, n, samples, rounds, `${seed}/alone/${n}`))),
      ),
    )
    const half = market.reward + market.sponsorUtility / 2
    result.best.push(utilitiesOf(market, market.reward, offers, drops))
    result.half.push(utilitiesOf(market, half, offers, drops))
    result.halfByShapley.push(utilitiesOf(market, half, offers, shapley))
  }
  return result
}

function trainToBest(
  lab: Lab,
  counts: readonly number[],
  rounds: number,
  seed: string,
): {
  readonly params: Float32Array
  readonly drops: readonly number[]
  readonly shapley: readonly number[]
} {
  let params = lab.start
  let best = { loss: lossOf(lab, params), params, rounds: 0 }
  const games: ShapleyEstimate[] = []
  const drops: (readonly number[])[] = []
  for (let round = 1; round <= rounds; round++) {
    const { params: next, deltas } = trainRound(lab, params, counts, `${seed}/${round}`)
    games.push(roundShapley(lab, params, deltas, counts, seed))
    drops.push(validationDrops(lab, params, deltas))
    params = next
    const loss = lossOf(lab, params)
    if (loss < best.loss) best = { loss, params, rounds: round }
  }
  const kept = drops.slice(0, best.rounds)
  return {
    params: best.params,
    drops: counts.map((_, n) => kept.reduce((sum, round) => sum + round[n]!, 0)),
    shapley: granted(sumRounds(games.slice(0, best.rounds))).values,
  }
}

/** What everybody is paid by its part in lowering the validation loss, less what it costs. */
function utilitiesOf(
  { owners }: Equilibrium,
  reward: number,
  offers: readonly { readonly quality: number }[],
  values: readonly number[],
): number[] {
  const parts = contributionParts(values)
  const settled = granted(
    settle(
      BigInt(Math.round(reward * MICRO)),
      owners.map(({ id }, n) => {
        // The reports are true: nobody reports too much here.
        const millionths = Math.round(offers[n]!.quality * MICRO)
        return { id, contribution: parts[n]!, reportedMillionths: millionths, measuredMillionths: millionths }
      }),
      DEFAULT_SETTLEMENT,
    ),
  )
  return owners.map(({ id, cost }) => {
    const { payMicro } = settled.payments.find(payment => payment.id === id)!
    return Number(payMicro) / MICRO - cost
  })
}

export interface RemeasureResult {
  /** Equilibrium share of the owner with wrong labels after measuring, of its share before; by seed. */
  readonly wide: readonly number[]
  readonly narrow: readonly number[]
  /** Its measured part of the drops, of the mean of the honest. */
  readonly measured: readonly number[]
}

export async function remeasureStudy(open: OpenLab, seeds: readonly string[]): Promise<RemeasureResult> {
  const result = { wide: [] as number[], narrow: [] as number[], measured: [] as number[] }
  for (const seed of seeds) {
    const lab = await open(EIGHT, SAMPLES, seed)
    const before = granted(
      solveMarket(
        granted(
          openMarket(
            PAPER_TERMS,
            EIGHT.map((_, n) => ({ id: idOf(n), quality: 1 })),
          ),
        ),
      ),
    )
    const counts = before.owners.map(({ amount }) => Math.round(amount * SAMPLES))
    const drops = dropsOf(lab, counts, seed)
    result.wide.push(shareAfter(drops, 0.5, before))
    result.narrow.push(shareAfter(drops, 0.9, before))
    const honest = drops.slice(0, -1)
    result.measured.push(
      Math.max(0, drops.at(-1)!) / (honest.reduce((sum, drop) => sum + drop, 0) / honest.length),
    )
  }
  return result
}

function shareAfter(drops: readonly number[], least: number, before: Equilibrium): number {
  const offers = rescaleQuality(drops, least).map((quality, n) => ({ id: idOf(n), quality }))
  const after = granted(answerReward(granted(openMarket(PAPER_TERMS, offers)), before.reward))
  return after.owners.at(-1)!.share / before.owners.at(-1)!.share
}

function dropsOf(lab: Lab, counts: readonly number[], seed: string): readonly number[] {
  let params = lab.start
  let drops = counts.map(() => 0)
  for (let round = 1; round <= MEASURED_AFTER; round++) {
    const { params: next, deltas } = trainRound(lab, params, counts, `${seed}/${round}`)
    const now = validationDrops(lab, params, deltas)
    drops = drops.map((sum, n) => sum + now[n]!)
    params = next
  }
  return drops
}
