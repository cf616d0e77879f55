// What liars send (plan.ts names the attacks). They know every honest update of the round and agree among themselves, so the
// attack is as strong as the update's encoding lets it be. Vectors are directions as in an update: start minus end.
import type { AttackName } from './plan.ts'

const FLIP = -3
const IPM = -1.5
const ALIE = 1.5
const SCALE = -50

/** Whether a liar needs what it would have said itself. */
export function trainsItself(attack: AttackName): boolean {
  return attack === 'flip' || attack === 'labels'
}

/**
 * What to encode.
 * @param honest decoded updates of the honest
 * @param own what this liar would have said; only for attacks that need it
 */
export function attackVector(
  attack: AttackName,
  honest: readonly Float32Array[],
  own: Float32Array | null,
): Float32Array {
  switch (attack) {
    case 'flip':
      return own!.map(value => FLIP * value)
    case 'labels':
      return own!
    case 'ipm':
      return meanOf(honest).map(value => IPM * value)
    case 'scale':
      return meanOf(honest).map(value => SCALE * value)
    case 'alie': {
      const mean = meanOf(honest)
      return mean.map((value, i) => value - ALIE * deviationAt(honest, value, i))
    }
    case 'ipm-norm': {
      const mean = meanOf(honest)
      const norms = honest.map(normOf).sort((a, b) => a - b)
      const factor = -norms[(norms.length - 1) >> 1]! / Math.max(normOf(mean), Number.MIN_VALUE)
      return mean.map(value => factor * value)
    }
  }
}

function meanOf(vectors: readonly Float32Array[]): Float32Array {
  const mean = new Float32Array(vectors[0]!.length)
  for (const vector of vectors) for (let i = 0; i < mean.length; i++) mean[i] = mean[i]! + vector[i]!
  return mean.map(value => value / vectors.length)
}

function deviationAt(vectors: readonly Float32Array[], mean: number, i: number): number {
  let sum = 0
  for (const vector of vectors) sum += (vector[i]! - mean) ** 2
  return Math.sqrt(sum / vectors.length)
}

function normOf(vector: Float32Array): number {
  let sum = 0
  for (const value of vector) sum += value * value
  return Math.sqrt(sum)
}
