import { describe, expect, it } from 'vitest'
import { createMeter, stepFlop } from '../../../src/core/governance/meter.ts'
import { presetModel } from '../../../src/core/model/presets.ts'
import type { ModelSpec } from '../../../src/core/model/spec.ts'

const small: ModelSpec = {
  input: [64],
  layers: [
    { type: 'dense', units: 32, activation: 'relu' },
    { type: 'dense', units: 10, activation: 'linear' },
  ],
}
const SMALL = 14_208n

describe('P1 the meter counts what the layer shapes say', () => {
  // Training FLOP of a sample, worked out by hand: 3 x 2 x (in x out), or 3 x 2 x k^2 x Cin x Cout x H x W, summed.
  it.each<[string, ModelSpec, bigint]>([
    ['MLP 64-32-10', small, 14_208n],
    ['logistic 784-10', presetModel('logistic', [28, 28, 1], 10), 47_040n],
    ['MLP 784-128-10', presetModel('mlp', [28, 28, 1], 10), 609_792n],
    ['table MLP 4-32-16-3', presetModel('tableMlp', [4], 3), 4_128n],
    ['CNN 1-8-16', presetModel('cnn', [28, 28, 1], 10), 1_740_480n],
  ])('%s', (_, model, sample) => {
    const meter = createMeter(model, 32, null)
    expect(meter.flop).toBe(0n)
    for (let step = 0; step < 3; step++) meter.count()
    expect(meter.flop).toBe(3n * 32n * sample)
    expect(stepFlop(model, 1)).toBe(sample)
  })
})

describe('P3 the meter stops before the step that would go beyond', () => {
  const stepsWithin = (budgetFlop: bigint | null): number => {
    const meter = createMeter(small, 10, { budgetFlop, rateFlops: null })
    let steps = 0
    while (steps < 100 && meter.mayStep()) {
      meter.count()
      steps++
    }
    return steps
  }

  it('to the FLOP', () => {
    const step = 10n * SMALL
    expect(stepsWithin(4n * step)).toBe(4)
    expect(stepsWithin(4n * step - 1n)).toBe(3)
    expect(stepsWithin(step)).toBe(1)
    expect(stepsWithin(step - 1n)).toBe(0)
    expect(stepsWithin(0n)).toBe(0)
    expect(stepsWithin(-5n)).toBe(0)
    expect(stepsWithin(null)).toBe(100)
  })
})

describe('the rate', () => {
  it('asks to wait for what the steps so far may not have taken less than', () => {
    const meter = createMeter(small, 10, { budgetFlop: null, rateFlops: 10n * SMALL })
    expect(meter.waitMs(0)).toBe(0)
    meter.count()
    expect(meter.waitMs(0)).toBe(1_000)
    expect(meter.waitMs(250)).toBe(750)
    expect(meter.waitMs(1_500)).toBe(0)
    meter.count()
    expect(meter.waitMs(1_500)).toBe(500)
  })

  it('is absent without one: null, or 0 as licences write it', () => {
    for (const rateFlops of [null, 0n]) {
      const meter = createMeter(small, 10, { budgetFlop: null, rateFlops })
      meter.count()
      expect(meter.waitMs(0)).toBe(0)
    }
  })
})
