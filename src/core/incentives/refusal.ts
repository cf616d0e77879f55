// Why the market says no. Every function of this folder that takes input from people or from the wire answers with an
// Outcome; a refusal names its kind, whom it concerns and, where something would help, what that is. Nothing here throws
// for bad input. Words for people are made elsewhere, by kind.

export type Refusal =
  /** NaN or infinite where a finite number is needed. */
  | { readonly kind: 'not-finite'; readonly field: string; readonly id: string }
  /** Outside [least, most]; with `open` the bounds themselves are outside too. */
  | {
      readonly kind: 'out-of-range'
      readonly field: string
      readonly id: string
      readonly value: number
      readonly least: number
      readonly most: number
      readonly open?: boolean
    }
  | { readonly kind: 'duplicate-id'; readonly id: string }
  /** Two identities commit to the same data. */
  | { readonly kind: 'duplicate-data'; readonly ids: readonly [string, string] }
  /** A contest needs two: alone, an owner would bring as little as possible. */
  | { readonly kind: 'too-few'; readonly field: string; readonly count: number; readonly least: number }
  | { readonly kind: 'too-many'; readonly field: string; readonly count: number; readonly most: number }
  /** The sponsor would lose by any reward; an alpha above `opensAboveAlpha` opens the market. */
  | { readonly kind: 'market-closed'; readonly alpha: number; readonly opensAboveAlpha: number }
  /** Nobody, or only one owner, would bring a whole sample; from `opensAt` on two do. */
  | { readonly kind: 'reward-too-small'; readonly reward: number; readonly opensAt: number }
  /** The search for an equilibrium did not come to rest; `moved` is what the last step still changed. */
  | { readonly kind: 'no-equilibrium'; readonly field: string; readonly moved: number }
  | { readonly kind: 'unknown-id'; readonly id: string }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'wrong-phase'; readonly phase: string; readonly needed: string }

export type Outcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal }

export function granted<T>(value: T): Outcome<T> {
  return { ok: true, value }
}

export function refused(refusal: Refusal): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal }
}

/** The first refusal of several checks; null when all pass. Later checks do not run after the first refusal. */
export function firstRefusal(...checks: readonly (() => Refusal | null)[]): Refusal | null {
  for (const check of checks) {
    const refusal = check()
    if (refusal !== null) return refusal
  }
  return null
}

interface Range {
  readonly least: number
  readonly most: number
  /** The bounds are not allowed either. */
  readonly open?: boolean
}

export const POSITIVE: Range = { least: 0, most: Number.MAX_VALUE, open: true }
export const NOT_NEGATIVE: Range = { least: 0, most: Number.MAX_VALUE }

export function checkNumber(field: string, id: string, value: number, range: Range): Refusal | null {
  if (!Number.isFinite(value)) return { kind: 'not-finite', field, id }
  const { least, most, open = false } = range
  const inside = open ? value > least && value < most : value >= least && value <= most
  return inside ? null : { kind: 'out-of-range', field, id, value, least, most, ...(open ? { open } : {}) }
}

export function checkIds(ids: readonly string[]): Refusal | null {
  const seen = new Set<string>()
  for (const id of ids) {
    if (seen.has(id)) return { kind: 'duplicate-id', id }
    seen.add(id)
  }
  return null
}

export function checkCount(field: string, count: number, least: number, most: number): Refusal | null {
  if (count < least) return { kind: 'too-few', field, count, least }
  return count > most ? { kind: 'too-many', field, count, most } : null
}
