// What an owner gains by reporting other quality than it has: paid by what it reports (as published), paid by what is
// measured, and with the fine. One owner bends its report, the others tell the truth.
import { openMarket, solveMarket } from '../../core/incentives/equilibrium.ts'
import { PAPER_TERMS, type OwnerOffer } from '../../core/incentives/offers.ts'
import { deterrentFine, reportOutcome } from '../../core/incentives/reporting.ts'
import { createRng } from '../../core/num/rng.ts'
import { granted, idOf } from './markets.ts'

const REPORTS: readonly number[] = [
  -0.1, -0.05, -0.02, 0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1,
]

export interface MisreportSetting {
  readonly name: string
  readonly owners: number
  /** Range of true quality. */
  readonly worst: number
  readonly best: number
}

/** The paper's narrow scale, moved so that there is room above; and a wide one, where markets are small and uneven. */
export const NARROW: MisreportSetting = {
  name: 'quality 0.8 to 0.9, 10 owners',
  owners: 10,
  worst: 0.8,
  best: 0.9,
}
export const WIDE: MisreportSetting = {
  name: 'quality 0.5 to 0.9, 5 owners',
  owners: 5,
  worst: 0.5,
  best: 0.9,
}

export interface MisreportPoint {
  /** Reported less true quality. */
  readonly bent: number
  /** Mean utility over markets and owners, in relation to telling the truth: 0 is no gain. */
  readonly byReport: number
  readonly byMeasure: number
  readonly fined: number
  /** The largest gain of any owner in any market with the fine, in credits. */
  readonly largestFined: number
}

export function misreportStudy(
  setting: MisreportSetting,
  fine: number,
  markets: number,
  seed: string,
): MisreportPoint[] {
  const steps = misreportSteps(setting, fine, markets, seed)
  let step = steps.next()
  while (!step.done) step = steps.next()
  return step.value
}

/** Market by market; yields how far it is, in [0, 1]. */
export function* misreportSteps(
  setting: MisreportSetting,
  fine: number,
  markets: number,
  seed: string,
): Generator<number, MisreportPoint[], void> {
  const sums = REPORTS.map(bent => ({
    bent,
    honest: 0,
    byReport: 0,
    byMeasure: 0,
    fined: 0,
    largestFined: -Infinity,
  }))
  for (let i = 0; i < markets; i++) {
    yield i / markets
    const offers = drawOffers(setting, `${seed}/${setting.name}/${i}`)
    for (const [n, { quality }] of offers.entries()) {
      const honest = granted(reportOutcome(PAPER_TERMS, offers, n, quality)).utility
      for (const sum of sums) {
        const { utility, reward } = granted(reportOutcome(PAPER_TERMS, offers, n, quality + sum.bent))
        const fined = utility - fine * reward * Math.max(0, sum.bent)
        sum.honest += honest
        sum.byMeasure += utility
        sum.fined += fined
        sum.byReport += utilityByReport(offers, n, quality + sum.bent)
        sum.largestFined = Math.max(sum.largestFined, fined - honest)
      }
    }
  }
  return sums.map(({ bent, honest, byReport, byMeasure, fined, largestFined }) => ({
    bent,
    byReport: byReport / honest - 1,
    byMeasure: byMeasure / honest - 1,
    fined: fined / honest - 1,
    largestFined,
  }))
}

/** The least fine that deters every owner of a market: median and highest, and markets that do not open at all. */
export function finesNeeded(
  setting: MisreportSetting,
  markets: number,
  seed: string,
): { readonly median: number; readonly highest: number; readonly closed: number } {
  const fines = Array.from({ length: markets }, (_, i) =>
    deterrentFine(PAPER_TERMS, drawOffers(setting, `${seed}/${setting.name}/${i}`), 0.1, 5),
  )
    .flatMap(outcome => (outcome.ok || outcome.refusal.kind !== 'market-closed' ? [granted(outcome)] : []))
    .sort((a, b) => a - b)
  return {
    median: fines[Math.floor((fines.length - 1) / 2)]!,
    highest: fines.at(-1)!,
    closed: markets - fines.length,
  }
}

export interface NoisePoint {
  /** Standard deviation of measured quality around the true one. */
  readonly deviation: number
  /** Fines that honest owners pay, as a part of their utility; they receive as much of each other's. */
  readonly fines: number
  /** Root mean square of fines received less paid, as a part of the mean utility. */
  readonly spread: number
  /** The report less the true quality that serves an owner best, mean over owners. */
  readonly bestBent: number
}

/** What an error of measurement does: honest owners are fined by chance, and shade their reports. */
export function measurementNoise(
  setting: MisreportSetting,
  fine: number,
  deviations: readonly number[],
  markets: number,
  seed: string,
): NoisePoint[] {
  return deviations.map(deviation => {
    const rng = createRng(`${seed}/noise/${deviation}`)
    let fines = 0
    let squares = 0
    let utility = 0
    let bent = 0
    for (let i = 0; i < markets; i++) {
      const offers = drawOffers(setting, `${seed}/${i}`)
      const { owners, reward } = granted(solveMarket(granted(openMarket(PAPER_TERMS, offers))))
      const paid = owners.map(({ pay }) =>
        Math.min(pay, fine * reward * Math.max(0, deviation * rng.normal())),
      )
      owners.forEach(({ share, ...owner }, n) => {
        const received = paid.reduce(
          (sum, amount, payer) => (payer === n ? sum : sum + (amount * share) / (1 - owners[payer]!.share)),
          0,
        )
        fines += paid[n]!
        squares += (received - paid[n]!) ** 2
        utility += owner.utility
        bent += bestReport(offers, n, fine, deviation)
      })
    }
    const people = markets * setting.owners
    return {
      deviation,
      fines: fines / utility,
      spread: Math.sqrt(squares / people) / (utility / people),
      bestBent: bent / people,
    }
  })
}

/** On a grid of half points; the expected fine for a report b too high is phi reward E[max(0, b - error)]. */
function bestReport(offers: readonly OwnerOffer[], n: number, fine: number, deviation: number): number {
  const { quality } = offers[n]!
  let best = 0
  let most = -Infinity
  for (let bent = -0.05; bent <= 0.0501; bent += 0.005) {
    const { utility, reward } = granted(reportOutcome(PAPER_TERMS, offers, n, quality + bent))
    const worth = utility - fine * reward * expectedExcess(bent, deviation)
    if (worth > most + 1e-15) {
      most = worth
      best = bent
    }
  }
  return best
}

/** E[max(0, b - sigma Z)] = b Phi(b / sigma) + sigma phi(b / sigma) for a standard normal Z. */
function expectedExcess(bent: number, deviation: number): number {
  if (deviation === 0) return Math.max(0, bent)
  const z = bent / deviation
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
  return bent * normalShareBelow(z) + deviation * density
}

/** Abramowitz & Stegun 26.2.17, within 7.5e-8. */
function normalShareBelow(z: number): number {
  if (z < 0) return 1 - normalShareBelow(-z)
  const t = 1 / (1 + 0.2316419 * z)
  const series =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  return 1 - (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series
}

/** As published: the reported quality decides amount and pay alike. */
function utilityByReport(offers: readonly OwnerOffer[], n: number, report: number): number {
  const market = granted(
    openMarket(
      PAPER_TERMS,
      offers.map((offer, i) => (i === n ? { ...offer, quality: report } : offer)),
    ),
  )
  return granted(solveMarket(market)).owners[n]!.utility
}

function drawOffers({ owners, worst, best }: MisreportSetting, seed: string): OwnerOffer[] {
  const rng = createRng(seed)
  return Array.from({ length: owners }, (_, n) => ({
    id: idOf(n),
    quality: worst + (best - worst) * rng.next(),
  }))
}
