// Shapley values of a coalition game: what each player adds, averaged over all orders of joining (Shapley 1953). Exact up to eight
// players, 2^n evaluations; above that by random permutations (Castro et al. 2009) with confidence intervals, cut short where
// the rest of an order can not matter (Ghorbani & Zou 2019). Efficient by construction: the values add up to
// v(all) - v(none), because the gap that truncation leaves is shared by those it skipped. A generator: it names a coalition
// and is handed its utility, so a caller may evaluate in a worker, stop between two evaluations, and show how far it is.
import { createRng, shuffle } from '../num/rng.ts'
import {
  checkCount,
  checkNumber,
  firstRefusal,
  granted,
  NOT_NEGATIVE,
  refused,
  type Outcome,
} from './refusal.ts'

/** Players by index, ascending. */
export type Coalition = readonly number[]

export interface ShapleyOptions {
  /** Of the permutations; unused by the exact form. */
  readonly seed: string
  /** Gaps of utility up to this do not matter: an order is cut short there. 0 cuts nothing but exact ties. */
  readonly tolerance: number
  /** Permutations at most, above eight players. */
  readonly permutations: number
  /** Sampling ends early once every interval is at most this wide to each side; 0 never. */
  readonly halfWidth: number
}

export interface ShapleyEstimate {
  readonly values: readonly number[]
  /** Half widths of 95 % confidence intervals; zeros when exact. */
  readonly halfWidths: readonly number[]
  readonly exact: boolean
  readonly evaluations: number
  readonly permutations: number
}

export interface ShapleyQuestion {
  readonly coalition: Coalition
  /** Evaluations and permutations so far; `done` in [0, 1] never falls. */
  readonly evaluations: number
  readonly done: number
}

const EXACT_PLAYERS = 8
const MAX_PLAYERS = 200
/** Below this many orders a variance says little. */
const LEAST_PERMUTATIONS = 20

export type ShapleyRun = Generator<ShapleyQuestion, Outcome<ShapleyEstimate>, number>

export function* shapleyRun(players: number, options: ShapleyOptions): ShapleyRun {
  const refusal = firstRefusal(
    () => checkCount('players', players, 1, MAX_PLAYERS),
    () => checkNumber('tolerance', '', options.tolerance, NOT_NEGATIVE),
    () => checkNumber('halfWidth', '', options.halfWidth, NOT_NEGATIVE),
    () => checkNumber('permutations', '', options.permutations, { least: 1, most: 1e6 }),
  )
  if (refusal !== null) return refused(refusal)
  return players <= EXACT_PLAYERS ? yield* exactly(players, options) : yield* bySampling(players, options)
}

function* exactly(players: number, { tolerance }: ShapleyOptions): ShapleyRun {
  const all = (1 << players) - 1
  const worth = new Float64Array(all + 1)
  let evaluations = 0
  const ask = function* (mask: number): Generator<ShapleyQuestion, boolean, number> {
    worth[mask] = yield { coalition: membersOf(mask), evaluations, done: evaluations / (all + 1) }
    evaluations++
    return Number.isFinite(worth[mask]!)
  }
  // Both ends first: where nothing was gained nothing needs to be divided.
  for (const mask of [0, all]) if (!(yield* ask(mask))) return notFinite(membersOf(mask))
  const gap = worth[all]! - worth[0]!
  const values = new Array<number>(players).fill(gap / players)
  const estimate = { halfWidths: values.map(() => 0), exact: true, permutations: 0 }
  if (players === 1 || (tolerance > 0 && Math.abs(gap) <= tolerance))
    return granted({ ...estimate, values, evaluations })
  for (let mask = 1; mask < all; mask++) if (!(yield* ask(mask))) return notFinite(membersOf(mask))
  const weights = orderWeights(players)
  for (let player = 0; player < players; player++) {
    let value = 0
    for (let mask = 0; mask <= all; mask++) {
      if (mask & (1 << player)) continue
      value += weights[popCount(mask)]! * (worth[mask | (1 << player)]! - worth[mask]!)
    }
    values[player] = value
  }
  return granted({ ...estimate, values, evaluations })
}

/** s! (n - s - 1)! / n!: the share of orders in which exactly the s members of a coalition come first. */
function orderWeights(players: number): number[] {
  const weights = [1 / players]
  for (let size = 1; size < players; size++) weights.push((weights[size - 1]! * size) / (players - size))
  return weights
}

function* bySampling(players: number, options: ShapleyOptions): ShapleyRun {
  const { tolerance, permutations, halfWidth } = options
  const rng = createRng(`${options.seed}/shapley`)
  const known = new Map<bigint, number>()
  let drawn = 0
  const worthOf = function* (
    mask: bigint,
    order: readonly number[],
    size: number,
  ): Generator<ShapleyQuestion, number, number> {
    const held = known.get(mask)
    if (held !== undefined) return held
    const coalition = order.slice(0, size).sort((a, b) => a - b)
    const value = yield { coalition, evaluations: known.size, done: drawn / permutations }
    known.set(mask, value)
    return value
  }
  const everyone = [...Array(players).keys()]
  const all = (1n << BigInt(players)) - 1n
  const none = yield* worthOf(0n, everyone, 0)
  const whole = yield* worthOf(all, everyone, players)
  if (!Number.isFinite(none)) return notFinite([])
  if (!Number.isFinite(whole)) return notFinite(everyone)
  const mean = new Float64Array(players)
  const squares = new Float64Array(players)
  const marginal = new Float64Array(players)
  let widths: number[] = everyone.map(() => Infinity)
  while (drawn < permutations) {
    const order = shuffle([...everyone], rng)
    let before = none
    let mask = 0n
    for (let at = 0; at < players; at++) {
      if (Math.abs(whole - before) <= tolerance && tolerance > 0) {
        const rest = (whole - before) / (players - at)
        for (const player of order.slice(at)) marginal[player] = rest
        break
      }
      mask |= 1n << BigInt(order[at]!)
      const after = yield* worthOf(mask, order, at + 1)
      if (!Number.isFinite(after)) return notFinite(order.slice(0, at + 1).sort((a, b) => a - b))
      marginal[order[at]!] = after - before
      before = after
    }
    drawn++
    // Welford's running mean and sum of squares.
    for (let player = 0; player < players; player++) {
      const step = marginal[player]! - mean[player]!
      mean[player] = mean[player]! + step / drawn
      squares[player] = squares[player]! + step * (marginal[player]! - mean[player]!)
    }
    widths = everyone.map(player => intervalHalfWidth(squares[player]!, drawn))
    if (drawn >= LEAST_PERMUTATIONS && Math.max(...widths) <= halfWidth) break
  }
  return granted({
    values: [...mean],
    halfWidths: widths,
    exact: false,
    evaluations: known.size,
    permutations: drawn,
  })
}

/** One sample tells nothing. */
function intervalHalfWidth(squares: number, samples: number): number {
  if (samples < 2) return Infinity
  return studentQuantile(samples) * Math.sqrt(squares / (samples - 1) / samples)
}

/** Student's 97.5 % quantile for a mean of so many: within 1 % from 20 on, and not far too small for a few (3.2 for 3; 4.3 is right). */
export function studentQuantile(samples: number): number {
  return 1.96 + 2.4 / (samples - 1)
}

function notFinite(coalition: Coalition): {
  readonly ok: false
  readonly refusal: { kind: 'not-finite'; field: string; id: string }
} {
  return { ok: false, refusal: { kind: 'not-finite', field: 'utility', id: coalition.join(' ') } }
}

function membersOf(mask: number): number[] {
  const members: number[] = []
  for (let player = 0; mask >> player; player++) if ((mask >> player) & 1) members.push(player)
  return members
}

function popCount(mask: number): number {
  let count = 0
  for (let rest = mask; rest > 0; rest &= rest - 1) count++
  return count
}
