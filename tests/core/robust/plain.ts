// The rules once more, as their definitions read, on plain arrays and without any shortcut: what the quick ones are held
// against. `null` in a row: the vector does not speak of that coordinate.
import { OUTSIZED, trimCount } from '../../../src/core/robust/screen.ts'

type Row = readonly (number | null)[]

const lowerMedian = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[(values.length - 1) >> 1]!

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

export function plainNorm(row: Row): number {
  return Math.sqrt(sum(row.map(value => (value ?? 0) ** 2)))
}

/** Mean of what is left in each coordinate; `norms` and `weights` by row. */
export function plainTrim(
  rows: readonly Row[],
  { norms, weights, clip, trim }: PlainOptions,
): { direction: number[]; outsized: number[] } {
  const reference = lowerMedian(norms)
  const isOutsized = norms.map(norm => clip && rows.length >= 3 && norm > OUTSIZED * reference)
  const left = [...rows.keys()].filter(k => !isOutsized[k])
  const limit = lowerMedian(left.map(k => norms[k]!))
  const cap = 2 * lowerMedian(left.map(k => weights[k]!))
  const capped = weights.map(weight => Math.min(cap, weight))
  const isEqual = new Set(left.map(k => capped[k])).size === 1
  const direction = rows[0]!.map((_, i) => {
    const column = left
      .filter(k => rows[k]![i] !== null)
      .map(k => ({
        value: rows[k]![i]! * (clip && norms[k]! > limit ? limit / norms[k]! : 1),
        weight: isEqual ? 1 : capped[k]!,
      }))
    if (column.length === 0) return 0
    const f = trim(column.length)
    const spoken = column.map(({ weight }) => weight)
    // Sums of what is not trimmed run by position, as they always did.
    const middle = f === 0 ? column : column.sort((a, b) => a.value - b.value).slice(f, column.length - f)
    const mean =
      sum(middle.map(({ value, weight }) => value * weight)) / sum(middle.map(({ weight }) => weight))
    // Where not everybody speaks, those who do count for their part.
    return mean * (sum(spoken) / sum(left.map(k => (isEqual ? 1 : capped[k]!))))
  })
  return { direction, outsized: [...rows.keys()].filter(k => isOutsized[k]) }
}

export interface PlainOptions {
  readonly norms: readonly number[]
  readonly weights: readonly number[]
  readonly clip: boolean
  readonly trim: (count: number) => number
}

const distance = (a: readonly number[], b: readonly number[]): number =>
  Math.sqrt(sum(a.map((value, i) => (value - b[i]!) ** 2)))

const mean = (rows: readonly (readonly number[])[]): number[] =>
  rows[0]!.map((_, i) => sum(rows.map(row => row[i]!)) / rows.length)

export function plainClip(rows: readonly number[][]): number[][] {
  const norms = rows.map(plainNorm)
  const limit = lowerMedian(norms)
  return rows.map((row, k) => row.map(value => (norms[k]! > limit ? value * (limit / norms[k]!) : value)))
}

const nearest = (rows: readonly number[][], a: number, count: number): number[][] =>
  [...rows.keys()]
    .sort((x, y) => distance(rows[a]!, rows[x]!) - distance(rows[a]!, rows[y]!) || x - y)
    .slice(0, count)
    .map(k => rows[k]!)

export function plainKrum(rows: readonly number[][]): number[] {
  const f = trimCount(rows.length, true)
  const scores = rows.map((row, a) =>
    sum(
      rows
        .filter((_, b) => b !== a)
        .map(other => distance(row, other) ** 2)
        .sort((x, y) => x - y)
        .slice(0, rows.length - f - 2),
    ),
  )
  const chosen = [...rows.keys()].sort((a, b) => scores[a]! - scores[b]! || a - b).slice(0, rows.length - f)
  return mean(chosen.map(k => rows[k]!))
}

export function plainNearestMedian(rows: readonly number[][], passes: number): number[] {
  const f = trimCount(rows.length, true)
  const mixed = rows.map((_, a) => mean(nearest(rows, a, rows.length - f)))
  const floor = 1e-6 * lowerMedian(mixed.map(plainNorm))
  let centre = mean(mixed)
  for (let pass = 0; pass < passes; pass++) {
    const pulls = mixed.map(row => 1 / Math.max(floor, distance(row, centre)))
    centre = centre.map((_, i) => sum(mixed.map((row, k) => pulls[k]! * row[i]!)) / sum(pulls))
  }
  return centre
}

export function plainCenteredClip(rows: readonly number[][], passes: number): number[] {
  const radius = lowerMedian(rows.map(plainNorm))
  let centre = rows[0]!.map(() => 0)
  for (let pass = 0; pass < passes; pass++) {
    const held = centre
    const steps = rows.map(row => {
      const part = Math.min(1, radius / distance(row, held))
      return row.map((value, i) => (value - held[i]!) * part)
    })
    centre = mean(steps).map((step, i) => held[i]! + step)
  }
  return centre
}
