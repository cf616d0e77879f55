// SGD and Adam on flat vectors. Adam is Kingma & Ba 2015 with beta 0.9 / 0.999 and epsilon 1e-7 outside the root, the
// form that tfjs computes.

const BETA1 = 0.9
const BETA2 = 0.999
export const ADAM_EPSILON = 1e-7

export interface AdamMoments {
  readonly first: Float32Array
  readonly second: Float32Array
  /** Updates done. */
  steps: number
}

export function createMoments(size: number): AdamMoments {
  return { first: new Float32Array(size), second: new Float32Array(size), steps: 0 }
}

/** params <- params - rate * gradient, in place. */
export function stepSgd(params: Float32Array, gradient: Float32Array, rate: number): void {
  for (let i = 0; i < params.length; i++) params[i] = params[i]! - rate * gradient[i]!
}

/** One Adam update of params and moments, in place. */
export function stepAdam(
  params: Float32Array,
  gradient: Float32Array,
  rate: number,
  moments: AdamMoments,
): void {
  const { first, second } = moments
  moments.steps++
  const firstScale = 1 / (1 - BETA1 ** moments.steps)
  const secondScale = 1 / (1 - BETA2 ** moments.steps)
  for (let i = 0; i < params.length; i++) {
    const g = gradient[i]!
    const m = BETA1 * first[i]! + (1 - BETA1) * g
    const v = BETA2 * second[i]! + (1 - BETA2) * g * g
    first[i] = m
    second[i] = v
    params[i] = params[i]! - (rate * firstScale * m) / (Math.sqrt(v * secondScale) + ADAM_EPSILON)
  }
}
