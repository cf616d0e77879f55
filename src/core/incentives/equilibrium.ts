// The first two stages of the market by backward induction (after Zhao et al., arXiv 2501.14588; closed form, caps and active set are
// own derivations, docs/incentives.md). The sponsor publishes a reward; owners answer with quality-weighted data q = f x in
// the only equilibrium of their contest; so the sponsor chooses the reward that is worth most to it.
//   owner    U_n = eta_c q_n / Q + eta_0 / N - lambda rho x_n        eta_0 = floor eta, eta_c = eta - eta_0
//   sponsor  U_s = alpha g(Q) - eta
// Forecasts only: what is paid follows measured contributions (settlement.ts).
import { bestPrize, efforts, openContest, type Contest } from './contest.ts'
import { capOf, checkOffers, checkTerms, growthIn, type MarketTerms, type OwnerOffer } from './offers.ts'
import {
  checkNumber,
  firstRefusal,
  granted,
  NOT_NEGATIVE,
  refused,
  type Outcome,
  type Refusal,
} from './refusal.ts'

export interface OwnerForecast {
  readonly id: string
  /** Data brought (x), and weighted by quality (q = f x). */
  readonly amount: number
  readonly contribution: number
  /** Share of the contested reward. */
  readonly share: number
  readonly pay: number
  readonly cost: number
  readonly utility: number
  /** 'priced-out' brings nothing at this reward, 'capped' would bring more than it has. */
  readonly standing: 'active' | 'capped' | 'priced-out'
}

export interface Equilibrium {
  /** eta */
  readonly reward: number
  /** Q, the sum of contributions. */
  readonly total: number
  /** Contribution per credit while no cap binds. */
  readonly kappa: number
  /** In the order of the offers. */
  readonly owners: readonly OwnerForecast[]
  readonly sponsorUtility: number
}

/** A market whose input passed every check: solves for many rewards without checking again. */
export interface Market {
  readonly terms: MarketTerms
  readonly offers: readonly OwnerOffer[]
  readonly contest: Contest
}

export function openMarket(terms: MarketTerms, offers: readonly OwnerOffer[]): Outcome<Market> {
  const refusal = firstRefusal(
    () => checkTerms(terms),
    () => checkOffers(offers),
  )
  if (refusal !== null) return refused(refusal)
  const contest = openContest(
    offers.map(offer => ({
      cost: (terms.lambda * terms.rho) / offer.quality,
      cap: offer.quality * capOf(offer),
    })),
  )
  return granted({ terms, offers, contest })
}

/** What owners bring for a reward; refuses a reward for which fewer than two would bring a whole sample. */
export function answerReward(market: Market, reward: number): Outcome<Equilibrium> {
  const invalid = checkNumber('reward', '', reward, NOT_NEGATIVE)
  if (invalid !== null) return refused(invalid)
  const forecast = forecastAt(market, reward)
  const small = tooSmall(market, forecast)
  return small === null ? granted(forecast) : refused(small)
}

/** The reward that is best for the sponsor, and what follows. Refuses where every reward would cost it more than it gains. */
export function solveMarket(market: Market): Outcome<Equilibrium> {
  const { terms, contest } = market
  const growth = growthIn(terms)
  const contested = 1 - (terms.floor ?? 0)
  const opensAboveAlpha = 1 / (contest.kappa * contested * growth.slope(0))
  if (!(terms.alpha > opensAboveAlpha))
    return refused({ kind: 'market-closed', alpha: terms.alpha, opensAboveAlpha })
  const { atSlope } = growth
  const prize = bestPrize(
    contest,
    {
      at: total => terms.alpha * growth.at(total),
      slope: total => terms.alpha * growth.slope(total),
      ...(atSlope ? { atSlope: (slope: number) => atSlope(slope / terms.alpha) } : {}),
    },
    1 / contested,
  )
  return answerReward(market, prize / contested)
}

/** U_s at a reward, owners answering. */
export function sponsorUtility(market: Market, reward: number): number {
  return forecastAt(market, reward).sponsorUtility
}

/** What one owner gets when it brings `amount` and the contributions of the others add up to `others`. */
export function ownerUtility(
  { terms, offers }: Market,
  reward: number,
  owner: number,
  amount: number,
  others: number,
): number {
  const { floor = 0, lambda, rho } = terms
  const contribution = offers[owner]!.quality * amount
  const total = contribution + others
  const share = total > 0 ? contribution / total : 0
  return reward * ((1 - floor) * share + floor / offers.length) - lambda * rho * amount
}

function forecastAt({ terms, offers, contest }: Market, reward: number): Equilibrium {
  const { floor = 0, lambda, rho, alpha } = terms
  const contributions = efforts(contest, (1 - floor) * reward)
  const total = contributions.reduce((sum, q) => sum + q, 0)
  const owners = offers.map((offer, i): OwnerForecast => {
    const contribution = contributions[i]!
    const amount = contribution / offer.quality
    const share = total > 0 ? contribution / total : 0
    const pay = reward * ((1 - floor) * share + floor / offers.length)
    const cost = lambda * rho * amount
    const capped = contribution > 0 && contribution >= offer.quality * capOf(offer)
    return {
      id: offer.id,
      amount,
      contribution,
      share,
      pay,
      cost,
      utility: pay - cost,
      standing: contribution === 0 ? 'priced-out' : capped ? 'capped' : 'active',
    }
  })
  const sponsor = alpha * growthIn(terms).at(total) - reward
  return { reward, total, kappa: contest.kappa, owners, sponsorUtility: sponsor }
}

/** Two owners must bring a whole sample each. While rewards are small no cap binds, so x_n = s_n kappa eta_c / f_n. */
function tooSmall({ terms, offers, contest }: Market, { reward, owners }: Equilibrium): Refusal | null {
  if (offers.some(({ samplesPerUnit }) => samplesPerUnit === undefined)) return null
  const whole = owners.filter(({ amount }, i) => amount * offers[i]!.samplesPerUnit! >= 1 - 1e-9)
  if (whole.length >= 2) return null
  const { kappa, active, contestants } = contest
  const needed = active
    .map(i => {
      const share = 1 - contestants[i]!.cost * kappa
      return offers[i]!.quality / (share * kappa * (1 - (terms.floor ?? 0)) * offers[i]!.samplesPerUnit!)
    })
    .sort((a, b) => a - b)
  return { kind: 'reward-too-small', reward, opensAt: needed[1]! }
}
