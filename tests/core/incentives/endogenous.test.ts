// Quality as a decision: R7 in the model, equilibria checked against deviations, the limits of the best reply.
import { expect, test } from 'vitest'
import { curationGain, solveCurated, type CuratedOffer } from '../../../src/core/incentives/endogenous.ts'
import { answerReward, openMarket } from '../../../src/core/incentives/equilibrium.ts'
import { PAPER_TERMS } from '../../../src/core/incentives/offers.ts'
import { createRng } from '../../../src/core/num/rng.ts'
import { granted, idOf } from '../../../src/sim/rdfl/markets.ts'
import { responseStudy } from '../../../src/sim/rdfl/response.ts'

test('R7: from half the best reward to all of it amounts rise by half and more, quality by 0.05 and more', () => {
  const points = responseStudy()
  const at = (part: number) => points.find(point => point.part === part)!
  expect(at(1).meanAmount / at(0.5).meanAmount).toBeGreaterThanOrEqual(1.5)
  expect(at(1).meanQuality - at(0.5).meanQuality).toBeGreaterThanOrEqual(0.05)
  for (const { gain, lowestUtility } of points) {
    expect(gain).toBeLessThanOrEqual(1e-9)
    expect(lowestUtility).toBeGreaterThanOrEqual(-1e-9)
  }
})

test('where the search comes to rest no owner gains by another quality and amount, in 60 random markets', () => {
  let solved = 0
  for (let seed = 0; seed < 60; seed++) {
    const rng = createRng(`curated/${seed}`)
    const offers = Array.from({ length: 3 + rng.below(6) }, (_, n): CuratedOffer => ({
      id: idOf(n),
      quality: 0.4 + 0.3 * rng.next(),
      curationCost: 0.5 + 2 * rng.next(),
    }))
    const outcome = solveCurated(PAPER_TERMS, offers, 0.2 + 0.5 * rng.next())
    if (!outcome.ok) {
      expect(outcome.refusal.kind, `seed ${seed}`).toBe('no-equilibrium')
      continue
    }
    solved++
    offers.forEach((_, n) =>
      expect(curationGain(PAPER_TERMS, offers, outcome.value, n, 200), `seed ${seed}`).toBeLessThanOrEqual(
        1e-6,
      ),
    )
  }
  expect(solved).toBeGreaterThan(40)
})

test('curation that costs too much leaves the market as it was', () => {
  const offers = [0.6, 0.7, 0.8].map((quality, n) => ({ id: idOf(n), quality, curationCost: 1e9 }))
  const { qualities, equilibrium } = granted(solveCurated(PAPER_TERMS, offers, 1))
  const plain = granted(answerReward(granted(openMarket(PAPER_TERMS, offers)), 1))
  qualities.forEach((quality, n) => expect(quality).toBeCloseTo(offers[n]!.quality, 6))
  expect(equilibrium.total).toBeCloseTo(plain.total, 6)
})
