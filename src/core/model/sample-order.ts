// Which samples form a minibatch: a seeded shuffle per epoch, without replacement inside it; a batch that reaches the
// end of an epoch goes on with the next shuffle, so batches are always full. Equal seeds give equal batches on every
// backend, which is what lets one trainer be checked against another.
import { createRng, shuffle } from '../num/rng.ts'

export interface SampleOrder {
  /** Fills `into` with the indices of the next minibatch. */
  next(into: Int32Array): void
}

/** Throws RangeError without samples. */
export function createSampleOrder(seed: string, samples: number): SampleOrder {
  if (!Number.isInteger(samples) || samples <= 0) throw new RangeError(`no samples to order: ${samples}`)
  const rng = createRng(seed)
  const order = Array.from({ length: samples }, (_, index) => index)
  let position = samples
  return {
    next(into) {
      for (let i = 0; i < into.length; i++) {
        if (position === samples) {
          shuffle(order, rng)
          position = 0
        }
        into[i] = order[position++]!
      }
    },
  }
}
