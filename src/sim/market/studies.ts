// The heavy work of the Lab's market as generators that yield how far they are, in [0, 1]: bent reports over many markets like the one
// of the setup, and real training on generated digits. The caller stops by not asking for more.
import { openMarket, solveMarket, type Equilibrium } from '../../core/incentives/equilibrium.ts'
import type { MarketTerms, OwnerOffer } from '../../core/incentives/offers.ts'
import { granted, type Outcome } from '../../core/incentives/refusal.ts'
import { deterrentFine, reportOutcome } from '../../core/incentives/reporting.ts'
import type { MarketSetup, ReportsResult, TrainingResult } from '../../ports/market-lab.ts'
import { contributionRun, SIZES, WRONG_LABELS, type ContributionRun } from '../rdfl/contribution.ts'
import { openGlyphLab } from '../rdfl/training-glyph.ts'
import { drawMarket, offersOf } from './draw.ts'

const MARKETS = 20
const BENTS = [0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1]
const MOST_BENT = 0.1
const TRAINED = 3

export type StudySteps<Result> = Generator<number, Outcome<Result>, void>

/** Everybody who has room above bends its report in turn, the others tell the truth; seed by seed. */
export function* reportsStudy(setup: MarketSetup): StudySteps<ReportsResult> {
  const sums = BENTS.map(bent => ({ bent, honest: 0, byReport: 0, byMeasure: 0, fined: 0 }))
  const fines: number[] = []
  let closed = 0
  for (let i = 0; i < MARKETS; i++) {
    const { terms, owners } = drawMarket({ ...setup, seed: `${setup.seed}/${i}` })
    const offers = offersOf(setup, owners, 'quality')
    const truth = solve(terms, offers)
    if (!truth.ok) {
      // What one market refuses for its terms they all refuse; a closed one may be chance.
      closed++
      if (truth.refusal.kind !== 'market-closed' || closed === MARKETS) return truth
      continue
    }
    const needed = deterrentFine(terms, offers, MOST_BENT, 5)
    if (needed.ok) fines.push(needed.value)
    for (const [n, { quality }] of offers.entries()) {
      yield (i + n / offers.length) / MARKETS
      if (quality + MOST_BENT > 1) continue
      const honest = truth.value.owners[n]!.utility
      for (const sum of sums) {
        const bent = reportOutcome(terms, offers, n, quality + sum.bent)
        const believed = solve(terms, withQuality(offers, n, quality + sum.bent))
        if (!bent.ok || !believed.ok) continue
        sum.honest += honest
        sum.byMeasure += bent.value.utility
        sum.fined += bent.value.utility - setup.fine * bent.value.reward * sum.bent
        sum.byReport += believed.value.owners[n]!.utility
      }
    }
  }
  fines.sort((a, b) => a - b)
  const gain = (of: 'byReport' | 'byMeasure' | 'fined') =>
    sums.map(sum => (sum.honest > 0 ? sum[of] / sum.honest - 1 : 0))
  return granted({
    study: 'reports',
    markets: MARKETS,
    closed,
    bents: BENTS,
    byReport: gain('byReport'),
    byMeasure: gain('byMeasure'),
    fined: gain('fined'),
    medianFine: fines[Math.floor((fines.length - 1) / 2)] ?? 0,
    highestFine: fines.at(-1) ?? 0,
  })
}

/** Six owners with 0 to 90 % wrong labels and unequal shards train for real; what they are worth is measured. */
export function* trainingStudy({ seed }: MarketSetup): StudySteps<TrainingResult> {
  const runs: ContributionRun[] = []
  for (let i = 0; i < TRAINED; i++) {
    const lab = openGlyphLab('A', WRONG_LABELS, Math.max(...SIZES), `${seed}/${i}`)
    const steps = contributionRun(lab, `${seed}/${i}`)
    let step = steps.next()
    while (!step.done) {
      yield (i + step.value) / TRAINED
      step = steps.next()
    }
    runs.push(step.value)
  }
  const shares = runs.map(({ values }) => {
    const positive = values.map(value => Math.max(0, value))
    const sum = positive.reduce((a, b) => a + b, 0)
    return positive.map(value => (sum > 0 ? value / sum : 0))
  })
  const rank = (measure: keyof ContributionRun['ranks']) => mean(runs.map(({ ranks }) => ranks[measure]))
  return granted({
    study: 'training',
    seeds: TRAINED,
    owners: WRONG_LABELS.map((wrongLabels, n) => {
      const measured = shares.map(share => share[n]!)
      return {
        id: `owner-${String(n + 1).padStart(3, '0')}`,
        wrongLabels,
        // Nobody's report shows wrong labels, so the forecast for equal reports is the same for all.
        forecast: 1 / WRONG_LABELS.length,
        measured: mean(measured),
        low: Math.min(...measured),
        high: Math.max(...measured),
        alone: mean(runs.map(({ alone }) => alone[n]!)),
      }
    }),
    together: mean(runs.map(({ together }) => together)),
    shapley: rank('shapley'),
    validationDrop: rank('validationDrop'),
    trainingDrop: rank('trainingDrop'),
  })
}

function solve(terms: MarketTerms, offers: readonly OwnerOffer[]): Outcome<Equilibrium> {
  const market = openMarket(terms, offers)
  return market.ok ? solveMarket(market.value) : market
}

function withQuality(offers: readonly OwnerOffer[], n: number, quality: number): OwnerOffer[] {
  return offers.map((offer, i) => (i === n ? { ...offer, quality } : offer))
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
