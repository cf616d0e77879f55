// Gradients against central differences, over random small models of every layer type.
import { describe, expect, it } from 'vitest'
import { createReferenceModel } from '../../../../src/core/model/reference/model.ts'
import type { Layer, ModelSpec } from '../../../../src/core/model/spec.ts'
import { createRng } from '../../../../src/core/num/rng.ts'

const logits: Layer = { type: 'dense', units: 3, activation: 'linear' }
const models: Record<string, ModelSpec> = {
  logistic: { input: [7], layers: [logits] },
  'deep MLP': {
    input: [5],
    layers: [
      { type: 'dense', units: 17, activation: 'relu' },
      { type: 'dense', units: 6, activation: 'linear' },
      logits,
    ],
  },
  'wide MLP (gathered product)': {
    input: [40],
    layers: [{ type: 'dense', units: 33, activation: 'relu' }, logits],
  },
  'CNN with odd sizes': {
    input: [7, 5, 2],
    layers: [
      { type: 'conv2d', filters: 3, kernel: 3, activation: 'relu' },
      { type: 'maxPool2d', size: 2 },
      { type: 'conv2d', filters: 5, kernel: 2, activation: 'linear' },
      { type: 'flatten' },
      logits,
    ],
  },
  'kernel larger than the image': {
    input: [2, 3, 1],
    layers: [{ type: 'conv2d', filters: 2, kernel: 5, activation: 'linear' }, { type: 'flatten' }, logits],
  },
}

describe('reference gradients', () => {
  it.each(Object.keys(models))('of the %s equal central differences', name => {
    const seed = `gradient-${name}`
    const rng = createRng(seed)
    const spec = models[name]!
    const model = createReferenceModel(spec)
    const count = 4
    const sparse = name.includes('gathered')
    const x = Float32Array.from({ length: count * model.sampleSize }, () =>
      sparse && rng.next() < 0.6 ? 0 : rng.normal(),
    )
    const y = Array.from({ length: count }, () => rng.below(3))
    const params = Float32Array.from({ length: model.layout.size }, () => rng.normal() * 0.4)
    const gradient = new Float32Array(params.length).fill(NaN)
    const unused = new Float32Array(params.length)
    model.gradients(params, x, y, count, gradient)

    // Steps across a kink of ReLU or max make single coordinates differ: nearly all must agree, and none may be NaN.
    const width = 2e-3
    let far = 0
    for (let i = 0; i < params.length; i++) {
      const held = params[i]!
      params[i] = held + width
      const above = model.gradients(params, x, y, count, unused)
      const high = params[i]!
      params[i] = held - width
      const below = model.gradients(params, x, y, count, unused)
      const slope = (above - below) / (high - params[i]!)
      params[i] = held
      expect(Number.isFinite(gradient[i]!), `seed ${seed}, parameter ${i}`).toBe(true)
      if (Math.abs(slope - gradient[i]!) > 2e-3 * (1 + Math.abs(slope))) far++
    }
    expect(far, `seed ${seed}: coordinates off`).toBeLessThanOrEqual(params.length * 0.03)
  })
})
