// The market of resource-decoupled rounds against its promises: reference vectors, what the paper's authors saved, deviations of every
// role, speed, matching, settlement, Shapley values, refusals. No training here: `npm run sim -- rdfl` has it.
import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { centreTargets } from '../src/core/incentives/centres.ts'
import { efforts, openContest } from '../src/core/incentives/contest.ts'
import { openMarket, solveMarket } from '../src/core/incentives/equilibrium.ts'
import { PAPER_TERMS, type OwnerOffer } from '../src/core/incentives/offers.ts'
import { createRng } from '../src/core/num/rng.ts'
import { BAD_INPUTS, badInputFaults } from '../src/sim/rdfl/bad-input.ts'
import { granted, idOf, PAPER_PRICES } from '../src/sim/rdfl/markets.ts'
import { finesNeeded, misreportStudy, NARROW, WIDE } from '../src/sim/rdfl/misreport.ts'
import { compareWithSaved, pricingStudy, savedOrder, type PricingStudy } from '../src/sim/rdfl/pricing.ts'
import { responseStudy } from '../src/sim/rdfl/response.ts'
import {
  scanChurn,
  scanDeviations,
  scanMatchings,
  scanPeaks,
  scanSettings,
  scanSettlements,
  scanShapley,
} from '../src/sim/rdfl/scans.ts'
import { check, commitName, deviceName, figure, type Check, type Report } from './report.ts'

const SEED = 'rdfl'
const EXACT = 1e-9
const GAIN = 1e-6
const GOLDEN = new URL('../tests/golden/incentives.json', import.meta.url)

export async function run(): Promise<Report> {
  const started = performance.now()
  const checks = [
    ...(await goldenChecks()),
    ...savedChecks(),
    ...orderChecks(),
    ...equilibriumChecks(),
    ...speedChecks(),
    ...reportingChecks(),
    ...matchingChecks(),
    ...shapleyChecks(),
    ...settlementChecks(),
  ]
  return {
    bench: 'rdfl',
    commit: commitName(),
    device: deviceName(`Node ${process.versions.node}`),
    seeds: [SEED],
    checks,
    seconds: Math.round((performance.now() - started) / 1000),
  }
}

interface Golden {
  readonly stackelberg: readonly {
    readonly f: readonly number[]
    readonly eta: number
    readonly Q: number
    readonly kappa: number
    readonly x: readonly number[]
    readonly Un: readonly number[]
    readonly Us: number
  }[]
  readonly cappedFollowers: {
    readonly eta: number
    readonly f: readonly number[]
    readonly cap: number
    readonly q: readonly number[]
  }
  readonly ccNash: readonly {
    readonly sigma: readonly number[]
    readonly X: number
    readonly d: readonly number[]
    readonly U: readonly number[]
  }[]
}

async function goldenChecks(): Promise<Check[]> {
  // reason: a file of this repository, compared number by number below.
  const golden = JSON.parse(await readFile(GOLDEN, 'utf8')) as Golden
  const errors: number[] = []
  const compare = (ours: readonly number[], theirs: readonly number[]): void =>
    void errors.push(...theirs.map((value, i) => Math.abs(ours[i]! - value)))
  for (const { f, eta, Q, kappa, x, Un, Us } of golden.stackelberg) {
    const offers = f.map((quality, n) => ({ id: idOf(n), quality }))
    const solved = granted(solveMarket(granted(openMarket(PAPER_TERMS, offers))))
    compare([solved.reward, solved.total, solved.kappa, solved.sponsorUtility], [eta, Q, kappa, Us])
    compare(
      solved.owners.map(({ amount }) => amount),
      x,
    )
    compare(
      solved.owners.map(({ utility }) => utility),
      Un,
    )
  }
  const { eta, f, cap, q } = golden.cappedFollowers
  compare(efforts(openContest(f.map(quality => ({ cost: 1 / quality, cap: quality * cap }))), eta), q)
  for (const { sigma, X, d, U } of golden.ccNash) {
    const centres = sigma.map((unitCost, m) => ({ id: idOf(m), unitCost, speed: 1 }))
    const forecasts = granted(centreTargets('nash', centres, [X], PAPER_PRICES))
    compare(
      forecasts.map(({ target }) => target),
      d,
    )
    compare(
      forecasts.map(({ utility }) => utility),
      U,
    )
  }
  return [
    check(
      `R1 largest error of ${errors.length} reference values`,
      Math.max(...errors),
      'absolute',
      '<=',
      EXACT,
    ),
  ]
}

function savedChecks(): Check[] {
  const saved = compareWithSaved()
  return [
    check("authors' U_s at the equilibrium, MNIST IID, N = 10..60", saved.sponsor, 'difference', '<=', EXACT),
    check("authors' U_s and mean U_n at the fixed reward, MNIST IID", saved.fixed, 'difference', '<=', EXACT),
    check(
      "authors' U_s at their random rewards, MNIST IID, N = 10..50",
      saved.random,
      'difference',
      '<=',
      EXACT,
    ),
    check(
      "authors' mean U_n at the equilibrium, MNIST IID, N = 20..60",
      saved.meanOwner,
      'difference',
      '<=',
      EXACT,
    ),
    figure(
      "authors' mean U_n at the equilibrium, N = 10 (their reward is a search's)",
      saved.meanOwnerOfTen,
      'difference',
    ),
    figure("authors' rewards against the closed form, largest error", saved.rewardError, 'credits'),
  ]
}

function orderChecks(): Check[] {
  const studies = (['paper', 'equal', 'geometric'] as const).map(population =>
    pricingStudy(population, 20, SEED),
  )
  const beaten = studies.reduce((sum, study) => sum + study.beaten, 0)
  const compared = studies.reduce((sum, study) => sum + study.compared, 0)
  const order = savedOrder()
  return [
    check(
      `R4 random or fixed rewards better than the optimal one, of ${compared}`,
      beaten,
      'rewards',
      '<=',
      0,
    ),
    ...studies.map(study =>
      figure(`mean of random >= fixed, ${study.population}, of 6 sizes`, randomAhead(study), 'sizes'),
    ),
    figure(`optimal first in the authors' own IID figures, of ${order.cells}`, order.optimalFirst, 'figures'),
    figure(
      `random >= fixed in the authors' own IID figures, of ${order.cells}`,
      order.randomBeforeFixed,
      'figures',
    ),
  ]
}

function randomAhead({ curves: { random, fixed } }: PricingStudy): number {
  return random.filter(({ sponsor }, i) => sponsor >= fixed[i]!.sponsor).length
}

function equilibriumChecks(): Check[] {
  const scan = scanDeviations(1_000, 200, SEED)
  const peaks = scanPeaks(20, SEED)
  const settings = scanSettings(SEED)
  const response = responseStudy()
  const [half, full] = [0.5, 1].map(part => response.find(point => point.part === part)!)
  return [
    check(
      'R2 most that an owner gains by deviating, 1,000 markets to N = 200',
      scan.owner,
      'credits',
      '<=',
      GAIN,
    ),
    check('R2 most that the sponsor gains by deviating', scan.sponsor, 'credits', '<=', GAIN),
    check('R2 most that a centre gains by deviating', scan.centre, 'credits', '<=', GAIN),
    figure('of these markets, caps bind in', scan.capped, 'markets'),
    figure('of these markets, none opens in', scan.closed, 'markets'),
    check('R5 negative amounts or utilities of owners', scan.irrational, 'owners', '<=', 0),
    check(
      `R3 curves with another peak than the equilibrium, of ${peaks.curves}`,
      peaks.faults,
      'curves',
      '<=',
      0,
    ),
    check(
      `R12 settings of ${settings.settings} (${settings.open} open) that break R2 or R4`,
      settings.faults,
      'settings',
      '<=',
      0,
    ),
    check(
      'R7 in the model: amount, half the best reward to all',
      100 * (full!.meanAmount / half!.meanAmount - 1),
      '%',
      '>=',
      50,
    ),
    check(
      'R7 in the model: quality, half the best reward to all',
      full!.meanQuality - half!.meanQuality,
      'quality',
      '>=',
      0.05,
    ),
    check(
      'R7 in the model: most that an owner gains by deviating',
      Math.max(half!.gain, full!.gain),
      'credits',
      '<=',
      GAIN,
    ),
  ]
}

function speedChecks(): Check[] {
  const times = [Infinity, 1, 0.005]
    .flatMap(cap =>
      Array.from({ length: 100 }, (_, i) => {
        const rng = createRng(`${SEED}/speed/${i}`)
        const offers = Array.from({ length: 200 }, (_, n) => ({
          id: idOf(n),
          quality: 0.5 + 0.5 * rng.next(),
          cap: cap * (0.5 + rng.next()),
        }))
        // The best of five: what the work takes, whatever else the machine does meanwhile.
        return Math.min(...Array.from({ length: 5 }, () => solveMs(offers)))
      }),
    )
    .sort((a, b) => a - b)
  return [
    check('time to check and solve a market of 200, slowest of 300 markets', times.at(-1)!, 'ms', '<', 5),
    figure('median of these', times[Math.floor((times.length - 1) / 2)]!, 'ms'),
  ]
}

function solveMs(offers: readonly OwnerOffer[]): number {
  const start = performance.now()
  granted(solveMarket(granted(openMarket(PAPER_TERMS, offers))))
  return performance.now() - start
}

function reportingChecks(): Check[] {
  const fined = misreportStudy(NARROW, 0.2, 20, SEED).filter(({ bent }) => bent > 0)
  const wide = finesNeeded(WIDE, 20, SEED)
  const narrow = finesNeeded(NARROW, 20, SEED)
  const gain = Math.max(...fined.map(({ largestFined }) => largestFined))
  return [
    check(
      `R9 most that over-reporting by 0.01 to 0.10 gains, phi 0.2, ${NARROW.name}`,
      gain,
      'credits',
      '<=',
      0,
    ),
    figure('R9 mean gain by +0.10 without a fine', 100 * fined.at(-1)!.byMeasure, '% of utility'),
    figure(`R9 fine needed, highest, ${NARROW.name}`, narrow.highest, 'phi'),
    figure(`R9 fine needed, highest, ${WIDE.name}`, wide.highest, 'phi'),
  ]
}

function matchingChecks(): Check[] {
  const matchings = scanMatchings(1_000, 60, SEED)
  const churn = scanChurn(1_000, SEED)
  return [
    check(
      `R10 matchings of 1,000 (${matchings.pairs} pairs) with a fault`,
      matchings.faults,
      'matchings',
      '<=',
      0,
    ),
    check(
      `R11 broken promises in 1,000 sequences (${churn.events} events)`,
      churn.faults.length,
      'faults',
      '<=',
      0,
    ),
  ]
}

function shapleyChecks(): Check[] {
  const scan = scanShapley(40, SEED)
  return [
    check(
      'Shapley, exact: largest error in games with known values',
      scan.exactError,
      'absolute',
      '<=',
      EXACT,
    ),
    check(
      'Shapley: largest gap between the sum and what there is to divide',
      scan.efficiencyError,
      'absolute',
      '<=',
      EXACT,
    ),
    check('Shapley, sampled: values inside their 95 % interval', 100 * scan.covered, '%', '>=', 92),
    figure('Shapley, sampled: evaluations with a tolerance of 1 %, of all', 100 * scan.truncated, '%'),
  ]
}

function settlementChecks(): Check[] {
  const { faults, owners } = scanSettlements(1_000, 200, SEED)
  const refusals = badInputFaults()
  return [
    check(
      `R5 settlements of 1,000 (${owners} owners, to 200 each) that miss the reward`,
      faults,
      'settlements',
      '<=',
      0,
    ),
    check(`bad inputs of ${BAD_INPUTS.length} without their refusal`, refusals.length, 'inputs', '<=', 0),
  ]
}
