// What the tests of trainers share: data that any model can learn, distances between runs, and waiting.
import { expect } from 'vitest'
import type { Dataset } from '../../src/core/data/dataset.ts'
import { createRng } from '../../src/core/num/rng.ts'
import { TrainerError } from '../../src/ports/trainer.ts'

export const CLASSES = 10

/** Images whose class shows as a bright square in a class-dependent place, over noise; bytes as from a camera. */
export function squares(count: number, seed: string, side: number): Dataset {
  const rng = createRng(seed)
  const x = new Uint8Array(count * side * side)
  const y = new Uint16Array(count)
  for (let i = 0; i < count; i++) {
    const label = rng.below(CLASSES)
    y[i] = label
    const top = Math.floor(label / 4) * Math.floor(side / 3)
    const left = (label % 4) * Math.floor(side / 4)
    for (let p = 0; p < side * side; p++) {
      const row = Math.floor(p / side)
      const column = p % side
      const bright = row >= top && row < top + 3 && column >= left && column < left + 3
      x[i * side * side + p] = bright ? 155 + rng.below(100) : rng.next() < 0.2 ? rng.below(90) : 0
    }
  }
  return { shape: [side, side, 1], classes: Array.from({ length: CLASSES }, (_, c) => String(c)), x, y }
}

export function largestGap(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length)
  let gap = 0
  // NaN must not pass for small.
  for (let i = 0; i < a.length; i++)
    gap = Math.max(gap, Number.isFinite(a[i]) ? Math.abs(a[i]! - b[i]!) : Infinity)
  return gap
}

/** Adam divides by the root of tiny second moments, so single coordinates may differ by more than all together. */
export function meanGap(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!)
  return sum / a.length
}

export async function kindOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    return error instanceof TrainerError ? error.kind : `not a TrainerError: ${String(error)}`
  }
  return 'nothing was refused'
}

export const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10)
}

/** Until nothing has been added for a while. */
export async function settled(items: readonly unknown[]): Promise<void> {
  let before = -1
  while (items.length !== before) {
    before = items.length
    await sleep(400)
  }
}
