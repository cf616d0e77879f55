import { describe, expect, it } from 'vitest'
import {
  calibrate,
  checkComparison,
  correlate,
  correlatePairs,
  fingerprint,
  NOISE_INPUTS,
} from '../../../src/core/governance/detectors/fingerprint.ts'
import { MEASURED } from '../../../src/core/governance/detectors/measured.ts'
import { measuredFor, thresholdFor } from '../../../src/core/governance/detectors/measured-records.ts'
import { initialParams } from '../../../src/core/model/init.ts'
import { presetModel } from '../../../src/core/model/presets.ts'
import { createReferenceModel } from '../../../src/core/model/reference/model.ts'
import type { ModelSpec } from '../../../src/core/model/spec.ts'
import { createRng, shuffle } from '../../../src/core/num/rng.ts'
import { viewSlot } from '../../../src/core/params/layout.ts'

const HIDDEN = 12
const CLASSES = 5
const spec: ModelSpec = {
  input: [20],
  layers: [
    { type: 'dense', units: HIDDEN, activation: 'relu' },
    { type: 'dense', units: CLASSES, activation: 'linear' },
  ],
}
const model = createReferenceModel(spec)

/** Random biases too, so that permuting them matters. */
function randomParams(seed: string): Float32Array {
  const rng = createRng(seed)
  return initialParams(spec, seed).map(value => value + 0.1 * rng.normal())
}

function permuteHidden(params: Float32Array, seed: string): Float32Array {
  const order = shuffle([...Array(HIDDEN).keys()], createRng(seed))
  const permuted = params.slice()
  const [kernel, bias, output] = model.layout.slots.map(slot => viewSlot(params, slot))
  const [toKernel, toBias, toOutput] = model.layout.slots.map(slot => viewSlot(permuted, slot))
  order.forEach((from, to) => {
    for (let i = 0; i < 20; i++) toKernel![i * HIDDEN + to] = kernel![i * HIDDEN + from]!
    toBias![to] = bias![from]!
    for (let c = 0; c < CLASSES; c++) toOutput![to * CLASSES + c] = output![from * CLASSES + c]!
  })
  return permuted
}

describe('R3 fingerprint', () => {
  it('has length one and is blind to the order of hidden units', () => {
    for (let i = 0; i < 10; i++) {
      const params = randomParams(`fingerprint ${i}`)
      const print = fingerprint(model, params)
      expect(print).toHaveLength(NOISE_INPUTS * CLASSES)
      expect(correlate(print, print)).toBeCloseTo(1, 10)
      const permuted = permuteHidden(params, `order ${i}`)
      expect(permuted).not.toEqual(params)
      expect(correlate(print, fingerprint(model, permuted)), `seed ${i}`).toBeGreaterThan(0.999999)
    }
  })

  it('is blind to what softmax is blind to: a constant added to all logits, and their scale', () => {
    const params = randomParams('shift')
    const shifted = params.slice()
    const outputBias = viewSlot(shifted, model.layout.slots[3]!)
    outputBias.forEach((value, i) => (outputBias[i] = value + 3))
    for (const slot of model.layout.slots.slice(2)) {
      const tensor = viewSlot(shifted, slot)
      tensor.forEach((value, i) => (tensor[i] = 2 * value))
    }
    expect(correlate(fingerprint(model, params), fingerprint(model, shifted))).toBeGreaterThan(0.99999)
  })

  it('tells unrelated models apart', () => {
    const prints = Array.from({ length: 8 }, (_, i) => fingerprint(model, randomParams(`unrelated ${i}`)))
    const pairs = correlatePairs(prints)
    expect(pairs).toHaveLength(28)
    expect(Math.max(...pairs.map(Math.abs))).toBeLessThan(0.6)
  })

  it('gives zeros for a model that ignores its input, and NaN for one that is not finite', () => {
    const dead = fingerprint(model, new Float32Array(model.layout.size))
    expect(dead.every(value => value === 0)).toBe(true)
    const broken = fingerprint(model, randomParams('nan').fill(NaN))
    const correlation = correlate(broken, dead)
    expect(correlation).toBeNaN()
    expect(checkComparison({ first: 'a', second: 'b', correlation, threshold: 0.5 })).toMatchObject({
      kind: 'uncalibrated',
    })
    expect(() => correlate(dead, dead.subarray(1))).toThrow(RangeError)
  })
})

describe('R3 threshold', () => {
  it('lets at most the asked share of independent pairs exceed it', () => {
    const rng = createRng('calibrate')
    for (const pairs of [100, 190, 435]) {
      const correlations = Array.from({ length: pairs }, () => rng.next())
      for (const rate of [0.01, 0.05]) {
        const threshold = calibrate(correlations, rate)
        const exceeding = correlations.filter(value => value > threshold).length
        expect(exceeding).toBe(Math.floor(pairs * rate))
      }
    }
    expect(() => calibrate([0.1, 0.2])).toThrow(RangeError)
  })

  it('does not carry over to other tasks, models or longer training', () => {
    const mlp = presetModel('mlp', [28, 28, 1], 10)
    const steps = measuredFor(MEASURED, 'mnist', mlp)!.longestSteps
    expect(thresholdFor(MEASURED, 'mnist', mlp, steps)).toBeGreaterThan(0)
    expect(thresholdFor(MEASURED, 'mnist', mlp, steps + 1)).toBeNull()
    expect(thresholdFor(MEASURED, 'fashion-mnist', mlp, steps)).toBeNull()
    expect(thresholdFor(MEASURED, 'mnist', presetModel('cnn', [28, 28, 1], 10), steps)).toBeNull()
  })

  it('reports a correlation without a threshold as uncalibrated, and one below as nothing', () => {
    const pair = { first: 'a', second: 'b', correlation: 0.8 }
    expect(checkComparison({ ...pair, threshold: null })).toMatchObject({
      kind: 'uncalibrated',
      severity: 'note',
    })
    expect(checkComparison({ ...pair, threshold: 0.9 })).toBeNull()
    expect(checkComparison({ ...pair, threshold: 0.7 })).toMatchObject({
      kind: 'same-function',
      severity: 'alert',
    })
  })
})
