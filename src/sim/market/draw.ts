// Who is in a made-up market: owners and centres drawn from the setup's seed, each from a stream of its own, so that a slider for how
// many changes nobody who is there already. The first owner always has the best score; the others spread below it.
import type { Centre } from '../../core/incentives/centres.ts'
import { PAPER_TERMS, type MarketTerms, type OwnerOffer } from '../../core/incentives/offers.ts'
import { createRng } from '../../core/num/rng.ts'
import type { MarketSetup } from '../../ports/market-lab.ts'

/** Samples in the average data set: what makes a reward too small to be worth a sample. */
const SAMPLES = 600
/** Of the geometric sizes of the paper's unequal owners. */
const KEPT = 0.8

export interface DrawnOwner {
  readonly id: string
  readonly size: number
  readonly quality: number
  readonly reported: number
  readonly measured: number
}

export interface DrawnMarket {
  readonly terms: MarketTerms
  readonly owners: readonly DrawnOwner[]
  /** Index of the owner who reports too much: the one of lowest quality; -1 where nobody has room above. */
  readonly liar: number
}

const idFor = (who: 'owner' | 'centre', n: number): string => `${who}-${String(n + 1).padStart(3, '0')}`

export function termsOf({ alpha, rho, floor }: MarketSetup): MarketTerms {
  return { ...PAPER_TERMS, alpha, rho, floor: floor / 100 }
}

/** `f = xi + (1 - xi) score`: the scale of appraisals and of re-measured quality. */
function qualityOf({ xi }: MarketSetup, score: number): number {
  return xi / 100 + (1 - xi / 100) * score
}

export function drawMarket(setup: MarketSetup): DrawnMarket {
  const mean = meanSize(setup)
  const owners = Array.from({ length: setup.owners }, (_, n) => drawOwner(setup, n, mean))
  let liar = -1
  owners.forEach(({ quality }, n) => {
    if (n > 0 && quality < (liar === -1 ? 1 : owners[liar]!.quality)) liar = n
  })
  return {
    terms: termsOf(setup),
    owners: owners.map((owner, n) =>
      n === liar ? { ...owner, reported: Math.min(1, owner.quality + setup.over / 100) } : owner,
    ),
    liar,
  }
}

/** The n-th owner, whether it was there from the beginning or joins later. */
export function drawOwner(setup: MarketSetup, n: number, mean = meanSize(setup)): DrawnOwner {
  const rng = createRng(`${setup.seed}/owner/${n}`)
  const below = rng.next()
  const quality = qualityOf(setup, n === 0 ? 1 : 1 - (setup.spread / 100) * below)
  const size = rawSize(setup, n) / mean
  const measured = n === 0 ? Math.min(quality, qualityOf(setup, setup.score / 100)) : quality
  return { id: idFor('owner', n), size, quality, reported: quality, measured }
}

function rawSize({ seed, skew }: MarketSetup, n: number): number {
  const rng = createRng(`${seed}/size/${n}`)
  return (1 + Math.floor(Math.log(1 - rng.next()) / Math.log(KEPT))) ** (skew / 100)
}

function meanSize(setup: MarketSetup): number {
  let sum = 0
  for (let n = 0; n < setup.owners; n++) sum += rawSize(setup, n)
  return sum / setup.owners
}

export function offersOf(
  { cap }: MarketSetup,
  owners: readonly DrawnOwner[],
  quality: 'reported' | 'measured' | 'quality',
): OwnerOffer[] {
  return owners.map(owner => ({
    id: owner.id,
    quality: owner[quality],
    // Nobody comes with less than a sample.
    cap: Math.max(1 / SAMPLES, (cap / 100) * owner.size),
    samplesPerUnit: SAMPLES,
  }))
}

/** As published, what costs more is faster. */
export function drawCentre({ seed, costSpread }: MarketSetup, n: number): Centre {
  const unitCost = 1 - 0.9 * (costSpread / 100) * createRng(`${seed}/centre/${n}`).next()
  return { id: idFor('centre', n), unitCost, speed: unitCost }
}
