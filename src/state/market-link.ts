// The market's setup in the address: #/lab/market?owners=10&... Every slider is bounded; what cannot be read stands at its
// usual value, and the page says that it changed something.
import {
  MARKET_RULES,
  MARKET_SLIDERS,
  MAX_MARKET_SEED,
  type MarketSetup,
  type MarketSlider,
} from '../ports/market-lab.ts'
import { MARKET_HASH } from './route.ts'

const NAMES = Object.keys(MARKET_SLIDERS) as readonly MarketSlider[]
const SEED = 'rice'
const MAX_QUERY = 600

export const USUAL_MARKET: MarketSetup = {
  ...sliders(name => MARKET_SLIDERS[name].usual),
  rule: 'linearTarget',
  seed: SEED,
}

export interface DecodedMarket {
  readonly setup: MarketSetup
  /** Something in the address was left out or changed. */
  readonly adjusted: boolean
}

/** @param query what follows the question mark */
export function decodeMarket(query: string): DecodedMarket {
  if (query.length > MAX_QUERY) return { setup: USUAL_MARKET, adjusted: true }
  const given = new URLSearchParams(query)
  let adjusted = false
  const read = sliders(name => {
    const text = given.get(name)
    if (text === null) return USUAL_MARKET[name]
    const value = /^\d{1,3}(\.\d{1,2})?$/u.test(text) ? Number(text) : NaN
    if (Number.isNaN(value)) {
      adjusted = true
      return USUAL_MARKET[name]
    }
    const fitted = fitSlider(name, value)
    if (fitted !== value) adjusted = true
    return fitted
  })
  const rule = given.get('rule') ?? USUAL_MARKET.rule
  const seed = given.get('seed') ?? SEED
  const setup = fitMarket({
    ...read,
    rule: MARKET_RULES.find(name => name === rule) ?? USUAL_MARKET.rule,
    seed,
  })
  return { setup, adjusted: adjusted || setup.rule !== rule || setup.seed !== seed }
}

export function fitMarket(setup: MarketSetup): MarketSetup {
  const letters = setup.seed.replaceAll(/[^\p{L}\p{N} _.-]/gu, '').trim()
  const seed = [...letters].slice(0, MAX_MARKET_SEED).join('')
  return {
    ...sliders(name => fitSlider(name, setup[name])),
    rule: setup.rule,
    seed: seed === '' ? SEED : seed,
  }
}

export function marketHash(setup: MarketSetup): string {
  const query = new URLSearchParams()
  for (const name of NAMES) if (setup[name] !== USUAL_MARKET[name]) query.set(name, String(setup[name]))
  if (setup.rule !== USUAL_MARKET.rule) query.set('rule', setup.rule)
  query.set('seed', setup.seed)
  return `${MARKET_HASH}?${query.toString()}`
}

/** On its grid and inside its range. */
function fitSlider(name: MarketSlider, value: number): number {
  const { least, most, step, usual } = MARKET_SLIDERS[name]
  if (Number.isNaN(value)) return usual
  const steps = Math.round((Math.min(most, Math.max(least, value)) - least) / step)
  return Number((least + steps * step).toFixed(2))
}

function sliders(value: (name: MarketSlider) => number): Record<MarketSlider, number> {
  // reason: fromEntries forgets its keys; NAMES are all of them.
  return Object.fromEntries(NAMES.map(name => [name, value(name)])) as Record<MarketSlider, number>
}
