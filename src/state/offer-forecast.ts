// What an owner may expect of an offer: the others answer the quality that it reports, pay follows the quality that its tab found, and
// reporting more costs the run's fine. A forecast by the equilibrium of docs/incentives.md, in credits; what is paid is measured.
import {
  answerReward,
  openMarket,
  ownerUtility,
  type Market,
  type OwnerForecast,
} from '../core/incentives/equilibrium.ts'
import { marketTerms, ownerOffer } from '../core/incentives/runs/plan.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { RunView } from '../ports/runs-view.ts'

export interface OfferInput {
  readonly self: MemberId
  readonly reportedMillionths: number
  readonly appraisedMillionths: number
  /** Offered at most. */
  readonly samples: number
}

export interface OfferForecast {
  readonly standing: OwnerForecast['standing']
  readonly samples: number
  readonly pay: number
  readonly cost: number
  readonly fine: number
  /** pay - cost - fine */
  readonly gain: number
  /** Of the contested reward, in [0, 1]. */
  readonly share: number
  /** Nobody else has offered: one owner alike is assumed. */
  readonly isAssumed: boolean
  /** Gain by number of samples, the others bringing what they are forecast to bring. */
  readonly xs: readonly number[]
  readonly gains: readonly number[]
}

const MILLION = 1e6
const POINTS = 50
const ASSUMED = 'another-owner' as MemberId

/** Null where the market does not open; the run says why. */
export function forecastOffer({ quote, offers }: RunView, input: OfferInput): OfferForecast | null {
  const { self, reportedMillionths, appraisedMillionths, samples: most } = input
  const own = { owner: self, root: '', samples: most, qualityMillionths: reportedMillionths }
  const others = offers.filter(({ owner, present }) => owner !== self && present === 1)
  const rest = others.length > 0 ? others : [{ ...own, owner: ASSUMED }]
  const market = openMarket(
    marketTerms(quote),
    [own, ...rest].map(offer => ownerOffer(offer, quote)),
  )
  if (!market.ok) return null
  const reward = Number(quote.rewardMicro) / MILLION
  const answer = answerReward(market.value, reward)
  if (!answer.ok) return null
  const { amount, contribution, standing } = answer.value.owners[0]!
  const rivals = answer.value.total - contribution
  const quality = Math.max(appraisedMillionths, quote.qualityFloorMillionths) / MILLION
  const truth: Market = {
    ...market.value,
    offers: market.value.offers.map((offer, i) => (i === 0 ? { ...offer, quality } : offer)),
  }
  const fineOf = (pay: number): number => {
    const over = Math.max(0, reportedMillionths / MILLION - quality)
    return Math.min(Math.max(0, pay), (quote.fineMillionths / MILLION) * reward * over)
  }
  const at = (samples: number): Pick<OfferForecast, 'pay' | 'cost' | 'fine' | 'gain'> => {
    const cost = (Number(quote.dataPriceMicro) / MILLION) * (samples / quote.unitSamples)
    const pay = ownerUtility(truth, reward, 0, samples / quote.unitSamples, rivals) + cost
    const fine = fineOf(pay)
    return { pay, cost, fine, gain: pay - cost - fine }
  }
  // As plan.ts rounds: a hair must not cost a whole sample.
  const samples = Math.min(most, Math.floor(amount * quote.unitSamples + 1e-6))
  const brought = (quality * samples) / quote.unitSamples
  const xs = [...new Set(Array.from({ length: POINTS + 1 }, (_, i) => Math.round((most * i) / POINTS)))]
  return {
    ...at(samples),
    standing: samples === 0 ? 'priced-out' : standing,
    samples,
    share: brought > 0 ? brought / (brought + rivals) : 0,
    isAssumed: others.length === 0,
    xs,
    gains: xs.map(x => at(x).gain),
  }
}
