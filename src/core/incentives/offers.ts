// What the parties bring to the market: the sponsor's terms, the owners' offers, and the checks that stand before every
// computation. Quality is a share of perfect, in (0, 1]; amounts of data are fractions of a data set, as in the published
// model, or multiples of the average data set where sizes differ (then `cap` is the owner's size in that unit).
import { growthOf, type Growth, type GrowthLaw } from './growth.ts'
import {
  checkCount,
  checkIds,
  checkNumber,
  firstRefusal,
  NOT_NEGATIVE,
  POSITIVE,
  type Refusal,
} from './refusal.ts'

export const MAX_OWNERS = 200

export interface MarketTerms {
  /** What a unit of model quality is worth to the sponsor (alpha), in credits. */
  readonly alpha: number
  readonly growth: GrowthLaw | Growth
  /** Regulating factor (lambda) and price of data (rho): an owner pays lambda * rho to its centre per unit of data. */
  readonly lambda: number
  readonly rho: number
  /** Part of the reward that all owners share alike, in [0, 1). */
  readonly floor?: number
}

/** The defaults of the published code. */
export const PAPER_TERMS: MarketTerms = {
  alpha: 5,
  growth: { law: 'log', scale: 0.5 },
  lambda: 1,
  rho: 1,
}

export interface OwnerOffer {
  readonly id: string
  /** Reported quality f, in (0, 1]. */
  readonly quality: number
  /** Most that the owner can bring (x), in units of data; 1 (all of it) unless told. Infinity sets no cap. */
  readonly cap?: number
  /** Samples in one unit of data; lets the market refuse rewards for which nobody would bring a whole one. */
  readonly samplesPerUnit?: number
  /** Commitment to the data (hex Merkle root); "" for none. */
  readonly dataRoot?: string
}

export function capOf({ cap = 1 }: OwnerOffer): number {
  return cap
}

export function growthIn({ growth }: MarketTerms): Growth {
  return 'law' in growth ? growthOf(growth) : growth
}

export function checkTerms({ alpha, lambda, rho, floor = 0, growth }: MarketTerms): Refusal | null {
  return firstRefusal(
    () => checkNumber('alpha', '', alpha, NOT_NEGATIVE),
    () => checkNumber('lambda', '', lambda, POSITIVE),
    () => checkNumber('rho', '', rho, POSITIVE),
    () => checkNumber('floor', '', floor, { least: 0, most: 0.95 }),
    () => ('law' in growth ? checkLaw(growth) : null),
  )
}

function checkLaw(law: GrowthLaw): Refusal | null {
  return firstRefusal(
    () => checkNumber('growth.scale', '', law.scale, POSITIVE),
    () =>
      law.law === 'log'
        ? null
        : checkNumber('growth.exponent', '', law.exponent, {
            least: 0,
            most: law.law === 'power' ? 1 : 100,
            open: true,
          }),
  )
}

export function checkOffers(offers: readonly OwnerOffer[]): Refusal | null {
  return firstRefusal(
    () => checkCount('owners', offers.length, 2, MAX_OWNERS),
    () => checkIds(offers.map(({ id }) => id)),
    () => firstRefusal(...offers.map(offer => () => checkOffer(offer))),
    () => sharedData(offers),
  )
}

function checkOffer(offer: OwnerOffer): Refusal | null {
  const { id, quality, cap, samplesPerUnit } = offer
  return firstRefusal(
    () => checkNumber('quality', id, quality, { least: MIN_QUALITY, most: 1 }),
    () => (cap === undefined || cap === Infinity ? null : checkNumber('cap', id, cap, POSITIVE)),
    () => (samplesPerUnit === undefined ? null : checkNumber('samplesPerUnit', id, samplesPerUnit, POSITIVE)),
    () =>
      samplesPerUnit === undefined
        ? null
        : checkNumber('samples', id, Math.min(samplesPerUnit * capOf(offer), Number.MAX_VALUE), {
            least: 1,
            most: Number.MAX_VALUE,
          }),
  )
}

/** Below this a unit of quality costs a million units of data: whoever reports it has nothing to offer. */
const MIN_QUALITY = 1e-6

function sharedData(offers: readonly OwnerOffer[]): Refusal | null {
  const owners = new Map<string, string>()
  for (const { id, dataRoot = '' } of offers) {
    const other = dataRoot === '' ? undefined : owners.get(dataRoot)
    if (other !== undefined) return { kind: 'duplicate-data', ids: [other, id] }
    owners.set(dataRoot, id)
  }
  return null
}

/**
 * Evidence of any scale (validation-loss drops, 1 - MSE) to qualities in [least, 1], the worst to `least` and the best to 1,
 * as in the published code; all equal to 1. Evidence that is not finite counts as the worst.
 */
export function rescaleQuality(evidence: readonly number[], least: number): number[] {
  const finite = evidence.filter(Number.isFinite)
  const low = Math.min(...finite)
  const high = Math.max(...finite)
  return evidence.map(value => {
    if (!Number.isFinite(value)) return least
    return high > low ? least + ((1 - least) * (value - low)) / (high - low) : 1
  })
}
