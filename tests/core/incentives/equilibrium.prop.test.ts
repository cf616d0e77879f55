// Over many random markets: nobody gains by deviating, curves have one peak, no other reward serves the sponsor better.
import { expect, test } from 'vitest'
import { openMarket, solveMarket } from '../../../src/core/incentives/equilibrium.ts'
import { PAPER_TERMS } from '../../../src/core/incentives/offers.ts'
import { createRng } from '../../../src/core/num/rng.ts'
import { centreGain, ownerGain, sponsorGain } from '../../../src/sim/rdfl/deviation.ts'
import {
  granted,
  noisyOwners,
  PAPER_PRICES,
  randomCentres,
  randomMarket,
} from '../../../src/sim/rdfl/markets.ts'
import { pricingStudy } from '../../../src/sim/rdfl/pricing.ts'
import { scanPeaks, scanSettings } from '../../../src/sim/rdfl/scans.ts'

const GAIN = 1e-6

test('R2: no unilateral deviation on a grid of 400 pays for any of the three roles, 100 seeds of the paper’s setting', () => {
  for (let seed = 0; seed < 100; seed++) {
    const rng = createRng(`R2/${seed}`)
    const market = granted(openMarket(PAPER_TERMS, noisyOwners(rng, 2 + rng.below(59), 'geometric')))
    const solved = granted(solveMarket(market))
    const volumes = solved.owners.map(({ amount }) => amount)
    expect(ownerGain(market, solved), `owner, seed ${seed}`).toBeLessThanOrEqual(GAIN)
    expect(sponsorGain(market, solved), `sponsor, seed ${seed}`).toBeLessThanOrEqual(GAIN)
    expect(
      centreGain(randomCentres(rng, 10), volumes, PAPER_PRICES),
      `centre, seed ${seed}`,
    ).toBeLessThanOrEqual(GAIN)
  }
})

test('R2, R5: 1,000 random markets to N = 200 with any caps, prices, floors and laws of growth', () => {
  let capped = 0
  let closed = 0
  for (let seed = 0; seed < 1_000; seed++) {
    const rng = createRng(`R2 any/${seed}`)
    const market = randomMarket(rng, 200)
    const solved = solveMarket(market)
    if (!solved.ok) {
      expect(solved.refusal.kind, `seed ${seed}`).toBe('market-closed')
      expect(sponsorGain(market, null), `closed, seed ${seed}`).toBeLessThanOrEqual(GAIN)
      closed++
      continue
    }
    const { owners, reward } = solved.value
    if (owners.some(({ standing }) => standing === 'capped')) capped++
    expect(ownerGain(market, solved.value), `owner, seed ${seed}`).toBeLessThanOrEqual(GAIN)
    expect(sponsorGain(market, solved.value), `sponsor, seed ${seed}`).toBeLessThanOrEqual(GAIN)
    const paid = owners.reduce((sum, { pay }) => sum + pay, 0)
    expect(Math.abs(paid - reward), `pay, seed ${seed}`).toBeLessThan(1e-9 * reward)
    for (const { amount } of owners) expect(amount, `amount, seed ${seed}`).toBeGreaterThanOrEqual(0)
  }
  expect(capped).toBeGreaterThan(50)
  expect(closed).toBeGreaterThan(50)
})

test('R3: utilities of sponsor and owners have one peak, at the closed form', () => {
  const { curves, faults } = scanPeaks(10, 'R3')
  expect(curves).toBeGreaterThan(200)
  expect(faults).toBe(0)
})

test('R4: no random and no fixed reward serves the sponsor better, N = 10 .. 60, 20 seeds', () => {
  for (const population of ['paper', 'equal', 'geometric'] as const) {
    const { compared, beaten } = pricingStudy(population, 20, 'R4')
    expect(compared).toBe(6 * 20 * 21)
    expect(beaten, population).toBe(0)
  }
})

test('R12: five values of alpha by five prices of data keep R2 and R4', () => {
  const { settings, open, faults } = scanSettings('R12')
  expect(settings).toBe(25)
  expect(open).toBeGreaterThan(12)
  expect(faults).toBe(0)
})

test('the order of the offers does not matter', () => {
  for (let seed = 0; seed < 50; seed++) {
    const rng = createRng(`order/${seed}`)
    const offers = noisyOwners(rng, 20, 'geometric')
    const there = granted(solveMarket(granted(openMarket(PAPER_TERMS, offers))))
    const back = granted(solveMarket(granted(openMarket(PAPER_TERMS, [...offers].reverse()))))
    expect(Math.abs(there.reward - back.reward), `seed ${seed}`).toBeLessThan(1e-12)
    const amounts = new Map(back.owners.map(({ id, amount }) => [id, amount]))
    for (const { id, amount } of there.owners)
      expect(Math.abs(amounts.get(id)! - amount), `seed ${seed}`).toBeLessThan(1e-12)
  }
})
