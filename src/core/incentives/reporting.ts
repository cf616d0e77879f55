// Does it pay to report better quality than one has? Others then bring less and the reward changes, so in the published scheme it does, even
// when pay follows measured quality. A fine phi * reward * (reported - measured) takes the gain away; how large phi must be
// depends on the market, and this computes it. Own derivation; the source only shows that over-reporting pays.
import { openMarket, solveMarket } from './equilibrium.ts'
import { capOf, type MarketTerms, type OwnerOffer } from './offers.ts'
import {
  checkCount,
  checkNumber,
  firstRefusal,
  granted,
  NOT_NEGATIVE,
  refused,
  type Outcome,
} from './refusal.ts'

export interface ReportOutcome {
  readonly reward: number
  /** Before any fine. */
  readonly utility: number
}

/**
 * What owner `n` gets when it reports `report`, the others the truth (their offers), and the market is solved from the reports. It
 * then brings whatever is best for it, and is paid by its true quality.
 */
export function reportOutcome(
  terms: MarketTerms,
  offers: readonly OwnerOffer[],
  n: number,
  report: number,
): Outcome<ReportOutcome> {
  const refusal = firstRefusal(
    () => checkCount('owners', offers.length, 2, Infinity),
    () => checkNumber('owner', '', n, { least: 0, most: offers.length - 1 }),
  )
  if (refusal !== null) return refused(refusal)
  const truth = offers[n]!
  const market = openMarket(
    terms,
    offers.map((offer, i) => (i === n ? { ...offer, quality: report } : offer)),
  )
  if (!market.ok) return market
  const solved = solveMarket(market.value)
  if (!solved.ok) return solved
  const { reward, total, owners } = solved.value
  const others = total - owners[n]!.contribution
  const { floor = 0, lambda, rho } = terms
  const cost = (lambda * rho) / truth.quality
  const prize = (1 - floor) * reward
  const most = truth.quality * capOf(truth)
  const contribution = Math.min(most, Math.max(0, Math.sqrt((prize * others) / cost) - others))
  const share = contribution > 0 ? contribution / (contribution + others) : 0
  return granted({ reward, utility: prize * share + (floor * reward) / offers.length - cost * contribution })
}

/**
 * The least phi for which no owner gains by over-reporting by up to `most`, looked for at `steps` reports each; 0 where it never
 * pays. The true qualities stand in the offers.
 */
export function deterrentFine(
  terms: MarketTerms,
  offers: readonly OwnerOffer[],
  most: number,
  steps: number,
): Outcome<number> {
  const invalid = checkNumber('most', '', most, NOT_NEGATIVE)
  if (invalid !== null) return refused(invalid)
  let fine = 0
  for (const [n, { quality }] of offers.entries()) {
    const honest = reportOutcome(terms, offers, n, quality)
    if (!honest.ok) return honest
    const room = Math.min(most, 1 - quality)
    for (let step = 1; step <= steps && room > 0; step++) {
      const over = (room * step) / steps
      const bent = reportOutcome(terms, offers, n, quality + over)
      if (!bent.ok) return bent
      fine = Math.max(fine, (bent.value.utility - honest.value.utility) / (bent.value.reward * over))
    }
  }
  return granted(fine)
}
