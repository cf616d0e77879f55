// Matching while people come and go, which the paper leaves open. A pair stays together as long as both stay: data were entrusted to one
// centre, and every further centre that sees them is an exposure. So at each event only those without a partner are matched,
// among themselves, by deferred acceptance; an owner whose exposures have reached its limit waits for a centre that it already
// trusted, or until it raises the limit itself. Exposures are remembered for ever, also across leaving and coming back.
// A new price is adopted only when it differs by more than 5 % (hysteresis); what was agreed stands until then.
import { ascending } from '../num/sorted.ts'
import {
  centreTargets,
  checkCentre,
  MAX_CENTRES,
  type Centre,
  type CentrePrices,
  type CentreRule,
} from './centres.ts'
import {
  deferAcceptance,
  marketPreferences,
  type OfferedVolume,
  type Pairs,
  type Preferences,
} from './matching.ts'
import { MAX_OWNERS } from './offers.ts'
import {
  checkCount,
  checkNumber,
  firstRefusal,
  granted,
  NOT_NEGATIVE,
  POSITIVE,
  refused,
  type Outcome,
  type Refusal,
} from './refusal.ts'

export interface MatchState {
  /** Present owners with what they offer under the standing price. */
  readonly owners: ReadonlyMap<string, number>
  readonly centres: ReadonlyMap<string, Centre>
  readonly pairs: Pairs
  /** Centres that ever held an owner's data. */
  readonly exposures: ReadonlyMap<string, readonly string[]>
  /** Exposures that an owner allows; 1 unless it raised the limit. */
  readonly limits: ReadonlyMap<string, number>
  /** The standing reward; 0 before the first. */
  readonly reward: number
}

export type MatchEvent =
  | { readonly type: 'owner-joins'; readonly id: string; readonly volume: number }
  | { readonly type: 'owner-leaves'; readonly id: string }
  | { readonly type: 'centre-joins'; readonly centre: Centre }
  | { readonly type: 'centre-leaves'; readonly id: string }
  /** By the owner's own word. */
  | { readonly type: 'limit-raised'; readonly id: string; readonly limit: number }
  /** The equilibrium solved anew, with the volumes that would follow. */
  | { readonly type: 'priced'; readonly reward: number; readonly volumes: ReadonlyMap<string, number> }

export interface MatchStep {
  readonly state: MatchState
  readonly made: readonly (readonly [owner: string, centre: string])[]
  readonly broken: readonly (readonly [owner: string, centre: string])[]
  /** Whether a new price was adopted. */
  readonly repriced: boolean
}

const HYSTERESIS = 0.05

export const EMPTY_MATCH: MatchState = {
  owners: new Map(),
  centres: new Map(),
  pairs: new Map(),
  exposures: new Map(),
  limits: new Map(),
  reward: 0,
}

export function stepMatch(
  state: MatchState,
  event: MatchEvent,
  prices: CentrePrices,
  rule?: CentreRule,
): Outcome<MatchStep> {
  const refusal = refuseEvent(state, event)
  if (refusal !== null) return refused(refusal)
  const broken: (readonly [string, string])[] = []
  const after = { ...state }
  const pairs = new Map(state.pairs)
  switch (event.type) {
    case 'owner-joins':
      after.owners = new Map(state.owners).set(event.id, event.volume)
      break
    case 'owner-leaves':
    case 'centre-leaves':
      for (const [owner, centre] of state.pairs) {
        if ((event.type === 'owner-leaves' ? owner : centre) !== event.id) continue
        pairs.delete(owner)
        broken.push([owner, centre])
      }
      if (event.type === 'owner-leaves') after.owners = without(state.owners, event.id)
      else after.centres = without(state.centres, event.id)
      break
    case 'centre-joins':
      after.centres = new Map(state.centres).set(event.centre.id, event.centre)
      break
    case 'limit-raised':
      after.limits = new Map(state.limits).set(event.id, Math.floor(event.limit))
      break
    case 'priced':
      if (!isNewPrice(state.reward, event.reward)) break
      after.reward = event.reward
      after.owners = new Map([...state.owners].map(([id, volume]) => [id, event.volumes.get(id) ?? volume]))
      break
    default:
      event satisfies never
  }
  const made = matchFree({ ...after, pairs }, prices, rule)
  for (const [owner, centre] of made) pairs.set(owner, centre)
  const exposures = new Map(state.exposures)
  for (const [owner, centre] of made) {
    const seen = exposures.get(owner) ?? []
    if (!seen.includes(centre)) exposures.set(owner, [...seen, centre])
  }
  const repriced = after.reward !== state.reward
  return granted({ state: { ...after, pairs, exposures }, made: [...made], broken, repriced })
}

/** More than 5 % away from the standing price, or the first one. */
function isNewPrice(standing: number, fresh: number): boolean {
  return Math.abs(fresh - standing) > HYSTERESIS * standing
}

/** Whether a centre may hold an owner's data without one exposure too many. Nobody lends to itself. */
function mayHold({ exposures, limits }: MatchState, owner: string, centre: string): boolean {
  if (owner === centre) return false
  const seen = exposures.get(owner) ?? []
  return seen.includes(centre) || seen.length < (limits.get(owner) ?? 1)
}

/** Preferences of everybody present; a pair that would expose too much has infinite cost. */
export function standingPreferences(
  state: MatchState,
  prices: CentrePrices,
  rule: CentreRule = 'linearTarget',
): Preferences {
  const owners: OfferedVolume[] = [...state.owners].map(([id, volume]) => ({ id, volume }))
  const centres = [...state.centres.values()].sort((a, b) => ascending(a.id, b.id))
  const targets = centreTargets(rule, centres, [...state.owners.values()], prices)
  const wanted = targets.ok ? targets.value.map(({ target }) => target) : centres.map(() => 0)
  const { ownerCost, centreCost } = marketPreferences(owners, centres, wanted)
  return {
    ownerCost: (owner, centre) => (mayHold(state, owner, centre) ? ownerCost(owner, centre) : Infinity),
    centreCost,
  }
}

/** Present owners and centres without a partner. */
export function singles({ owners, centres, pairs }: MatchState): {
  readonly owners: readonly string[]
  readonly centres: readonly string[]
} {
  const taken = new Set(pairs.values())
  return {
    owners: [...owners.keys()].filter(id => !pairs.has(id)),
    centres: [...centres.keys()].filter(id => !taken.has(id)),
  }
}

/** New pairs among those who have no partner. */
export function matchFree(state: MatchState, prices: CentrePrices, rule?: CentreRule): Pairs {
  const free = singles(state)
  if (free.owners.length === 0 || free.centres.length === 0) return new Map()
  return deferAcceptance(free.owners, free.centres, standingPreferences(state, prices, rule))
}

function refuseEvent({ owners, centres, limits }: MatchState, event: MatchEvent): Refusal | null {
  switch (event.type) {
    case 'owner-joins':
      if (owners.has(event.id)) return { kind: 'duplicate-id', id: event.id }
      return firstRefusal(
        () => checkCount('owners', owners.size + 1, 1, MAX_OWNERS),
        () => checkNumber('volume', event.id, event.volume, NOT_NEGATIVE),
      )
    case 'centre-joins':
      if (centres.has(event.centre.id)) return { kind: 'duplicate-id', id: event.centre.id }
      return firstRefusal(
        () => checkCount('centres', centres.size + 1, 1, MAX_CENTRES),
        () => checkCentre(event.centre),
      )
    case 'owner-leaves':
      return owners.has(event.id) ? null : { kind: 'unknown-id', id: event.id }
    case 'centre-leaves':
      return centres.has(event.id) ? null : { kind: 'unknown-id', id: event.id }
    case 'limit-raised':
      if (!owners.has(event.id)) return { kind: 'unknown-id', id: event.id }
      // Never lowered: what has been seen cannot be unseen.
      return checkNumber('limit', event.id, event.limit, {
        least: limits.get(event.id) ?? 1,
        most: MAX_CENTRES,
      })
    case 'priced':
      return firstRefusal(
        () => checkNumber('reward', '', event.reward, POSITIVE),
        ...[...event.volumes].map(
          ([id, volume]) =>
            () =>
              checkNumber('volume', id, volume, NOT_NEGATIVE),
        ),
      )
  }
}

function without<Value>(map: ReadonlyMap<string, Value>, id: string): ReadonlyMap<string, Value> {
  const copy = new Map(map)
  copy.delete(id)
  return copy
}
