// What the screen of sponsored rounds works out: who could bring data, a draft whose defaults open a market, what an offer comes to,
// and why somebody waits.
import { describe, expect, it } from 'vitest'
import { forecastOffer } from '../../src/state/offer-forecast.ts'
import { prospectsOf } from '../../src/state/prospects.ts'
import { QuoteDraft } from '../../src/state/quote-draft.svelte.ts'
import { freeProviders, successorOf, waitingOwners } from '../../src/state/run-waits.ts'
import { memberId, membersOf, readScenario, type Scenario } from '../ui/fake-data.ts'
import { runsOf } from '../ui/fake-runs.ts'

const scenario = (query: string): Scenario => readScenario(new URLSearchParams(query))
const runOf = (query: string) => runsOf(scenario(query)).runs[0]!
const SELF = memberId(0)

describe('prospects', () => {
  it('are the others who train, with what they said of their data, or told as assumed', () => {
    const acted = scenario('members=8&runs=open')
    const found = prospectsOf(membersOf(acted, 'Hana'), SELF, runsOf(acted), 1234)
    // 0 is oneself, 6 has gone.
    expect(found.map(({ owner }) => owner)).toEqual([1, 2, 3, 4, 5, 7].map(memberId))
    expect(found[0]).toEqual({
      owner: memberId(1),
      samples: 6000,
      qualityMillionths: 930_000,
      isKnown: true,
    })
    expect(found.at(-1)).toMatchObject({ samples: 1234, isKnown: false })
  })
})

describe('a draft', () => {
  const draftFor = (members: number, balance = 1000): QuoteDraft => {
    const acted = scenario(`members=${members}&runs=none`)
    const others = prospectsOf(membersOf(acted, 'Hana'), SELF, runsOf(acted), 1000)
    return new QuoteDraft(balance, () => others, 1000, 'Digits')
  }

  it.each([3, 4, 6, 12, 64])('opens with its defaults among %d members', members => {
    const draft = draftFor(members)
    expect(draft.faults).toEqual({})
    expect(draft.answer).not.toHaveProperty('kind')
    const answer = draft.answer as Exclude<typeof draft.answer, { kind: string }>
    expect(answer.owners.every(({ amount }) => amount * 1000 >= 1)).toBe(true)
    expect(answer.sponsorUtility).toBeGreaterThan(0)
    // What is set is near the best one, and the curve does not pass it.
    const best = draft.best as typeof answer
    expect(Math.max(...draft.curve!.ys)).toBeLessThanOrEqual(best.sponsorUtility + 1e-9)
    expect(answer.sponsorUtility).toBeGreaterThan(0.95 * best.sponsorUtility)
  })

  it('says what would open it: too few, too little, too dear, no numbers', () => {
    expect(draftFor(1).answer).toMatchObject({ kind: 'too-few', count: 0 })
    const draft = draftFor(4)
    draft.reward = 0.0001
    expect(draft.answer).toMatchObject({ kind: 'reward-too-small' })
    draft.reward = (draft.answer as { opensAt: number }).opensAt * 1.0001
    expect(draft.answer).not.toHaveProperty('kind')
    draft.worth = 0.0001
    expect(draft.best).toMatchObject({ kind: 'market-closed' })
    draft.worth = (draft.best as { opensAboveAlpha: number }).opensAboveAlpha * 1.05
    expect(draft.best).not.toMatchObject({ kind: 'market-closed' })
    draft.reward = null
    draft.price = Number.NaN
    expect(Object.keys(draft.faults)).toEqual(expect.arrayContaining(['reward', 'price']))
  })

  it('leaves out whose data are below the least quality', () => {
    const acted = scenario('members=6&runs=open')
    const others = prospectsOf(membersOf(acted, 'Hana'), SELF, runsOf(acted), 1000)
    const draft = new QuoteDraft(1000, () => others, 1000, 'Digits')
    draft.quality = 90
    expect(draft.takers.map(({ owner }) => owner)).toEqual([1, 3, 5].map(memberId))
  })

  it('proposes neither fine nor second pricing where each member holds a few classes', () => {
    const [even, skewed] = [false, true].map(isSkewed => new QuoteDraft(1000, () => [], 1000, 'x', isSkewed))
    expect([even!.fine, even!.remeasure]).toEqual([0.2, 5])
    expect([skewed!.fine, skewed!.remeasure]).toEqual([0, 0])
  })
})

describe('an offer', () => {
  const honest = {
    self: SELF,
    reportedMillionths: 900_000,
    appraisedMillionths: 900_000,
    samples: 5000,
  }

  it('brings what is best for its owner, the others as forecast', () => {
    const forecast = forecastOffer(runOf('runs=open'), honest)!
    expect(forecast.isAssumed).toBe(false)
    expect(forecast.samples).toBeGreaterThan(0)
    expect(forecast.gain).toBeCloseTo(forecast.pay - forecast.cost, 9)
    expect(forecast.fine).toBe(0)
    // A grid of samples finds nothing better than the equilibrium, but for a part of a sample.
    expect(Math.max(...forecast.gains)).toBeLessThanOrEqual(forecast.gain + 1e-3)
  })

  it('is fined for reporting more than was found, at most its pay', () => {
    const run = runOf('runs=open')
    const forecast = forecastOffer(run, { ...honest, reportedMillionths: 950_000 })!
    expect(forecast.fine).toBeCloseTo((0.05 * 0.2 * Number(run.quote.rewardMicro)) / 1e6, 9)
    const most = forecastOffer(run, {
      ...honest,
      reportedMillionths: 1_000_000,
      appraisedMillionths: 500_000,
    })!
    expect(most.fine).toBeLessThanOrEqual(most.pay)
    expect(most.gain).toBeLessThan(forecastOffer(run, honest)!.gain)
  })

  it('assumes one other alike where nobody else has offered, and says nothing where no market opens', () => {
    const run = runOf('runs=open')
    expect(forecastOffer({ ...run, offers: [] }, honest)).toMatchObject({ isAssumed: true })
    expect(forecastOffer(run, { ...honest, samples: 0 })).toBeNull()
    expect(forecastOffer(run, { ...honest, reportedMillionths: Number.NaN })).toBeNull()
  })
})

describe('waiting', () => {
  it('has a reason for everybody who asked for a partner and has none', () => {
    const view = runsOf(scenario('runs=training&part=owner'))
    const run = view.runs[0]!
    const reasons = (over: Partial<typeof run>) =>
      waitingOwners({ ...run, ...over }, view, SELF).map(({ owner, why }) => [owner, why])
    // 0 and 3 have partners; 2 asked for one, and both lenders are busy.
    expect(reasons({})).toEqual([[memberId(2), 'no-provider']])
    expect(reasons({ stage: 'open', pairs: [] })).toEqual([0, 2, 3].map(n => [memberId(n), 'not-begun']))
    // The own data may be seen by one more lender only if the limit is raised: 5 has seen them, 7 has not.
    const only7 = run.capacities.filter(({ provider }) => provider === memberId(7))
    expect(reasons({ pairs: [], capacities: only7 })).toEqual([
      [SELF, 'exposure'],
      [memberId(2), 'seal'],
      [memberId(3), 'no-provider'],
    ])
    expect(freeProviders({ ...run, pairs: [] })).toHaveLength(2)
  })

  it('names who took over from a pair that broke', () => {
    const run = runOf('runs=training&trouble')
    const broken = run.pairs.find(pair => pair.broken === 1)!
    expect(successorOf(run, broken)).toBe(memberId(5))
    expect(successorOf({ ...run, pairs: [broken] }, broken)).toBeNull()
  })
})
