// Runs of the chaos engine in which every promise must be kept; a failing one names its seed.
import { expect } from 'vitest'
import { runChaos, type ChaosReport } from '../../src/sim/chaos/run.ts'

export function expectKept({ seed, kinds, violations }: ChaosReport): void {
  expect(violations, `npm run sim -- chaos --runs 1 --seed ${seed} [${kinds.join(', ')}]`).toEqual([])
}

export async function expectAllKept(from: number, count: number): Promise<void> {
  for (let i = from; i < from + count; i++) expectKept(await runChaos(`ci/${i}`))
}
