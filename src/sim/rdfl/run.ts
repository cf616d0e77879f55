// npm run sim -- rdfl: the paper's experiments and this project's own around them, from one seed, with curves under out/. A check says what
// must hold; everything else is told as a figure. Training is real (MNIST, reference trainer), but in no room.
import type { Check } from '../scenarios.ts'
import { adjustmentStudy, type AdjustmentResult } from './adjustment.ts'
import { adjustmentChart, misreportChart, pricingChart, writeCharts } from './charts.ts'
import { churnRun } from './churn.ts'
import { contributionStudy, type ContributionResult } from './contribution.ts'
import {
  finesNeeded,
  measurementNoise,
  misreportStudy,
  NARROW,
  WIDE,
  type MisreportPoint,
} from './misreport.ts'
import { compareWithSaved, pricingStudy, savedOrder, type PricingStudy } from './pricing.ts'
import { responseStudy } from './response.ts'

const FINE = 0.2
const MARKETS = 20
const CHURN_RUNS = 100
const REWARD_MICRO = 1_000_000_007n

export interface RdflRun {
  readonly checks: readonly Check[]
  readonly charts: readonly string[]
  readonly [figures: string]: unknown
}

export async function runRdfl(seed: string, log: (line: string) => void): Promise<RdflRun> {
  log('pricing: what sponsor and owners get')
  const pricing = (['paper', 'equal', 'geometric'] as const).map(population =>
    pricingStudy(population, MARKETS, seed),
  )
  for (const study of pricing) describePricing(study, log)
  log('misreports: what a bent report gains')
  const misreports = [NARROW, WIDE].map(setting => {
    const points = misreportStudy(setting, FINE, MARKETS, seed)
    const fines = finesNeeded(setting, MARKETS, seed)
    log(`  ${setting.name}: fine needed ${fines.median.toFixed(3)}, at most ${fines.highest.toFixed(3)}`)
    return { setting, points, fines }
  })
  const rooms = [3, 5, 10, 20, 40].flatMap(owners =>
    [0.8, 0.5].map(worst => {
      const setting = { name: `${owners} owners, quality ${worst} to 0.9`, owners, worst, best: 0.9 }
      return { name: setting.name, ...finesNeeded(setting, MARKETS, seed) }
    }),
  )
  const noise = measurementNoise(NARROW, FINE, [0, 0.01, 0.02, 0.05], MARKETS, seed)
  log('rewards and quality')
  const response = responseStudy()
  log('joins and leaves')
  const churn = Array.from({ length: CHURN_RUNS }, (_, i) => churnRun(`${seed}/${i}`))
  const seeds = [1, 2, 3].map(i => `${seed}/${i}`)
  log('contribution, by training')
  const contribution = await contributionStudy([...seeds, `${seed}/4`, `${seed}/5`], REWARD_MICRO, log)
  log('adjustment during training')
  const adjustment = await adjustmentStudy(seeds, log)
  for (const { name, accuracy, samples } of adjustment)
    log(
      `  ${name.padEnd(22)} ${(100 * accuracy.at(-1)!).toFixed(1)} % with ${Math.round(samples)} samples a round`,
    )

  const charts = await writeCharts({
    ...Object.fromEntries(
      pricing.flatMap(study => [
        [`sponsor-${study.population}`, pricingChart(study, 'sponsor', seed)],
        [`owner-${study.population}`, pricingChart(study, 'meanOwner', seed)],
      ]),
    ),
    misreport: misreportChart(NARROW, misreports[0]!.points, FINE),
    'misreport-wide': misreportChart(WIDE, misreports[1]!.points, FINE),
    adjustment: adjustmentChart(adjustment, seeds.length),
  })
  for (const file of charts) log(`chart: ${file}`)
  const means = churn.reduce(
    (sum, { exposures, exposuresIfAllMove, made, broken }) => ({
      exposures: sum.exposures + exposures / CHURN_RUNS,
      exposuresIfAllMove: sum.exposuresIfAllMove + exposuresIfAllMove / CHURN_RUNS,
      made: sum.made + made / CHURN_RUNS,
      broken: sum.broken + broken / CHURN_RUNS,
    }),
    { exposures: 0, exposuresIfAllMove: 0, made: 0, broken: 0 },
  )
  return {
    checks: [
      ...pricingChecks(pricing),
      ...misreportChecks(misreports[0]!.points),
      zeroCheck(
        'broken promises in joins and leaves',
        churn.flatMap(({ faults }) => faults).length,
        'faults',
      ),
      ...contributionChecks(contribution),
      ...adjustmentChecks(adjustment),
    ],
    charts,
    pricing,
    saved: { ...compareWithSaved(), order: savedOrder() },
    misreports,
    finesNeeded: rooms,
    noise,
    response,
    churn: means,
    contribution,
    adjustment,
  }
}

function describePricing({ population, curves }: PricingStudy, log: (line: string) => void): void {
  for (const [rule, points] of Object.entries(curves)) {
    const cells = points.map(({ sponsor, meanOwner }) => `${sponsor.toFixed(4)} / ${meanOwner.toFixed(5)}`)
    log(`  ${population.padEnd(9)} ${rule.padEnd(7)} ${cells.join('  ')}`)
  }
}

function pricingChecks(studies: readonly PricingStudy[]): Check[] {
  const beaten = studies.reduce((sum, study) => sum + study.beaten, 0)
  const compared = studies.reduce((sum, study) => sum + study.compared, 0)
  return [
    zeroCheck(`rewards better for the sponsor than the equilibrium's, of ${compared}`, beaten, 'rewards'),
  ]
}

function misreportChecks(points: readonly MisreportPoint[]): Check[] {
  const over = points.filter(({ bent }) => bent > 0)
  const gain = Math.max(...over.map(({ largestFined }) => largestFined))
  const free = points.at(-1)!.byMeasure
  return [
    {
      name: `largest gain by over-reporting, phi ${FINE}, ${NARROW.name}`,
      value: gain,
      unit: 'credits',
      bar: '<= 0',
      ok: gain <= 0,
    },
    { name: 'mean gain by +0.10 without a fine', value: free, unit: 'of utility', bar: '> 0', ok: free > 0 },
  ]
}

function contributionChecks({
  shapley,
  validationDrop,
  exactSettlements,
  settlements,
}: ContributionResult): Check[] {
  const least = (name: string, value: number): Check => ({
    name,
    value,
    unit: 'rank correlation',
    bar: '>= 0.8',
    ok: value >= 0.8,
  })
  return [
    least('Shapley values against true quality, mean of the seeds', shapley.mean),
    least('validation-loss drops against true quality, mean of the seeds', validationDrop.mean),
    zeroCheck('settlements that do not add up to the reward', settlements - exactSettlements, 'settlements'),
  ]
}

function adjustmentChecks(results: readonly AdjustmentResult[]): Check[] {
  const last = (name: string): number => results.find(result => result.name === name)!.accuracy.at(-1)!
  const gain = 100 * (last('validation, 0.5 to 1') - last('never'))
  return [
    {
      name: 'adjustment by validation loss against none',
      value: gain,
      unit: 'points',
      bar: '>= 0',
      ok: gain >= 0,
    },
  ]
}

function zeroCheck(name: string, value: number, unit: string): Check {
  return { name, value, unit, bar: '= 0', ok: value === 0 }
}
