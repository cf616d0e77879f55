// Owners and centres that come, go and come back while a round is under way: what the paper leaves open. Every event may move the price
// and make new pairs; matched owners contribute; at the end the escrow is settled or handed back. Watched after every event: only
// free ones were paired, stably among themselves, nobody is exposed beyond its limit, and no credit is made or lost.
import {
  abortEscrow,
  acceptContribution,
  escrowSums,
  lockReward,
  settleEscrow,
  type Escrow,
} from '../../core/incentives/escrow.ts'
import { openMarket, solveMarket, type Equilibrium } from '../../core/incentives/equilibrium.ts'
import { blockingPairs, deferAcceptance } from '../../core/incentives/matching.ts'
import { PAPER_TERMS, type OwnerOffer } from '../../core/incentives/offers.ts'
import {
  EMPTY_MATCH,
  singles,
  standingPreferences,
  stepMatch,
  type MatchEvent,
  type MatchState,
  type MatchStep,
} from '../../core/incentives/rematching.ts'
import { DEFAULT_SETTLEMENT } from '../../core/incentives/settlement.ts'
import { ascending } from '../../core/num/sorted.ts'
import { createRng, type Rng } from '../../core/num/rng.ts'
import { granted, PAPER_PRICES } from './markets.ts'

export interface ChurnResult {
  readonly events: number
  /** Pairs made, and pairs that events broke because one of the two left. */
  readonly made: number
  readonly broken: number
  /** Prices that differed by more than 5 % and were adopted, of all computed. */
  readonly repriced: number
  readonly priced: number
  /** Centres that saw an owner's data, mean over owners; and if everybody were matched anew at each event. */
  readonly exposures: number
  readonly exposuresIfAllMove: number
  /** Broken promises, each as a sentence. */
  readonly faults: readonly string[]
}

const EVENTS = 40
const PEOPLE = 12

export function churnRun(seed: string): ChurnResult {
  return new Churn(seed).run()
}

class Churn {
  readonly #rng: Rng
  readonly #rewardMicro: bigint
  readonly #offers = new Map<string, OwnerOffer>()
  readonly #everywhere = new Map<string, Set<string>>()
  readonly #faults: string[] = []
  #state: MatchState = EMPTY_MATCH
  #escrow: Escrow
  #counts = { made: 0, broken: 0, repriced: 0, priced: 0 }

  constructor(seed: string) {
    this.#rng = createRng(`${seed}/churn`)
    this.#rewardMicro = BigInt(1 + this.#rng.below(2_000_000_000))
    this.#escrow = granted(lockReward(this.#rewardMicro))
    for (let n = 0; n < PEOPLE; n++)
      this.#offers.set(`owner-${n}`, { id: `owner-${n}`, quality: 0.6 + 0.4 * this.#rng.next() })
  }

  run(): ChurnResult {
    for (let at = 0; at < EVENTS; at++) {
      this.#step(this.#nextEvent())
      const solved = this.#solve()
      if (solved !== null) {
        this.#counts.priced++
        const volumes = new Map(solved.owners.map(({ id, amount }) => [id, amount]))
        if (this.#step({ type: 'priced', reward: solved.reward, volumes }).repriced) this.#counts.repriced++
      }
      this.#contribute(at)
      this.#watchEscrow()
      this.#moveEverybody()
    }
    this.#close()
    const owners = Math.max(1, this.#state.exposures.size)
    const exposed = [...this.#state.exposures.values()].reduce((sum, seen) => sum + seen.length, 0)
    const ifAllMove = [...this.#everywhere.values()].reduce((sum, seen) => sum + seen.size, 0)
    return {
      events: EVENTS,
      ...this.#counts,
      exposures: exposed / owners,
      exposuresIfAllMove: ifAllMove / Math.max(1, this.#everywhere.size),
      faults: this.#faults,
    }
  }

  #nextEvent(): MatchEvent {
    const { owners, centres } = this.#state
    const id = `${this.#rng.below(2) ? 'owner' : 'centre'}-${this.#rng.below(PEOPLE)}`
    if (id.startsWith('owner')) {
      if (!owners.has(id)) return { type: 'owner-joins', id, volume: 0.1 * this.#rng.next() }
      if (this.#rng.below(4) === 0)
        return { type: 'limit-raised', id, limit: (this.#state.limits.get(id) ?? 1) + 1 }
      return { type: 'owner-leaves', id }
    }
    if (centres.has(id)) return { type: 'centre-leaves', id }
    const sigma = 0.1 + 0.9 * this.#rng.next()
    return { type: 'centre-joins', centre: { id, unitCost: sigma, speed: sigma } }
  }

  #solve(): Equilibrium | null {
    const present = [...this.#state.owners.keys()].map(id => this.#offers.get(id)!)
    const market = openMarket(PAPER_TERMS, present)
    if (!market.ok) return null
    const solved = solveMarket(market.value)
    return solved.ok ? solved.value : null
  }

  #step(event: MatchEvent): MatchStep {
    const before = this.#state
    const step = granted(stepMatch(before, event, PAPER_PRICES))
    this.#state = step.state
    this.#counts.made += step.made.length
    this.#counts.broken += step.broken.length
    this.#watchMatch(before, step)
    return step
  }

  #watchMatch(before: MatchState, { state, made, broken }: MatchStep): void {
    for (const [owner, centre] of before.pairs) {
      const isBroken = broken.some(([one]) => one === owner)
      if (!isBroken && state.pairs.get(owner) !== centre)
        this.#faults.push(`${owner} was moved away from ${centre}`)
    }
    const free = singles(state)
    const pairs = new Map(made)
    const blocking = blockingPairs(
      [...free.owners, ...pairs.keys()],
      [...free.centres, ...pairs.values()],
      // As they stood when the pairs were made: with the exposures of before.
      standingPreferences({ ...state, exposures: before.exposures }, PAPER_PRICES),
      pairs,
    )
    for (const [owner, centre] of blocking)
      this.#faults.push(`${owner} and ${centre} would both rather be a pair`)
    if (new Set(state.pairs.values()).size !== state.pairs.size)
      this.#faults.push('a centre holds two owners')
    for (const [owner, seen] of state.exposures)
      if (seen.length > (state.limits.get(owner) ?? 1))
        this.#faults.push(`${owner} was seen by ${seen.length} centres`)
  }

  #contribute(round: number): void {
    for (const [owner] of this.#state.pairs) {
      const parts = BigInt(Math.round(1e6 * (this.#rng.next() - 0.1)))
      this.#escrow = granted(acceptContribution(this.#escrow, owner, round, parts))
      const again = acceptContribution(this.#escrow, owner, round, parts)
      if (again.ok) this.#faults.push(`the report of ${owner} for round ${round} counted twice`)
    }
  }

  #watchEscrow(): void {
    const { lockedMicro, paidMicro, returnedMicro } = escrowSums(this.#escrow)
    if (lockedMicro + paidMicro + returnedMicro !== this.#rewardMicro)
      this.#faults.push('credits were made or lost')
  }

  #close(): void {
    const qualities = new Map(
      [...this.#offers].map(([id, { quality }]) => [
        id,
        {
          reportedMillionths: Math.round(quality * 1e6),
          measuredMillionths: 500_000 + this.#rng.below(500_001),
        },
      ]),
    )
    this.#escrow = granted(
      this.#rng.below(4) === 0
        ? abortEscrow(this.#escrow)
        : settleEscrow(this.#escrow, qualities, DEFAULT_SETTLEMENT),
    )
    this.#watchEscrow()
    if (this.#escrow.phase === 'settled') {
      const contributed = [...this.#escrow.accepted].some(([, rounds]) => sum(rounds.values()) > 0n)
      const { paidMicro } = escrowSums(this.#escrow)
      if (contributed && paidMicro === 0n) this.#faults.push('nobody was paid for what was accepted')
    }
  }

  /** The alternative, for comparison: everybody is matched anew after every event. */
  #moveEverybody(): void {
    const { owners, centres } = this.#state
    if (owners.size === 0 || centres.size === 0) return
    const unlimited = { ...this.#state, limits: new Map([...owners.keys()].map(id => [id, Infinity])) }
    const ids = [[...owners.keys()], [...centres.keys()]].map(list => list.sort(ascending))
    const pairs = deferAcceptance(ids[0]!, ids[1]!, standingPreferences(unlimited, PAPER_PRICES))
    for (const [owner, centre] of pairs)
      this.#everywhere.set(owner, (this.#everywhere.get(owner) ?? new Set<string>()).add(centre))
  }
}

function sum(values: Iterable<bigint>): bigint {
  let total = 0n
  for (const value of values) total += value
  return total
}
