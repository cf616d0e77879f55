// Orders and splits of labelled samples by class. Pure and seeded; nothing here looks at features.
import { createRng, shuffle } from '../num/rng.ts'

/**
 * Sample indices so ordered that every prefix has the classes in nearly the proportions of the whole: the k-th of n
 * samples of a class stands at (k + 1/2) / n. Order inside a class is kept.
 */
export function balancedOrder(y: ArrayLike<number>, classes: number): Uint32Array {
  const totals = new Uint32Array(classes)
  for (let i = 0; i < y.length; i++) totals[y[i]!]!++
  const seen = new Uint32Array(classes)
  const at = Float64Array.from(y, label => (seen[label]!++ + 0.5) / totals[label]!)
  return Uint32Array.from(y, (_, i) => i).sort((a, b) => at[a]! - at[b]! || y[a]! - y[b]! || a - b)
}

export interface Split {
  readonly train: Uint32Array
  readonly test: Uint32Array
}

/**
 * Seeded, stratified split. Samples with equal keys stay on one side, so a copy of a training sample is never held out.
 * Each class with at least two distinct keys gives at least one sample to either side; two distinct keys in all are
 * enough for neither side to be empty. Both sides come in balanced order.
 */
export function splitStratified(
  y: ArrayLike<number>,
  classes: number,
  keys: ArrayLike<string | number>,
  testShare: number,
  seed: string,
): Split {
  const rng = createRng(`${seed}/split`)
  const groups = new Map<string | number, number[]>()
  for (let i = 0; i < y.length; i++) {
    const group = groups.get(keys[i]!)
    if (group) group.push(i)
    else groups.set(keys[i]!, [i])
  }
  // A group belongs to the class of its first sample.
  const byClass = Array.from({ length: classes }, (): number[][] => [])
  for (const group of groups.values()) byClass[y[group[0]!]!]!.push(group)
  const train: number[] = []
  const test: number[] = []
  for (const members of byClass) {
    if (members.length === 0) continue
    shuffle(members, rng)
    const samples = members.reduce((sum, group) => sum + group.length, 0)
    const wanted = Math.max(1, Math.round(samples * testShare))
    const held = new Set<number[]>()
    let size = 0
    for (const group of members) {
      if (size + group.length > wanted || held.size === members.length - 1) continue
      held.add(group)
      size += group.length
    }
    if (held.size === 0 && members.length > 1)
      held.add(members.reduce((smallest, group) => (group.length < smallest.length ? group : smallest)))
    for (const group of members) (held.has(group) ? test : train).push(...group)
  }
  if (test.length === 0 && groups.size > 1) {
    const smallest = [...groups.values()].reduce((least, group) =>
      group.length < least.length ? group : least,
    )
    test.push(...smallest)
    for (const i of smallest) train.splice(train.indexOf(i), 1)
  }
  const order = (side: number[]): Uint32Array =>
    balancedOrder(
      side.map(i => y[i]!),
      classes,
    ).map(i => side[i]!)
  return { train: order(train), test: order(test) }
}
