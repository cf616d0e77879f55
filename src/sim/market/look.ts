// The whole made-up market at one setup: solved, settled by what was measured, matched, and bent reports weighed. Pure; answers in
// milliseconds. What a refusal leaves to be shown (the price curve of a closed market) is shown.
import {
  answerReward,
  openMarket,
  solveMarket,
  sponsorUtility,
  type Equilibrium,
  type Market,
} from '../../core/incentives/equilibrium.ts'
import { capOf, type MarketTerms, type OwnerOffer } from '../../core/incentives/offers.ts'
import type { Outcome } from '../../core/incentives/refusal.ts'
import { reportOutcome } from '../../core/incentives/reporting.ts'
import { contributionParts, settle } from '../../core/incentives/settlement.ts'
import { createRng } from '../../core/num/rng.ts'
import type {
  MarketLook,
  MarketMove,
  MarketSetup,
  OwnerLook,
  PriceLook,
  ReportLook,
} from '../../ports/market-lab.ts'
import { drawMarket, offersOf, type DrawnMarket, type DrawnOwner } from './draw.ts'
import { matchLook } from './match.ts'

const CURVE = 120
const DRAWS = 20
const FIXED = 1
const REPORTS = 40
const MICRO = 1e6

export function lookAt(setup: MarketSetup, moves: readonly MarketMove[]): MarketLook {
  const drawn = drawMarket(setup)
  const market = openMarket(drawn.terms, offersOf(setup, drawn.owners, 'reported'))
  if (!market.ok) return { refusal: market.refusal, price: null, owners: [], match: null, reports: null }
  const best = solveMarket(market.value)
  const price = priceLook(setup, market.value, best)
  const answer = best.ok ? answerReward(market.value, price.offered) : best
  const reports = reportLook(setup, drawn)
  if (!answer.ok) return { refusal: answer.refusal, price, owners: [], match: null, reports }
  const settled = settleLook(setup, drawn, market.value, answer.value)
  if (!settled.ok) return { refusal: settled.refusal, price, owners: [], match: null, reports }
  const match = matchLook(setup, drawn, answer.value, moves)
  return {
    refusal: match.ok ? null : match.refusal,
    price,
    owners: settled.value,
    match: match.ok ? match.value : null,
    reports,
  }
}

function priceLook({ seed, reward }: MarketSetup, market: Market, best: Outcome<Equilibrium>): PriceLook {
  const optimum = best.ok ? best.value.reward : null
  const offered = ((optimum ?? FIXED) * reward) / 100
  const most = Math.max(2.5 * (optimum ?? FIXED), 1.25 * FIXED, 1.05 * offered)
  const rewards = Array.from({ length: CURVE + 1 }, (_, i) => (most * i) / CURVE)
  const rng = createRng(`${seed}/random`)
  // One draw in each stratum, as in the paper's experiment.
  const draws = Array.from({ length: DRAWS }, (_, i) => 0.5 + (0.5 * (i + rng.next())) / DRAWS)
  return {
    rewards,
    utilities: rewards.map(at => sponsorUtility(market, at)),
    best: best.ok ? { reward: best.value.reward, utility: best.value.sponsorUtility } : null,
    random:
      optimum === null
        ? null
        : {
            from: optimum / 2,
            to: optimum,
            utility: mean(draws.map(part => sponsorUtility(market, part * optimum))),
          },
    fixed: { reward: FIXED, utility: sponsorUtility(market, FIXED) },
    offered,
  }
}

/** Everybody brings what it forecast but the one who reports too much: it brings what is best for it. */
function settleLook(
  setup: MarketSetup,
  { terms, owners, liar }: DrawnMarket,
  market: Market,
  { reward, total, owners: forecasts }: Equilibrium,
): Outcome<readonly OwnerLook[]> {
  const amounts = forecasts.map(({ amount, contribution }, n) =>
    n === liar && setup.over > 0
      ? bestAmount(terms, owners[n]!, market.offers[n]!, reward, total - contribution)
      : amount,
  )
  const parts = contributionParts(owners.map(({ measured }, n) => measured * amounts[n]!))
  const rewardMicro = BigInt(Math.round(reward * MICRO))
  const settled = settle(
    rewardMicro,
    owners.map(({ id, reported, measured }, n) => ({
      id,
      contribution: parts[n]!,
      reportedMillionths: Math.round(reported * MICRO),
      measuredMillionths: Math.round(measured * MICRO),
    })),
    {
      fineMillionths: Math.round(setup.fine * MICRO),
      floorMillionths: Math.round((setup.floor / 100) * MICRO),
    },
  )
  if (!settled.ok) return settled
  const payments = new Map(settled.value.payments.map(payment => [payment.id, payment]))
  const next = nextShares(setup, terms, owners)
  return {
    ok: true,
    value: owners.map(({ id, size, reported, measured }, n): OwnerLook => {
      const { amount, pay, utility, standing } = forecasts[n]!
      const { payMicro, fineMicro } = payments.get(id)!
      const settledPay = Number(payMicro) / MICRO
      return {
        id,
        size,
        reported,
        measured,
        standing,
        amount,
        share: reward > 0 ? pay / reward : 0,
        pay,
        utility,
        settledPay,
        fine: Number(fineMicro) / MICRO,
        settledUtility: settledPay - terms.lambda * terms.rho * amounts[n]!,
        nextShare: next === null ? null : next[n]!,
      }
    }),
  }
}

/** The best reply of reporting.ts: q = sqrt(prize others / c) - others, as far as the data reach. */
function bestAmount(
  { lambda, rho, floor = 0 }: MarketTerms,
  { quality }: DrawnOwner,
  offer: OwnerOffer,
  reward: number,
  others: number,
): number {
  const wanted = Math.sqrt(((1 - floor) * reward * others * quality) / (lambda * rho)) - others
  return Math.min(capOf(offer), Math.max(0, wanted / quality))
}

/** Forecast shares of pay in a round after this one, from measured qualities. */
function nextShares(
  setup: MarketSetup,
  terms: MarketTerms,
  owners: readonly DrawnOwner[],
): readonly number[] | null {
  const market = openMarket(terms, offersOf(setup, owners, 'measured'))
  const solved = market.ok ? solveMarket(market.value) : market
  if (!solved.ok) return null
  const { reward, owners: forecasts } = solved.value
  return forecasts.map(({ pay }) => pay / reward)
}

function reportLook(setup: MarketSetup, { terms, owners, liar }: DrawnMarket): ReportLook | null {
  const owner = owners[liar]
  if (owner === undefined) return null
  const offers = offersOf(setup, owners, 'quality')
  const most = Math.min(0.2, 1 - owner.quality)
  const bents = Array.from({ length: REPORTS + 1 }, (_, i) => (most * i) / REPORTS)
  const honest = reportOutcome(terms, offers, liar, owner.quality)
  if (!honest.ok) return null
  let fineNeeded = 0
  const points = bents.map(bent => {
    const report = Math.min(1, owner.quality + bent)
    const bentOutcome = reportOutcome(terms, offers, liar, report)
    const byReport = paidAsReported(terms, offers, liar, report)
    if (!bentOutcome.ok) return { byReport, byMeasure: null, fined: null }
    const { utility, reward } = bentOutcome.value
    if (bent > 0) fineNeeded = Math.max(fineNeeded, (utility - honest.value.utility) / (reward * bent))
    return { byReport, byMeasure: utility, fined: utility - setup.fine * reward * bent }
  })
  return {
    owner: owner.id,
    quality: owner.quality,
    bents,
    byReport: points.map(({ byReport }) => byReport),
    byMeasure: points.map(({ byMeasure }) => byMeasure),
    fined: points.map(({ fined }) => fined),
    fineNeeded,
  }
}

/** As published: the report decides amount and pay alike. */
function paidAsReported(
  terms: MarketTerms,
  offers: readonly OwnerOffer[],
  n: number,
  report: number,
): number | null {
  const market = openMarket(
    terms,
    offers.map((offer, i) => (i === n ? { ...offer, quality: report } : offer)),
  )
  const solved = market.ok ? solveMarket(market.value) : market
  return solved.ok ? solved.value.owners[n]!.utility : null
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
