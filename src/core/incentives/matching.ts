// One owner, one centre: deferred acceptance (Gale & Shapley 1962), owners propose. Preferences are costs, lower is better, and ties
// go to the lower id, so the outcome is one and the same everywhere: stable, and the best stable one for every owner. Numbers
// of owners and centres may differ; whoever stays alone is not in the result. A pair of infinite cost is never made.
import { ascending } from '../num/sorted.ts'
import { checkCentre, MAX_CENTRES, type Centre } from './centres.ts'
import { MAX_OWNERS } from './offers.ts'
import {
  checkCount,
  checkIds,
  checkNumber,
  firstRefusal,
  granted,
  NOT_NEGATIVE,
  refused,
  type Outcome,
} from './refusal.ts'

export interface Preferences {
  ownerCost(owner: string, centre: string): number
  centreCost(centre: string, owner: string): number
}

/** Owner to centre. */
export type Pairs = ReadonlyMap<string, string>

/** Ids without repetition: callers check. */
export function deferAcceptance(
  owners: readonly string[],
  centres: readonly string[],
  { ownerCost, centreCost }: Preferences,
): Pairs {
  const lists = new Map(
    owners.map(owner => [
      owner,
      centres
        .map(centre => ({ centre, cost: ownerCost(owner, centre) }))
        .filter(({ centre, cost }) => cost < Infinity && centreCost(centre, owner) < Infinity)
        .sort((a, b) => a.cost - b.cost || ascending(a.centre, b.centre)),
    ]),
  )
  const next = new Map(owners.map(owner => [owner, 0]))
  const held = new Map<string, string>()
  const single = [...owners].sort(ascending)
  for (let owner = single.pop(); owner !== undefined; owner = single.pop()) {
    const at = next.get(owner)!
    const candidate = lists.get(owner)![at]
    if (candidate === undefined) continue
    next.set(owner, at + 1)
    const { centre } = candidate
    const rival = held.get(centre)
    if (rival === undefined || prefers(centreCost, centre, owner, rival)) {
      held.set(centre, owner)
      if (rival !== undefined) single.push(rival)
    } else {
      single.push(owner)
    }
  }
  return new Map(
    [...held].map(([centre, owner]): [string, string] => [owner, centre]).sort(([a], [b]) => ascending(a, b)),
  )
}

/** Pairs who would both rather have each other than what they have: none in a stable matching. */
export function blockingPairs(
  owners: readonly string[],
  centres: readonly string[],
  { ownerCost, centreCost }: Preferences,
  pairs: Pairs,
): readonly (readonly [owner: string, centre: string])[] {
  const holders = new Map([...pairs].map(([owner, centre]) => [centre, owner]))
  const blocking: (readonly [string, string])[] = []
  for (const owner of owners) {
    for (const centre of centres) {
      if (ownerCost(owner, centre) === Infinity || centreCost(centre, owner) === Infinity) continue
      const own = pairs.get(owner)
      const holder = holders.get(centre)
      if (own === centre) continue
      if (own !== undefined && !prefers(ownerCost, owner, centre, own)) continue
      if (holder !== undefined && !prefers(centreCost, centre, owner, holder)) continue
      blocking.push([owner, centre])
    }
  }
  return blocking
}

function prefers(
  cost: (who: string, whom: string) => number,
  who: string,
  one: string,
  other: string,
): boolean {
  const difference = cost(who, one) - cost(who, other)
  return difference < 0 || (difference === 0 && ascending(one, other) < 0)
}

/** An owner and the volume of data that it offers. */
export interface OfferedVolume {
  readonly id: string
  readonly volume: number
}

/** As published: owners want the fastest centre, a centre the volume nearest to its target. */
export function marketPreferences(
  owners: readonly OfferedVolume[],
  centres: readonly Centre[],
  targets: readonly number[],
): Preferences {
  const volumes = new Map(owners.map(({ id, volume }) => [id, volume]))
  const speeds = new Map(centres.map(({ id, speed }) => [id, speed]))
  const wanted = new Map(centres.map(({ id }, m) => [id, targets[m]!]))
  return {
    ownerCost: (_, centre) => -speeds.get(centre)!,
    centreCost: (centre, owner) => Math.abs(volumes.get(owner)! - wanted.get(centre)!),
  }
}

export function matchMarket(
  owners: readonly OfferedVolume[],
  centres: readonly Centre[],
  targets: readonly number[],
): Outcome<Pairs> {
  const refusal = firstRefusal(
    () => checkCount('owners', owners.length, 1, MAX_OWNERS),
    () => checkCount('centres', centres.length, 1, MAX_CENTRES),
    () => checkCount('targets', targets.length, centres.length, centres.length),
    () => checkIds(owners.map(({ id }) => id)),
    () => checkIds(centres.map(({ id }) => id)),
    ...owners.map(
      ({ id, volume }) =>
        () =>
          checkNumber('volume', id, volume, NOT_NEGATIVE),
    ),
    ...centres.map(centre => () => checkCentre(centre)),
    ...targets.map((target, m) => () => checkNumber('target', centres[m]?.id ?? '', target, NOT_NEGATIVE)),
  )
  if (refusal !== null) return refused(refusal)
  return granted(
    deferAcceptance(
      owners.map(({ id }) => id),
      centres.map(({ id }) => id),
      marketPreferences(owners, centres, targets),
    ),
  )
}
