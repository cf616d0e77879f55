// States for tests of their bytes, and the one whose name is written down: Node and browsers must agree on it.
import type { ModelState } from '../../../src/core/gossip/state.ts'
import { createRng } from '../../../src/core/num/rng.ts'
import { roundToHalf } from '../../../src/core/params/half-vector.ts'

interface Shape {
  readonly round?: number
  readonly hasMomentum?: boolean
  readonly drawBytes?: number
}

/** Seeded values over the range of halves, subnormals and clamped ones among them. */
export function madeState(seed: string, parameters: number, shape: Shape = {}): ModelState {
  const { round = 7, hasMomentum = true, drawBytes = 0 } = shape
  const rng = createRng(seed)
  const vector = (): Float32Array => {
    const values = Float32Array.from(
      { length: parameters },
      () => (rng.below(2 ** 24) / 2 ** 23 - 1) * 2 ** (rng.below(44) - 26),
    )
    values[0] = 0.25
    roundToHalf(values)
    return values
  }
  const params = vector()
  const momentum = hasMomentum ? vector() : new Float32Array(parameters)
  const draw = Uint8Array.from({ length: drawBytes }, () => rng.below(256))
  return { round, params, momentum, draw }
}

export const goldenState = (): ModelState =>
  madeState('golden state', 30_000, { round: 1234, drawBytes: 356 })

export const GOLDEN_STATE_HASH = 'ce91a594df90cd3835d029e40fe927079a9b28e6f31e6c6120b0c7cdc7844ebb'
