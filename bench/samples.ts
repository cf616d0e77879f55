// Samples of the size and sparseness of MNIST, made up from a seed: a benchmark of training needs no meaning in them.
import type { Dataset } from '../src/core/data/dataset.ts'
import { createRng } from '../src/core/num/rng.ts'

export const SAMPLE_SEED = 'bench samples'
/** Non-zero pixels of MNIST. */
const FILLED = 0.19

export function mnistLike(count: number): Dataset {
  const rng = createRng(SAMPLE_SEED)
  return {
    shape: [28, 28, 1],
    classes: Array.from({ length: 10 }, (_, digit) => String(digit)),
    x: Uint8Array.from({ length: count * 784 }, () => (rng.next() < FILLED ? 1 + rng.below(255) : 0)),
    y: Uint16Array.from({ length: count }, () => rng.below(10)),
  }
}
