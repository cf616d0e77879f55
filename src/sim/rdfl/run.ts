// npm run sim -- rdfl: the paper's experiments and this project's own around them, from one seed, with curves under out/. A check says what
// must hold; everything else is told as a figure. Training is real (MNIST, reference trainer), but in no room.
import type { Check } from '../scenarios.ts'
import { adjustmentStudy, type AdjustmentResult } from './adjustment.ts'
import { adjustmentChart, misreportChart, pricingChart, writeCharts } from './charts.ts'
import { churnRun } from './churn.ts'
import { contributionStudy, type ContributionResult, type OpenLab } from './contribution.ts'
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
import { remeasureStudy, togetherStudy, type RemeasureResult, type TogetherResult } from './together.ts'
import { openGlyphLab } from './training-glyph.ts'
import { openMnistLab } from './training-mnist.ts'

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
  const fiveSeeds = [...seeds, `${seed}/4`, `${seed}/5`]
  const contribution = await contributionStudy(fiveSeeds, REWARD_MICRO, openMnistLab, log)
  log('alone and together; quality measured during training')
  const digits: Record<string, DigitsResult> = {}
  for (const { name, together, samples, rounds, remeasured } of DIGITS) {
    digits[name] = {
      together: await togetherStudy(together, samples, rounds, fiveSeeds),
      remeasured: await remeasureStudy(remeasured, fiveSeeds),
    }
    describeDigits(name, digits[name], log)
  }
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
      ...Object.entries(digits).flatMap(([name, result]) => digitsChecks(name, result)),
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
    digits,
    adjustment,
  }
}

interface DigitsResult {
  readonly together: TogetherResult
  readonly remeasured: RemeasureResult
}

const glyphLab =
  (kind: 'A' | 'B'): OpenLab =>
  (wrongLabels, samples, seed) =>
    openGlyphLab(kind, wrongLabels, samples, seed)

/** The moving digits are hard enough to gain by more data, the centred ones show wrong labels; their small model takes more rounds. */
const DIGITS: readonly {
  readonly name: string
  /** The lab of R6, what each owner has, and the rounds. */
  readonly together: OpenLab
  readonly samples: number
  readonly rounds: number
  /** The lab of R8. */
  readonly remeasured: OpenLab
}[] = [
  { name: 'MNIST', together: openMnistLab, samples: 200, rounds: 20, remeasured: openMnistLab },
  { name: 'generated digits', together: glyphLab('B'), samples: 600, rounds: 30, remeasured: glyphLab('A') },
]

function describeDigits(
  name: string,
  { together, remeasured }: DigitsResult,
  log: (line: string) => void,
): void {
  const least = (values: readonly (readonly number[])[]): number => Math.min(...values.flat())
  log(
    `  ${name}: at least ${least(together.gains).toFixed(1)} points and ${least(together.half).toFixed(2)} credits gained by an owner (${least(together.best).toFixed(2)} at the sponsor's best reward); at most ${Math.max(...remeasured.wide).toFixed(2)} and ${Math.max(...remeasured.narrow).toFixed(2)} of the share with wrong labels left`,
  )
}

function digitsChecks(name: string, { together, remeasured }: DigitsResult): Check[] {
  const gain = Math.min(...together.gains.flat())
  const utility = Math.min(...together.half.flat())
  const left = Math.max(...remeasured.wide, ...remeasured.narrow)
  return [
    {
      name: `R6 ${name}: least that one of five owners gains over its own model, 5 seeds`,
      value: gain,
      unit: 'points',
      bar: '>= 2',
      ok: gain >= 2,
    },
    {
      name: `R6 ${name}: least pay less cost of an owner, the sponsor keeping half of its gain`,
      value: utility,
      unit: 'credits',
      bar: '> 0',
      ok: utility > 0,
    },
    {
      name: `R8 ${name}: share left to an owner with 70 % wrong labels, scales 0.5 and 0.9, 5 seeds`,
      value: left,
      unit: 'of its share before',
      bar: '<= 0.6',
      ok: left <= 0.6,
    },
  ]
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
