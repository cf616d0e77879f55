// Control variates on quadratics, where everything is known: members with different curvature and minima drag plain local
// SGD to a point that is not the room's optimum; corrected, the room finds it, also through one-bit updates.
import { describe, expect, it } from 'vitest'
import { encodeOneBit, decodeOneBit } from '../../tools/one-bit.ts'
import { createVariates, type VariateOptions } from '../../../src/core/gossip/variates.ts'

const RATE = 0.05
const STEPS = 20

/** Member i: half the sum of curvature_i[k] (w[k] - minimum_i[k])^2. */
const members = [
  { curvature: [4, 0.2, 1], minimum: [1, -2, 0.5] },
  { curvature: [0.5, 2, 1], minimum: [-3, 1, 0.5] },
  { curvature: [1, 1, 3], minimum: [0, 4, -1] },
] as const
const optimum = [0, 1, 2].map(k => {
  const weight = members.reduce((sum, { curvature }) => sum + curvature[k]!, 0)
  return members.reduce((sum, { curvature, minimum }) => sum + curvature[k]! * minimum[k]!, 0) / weight
})

type Codec = 'exact' | 'one-bit'

/** Where the room ends after so many rounds of local SGD and plain averaging, averaged over the last fifty. */
function play(options: VariateOptions | null, codec: Codec, rounds: number): number[] {
  const size = 3
  let params = new Float64Array(size)
  const variates = members.map(() => options && createVariates(size, options))
  const residuals = members.map(() => new Float32Array(size))
  const mean = [0, 0, 0]
  for (let round = 0; round < rounds; round++) {
    const direction = new Float64Array(size)
    members.forEach(({ curvature, minimum }, i) => {
      const correction = variates[i]?.correction() ?? null
      const local = params.slice()
      for (let step = 0; step < STEPS; step++) {
        for (let k = 0; k < size; k++) {
          const gradient = curvature[k]! * (local[k]! - minimum[k]!)
          local[k] = local[k]! - RATE * (gradient + (correction?.[k] ?? 0))
        }
      }
      const update = params.map((value, k) => value - local[k]!)
      variates[i]?.ownUpdate(update, STEPS, RATE)
      const error = residuals[i]!
      for (let k = 0; k < size; k++) error[k] = error[k]! + update[k]!
      const sent = codec === 'exact' ? update : decodeOneBit(encodeOneBit(error), size)
      for (let k = 0; k < size; k++) direction[k] = direction[k]! + sent[k]! / members.length
    })
    for (const own of variates) own?.roundMixed(direction, STEPS, RATE)
    params = params.map((value, k) => value - direction[k]!)
    if (round >= rounds - 50) for (let k = 0; k < size; k++) mean[k] = mean[k]! + params[k]! / 50
  }
  return mean
}

const distance = (point: readonly number[]): number => Math.hypot(...point.map((v, k) => v - optimum[k]!))

describe('control variates', () => {
  it('take the bias out of local SGD', () => {
    const plain = play(null, 'exact', 600)
    // The fixed point of plain local SGD: weights 1 - (1 - rate a)^steps in place of the curvatures.
    const biased = [0, 1, 2].map(k => {
      const weights = members.map(({ curvature }) => 1 - (1 - RATE * curvature[k]!) ** STEPS)
      const sum = weights.reduce((a, b) => a + b)
      return members.reduce((total, { minimum }, i) => total + (weights[i]! * minimum[k]!) / sum, 0)
    })
    for (const k of [0, 1, 2]) expect(plain[k]).toBeCloseTo(biased[k]!, 6)
    expect(distance(plain)).toBeGreaterThan(0.5)
    expect(distance(play({ rate: 1, gain: 1 }, 'exact', 600))).toBeLessThan(1e-4)
    expect(distance(play({ rate: 0.3, gain: 1 }, 'exact', 600))).toBeLessThan(1e-4)
  })

  it('take most of it out where only part is applied, and where updates are one-bit', () => {
    const biased = distance(play(null, 'exact', 600))
    expect(distance(play({ rate: 0.3, gain: 0.9 }, 'exact', 600))).toBeLessThan(0.25 * biased)
    const oneBit = distance(play(null, 'one-bit', 2_000))
    expect(oneBit).toBeGreaterThan(0.5 * biased)
    expect(distance(play({ rate: 0.1, gain: 0.9 }, 'one-bit', 2_000))).toBeLessThan(0.4 * oneBit)
  })

  it('have the signs of gradients: what the room lacks of a member is added, what a member has too much is taken', () => {
    const variates = createVariates(2, { rate: 1, gain: 1 })
    expect(variates.correction()).toBeNull()
    // Gradient (3, 0): 10 steps at 0.1 go down by as much.
    variates.ownUpdate(Float32Array.of(3, 0), 10, 0.1)
    expect(variates.correction()).toBeNull()
    variates.roundMixed(Float64Array.of(1, 2), 10, 0.1)
    expect(variates.correction()).toEqual(Float32Array.of(-2, 2))
    // A job under that correction which goes (1, 2) had gradients of (3, 0) again.
    variates.ownUpdate(Float32Array.of(1, 2), 10, 0.1)
    expect(variates.correction()).toEqual(Float32Array.of(-2, 2))
    // Twice the steps and half the rate are the same gradient.
    variates.roundMixed(Float64Array.of(1, 2), 20, 0.05)
    expect(variates.correction()).toEqual(Float32Array.of(-2, 2))
    // Nothing done, nothing learnt.
    variates.ownUpdate(Float32Array.of(9, 9), 0, 0.1)
    variates.roundMixed(Float64Array.of(9, 9), 0, 0.1)
    expect(variates.correction()).toEqual(Float32Array.of(-2, 2))
  })

  it('forget what lies between c and the mean of all c_i when the gain is below one, and never at one', () => {
    const shift = (gain: number): number => {
      const variates = [0, 1].map(() => createVariates(1, { rate: 0.5, gain }))
      // Two members with the same constant gradient; once the room's direction is wrong by one.
      let off = 0
      for (let round = 0; round < 120; round++) {
        let mean = 0
        for (const own of variates) {
          const update = 2 + (own.correction()?.[0] ?? 0)
          own.ownUpdate(Float64Array.of(update), 1, 1)
          mean += update / 2
        }
        for (const own of variates) own.roundMixed(Float64Array.of(mean + (round === 5 ? 1 : 0)), 1, 1)
        off = mean - 2
      }
      return off
    }
    expect(shift(1)).toBeGreaterThan(0.4)
    expect(Math.abs(shift(0.8))).toBeLessThan(1e-3)
  })

  it('refuses vectors of another length', () => {
    const variates = createVariates(3, { rate: 0.5, gain: 1 })
    expect(() => variates.ownUpdate(new Float32Array(2), 1, 1)).toThrow(RangeError)
    expect(() => variates.roundMixed(new Float64Array(4), 1, 1)).toThrow(RangeError)
  })
})
