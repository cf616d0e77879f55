// The steered gradient is the gradient of the loss that it claims to be: FedProx's added square and a linear term.
import { describe, expect, it } from 'vitest'
import { createSteer } from '../../../../src/core/model/reference/drift.ts'
import { createReferenceModel } from '../../../../src/core/model/reference/model.ts'
import { startRun, trainSteps } from '../../../../src/core/model/reference/train.ts'
import { createRng } from '../../../../src/core/num/rng.ts'

const seed = 'drift'

function task() {
  const rng = createRng(seed)
  const vector = (size: number, scale: number) =>
    Float32Array.from({ length: size }, () => scale * rng.normal())
  const model = createReferenceModel({
    input: [6],
    layers: [
      { type: 'dense', units: 5, activation: 'relu' },
      { type: 'dense', units: 3, activation: 'linear' },
    ],
  })
  const { size } = model.layout
  const x = vector(8 * 6, 1)
  const y = Uint16Array.from({ length: 8 }, () => rng.below(3))
  const [start, params, correction] = [vector(size, 0.4), vector(size, 0.4), vector(size, 0.1)]
  return { model, size, x, y, start, params, correction }
}

describe('steered gradients', () => {
  it('equal central differences of loss + mu/2 |w - start|^2 + correction . w', () => {
    const { model, size, x, y, start, params, correction } = task()
    const mu = 0.7
    const objective = (): number => {
      let sum = model.score(params, x, y, 8).loss / 8
      for (let i = 0; i < size; i++) {
        sum += (mu / 2) * (params[i]! - start[i]!) ** 2 + correction[i]! * params[i]!
      }
      return sum
    }
    const gradient = new Float32Array(size)
    model.gradients(params, x, y, 8, gradient)
    const plain = gradient.slice()
    createSteer(start, { proximal: mu, correction })!(params, gradient)
    const width = 2e-3
    let far = 0
    for (let i = 0; i < size; i++) {
      const held = params[i]!
      params[i] = held + width
      const [above, right] = [params[i]!, objective()]
      params[i] = held - width
      const numeric = (right - objective()) / (above - params[i]!)
      params[i] = held
      // A step across a kink of ReLU may spoil single coordinates.
      if (!(Math.abs(numeric - gradient[i]!) <= 2e-3)) far++
    }
    expect(far, `seed ${seed}`).toBeLessThanOrEqual(2)
    expect(Math.max(...gradient.map((value, i) => Math.abs(value - plain[i]!)))).toBeGreaterThan(0.1)
  })

  it('nothing to add is no drift control, to the bit, and needs no copy', () => {
    const { model, size, x, y, start } = task()
    expect(createSteer(start, null)).toBeNull()
    expect(createSteer(start, { proximal: 0, correction: null })).toBeNull()
    const options = { batchSize: 3, seed, optimizer: { type: 'sgd', learningRate: 0.1 } } as const
    const plain = trainSteps(model, { x, y }, start, 12, options)
    const zero = { proximal: 0, correction: new Float32Array(size) }
    expect(trainSteps(model, { x, y }, start, 12, { ...options, drift: zero })).toEqual(plain)
    expect(
      trainSteps(model, { x, y }, start, 12, { ...options, drift: { ...zero, correction: null } }),
    ).toEqual(plain)
  })

  it('a strong pull keeps a run near its start', () => {
    const { model, x, y, start } = task()
    const distance = (proximal: number): number => {
      const options = { batchSize: 8, seed, optimizer: { type: 'sgd', learningRate: 0.1 } } as const
      const run = startRun(model, { x, y }, start, { ...options, drift: { proximal, correction: null } })
      for (let step = 0; step < 200; step++) run.step()
      return Math.hypot(...run.params.map((value, i) => value - start[i]!))
    }
    expect(distance(5)).toBeLessThan(0.2 * distance(0))
  })
})
