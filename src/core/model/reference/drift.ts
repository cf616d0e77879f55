// What keeps local training near the others' where data differ: a pull back to the start (FedProx) and a constant
// correction of every gradient (SCAFFOLD's control variates), both added before the optimiser sees the gradient. Knows
// neither where a correction comes from nor how strong a pull should be.

export interface Drift {
  /** mu of FedProx (Li et al. 2020, eq. 2), >= 0. */
  readonly proximal: number
  /** c - c_i of SCAFFOLD (Karimireddy et al. 2020, eq. 3), length of the parameters; null for none. */
  readonly correction: Float32Array | null
}

/** Adds to a gradient at `params`, in place. */
export type Steer = (params: Float32Array, gradient: Float32Array) => void

/**
 * gradient + proximal (params - start) + correction. Copies what it needs of its arguments; null where there is nothing to
 * add, so that training without drift control stays the same to the bit.
 */
export function createSteer(start: Float32Array, drift: Drift | null): Steer | null {
  const proximal = drift?.proximal ?? 0
  const correction = drift?.correction?.slice() ?? null
  if (proximal === 0 && correction === null) return null
  if (proximal === 0) {
    return (_params, gradient) => {
      for (let i = 0; i < gradient.length; i++) gradient[i] = gradient[i]! + correction![i]!
    }
  }
  const anchor = start.slice()
  return (params, gradient) => {
    for (let i = 0; i < gradient.length; i++) {
      const pull = proximal * (params[i]! - anchor[i]!)
      gradient[i] = gradient[i]! + pull + (correction === null ? 0 : correction[i]!)
    }
  }
}
