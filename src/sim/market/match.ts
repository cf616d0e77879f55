// Owners and centres of the made-up market as pairs, then one move after the other: who comes, goes or raises its limit. After every
// coming and going of an owner the market is solved again; the price is adopted where it differs enough (rematching.ts).
import { centreTargets, type CentrePrices } from '../../core/incentives/centres.ts'
import { openMarket, solveMarket, type Equilibrium } from '../../core/incentives/equilibrium.ts'
import { deferAcceptance } from '../../core/incentives/matching.ts'
import {
  EMPTY_MATCH,
  matchFree,
  standingPreferences,
  stepMatch,
  type MatchEvent,
  type MatchState,
} from '../../core/incentives/rematching.ts'
import { granted, type Outcome, type Refusal } from '../../core/incentives/refusal.ts'
import { ascending } from '../../core/num/sorted.ts'
import type { MarketMove, MarketSetup, MatchLook } from '../../ports/market-lab.ts'
import { drawCentre, drawOwner, offersOf, termsOf, type DrawnMarket, type DrawnOwner } from './draw.ts'

export function matchLook(
  setup: MarketSetup,
  drawn: DrawnMarket,
  equilibrium: Equilibrium,
  moves: readonly MarketMove[],
): Outcome<MatchLook> {
  return new Matching(setup, drawn, equilibrium).replay(moves)
}

class Matching {
  readonly #setup: MarketSetup
  readonly #prices: CentrePrices
  /** Present owners, those who bring nothing among them. */
  readonly #present: Map<string, DrawnOwner>
  readonly #anew = new Map<string, Set<string>>()
  #owners: number
  #centres: number
  #state: MatchState
  #last: MatchLook['last'] = null

  constructor(
    setup: MarketSetup,
    { terms, owners }: DrawnMarket,
    { reward, owners: forecasts }: Equilibrium,
  ) {
    this.#setup = setup
    this.#prices = { lambda: terms.lambda, rho: terms.rho, epsilon: 1 }
    this.#present = new Map(owners.map(owner => [owner.id, owner]))
    this.#owners = owners.length
    this.#centres = setup.centres
    const centres = Array.from({ length: setup.centres }, (_, n) => drawCentre(setup, n))
    const state: MatchState = {
      ...EMPTY_MATCH,
      owners: new Map(forecasts.filter(({ amount }) => amount > 0).map(({ id, amount }) => [id, amount])),
      centres: new Map(centres.map(centre => [centre.id, centre])),
      reward,
    }
    const pairs = matchFree(state, this.#prices, setup.rule)
    this.#state = {
      ...state,
      pairs,
      exposures: new Map([...pairs].map(([owner, centre]) => [owner, [centre]])),
    }
    this.#matchAnew()
  }

  replay(moves: readonly MarketMove[]): Outcome<MatchLook> {
    for (const move of moves) {
      const refusal = this.#move(move)
      if (refusal !== null) return { ok: false, refusal }
    }
    return this.#look()
  }

  #move(move: MarketMove): Refusal | null {
    const id = this.#idOf(move)
    const before = this.#state
    let price: number | null = null
    let volumes: ReadonlyMap<string, number> = new Map()
    if (move.type === 'owner-joins') this.#present.set(id, drawOwner(this.#setup, this.#owners++))
    if (move.type === 'owner-leaves') {
      if (!this.#present.delete(id)) return { kind: 'unknown-id', id }
    }
    if (move.type === 'owner-joins' || move.type === 'owner-leaves') {
      const solved = this.#solve()
      if (solved !== null) {
        price = solved.reward
        volumes = new Map(solved.owners.map(({ id: owner, amount }) => [owner, amount]))
      }
    }
    const pricedOut = move.type === 'owner-joins' && !((volumes.get(id) ?? 0) > 0)
    const event = pricedOut ? null : this.#event(move, id, volumes)
    const steps: MatchEvent[] = event === null ? [] : [event]
    if (price !== null) steps.push({ type: 'priced', reward: price, volumes })
    const made: (readonly [string, string])[] = []
    const broken: (readonly [string, string])[] = []
    for (const step of steps) {
      const outcome = stepMatch(this.#state, step, this.#prices, this.#setup.rule)
      if (!outcome.ok) return outcome.refusal
      this.#state = outcome.value.state
      made.push(...outcome.value.made)
      broken.push(...outcome.value.broken)
    }
    this.#matchAnew()
    this.#last = {
      move,
      id,
      made,
      broken,
      price,
      repriced: this.#state.reward !== before.reward,
      pricedOut,
    }
    return null
  }

  #idOf(move: MarketMove): string {
    if (move.type === 'owner-joins') return drawOwner(this.#setup, this.#owners).id
    if (move.type === 'centre-joins') return drawCentre(this.#setup, this.#centres).id
    return move.id
  }

  /** null where the matching does not know of it: an owner leaves who brought nothing. */
  #event(move: MarketMove, id: string, volumes: ReadonlyMap<string, number>): MatchEvent | null {
    switch (move.type) {
      case 'owner-joins':
        return { type: 'owner-joins', id, volume: volumes.get(id)! }
      case 'owner-leaves':
        return this.#state.owners.has(id) ? { type: 'owner-leaves', id } : null
      case 'centre-joins':
        return { type: 'centre-joins', centre: drawCentre(this.#setup, this.#centres++) }
      case 'centre-leaves':
        return { type: 'centre-leaves', id }
      case 'limit-raised':
        return { type: 'limit-raised', id, limit: (this.#state.limits.get(id) ?? 1) + 1 }
    }
    move satisfies never
    return null
  }

  /** At the reward of the setup, as a part of the best one. */
  #solve(): Equilibrium | null {
    const terms = termsOf(this.#setup)
    const market = openMarket(terms, offersOf(this.#setup, [...this.#present.values()], 'reported'))
    const solved = market.ok ? solveMarket(market.value) : market
    return solved.ok ? solved.value : null
  }

  /** For comparison: everybody matched anew, whatever was before. */
  #matchAnew(): void {
    const { owners, centres } = this.#state
    if (owners.size === 0 || centres.size === 0) return
    const unlimited = { ...this.#state, limits: new Map([...owners.keys()].map(id => [id, Infinity])) }
    const pairs = deferAcceptance(
      [...owners.keys()].sort(ascending),
      [...centres.keys()].sort(ascending),
      standingPreferences(unlimited, this.#prices, this.#setup.rule),
    )
    for (const [owner, centre] of pairs)
      this.#anew.set(owner, (this.#anew.get(owner) ?? new Set<string>()).add(centre))
  }

  #look(): Outcome<MatchLook> {
    const { owners, centres, pairs, exposures, limits, reward } = this.#state
    const byId = [...centres.values()].sort((a, b) => ascending(a.id, b.id))
    const holders = new Map([...pairs].map(([owner, centre]) => [centre, owner]))
    const volumes = [...owners.values()]
    const targets =
      byId.length > 0 && volumes.length > 0
        ? centreTargets(this.#setup.rule, byId, volumes, this.#prices)
        : granted([])
    if (!targets.ok) return targets
    return granted({
      owners: [...owners]
        .sort(([a], [b]) => ascending(a, b))
        .map(([id, volume]) => ({
          id,
          volume,
          centre: pairs.get(id) ?? null,
          seenBy: exposures.get(id) ?? [],
          limit: limits.get(id) ?? 1,
        })),
      centres: byId.map(({ id, unitCost }, m) => ({
        id,
        unitCost,
        target: targets.value[m]?.target ?? 0,
        owner: holders.get(id) ?? null,
      })),
      last: this.#last,
      reward,
      exposures: meanSize([...exposures.values()].map(seen => seen.length)),
      exposuresAnew: meanSize([...this.#anew.values()].map(seen => seen.size)),
    })
  }
}

function meanSize(sizes: readonly number[]): number {
  return sizes.length === 0 ? 0 : sizes.reduce((sum, size) => sum + size, 0) / sizes.length
}
