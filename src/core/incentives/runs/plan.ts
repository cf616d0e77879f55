// What follows from a run's offers: amounts by the equilibrium for the given reward (equilibrium.ts), pairs by deferred
// acceptance among those who have no partner (rematching.ts). Both are folded by every member, so only arithmetic that is
// exact by the standard is used (+ - * / sqrt) and results are rounded to whole samples, millionths and micro-credits.
import { sha256 } from '@noble/hashes/sha2.js'
import { canonicalise } from '../../ledger/canonical.ts'
import type { QuoteBody } from '../../ledger/entry.ts'
import { bytesToHex } from '../../num/hex.ts'
import type { MemberId } from '../../num/ids.ts'
import { answerReward, openMarket, type OwnerForecast } from '../equilibrium.ts'
import type { MarketTerms, OwnerOffer } from '../offers.ts'
import { EMPTY_MATCH, matchFree, type MatchState } from '../rematching.ts'
import { granted, type Outcome } from '../refusal.ts'
import type { OfferRecord, PairRecord, PlanRow, RunRecord } from './records.ts'

const MILLION = 1e6
/** A plan is replaced when an amount or a share moves by more than this part: smaller moves are not worth the unrest. */
const HYSTERESIS = 0.05
/** Doubles hold so many micro-credits exactly. */
const MOST_MICRO = 1e15

/** The quote as the market of equilibrium.ts reads it; credits as numbers. */
export function marketTerms(quote: QuoteBody): MarketTerms {
  return {
    alpha: Number(quote.alphaMicro) / MILLION,
    growth: { law: 'log', scale: quote.growthMillionths / MILLION },
    lambda: 1,
    rho: Number(quote.dataPriceMicro) / MILLION,
    floor: quote.floorMillionths / MILLION,
  }
}

export function ownerOffer(
  { owner, root, qualityMillionths, samples }: Omit<OfferRecord, 'mode' | 'present'>,
  { unitSamples }: QuoteBody,
): OwnerOffer {
  return {
    id: owner,
    quality: qualityMillionths / MILLION,
    cap: samples / unitSamples,
    samplesPerUnit: unitSamples,
    dataRoot: root,
  }
}

/** Amounts for the offers that are present. `quality`: measured qualities in millionths, in place of what was reported. */
export function planRun(
  quote: QuoteBody,
  offers: readonly OfferRecord[],
  quality: ReadonlyMap<MemberId, number> = new Map(),
): Outcome<readonly PlanRow[]> {
  const here = offers
    .filter(({ present }) => present === 1)
    .map(offer => ({ ...offer, qualityMillionths: quality.get(offer.owner) ?? offer.qualityMillionths }))
  const market = openMarket(
    marketTerms(quote),
    here.map(offer => ownerOffer(offer, quote)),
  )
  if (!market.ok) return market
  const answer = answerReward(market.value, Number(quote.rewardMicro) / MILLION)
  if (!answer.ok) return answer
  const rows = answer.value.owners.map((forecast, i) => rowOf(forecast, here[i]!, quote))
  const gone = offers.filter(({ present }) => present === 0).map(goneRow)
  return granted([...rows, ...gone].sort((a, b) => (a.owner < b.owner ? -1 : 1)))
}

function rowOf(
  { amount, share, pay, cost, standing }: OwnerForecast,
  { owner, samples, qualityMillionths }: OfferRecord,
  { unitSamples }: QuoteBody,
): PlanRow {
  // A hair of rounding must not cost a whole sample.
  const whole = Math.min(samples, bounded(Math.floor(amount * unitSamples + 1e-6)))
  return {
    owner,
    samples: whole,
    standing: whole === 0 ? 'priced-out' : standing,
    shareMillionths: Math.min(MILLION, bounded(Math.round(share * MILLION))),
    // Who brings nothing contributes nothing, and the floor is for those who contribute.
    payMicro: whole === 0 ? '0' : String(bounded(Math.round(pay * MILLION))),
    costMicro: String(bounded(Math.round(cost * MILLION))),
    qualityMillionths,
  }
}

/** Whatever terms of extreme sizes come to: a state that no number holds would keep the room from ever being sealed. */
function bounded(value: number): number {
  return value > 0 ? Math.min(value, MOST_MICRO) : 0
}

function goneRow({ owner, qualityMillionths }: OfferRecord): PlanRow {
  return {
    owner,
    samples: 0,
    standing: 'left',
    shareMillionths: 0,
    payMicro: '0',
    costMicro: '0',
    qualityMillionths,
  }
}

/** Whether a fresh plan differs enough from the standing one to take its place; who came or went always does. */
export function isNewPlan(standing: readonly PlanRow[], fresh: readonly PlanRow[]): boolean {
  if (standing.length !== fresh.length) return true
  return fresh.some((row, i) => {
    const before = standing[i]!
    if (before.owner !== row.owner || (before.standing === 'left') !== (row.standing === 'left')) return true
    return (
      Math.abs(row.samples - before.samples) > HYSTERESIS * before.samples ||
      Math.abs(row.shareMillionths - before.shareMillionths) > HYSTERESIS * before.shareMillionths
    )
  })
}

/** What both sides of a pair sign: hex SHA-256 of its canonical terms. */
export function contractHash(
  run: string,
  { owner, provider, mode, priceMicro }: Pick<PairRecord, 'owner' | 'provider' | 'mode' | 'priceMicro'>,
): string {
  const terms = canonicalise({ format: 'yoriai-contract-2', mode, owner, priceMicro, provider, run })
  return bytesToHex(sha256(new TextEncoder().encode(terms)))
}

/**
 * New pairs for owners of a run that ask for a provider and have none; standing pairs stay. A provider serves one owner at a
 * time, over all runs.
 * @param busy providers with a standing pair in other runs
 */
export function pairUp(
  run: RunRecord,
  busy: ReadonlySet<MemberId>,
  exposures: ReadonlyMap<MemberId, readonly MemberId[]>,
  limits: ReadonlyMap<MemberId, number>,
): readonly PairRecord[] {
  const { quote, plan } = run
  const made: PairRecord[] = []
  const price = Number(quote.dataPriceMicro) / MILLION
  const prices = { lambda: 1, rho: price, epsilon: Number(quote.computePriceMicro) / MILLION }
  for (const mode of ['split', 'paired'] as const) {
    const standing = [...run.pairs, ...made].filter(({ broken }) => broken === 0)
    const taken = new Set([...busy, ...standing.map(({ provider }) => provider)])
    const state: MatchState = {
      ...EMPTY_MATCH,
      owners: new Map(
        plan
          .filter(({ owner, samples }) => {
            const offer = run.offers.find(one => one.owner === owner)
            const isAlone = standing.every(pair => pair.owner !== owner)
            return samples > 0 && isAlone && offer?.mode === mode && offer.present === 1
          })
          .map(({ owner, samples }) => [owner, samples / quote.unitSamples]),
      ),
      centres: new Map(
        run.capacities
          .filter(({ provider, modes, present }) => {
            const fits = mode === 'split' || modes === 'any'
            return present === 1 && fits && !taken.has(provider)
          })
          .map(({ provider, unitCostMillionths, speedMilli }) => [
            provider,
            { id: provider, unitCost: unitCostMillionths / MILLION, speed: speedMilli / 1000 },
          ]),
      ),
      exposures,
      limits,
    }
    for (const [owner, provider] of matchFree(state, prices, quote.centreRule)) {
      const priceMicro = plan.find(row => row.owner === owner)!.costMicro
      const pair = { owner: owner as MemberId, provider: provider as MemberId, mode, priceMicro }
      made.push({
        ...pair,
        contract: contractHash(run.hash, pair),
        ownerSigned: 0,
        providerSigned: 0,
        broken: 0,
        deleted: 0,
        ownerJobs: 0,
        providerJobs: 0,
      })
    }
  }
  return made
}
