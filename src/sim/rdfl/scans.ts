// Promises of the market over many random cases, counted: what the bench reports and the tests demand. Each scan is a function of its
// seed, and says how many cases it saw.
import { centreTargets } from '../../core/incentives/centres.ts'
import {
  answerReward,
  openMarket,
  ownerUtility,
  solveMarket,
  sponsorUtility,
  type Market,
} from '../../core/incentives/equilibrium.ts'
import { blockingPairs, marketPreferences, matchMarket } from '../../core/incentives/matching.ts'
import { PAPER_TERMS } from '../../core/incentives/offers.ts'
import { settle } from '../../core/incentives/settlement.ts'
import { measureShapley } from '../../core/incentives/shapley-driver.ts'
import { createRng } from '../../core/num/rng.ts'
import { churnRun } from './churn.ts'
import { centreGain, ownerGain, sponsorGain } from './deviation.ts'
import { granted, idOf, noisyOwners, PAPER_PRICES, randomCentres, randomMarket } from './markets.ts'

export interface DeviationScan {
  readonly owner: number
  readonly sponsor: number
  readonly centre: number
  readonly closed: number
  readonly capped: number
  /** Owners with a negative amount or a utility below zero. */
  readonly irrational: number
}

/** R2, R5: random markets of up to `most` owners. */
export function scanDeviations(markets: number, most: number, seed: string): DeviationScan {
  const scan = {
    owner: -Infinity,
    sponsor: -Infinity,
    centre: -Infinity,
    closed: 0,
    capped: 0,
    irrational: 0,
  }
  for (let i = 0; i < markets; i++) {
    const rng = createRng(`${seed}/deviations/${i}`)
    const market = randomMarket(rng, most)
    const solved = solveMarket(market)
    if (!solved.ok) {
      scan.closed++
      scan.sponsor = Math.max(scan.sponsor, sponsorGain(market, null))
      continue
    }
    const { owners } = solved.value
    if (owners.some(({ standing }) => standing === 'capped')) scan.capped++
    scan.irrational += owners.filter(({ amount, utility }) => amount < 0 || utility < -1e-12).length
    scan.owner = Math.max(scan.owner, ownerGain(market, solved.value))
    scan.sponsor = Math.max(scan.sponsor, sponsorGain(market, solved.value))
    const centres = randomCentres(rng, 2 + rng.below(most - 1))
    const volumes = owners.map(({ amount }) => amount)
    scan.centre = Math.max(scan.centre, centreGain(centres, volumes, PAPER_PRICES))
  }
  return scan
}

/** R3: curves over a grid that have more than one peak, or one further than a grid step from the equilibrium. */
export function scanPeaks(
  markets: number,
  seed: string,
): { readonly curves: number; readonly faults: number } {
  const grid = 400
  let curves = 0
  let faults = 0
  const judge = (values: readonly number[], step: number, expected: number): void => {
    curves++
    const top = values.indexOf(Math.max(...values))
    const rises = values.slice(1).map((value, i) => value - values[i]!)
    const single = rises.every((rise, i) => (i < top ? rise >= -1e-12 : rise <= 1e-12))
    if (!single || Math.abs(top * step - expected) > step) faults++
  }
  for (let i = 0; i < markets; i++) {
    const rng = createRng(`${seed}/peaks/${i}`)
    const market = granted(openMarket(PAPER_TERMS, noisyOwners(rng, 10 + rng.below(51), 'equal')))
    const best = granted(solveMarket(market))
    const rewards = (3 * best.reward) / grid
    judge(
      Array.from({ length: grid + 1 }, (_, k) => sponsorUtility(market, k * rewards)),
      rewards,
      best.reward,
    )
    best.owners.forEach(({ amount, contribution }, n) => {
      const values = Array.from({ length: grid + 1 }, (_, k) =>
        ownerUtility(market, best.reward, n, k / grid, best.total - contribution),
      )
      judge(values, 1 / grid, amount)
    })
  }
  return { curves, faults }
}

/** R12: five values of alpha and five prices of data; R2 and R4 in each. */
export function scanSettings(seed: string): {
  readonly settings: number
  readonly faults: number
  readonly open: number
} {
  let settings = 0
  let faults = 0
  let open = 0
  for (const alpha of [1, 2.5, 5, 10, 25]) {
    for (const rho of [0.25, 0.5, 1, 2, 4]) {
      settings++
      const rng = createRng(`${seed}/settings/${alpha}/${rho}`)
      const market = granted(openMarket({ ...PAPER_TERMS, alpha, rho }, noisyOwners(rng, 20, 'equal')))
      const solved = solveMarket(market)
      if (!solved.ok) {
        if (sponsorGain(market, null) > 1e-6) faults++
        continue
      }
      open++
      const best = solved.value
      if (Math.max(ownerGain(market, best), sponsorGain(market, best)) > 1e-6) faults++
      const rivals = [1, ...Array.from({ length: 20 }, () => best.reward * (0.5 + 0.5 * rng.next()))]
      if (rivals.some(reward => beats(market, reward, best.sponsorUtility))) faults++
    }
  }
  return { settings, faults, open }
}

function beats(market: Market, reward: number, utility: number): boolean {
  return granted(answerReward(market, reward)).sponsorUtility > utility + 1e-12
}

/** R5: settlements of up to `most` owners that do not add up to the reward, or pay somebody less than nothing. */
export function scanSettlements(
  cases: number,
  most: number,
  seed: string,
): { readonly faults: number; readonly owners: number } {
  let faults = 0
  let owners = 0
  for (let i = 0; i < cases; i++) {
    const rng = createRng(`${seed}/settlements/${i}`)
    const count = i === 0 ? most : 1 + rng.below(most)
    owners += count
    const reward = BigInt(rng.below(2 ** 31)) * BigInt(1 + rng.below(2 ** 31)) + 1n
    const measured = Array.from({ length: count }, (_, n) => ({
      id: idOf(n),
      contribution: BigInt(Math.round(1e12 * (rng.next() - 0.2))),
      reportedMillionths: rng.below(1_000_001),
      measuredMillionths: rng.below(1_000_001),
    }))
    const terms = { fineMillionths: 200_000, floorMillionths: rng.below(2) ? 50_000 : 0 }
    const { payments, returnedMicro } = granted(settle(reward, measured, terms))
    const paid = payments.reduce((sum, { payMicro }) => sum + payMicro, 0n)
    const takers = measured.filter(({ contribution }) => contribution > 0n).length
    const exact = paid + returnedMicro === reward && (takers < 2 || paid === reward)
    if (!exact || payments.some(({ payMicro }) => payMicro < 0n)) faults++
  }
  return { faults, owners }
}

/** R10: random matchings that are not stable, not perfect for equal numbers, or give somebody two partners. */
export function scanMatchings(
  cases: number,
  most: number,
  seed: string,
): { readonly faults: number; readonly pairs: number } {
  let faults = 0
  let pairs = 0
  for (let i = 0; i < cases; i++) {
    const rng = createRng(`${seed}/matchings/${i}`)
    const centres = randomCentres(rng, 1 + rng.below(most))
    // Now and then equal speeds and volumes, so that ties decide.
    const ties = rng.below(3) === 0
    const count = rng.below(2) ? centres.length : 1 + rng.below(most)
    const owners = Array.from({ length: count }, (_, n) => ({
      id: idOf(n),
      volume: ties ? rng.below(3) : rng.next(),
    }))
    const seen = ties ? centres.map(centre => ({ ...centre, speed: rng.below(3) })) : centres
    const rule = seen.length >= 2 && rng.below(2) ? 'nash' : 'linearTarget'
    const targets = granted(
      centreTargets(
        rule,
        seen,
        owners.map(({ volume }) => volume),
        PAPER_PRICES,
      ),
    ).map(({ target }) => target)
    const matched = granted(matchMarket(owners, seen, targets))
    pairs += matched.size
    const blocking = blockingPairs(
      owners.map(({ id }) => id),
      seen.map(({ id }) => id),
      marketPreferences(owners, seen, targets),
      matched,
    )
    const complete = matched.size === Math.min(owners.length, seen.length)
    if (blocking.length > 0 || !complete || new Set(matched.values()).size !== matched.size) faults++
  }
  return { faults, pairs }
}

/** R11: runs of joins and leaves. */
export function scanChurn(
  runs: number,
  seed: string,
): { readonly faults: readonly string[]; readonly events: number } {
  const results = Array.from({ length: runs }, (_, i) => churnRun(`${seed}/churn/${i}`))
  return {
    faults: results.flatMap(({ faults }) => faults),
    events: results.reduce((sum, { events }) => sum + events, 0),
  }
}

export interface ShapleyScan {
  /** Largest error of the exact form against a game with known values. */
  readonly exactError: number
  /** Share of sampled values inside their 95 % interval. */
  readonly covered: number
  /** Largest gap of the sum of sampled values to what there is to divide. */
  readonly efficiencyError: number
  /** Evaluations with a tolerance of 1 % of what there is to divide, in relation to none. */
  readonly truncated: number
}

/** The airport game (Littlechild & Owen 1973): a coalition needs the longest runway of its members; its values are known. */
export function scanShapley(games: number, seed: string): ShapleyScan {
  let exactError = 0
  let efficiencyError = 0
  let inside = 0
  let asked = 0
  const evaluations = { full: 0, cut: 0 }
  for (let i = 0; i < games; i++) {
    const rng = createRng(`${seed}/airport/${i}`)
    for (const players of [2 + rng.below(7), 10 + rng.below(21)]) {
      const runways = Array.from({ length: players }, () => 1 + rng.below(100))
      const utility = (coalition: readonly number[]): number =>
        Math.max(0, ...coalition.map(n => runways[n]!))
      const known = airportValues(runways)
      const options = { seed: `${seed}/${i}`, tolerance: 0, permutations: 200, halfWidth: 0 }
      const { values, halfWidths, exact, ...spent } = granted(measureShapley(players, utility, options))
      const whole = Math.max(...runways)
      efficiencyError = Math.max(efficiencyError, Math.abs(values.reduce((a, b) => a + b, 0) - whole))
      if (exact) {
        exactError = Math.max(exactError, ...values.map((value, n) => Math.abs(value - known[n]!)))
        continue
      }
      asked += players
      inside += values.filter((value, n) => Math.abs(value - known[n]!) <= halfWidths[n]!).length
      const cut = granted(measureShapley(players, utility, { ...options, tolerance: 0.01 * whole }))
      efficiencyError = Math.max(efficiencyError, Math.abs(cut.values.reduce((a, b) => a + b, 0) - whole))
      evaluations.full += spent.evaluations
      evaluations.cut += cut.evaluations
    }
  }
  return {
    exactError,
    efficiencyError,
    covered: inside / asked,
    truncated: evaluations.cut / evaluations.full,
  }
}

/** Each piece of runway is paid alike by all who need it. */
function airportValues(runways: readonly number[]): number[] {
  const order = [...runways.keys()].sort((a, b) => runways[a]! - runways[b]!)
  const values = runways.map(() => 0)
  let paid = 0
  let built = 0
  order.forEach((player, i) => {
    paid += (runways[player]! - built) / (runways.length - i)
    built = runways[player]!
    values[player] = paid
  })
  return values
}
