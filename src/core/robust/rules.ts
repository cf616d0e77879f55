// The rules of combination that a charter may name (gossip.md, steps 6 and 2.1). All but the plain mean leave out the
// outsized. Coordinate-wise rules take members' weights; vector-level rules count everyone alike, decide each region of
// blocks that the same members speak of by itself, and f is 20 % of those (trimCount).
import type { RuleName } from '../ledger/entry.ts'
import { addRegion, gramOf, regionsOf } from './gram.ts'
import { clipTrim, meanOf } from './means.ts'
import type { Rule, Vectors } from './rule.ts'
import { keepAll, screen, trimCount, type Screened } from './screen.ts'
import { centeredClip, multiKrum, nearestMedian } from './vector-level.ts'

/** @param options.trusted rooms whose members do not know each other trim also at four */
export function ruleOf(name: RuleName, { trusted }: { readonly trusted: boolean }): Rule {
  switch (name) {
    case 'clip-trim':
      return screening(true, (vectors, screened) => clipTrim(vectors, screened, trusted))
    case 'clip-mean':
      return screening(true, meanOf)
    case 'multi-krum':
      return screening(
        true,
        byRegion((gram, count) => multiKrum(gram, count, trimCount(count, trusted))),
      )
    case 'nearest-median':
      return screening(
        true,
        byRegion((gram, count) => nearestMedian(gram, count, trimCount(count, trusted))),
      )
    case 'centered-clip':
      // Clips what differs from its centre, not the vectors.
      return screening(false, byRegion(centeredClip))
    case 'mean':
      return vectors => ({ direction: meanOf(vectors, keepAll(vectors)), outsized: [] })
    default:
      return name satisfies never
  }
}

/**
 * What each vector counts for before anything is trimmed or chosen, by position: sum of factor times vector is the mean over those
 * that are kept, cut and weighted as the rule does. 0 for the outsized.
 */
export function meanFactors(name: RuleName, vectors: Vectors): Float64Array {
  const screened = name === 'mean' ? keepAll(vectors) : screen(vectors, name !== 'centered-clip')
  const { kept, factors } = screened
  const weights = COORDINATE_WISE.has(name) ? screened.weights : null
  const weightOf = (k: number): number => (weights === null ? 1 : weights[k]!)
  const total = kept.reduce((sum, k) => sum + weightOf(k), 0)
  return factors.map((factor, k) => (factor * weightOf(k)) / total)
}

const COORDINATE_WISE: ReadonlySet<RuleName> = new Set(['clip-trim', 'clip-mean', 'mean'])

type Combiner = (vectors: Vectors, screened: Screened) => Float64Array

function screening(clip: boolean, combine: Combiner): Rule {
  return vectors => {
    const screened = screen(vectors, clip)
    return { direction: combine(vectors, screened), outsized: screened.outsized }
  }
}

function byRegion(coefficientsOf: (gram: Float64Array, count: number) => Float64Array): Combiner {
  return (vectors, { kept, factors }) => {
    const direction = new Float64Array(vectors.parameters)
    for (const region of regionsOf(vectors, kept)) {
      const gram = gramOf(vectors, region, factors)
      addRegion(direction, vectors, region, factors, coefficientsOf(gram, region.positions.length))
    }
    return direction
  }
}
