// How a room deals a built-in task among its parts. Pure: the same scheme, seed and counts give the same parts, so a
// member knows its part from the charter alone. Training sets are sorted by class, hence a part is one range per class.
// Schemes: IID (stratified), Dirichlet per class (Hsu, Qi & Brown 2019; Li et al. 2022), a few classes each.
import { createRng, shuffle, type Rng } from '../num/rng.ts'
import type { PartitionScheme } from './dataset.ts'

/** Samples start .. end - 1 of one class. */
export interface ClassRange {
  readonly start: number
  readonly end: number
}

/** One range per class, empty ones (start = end) included. Ranges of different parts are disjoint. */
export type Part = readonly ClassRange[]

/** Below this many samples a Dirichlet part is topped up, if there are enough: a part that cannot train helps nobody. */
const MIN_PART_SAMPLES = 10

/** Classes are shared by two parts only when the parts have room for more than 5/4 of them. */
const SHARE_FROM = 1.25

export function partSize(part: Part): number {
  return part.reduce((sum, { start, end }) => sum + end - start, 0)
}

/**
 * Deals all samples; then each part keeps at most partSamples (0: no limit), thinned alike in all its classes.
 * Throws RangeError for counts, parts or parameters that are not positive integers.
 */
export function partition(
  scheme: PartitionScheme,
  seed: string,
  classCounts: readonly number[],
  parts: number,
  partSamples: number,
): Part[] {
  check('parts', parts, 1)
  check('partSamples', partSamples, 0)
  check('classes', classCounts.length, 1)
  for (const count of classCounts) check('class count', count, 0)
  const rng = createRng(`${seed}/partition`)
  const sizes = deal(scheme, rng, classCounts, parts)
  const starts = sizes.map(() => new Array<number>(classCounts.length).fill(0))
  for (const label of classCounts.keys()) {
    let at = 0
    for (const part of shuffle([...sizes.keys()], rng)) {
      starts[part]![label] = at
      at += sizes[part]![label]!
    }
  }
  return sizes.map((own, part) => {
    const kept = partSamples > 0 ? thin(own, partSamples) : own
    return kept.map((size, label) => ({ start: starts[part]![label]!, end: starts[part]![label]! + size }))
  })
}

function check(name: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least)
    throw new RangeError(`${name} must be an integer >= ${least}: ${value}`)
}

/** sizes[part][class]; the columns sum to classCounts unless the scheme covers fewer classes. */
function deal(scheme: PartitionScheme, rng: Rng, classCounts: readonly number[], parts: number): number[][] {
  switch (scheme.type) {
    case 'iid':
      return byColumn(classCounts, parts, count =>
        evenly(count, shuffle([...Array(parts).keys()], rng), parts),
      )
    case 'dirichlet': {
      check('alphaMilli', scheme.alphaMilli, 1)
      const alpha = scheme.alphaMilli / 1000
      const sizes = byColumn(classCounts, parts, count => apportion(count, dirichlet(rng, alpha, parts)))
      topUp(sizes)
      return sizes
    }
    case 'classes': {
      check('classesPerPart', scheme.classesPerPart, 1)
      const holders = dealClasses(rng, classCounts.length, parts, scheme.classesPerPart)
      return byColumn(classCounts, parts, (count, label) =>
        evenly(count, shuffle(holders[label]!, rng), parts),
      )
    }
    default:
      return scheme satisfies never
  }
}

function byColumn(
  classCounts: readonly number[],
  parts: number,
  column: (count: number, label: number) => number[],
): number[][] {
  const columns = classCounts.map(column)
  return Array.from({ length: parts }, (_, part) => columns.map(sizes => sizes[part]!))
}

/** Splits count among the holders; the first ones get the odd samples. */
function evenly(count: number, holders: readonly number[], parts: number): number[] {
  const sizes = new Array<number>(parts).fill(0)
  for (const [i, part] of holders.entries())
    sizes[part] = Math.floor(count / holders.length) + (i < count % holders.length ? 1 : 0)
  return sizes
}

/** Parts that hold each class. Slots are dealt one part after the other, each to the class held least so far. */
function dealClasses(rng: Rng, classes: number, parts: number, classesPerPart: number): number[][] {
  const perPart = Math.min(classesPerPart, classes)
  const room = parts * perPart
  const slots = room > classes * SHARE_FROM ? room : Math.min(room, classes)
  const order = shuffle([...Array(classes).keys()], rng)
  const holders = Array.from({ length: classes }, (): number[] => [])
  for (let slot = 0; slot < slots; slot++) {
    const part = slot % parts
    const free = order.filter(label => !holders[label]!.includes(part))
    const least = free.reduce((best, label) =>
      holders[label]!.length < holders[best]!.length ? label : best,
    )
    holders[least]!.push(part)
  }
  return holders
}

/** Integers that sum to count, in the given proportions, by largest remainder (ties: lower index). */
function apportion(count: number, shares: readonly number[]): number[] {
  const total = shares.reduce((sum, share) => sum + share, 0)
  const exact = shares.map(share => (total > 0 ? (share / total) * count : 0))
  const sizes = exact.map(Math.floor)
  const rest = count - sizes.reduce((sum, size) => sum + size, 0)
  const byRemainder = [...exact.keys()].sort(
    (a, b) => exact[b]! - sizes[b]! - (exact[a]! - sizes[a]!) || a - b,
  )
  for (let i = 0; i < rest; i++) sizes[byRemainder[i % byRemainder.length]!]!++
  return sizes
}

/** Shares the limit among the classes in proportion to what is there; no class that fits in vanishes. */
function thin(own: readonly number[], limit: number): number[] {
  const total = own.reduce((sum, size) => sum + size, 0)
  if (total <= limit) return [...own]
  const held = own.filter(size => size > 0).length
  const least = held <= limit ? 1 : 0
  const rest = apportion(
    limit - least * held,
    own.map(size => Math.max(0, size - least)),
  )
  return own.map((size, i) => Math.min(size, least) + rest[i]!)
}

/** Moves samples from the largest holdings to parts that have too few. */
function topUp(sizes: number[][]): void {
  const totals = sizes.map(own => own.reduce((sum, size) => sum + size, 0))
  const least = Math.min(MIN_PART_SAMPLES, Math.floor(totals.reduce((sum, n) => sum + n, 0) / sizes.length))
  for (const part of sizes.keys()) {
    while (totals[part]! < least) {
      const donor = totals.indexOf(Math.max(...totals))
      const label = sizes[donor]!.indexOf(Math.max(...sizes[donor]!))
      const moved = Math.min(least - totals[part]!, sizes[donor]![label]!, totals[donor]! - least)
      sizes[donor]![label]! -= moved
      sizes[part]![label]! += moved
      totals[donor]! -= moved
      totals[part]! += moved
    }
  }
}

/** Proportions of a symmetric Dirichlet, from Gamma(alpha) draws; in logarithms because tiny alphas underflow. */
function dirichlet(rng: Rng, alpha: number, length: number): number[] {
  const logs = Array.from({ length }, () => logGamma(rng, alpha))
  const top = Math.max(...logs)
  return logs.map(log => Math.exp(log - top))
}

/**
 * Logarithm of a Gamma(shape, 1) draw: Marsaglia & Tsang 2000, "A simple method for generating gamma variables";
 * below 1 by their Gamma(shape + 1) * U^(1 / shape).
 */
export function logGamma(rng: Rng, shape: number): number {
  if (shape < 1) return logGamma(rng, shape + 1) + Math.log(1 - rng.next()) / shape
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = rng.normal()
    const cube = (1 + c * x) ** 3
    if (cube <= 0) continue
    const logCube = Math.log(cube)
    if (Math.log(1 - rng.next()) < 0.5 * x * x + d * (1 - cube + logCube)) return Math.log(d) + logCube
  }
}
