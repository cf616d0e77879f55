import { describe, expect, it } from 'vitest'
import { initialParams } from '../../../../src/core/model/init.ts'
import { presetModel } from '../../../../src/core/model/presets.ts'
import { createReferenceModel } from '../../../../src/core/model/reference/model.ts'
import { multiply, multiplySparse } from '../../../../src/core/model/reference/matmul.ts'
import { createMoments, stepAdam } from '../../../../src/core/model/reference/optimizer.ts'
import { evaluateSamples, startRun, trainSteps } from '../../../../src/core/model/reference/train.ts'
import type { Samples } from '../../../../src/core/model/samples.ts'
import { createRng } from '../../../../src/core/num/rng.ts'

describe('matrix products', () => {
  it('equal the triple loop for every size up to 9 and all transposes, dense and gathered', () => {
    const seed = 'products'
    const rng = createRng(seed)
    for (let round = 0; round < 300; round++) {
      const [m, n, k] = [1 + rng.below(9), 1 + rng.below(9), 1 + rng.below(20)]
      const fill = (size: number) =>
        Float32Array.from({ length: size }, () => (rng.next() < 0.3 ? 0 : rng.normal()))
      const a = { data: fill(m * k), ...(rng.next() < 0.5 ? { row: k, column: 1 } : { row: 1, column: m }) }
      const b = { data: fill(k * n), ...(rng.next() < 0.5 ? { row: n, column: 1 } : { row: 1, column: k }) }
      const accumulate = rng.next() < 0.5
      const start = fill(m * n)
      for (const product of [multiply, multiplySparse]) {
        const c = start.slice()
        product(m, n, k, a, b, c, accumulate)
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < n; j++) {
            let sum = accumulate ? start[i * n + j]! : 0
            for (let p = 0; p < k; p++)
              sum += a.data[i * a.row + p * a.column]! * b.data[p * b.row + j * b.column]!
            expect(c[i * n + j], `seed ${seed}, round ${round}, ${m}x${n}x${k}`).toBeCloseTo(sum, 4)
          }
        }
      }
    }
  })
})

/** Three noisy blobs in the plane. */
function blobs(count: number, seed: string): Samples {
  const rng = createRng(seed)
  const x = new Float32Array(count * 2)
  const y = new Uint16Array(count)
  for (let i = 0; i < count; i++) {
    y[i] = i % 3
    x[i * 2] = [0, 2, -2][y[i]!]! + rng.normal() * 0.4
    x[i * 2 + 1] = [2, -1, -1][y[i]!]! + rng.normal() * 0.4
  }
  return { x, y }
}

describe('training runs', () => {
  const model = createReferenceModel(presetModel('tableMlp', [2], 3))
  const start = initialParams(model.spec, 'train')
  const train = blobs(300, 'train blobs')
  const test = blobs(200, 'test blobs')

  it.each(['sgd', 'adam'] as const)('learn blobs with %s', type => {
    const optimizer = { type, learningRate: type === 'sgd' ? 0.1 : 0.01 }
    const { params, losses } = trainSteps(model, train, start, 300, {
      batchSize: 16,
      seed: 'order',
      optimizer,
    })
    expect(losses[0]).toBeGreaterThan(0.6)
    const score = evaluateSamples(model, test, params)
    expect(score.accuracy).toBeGreaterThan(0.97)
    expect(score.samples).toBe(200)
  })

  it('leave the start parameters alone and replay from the seed', () => {
    const before = start.slice()
    const options = { batchSize: 8, seed: 'replay', optimizer: { type: 'sgd', learningRate: 0.05 } } as const
    const first = trainSteps(model, train, start, 20, options)
    const second = trainSteps(model, train, start, 20, options)
    expect(start).toEqual(before)
    expect(second).toEqual(first)
    expect(trainSteps(model, train, start, 20, { ...options, seed: 'other' }).params).not.toEqual(
      first.params,
    )
  })

  it('carry Adam moments over a split run', () => {
    const options = {
      batchSize: 300,
      seed: 'whole',
      optimizer: { type: 'adam', learningRate: 0.01 },
    } as const
    const whole = trainSteps(model, train, start, 6, options).params
    const moments = createMoments(start.length)
    const split = { ...options, optimizer: { ...options.optimizer, moments } }
    // A batch is the whole set, so its order moves nothing but float32 rounding.
    const half = trainSteps(model, train, start, 3, split).params
    const rest = trainSteps(model, train, half, 3, split).params
    for (let i = 0; i < whole.length; i++) expect(rest[i]).toBeCloseTo(whole[i]!, 4)
    expect(moments.steps).toBe(6)
  })

  it('read bytes as value / 255', () => {
    const bytes = Uint8Array.from({ length: 40 }, (_, i) => (i * 37) % 256)
    const y = Uint16Array.from({ length: 20 }, (_, i) => i % 3)
    const floats = Float32Array.from(bytes, value => value / 255)
    const options = { batchSize: 7, seed: 'bytes', optimizer: { type: 'sgd', learningRate: 0.1 } } as const
    expect(trainSteps(model, { x: bytes, y }, start, 5, options)).toEqual(
      trainSteps(model, { x: floats, y }, start, 5, options),
    )
    expect(evaluateSamples(model, { x: bytes, y }, start)).toEqual(
      evaluateSamples(model, { x: floats, y }, start),
    )
  })

  it('honour the limit of an evaluation', () => {
    const whole = evaluateSamples(model, test, start)
    const head = evaluateSamples(model, { x: test.x.subarray(0, 26), y: test.y.subarray(0, 13) }, start)
    expect(evaluateSamples(model, test, start, 13)).toEqual(head)
    expect(head.loss).not.toBe(whole.loss)
  })

  it('predict probabilities that sum to one, the largest where the loss is smallest', () => {
    const run = startRun(model, train, start, {
      batchSize: 16,
      seed: 'p',
      optimizer: { type: 'adam', learningRate: 0.01 },
    })
    for (let i = 0; i < 200; i++) run.step()
    const probabilities = model.predict(run.params, Float32Array.of(0, 2))
    expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 6)
    expect(probabilities[0]).toBeGreaterThan(0.9)
  })
})

describe('Adam', () => {
  it('follows the formula of Kingma & Ba with epsilon 1e-7', () => {
    const params = Float32Array.of(1)
    const moments = createMoments(1)
    let [m, v, expected] = [0, 0, 1]
    for (let t = 1; t <= 5; t++) {
      const g = Math.sin(t)
      m = 0.9 * m + 0.1 * g
      v = 0.999 * v + 0.001 * g * g
      expected -= (0.01 * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-7)
      stepAdam(params, Float32Array.of(g), 0.01, moments)
      expect(params[0]).toBeCloseTo(expected, 5)
    }
  })
})
