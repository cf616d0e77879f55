// Quality as a decision of its own: an owner can curate its data at a cost phi_n (f_n - xi)^2, so a higher reward raises quality
// and not only quantity (in the published model reported quality never responds). For a given amount x the best quality is
//   f = (xi + sqrt(xi^2 + 2 lambda rho x / phi)) / 2, at most 1;
// alternated with the owners' contest until nothing moves. Own extension; such a game need not have one equilibrium only, so
// whoever relies on it checks for deviations.
import { answerReward, openMarket, type Equilibrium, type Market } from './equilibrium.ts'
import { capOf, type MarketTerms, type OwnerOffer } from './offers.ts'
import { checkCount, checkNumber, firstRefusal, granted, POSITIVE, refused, type Outcome } from './refusal.ts'

/** An offer whose quality is what the data have before any curation. */
export interface CuratedOffer extends OwnerOffer {
  /** phi: credits per squared unit of quality gained. */
  readonly curationCost: number
}

export interface CuratedEquilibrium {
  readonly equilibrium: Equilibrium
  /** With the chosen qualities in place of the first ones. */
  readonly market: Market
  readonly qualities: readonly number[]
  /** U_n less the cost of curation. */
  readonly utilities: readonly number[]
}

const DAMPING = 0.3
const MAX_STEPS = 5_000
const STILL = 1e-13

export function solveCurated(
  terms: MarketTerms,
  offers: readonly CuratedOffer[],
  reward: number,
): Outcome<CuratedEquilibrium> {
  const refusal = firstRefusal(
    () => checkCount('owners', offers.length, 2, Infinity),
    ...offers.map(
      ({ id, curationCost }) =>
        () =>
          checkNumber('curationCost', id, curationCost, POSITIVE),
    ),
  )
  if (refusal !== null) return refused(refusal)
  let qualities = offers.map(({ quality }) => quality)
  for (let step = 0; ; step++) {
    const market = openMarket(
      terms,
      offers.map((offer, n) => ({ ...offer, quality: qualities[n]! })),
    )
    if (!market.ok) return market
    const answer = answerReward(market.value, reward)
    if (!answer.ok) return answer
    const { owners } = answer.value
    const wanted = offers.map((offer, n) => bestQuality(terms, offer, owners[n]!.amount))
    const moved = Math.max(...wanted.map((quality, n) => Math.abs(quality - qualities[n]!)))
    if (moved < STILL) {
      const utilities = owners.map(
        ({ utility }, n) => utility - offers[n]!.curationCost * (qualities[n]! - offers[n]!.quality) ** 2,
      )
      return granted({ equilibrium: answer.value, market: market.value, qualities, utilities })
    }
    if (step === MAX_STEPS) return refused({ kind: 'no-equilibrium', field: 'quality', moved })
    qualities = qualities.map((quality, n) => quality + DAMPING * (wanted[n]! - quality))
  }
}

function bestQuality(
  { lambda, rho }: MarketTerms,
  { quality, curationCost }: CuratedOffer,
  amount: number,
): number {
  return Math.min(
    1,
    (quality + Math.sqrt(quality * quality + (2 * lambda * rho * amount) / curationCost)) / 2,
  )
}

/**
 * The most that one owner can gain by any other quality and amount, the others staying: a grid of `steps` qualities, for each
 * the best amount in closed form. Not positive in an equilibrium.
 */
export function curationGain(
  { lambda, rho, floor = 0 }: MarketTerms,
  offers: readonly CuratedOffer[],
  { equilibrium, utilities }: CuratedEquilibrium,
  owner: number,
  steps: number,
): number {
  const { quality: least, curationCost, ...offer } = offers[owner]!
  const { reward, total, owners } = equilibrium
  const others = total - owners[owner]!.contribution
  const prize = (1 - floor) * reward
  let best = -Infinity
  for (let i = 0; i <= steps; i++) {
    const quality = least + ((1 - least) * i) / steps
    const cost = (lambda * rho) / quality
    const wanted = Math.sqrt((prize * others) / cost) - others
    const contribution = Math.min(quality * capOf({ ...offer, quality }), Math.max(0, wanted))
    const pay = (prize * contribution) / (contribution + others) + (floor * reward) / offers.length
    best = Math.max(best, pay - cost * contribution - curationCost * (quality - least) ** 2)
  }
  return best - utilities[owner]!
}
