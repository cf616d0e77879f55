// Setups of the Lab's market of every kind that its sliders allow.
import fc from 'fast-check'
import { MARKET_RULES, MARKET_SLIDERS, type MarketSetup } from '../../src/ports/market-lab.ts'
import { fitMarket, USUAL_MARKET } from '../../src/state/market-link.ts'

const sliders = Object.fromEntries(
  Object.entries(MARKET_SLIDERS).map(([name, { least, most }]) => [
    name,
    fc.double({ min: least, max: most, noNaN: true }),
  ]),
)

export const marketSetups: fc.Arbitrary<MarketSetup> = fc
  .record({
    ...sliders,
    rule: fc.constantFrom(...MARKET_RULES),
    seed: fc.string({ unit: 'grapheme', maxLength: 40 }),
  })
  .map(drawn => fitMarket({ ...USUAL_MARKET, ...drawn }))
