// Deals a set of samples among members as rooms deal a built-in task (core/data/partition.ts), by positions.
import type { Dataset, PartitionScheme } from '../../core/data/dataset.ts'
import { partition } from '../../core/data/partition.ts'

/** Positions of the samples that each part holds. */
export function dealSamples(
  { y, classes }: Pick<Dataset, 'y' | 'classes'>,
  scheme: PartitionScheme,
  seed: string,
  parts: number,
  partSamples: number,
): Int32Array[] {
  const ofClass = classes.map((): number[] => [])
  y.forEach((label, position) => ofClass[label]!.push(position))
  const counts = ofClass.map(({ length }) => length)
  return partition(scheme, seed, counts, parts, partSamples).map(part =>
    Int32Array.from(part.flatMap(({ start, end }, label) => ofClass[label]!.slice(start, end))),
  )
}
