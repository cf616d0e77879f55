// One owner, one centre: stable matchings, ties, unequal numbers; and matching that goes on while people come and go.
import { describe, expect, test } from 'vitest'
import { blockingPairs, deferAcceptance, type Preferences } from '../../../src/core/incentives/matching.ts'
import {
  EMPTY_MATCH,
  stepMatch,
  type MatchEvent,
  type MatchState,
} from '../../../src/core/incentives/rematching.ts'
import { createRng, shuffle } from '../../../src/core/num/rng.ts'
import { churnRun } from '../../../src/sim/rdfl/churn.ts'
import { granted, PAPER_PRICES } from '../../../src/sim/rdfl/markets.ts'
import { scanMatchings } from '../../../src/sim/rdfl/scans.ts'

function tablePreferences(owners: Record<string, string>, centres: Record<string, string>): Preferences {
  const cost = (table: Record<string, string>) => (who: string, whom: string) => {
    const at = table[who]!.indexOf(whom)
    return at === -1 ? Infinity : at
  }
  return { ownerCost: cost(owners), centreCost: cost(centres) }
}

describe('deferred acceptance', () => {
  test('the owners’ best stable matching, where there are two', () => {
    const preferences = tablePreferences({ a: 'xy', b: 'yx' }, { x: 'ba', y: 'ab' })
    expect([...deferAcceptance(['a', 'b'], ['x', 'y'], preferences)]).toEqual([
      ['a', 'x'],
      ['b', 'y'],
    ])
  })

  test('every stable matching of small random markets is no better for any owner', () => {
    for (let seed = 0; seed < 200; seed++) {
      const rng = createRng(`stable/${seed}`)
      const owners = [...'abcd']
      const centres = [...'wxyz']
      const lists = (own: string[], others: string[]): Record<string, string> =>
        Object.fromEntries(own.map(id => [id, shuffle([...others], rng).join('')]))
      const [ofOwners, ofCentres] = [lists(owners, centres), lists(centres, owners)]
      const preferences = tablePreferences(ofOwners, ofCentres)
      const best = deferAcceptance(owners, centres, preferences)
      expect(blockingPairs(owners, centres, preferences, best), `seed ${seed}`).toEqual([])
      for (const order of permutations(centres)) {
        const other = new Map(owners.map((owner, i) => [owner, order[i]!]))
        if (blockingPairs(owners, centres, preferences, other).length > 0) continue
        for (const owner of owners) {
          const rank = (centre: string): number => ofOwners[owner]!.indexOf(centre)
          expect(rank(best.get(owner)!), `seed ${seed}`).toBeLessThanOrEqual(rank(other.get(owner)!))
        }
      }
    }
  })

  test('ties go to the lower id, whatever the order of the input', () => {
    const equal: Preferences = { ownerCost: () => 1, centreCost: () => 1 }
    const expected = [
      ['a', 'x'],
      ['b', 'y'],
    ]
    expect([...deferAcceptance(['c', 'b', 'a'], ['y', 'x'], equal)]).toEqual(expected)
    expect([...deferAcceptance(['a', 'c', 'b'], ['x', 'y'], equal)]).toEqual(expected)
  })

  test('a pair that one of them refuses is never made', () => {
    const preferences = tablePreferences({ a: 'x', b: 'x' }, { x: 'b', y: 'ab' })
    expect([...deferAcceptance(['a', 'b'], ['x', 'y'], preferences)]).toEqual([['b', 'x']])
  })
})

test('R10: 1,000 random markets of unequal numbers, with ties, are stable and as complete as can be', () => {
  const { faults, pairs } = scanMatchings(1_000, 40, 'R10')
  expect(pairs).toBeGreaterThan(10_000)
  expect(faults).toBe(0)
})

describe('R11: joins and leaves', () => {
  test('1,000 random sequences: stable among the free, exposures within limits, escrow conserved', () => {
    let broken = 0
    let repriced = 0
    for (let seed = 0; seed < 1_000; seed++) {
      const run = churnRun(`R11/${seed}`)
      expect(run.faults, `seed R11/${seed}`).toEqual([])
      broken += run.broken
      repriced += run.repriced
    }
    // Else nothing was tried.
    expect(broken).toBeGreaterThan(1_000)
    expect(repriced).toBeGreaterThan(1_000)
  })

  const centre = (id: string, speed: number) =>
    ({ type: 'centre-joins', centre: { id, unitCost: 1, speed } }) as const
  const play = (...events: MatchEvent[]): MatchState =>
    events.reduce((state, event) => granted(stepMatch(state, event, PAPER_PRICES)).state, EMPTY_MATCH)
  const joined: MatchEvent[] = [
    { type: 'owner-joins', id: 'a', volume: 1 },
    { type: 'owner-joins', id: 'b', volume: 2 },
    centre('x', 1),
  ]

  test('a pair stays although a faster centre comes; who was alone takes it', () => {
    const before = play(...joined)
    const waiting = ['a', 'b'].find(id => !before.pairs.has(id))!
    const [[paired]] = [...before.pairs] as [[string, string]]
    const after = granted(stepMatch(before, centre('y', 9), PAPER_PRICES))
    expect(after.made).toEqual([[waiting, 'y']])
    expect(after.state.pairs.get(paired)).toBe('x')
  })

  test('whose centre leaves waits, until that centre is back or the limit is raised', () => {
    const alone = play(centre('x', 1), centre('y', 2), { type: 'owner-joins', id: 'a', volume: 1 })
    expect(alone.pairs.get('a')).toBe('y')
    const left = granted(stepMatch(alone, { type: 'centre-leaves', id: 'y' }, PAPER_PRICES))
    expect(left.broken).toEqual([['a', 'y']])
    expect(left.state.pairs.size).toBe(0)
    const back = granted(stepMatch(left.state, centre('y', 2), PAPER_PRICES))
    expect(back.made).toEqual([['a', 'y']])
    const raised = granted(stepMatch(left.state, { type: 'limit-raised', id: 'a', limit: 2 }, PAPER_PRICES))
    expect(raised.made).toEqual([['a', 'x']])
    expect(raised.state.exposures.get('a')).toEqual(['y', 'x'])
  })

  test('exposures outlast leaving and coming back; a limit never falls', () => {
    const back = play(
      ...joined.slice(0, 1),
      centre('x', 1),
      { type: 'owner-leaves', id: 'a' },
      { type: 'centre-leaves', id: 'x' },
      centre('y', 1),
      { type: 'owner-joins', id: 'a', volume: 1 },
    )
    expect(back.pairs.size).toBe(0)
    const raised = play(
      { type: 'owner-joins', id: 'a', volume: 1 },
      { type: 'limit-raised', id: 'a', limit: 3 },
    )
    expect(stepMatch(raised, { type: 'limit-raised', id: 'a', limit: 2 }, PAPER_PRICES)).toMatchObject({
      refusal: { kind: 'out-of-range' },
    })
  })

  test('a price within 5 % of the standing one changes nothing', () => {
    const volumes = new Map([
      ['a', 7],
      ['b', 8],
    ])
    const priced = play(...joined, { type: 'priced', reward: 1, volumes })
    expect(priced.owners.get('a')).toBe(7)
    const near = granted(
      stepMatch(priced, { type: 'priced', reward: 1.049, volumes: new Map([['a', 1]]) }, PAPER_PRICES),
    )
    expect([near.repriced, near.state.reward, near.state.owners.get('a')]).toEqual([false, 1, 7])
    const far = granted(
      stepMatch(priced, { type: 'priced', reward: 1.06, volumes: new Map([['a', 1]]) }, PAPER_PRICES),
    )
    expect([far.repriced, far.state.reward, far.state.owners.get('a')]).toEqual([true, 1.06, 1])
  })
})

function permutations(items: readonly string[]): string[][] {
  if (items.length <= 1) return [[...items]]
  return items.flatMap((item, i) =>
    permutations([...items.slice(0, i), ...items.slice(i + 1)]).map(rest => [item, ...rest]),
  )
}
