import { describe, expect, test } from 'vitest'
import { createMeter, stepFlop } from '../../../src/core/governance/meter.ts'
import { forwardFlop, trainingFlop } from '../../../src/core/model/flops.ts'
import { presetModel } from '../../../src/core/model/presets.ts'
import type { Layer, ModelSpec } from '../../../src/core/model/spec.ts'
import { createRng } from '../../../src/core/num/rng.ts'

const dense = (units: number, activation: 'relu' | 'linear' = 'relu'): Layer => ({
  type: 'dense',
  units,
  activation,
})
const conv = (filters: number, kernel = 3): Layer => ({ type: 'conv2d', filters, kernel, activation: 'relu' })
const pool: Layer = { type: 'maxPool2d', size: 2 }
const flatten: Layer = { type: 'flatten' }

/** Each with its forward FLOP of one sample, added up by hand from 2 * in * out and 2 * k^2 * Cin * Cout * H * W. */
const ARCHITECTURES: readonly (readonly [name: string, spec: ModelSpec, forward: number])[] = [
  ['MLP 64-32-10', { input: [64], layers: [dense(32), dense(10, 'linear')] }, 4_736],
  ['CNN 1-8-16', presetModel('cnn', [28, 28, 1], 10), 580_160],
  [
    // The layers that give the authors' figure: 64 and 128 filters before one pooling, then 128 units.
    "the authors' MNIST CNN",
    {
      input: [28, 28, 1],
      layers: [conv(64), conv(128), pool, flatten, dense(128), dense(10, 'linear')],
    },
    122_933_760,
  ],
  ['MLP 784-128-10', presetModel('mlp', [28, 28, 1], 10), 2 * 784 * 128 + 2 * 128 * 10],
  ['logistic on RGB', presetModel('logistic', [32, 32, 3], 10), 2 * 3072 * 10],
  [
    'wide kernels, odd sides',
    { input: [9, 7, 2], layers: [conv(4, 5), pool, conv(6, 3), flatten, dense(3, 'linear')] },
    2 * 25 * 2 * 4 * 63 + 2 * 9 * 4 * 6 * 12 + 2 * 72 * 3,
  ],
]

describe('P1 the meter is the formula', () => {
  test.each(ARCHITECTURES)('P1 %s', (_, spec, forward) => {
    expect(forwardFlop(spec)).toBe(forward)
    expect(trainingFlop(spec)).toBe(3 * forward)
    const meter = createMeter(spec, 7, null)
    for (let i = 0; i < 5; i++) meter.count()
    expect(meter.flop).toBe(BigInt(5 * 7 * 3 * forward))
  })

  test('P1 golden numbers of training', () => {
    expect(ARCHITECTURES.slice(0, 3).map(([, spec]) => trainingFlop(spec))).toEqual([
      14_208, 1_740_480, 368_801_280,
    ])
  })
})

describe('P3 a job stops before the step that would go beyond its budget', () => {
  const spec = ARCHITECTURES[0]![1]
  test('P3 for any budget the meter ends within one step of it and never above', () => {
    const rng = createRng('budgets')
    for (let i = 0; i < 200; i++) {
      const batch = 1 + rng.below(64)
      const budgetFlop = BigInt(rng.below(2 ** 31))
      const meter = createMeter(spec, batch, { budgetFlop, rateFlops: null })
      while (meter.mayStep()) meter.count()
      expect(meter.flop <= budgetFlop && budgetFlop - meter.flop < stepFlop(spec, batch)).toBe(true)
    }
  })

  test('P3 without a budget it never stops; with nothing it never starts', () => {
    expect(createMeter(spec, 8, { budgetFlop: null, rateFlops: null }).mayStep()).toBe(true)
    expect(createMeter(spec, 8, { budgetFlop: 0n, rateFlops: null }).mayStep()).toBe(false)
    expect(createMeter(spec, 8, { budgetFlop: stepFlop(spec, 8), rateFlops: null }).mayStep()).toBe(true)
  })
})

test('a rate is kept by waiting', () => {
  const [, spec] = ARCHITECTURES[0]!
  const perStep = stepFlop(spec, 10)
  const meter = createMeter(spec, 10, { budgetFlop: null, rateFlops: perStep * 4n })
  expect(meter.waitMs(0)).toBe(0)
  meter.count()
  expect(meter.waitMs(100)).toBeCloseTo(150, 3)
  expect(meter.waitMs(900)).toBe(0)
})
