// A quote as it is being written: fields, what is wrong with them, and what the market would make of it if everybody else here
// took part, with the data that they described or ordinary ones. The forecast is the same solver that the ledger's fold uses.
import {
  answerReward,
  openMarket,
  solveMarket,
  sponsorUtility,
  type Equilibrium,
  type Market,
} from '../core/incentives/equilibrium.ts'
import type { MarketTerms, OwnerOffer } from '../core/incentives/offers.ts'
import type { Refusal } from '../core/incentives/refusal.ts'
import { deterrentFine } from '../core/incentives/reporting.ts'
import type { QuoteBody } from '../core/ledger/entry.ts'
import type { Prospect } from './prospects.ts'
import { CREDIT } from './rounds-desk.svelte.ts'

/** What an owner of ordinary data reports; for forecasts before anybody offered. */
const USUAL_QUALITY = 0.9
const CURVE_POINTS = 60
const HOUR_MS = 3_600_000
/** Over-reports up to this are looked at for the fine that deters. */
const MOST_OVER = 0.1
const OVER_STEPS = 10
/** Every owner and report is a market to solve: with more owners it would be felt while typing. */
const MAX_DETERRED = 20

export type QuoteFault = 'number' | 'balance' | 'whole' | 'percent' | 'phi' | 'remeasure' | 'title'

export class QuoteDraft {
  title = $state('')
  reward = $state<number | null>(0)
  price = $state<number | null>(0)
  unit = $state<number | null>(0)
  rounds = $state<number | null>(40)
  worth = $state<number | null>(0)
  /** epsilon: what a unit costs a provider of unit cost 1. */
  compute = $state<number | null>(0)
  growth = $state<number | null>(0.5)
  floor = $state<number | null>(0)
  quality = $state<number | null>(50)
  fine = $state<number | null>(0.2)
  remeasure = $state<number | null>(5)
  appraisers = $state<number | null>(3)
  hours = $state<number | null>(24)
  centreRule = $state<QuoteBody['centreRule']>('linearTarget')
  lending = $state<QuoteBody['lending']>('split')

  readonly balance: number
  readonly #prospects: () => readonly Prospect[]
  /** Views come several times a second; the market is solved anew only when somebody in it changed. */
  readonly #prospectsKey: string = $derived.by(() => JSON.stringify(this.#prospects()))
  readonly prospects: readonly Prospect[] = $derived(JSON.parse(this.#prospectsKey) as readonly Prospect[])
  /** Those whose data are good enough to be taken. */
  readonly takers: readonly Prospect[] = $derived.by(() => {
    const least = (this.quality ?? 0) * 1e4
    return this.prospects.filter(({ qualityMillionths }) => qualityMillionths >= least)
  })

  /**
   * @param balance in credits; @param prospects members who could offer; @param unit samples of an ordinary part
   * @param isSkewed every member holds a few classes only: one update alone then harms the others' classes, honest as it is, and
   * neither quality nor a fine should rest on it
   */
  constructor(
    balance: number,
    prospects: () => readonly Prospect[],
    unit: number,
    title: string,
    isSkewed = false,
  ) {
    if (isSkewed) {
      this.remeasure = 0
      this.fine = 0
    }
    this.balance = balance
    this.#prospects = prospects
    const others = this.prospects.length
    this.title = title
    this.unit = unit
    const reward = nice(Math.min(balance, Math.max(1, balance / 10)))
    this.reward = reward
    // Half the price at which as many equal owners as are here would just bring all they have (x = 1): room for some to stay away.
    const owners = Math.max(2, others)
    this.price = nice((USUAL_QUALITY * reward * (owners - 1)) / owners ** 2 / 2)
    // What lending costs a provider: a tenth of what the data cost.
    this.compute = nice(this.price / 10)
    // Worth so much that this reward is near the best one: eta* = alpha G - 1 / kappa.
    const kappa = ((owners - 1) * USUAL_QUALITY) / (owners * this.price)
    this.worth = nice((reward + 1 / kappa) / 0.5)
    if (!('kind' in this.best)) this.reward = nice(Math.min(balance, this.best.reward))
  }

  readonly faults: Readonly<Partial<Record<keyof QuoteDraft, QuoteFault>>> = $derived.by(() => {
    const faults: Partial<Record<keyof QuoteDraft, QuoteFault>> = {}
    if (this.title.trim() === '') faults.title = 'title'
    if (!isAbove(this.reward)) faults.reward = 'number'
    else if (this.reward! > this.balance) faults.reward = 'balance'
    if (!isAbove(this.price)) faults.price = 'number'
    if (!isAbove(this.compute)) faults.compute = 'number'
    if (!isAbove(this.worth)) faults.worth = 'number'
    if (!isAbove(this.growth)) faults.growth = 'number'
    if (!isWhole(this.unit, 1e9)) faults.unit = 'whole'
    if (!isWhole(this.rounds, 1e6)) faults.rounds = 'whole'
    if (!isWhole(this.appraisers, 15)) faults.appraisers = 'whole'
    if (!isAbove(this.hours) || this.hours! > 24 * 365) faults.hours = 'number'
    if (!isWithin(this.floor, 95)) faults.floor = 'percent'
    if (!isWithin(this.quality, 95)) faults.quality = 'percent'
    if (!isWithin(this.fine, 1)) faults.fine = 'phi'
    const again = this.remeasure
    if (again === null || !Number.isInteger(again) || again < 0 || again >= (this.rounds ?? 0))
      faults.remeasure = 'remeasure'
    return faults
  })

  readonly market: Market | Refusal = $derived.by(() => {
    const samplesPerUnit = Math.max(1, this.unit ?? 1)
    const offers = this.takers.map(({ owner, samples, qualityMillionths }): OwnerOffer => ({
      id: owner,
      quality: qualityMillionths / 1e6,
      cap: samples / samplesPerUnit,
      samplesPerUnit,
    }))
    const opened = openMarket(this.terms, offers)
    return opened.ok ? opened.value : opened.refusal
  })

  /** At the reward that is set; a refusal says what would help. */
  readonly answer: Equilibrium | Refusal = $derived.by(() => {
    if ('kind' in this.market) return this.market
    const answered = answerReward(this.market, this.reward ?? 0)
    return answered.ok ? answered.value : answered.refusal
  })

  /** The reward that leaves the sponsor most, credits. */
  readonly best: Equilibrium | Refusal = $derived.by(() => {
    if ('kind' in this.market) return this.market
    const solved = solveMarket(this.market)
    return solved.ok ? solved.value : solved.refusal
  })

  readonly curve: { readonly xs: readonly number[]; readonly ys: readonly number[] } | null = $derived.by(
    () => {
      const { market, best } = this
      if ('kind' in market) return null
      const top = Math.max(this.reward ?? 0, 'kind' in best ? 0 : 2 * best.reward, 1e-3)
      const xs = Array.from({ length: CURVE_POINTS + 1 }, (_, i) => (top * i) / CURVE_POINTS)
      return { xs, ys: xs.map(x => sponsorUtility(market, x)) }
    },
  )

  /** The least phi that deters every owner from reporting more; null where the market does not open. */
  readonly deterrent: number | null = $derived.by(() => {
    if ('kind' in this.market || this.takers.length > MAX_DETERRED) return null
    const found = deterrentFine(this.terms, this.market.offers, MOST_OVER, OVER_STEPS)
    return found.ok ? found.value : null
  })

  quote(nowUnixMs: number): Omit<QuoteBody, 'kind'> {
    return {
      title: this.title.trim(),
      rewardMicro: micro(this.reward),
      alphaMicro: micro(this.worth),
      growthMillionths: Math.max(1, Math.round((this.growth ?? 0) * 1e6)),
      dataPriceMicro: micro(this.price),
      computePriceMicro: micro(this.compute),
      unitSamples: this.unit ?? 1,
      qualityFloorMillionths: Math.round((this.quality ?? 0) * 1e4),
      fineMillionths: Math.round((this.fine ?? 0) * 1e6),
      floorMillionths: Math.round((this.floor ?? 0) * 1e4),
      rounds: this.rounds ?? 1,
      remeasureRounds: this.remeasure ?? 0,
      appraisers: this.appraisers ?? 1,
      lending: this.lending,
      centreRule: this.centreRule,
      expiresUnixMs: nowUnixMs + Math.round((this.hours ?? 1) * HOUR_MS),
    }
  }

  private get terms(): MarketTerms {
    return {
      alpha: Math.max(0, this.worth ?? 0),
      growth: { law: 'log', scale: Math.max(1e-6, this.growth ?? 0) },
      lambda: 1,
      rho: Math.max(1e-6, this.price ?? 0),
      floor: Math.min(0.95, Math.max(0, (this.floor ?? 0) / 100)),
    }
  }
}

function isAbove(value: number | null): boolean {
  return value !== null && Number.isFinite(value) && value >= 1 / CREDIT && value <= 1e9
}

function isWhole(value: number | null, most: number): boolean {
  return value !== null && Number.isInteger(value) && value >= 1 && value <= most
}

function isWithin(value: number | null, most: number): boolean {
  return value !== null && Number.isFinite(value) && value >= 0 && value <= most
}

function micro(credits: number | null): string {
  return String(Math.max(1, Math.round((credits ?? 0) * CREDIT)))
}

/** Two significant digits, as a person would have chosen it; never zero. */
function nice(value: number): number {
  if (!(value > 0)) return 1
  const step = 10 ** Math.floor(Math.log10(value) - 1)
  return Number((Math.max(1, Math.round(value / step)) * step).toPrecision(2))
}
