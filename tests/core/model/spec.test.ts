import { describe, expect, it } from 'vitest'
import { decodeModelSpec } from '../../../src/core/model/decode.ts'
import { forwardFlop, trainingFlop } from '../../../src/core/model/flops.ts'
import { initialParams } from '../../../src/core/model/init.ts'
import { type PresetName, presetModel, presetsFor } from '../../../src/core/model/presets.ts'
import { createSampleOrder } from '../../../src/core/model/sample-order.ts'
import type { ModelSpec } from '../../../src/core/model/spec.ts'
import { layoutParams } from '../../../src/core/params/layout.ts'

const small: ModelSpec = {
  input: [64],
  layers: [
    { type: 'dense', units: 32, activation: 'relu' },
    { type: 'dense', units: 10, activation: 'linear' },
  ],
}

describe('FLOP and size', () => {
  it('agrees with the golden figures', () => {
    expect([forwardFlop(small), trainingFlop(small)]).toEqual([4_736, 14_208])
    const cnn = presetModel('cnn', [28, 28, 1], 10)
    expect([forwardFlop(cnn), trainingFlop(cnn)]).toEqual([580_160, 1_740_480])
    expect(layoutParams(presetModel('mlp', [28, 28, 1], 10)).size).toBe(101_770)
    expect(layoutParams(presetModel('logistic', [28, 28, 1], 10)).size).toBe(7_850)
  })
})

describe('presets', () => {
  it('decode, for images and tables', () => {
    for (const input of [[28, 28, 1], [3, 3, 3], [4], [5, 7, 1]]) {
      for (const name of presetsFor(input)) {
        const decoded = decodeModelSpec(JSON.parse(JSON.stringify(presetModel(name, input, 3))))
        expect(decoded.status, `${name} on ${input.join('x')}`).toBe('ok')
      }
    }
    expect(presetsFor([3, 3, 1])).not.toContain<PresetName>('cnn')
  })
})

describe('decodeModelSpec', () => {
  const dense = (units: unknown, activation: unknown = 'linear'): unknown => ({
    type: 'dense',
    units,
    activation,
  })
  const conv = (filters: number, kernel = 3): unknown => ({
    type: 'conv2d',
    filters,
    kernel,
    activation: 'relu',
  })
  const fault = (value: unknown): string => {
    const decoded = decodeModelSpec(value)
    return decoded.status === 'ok' ? 'ok' : decoded.fault.kind
  }

  it.each([
    [null],
    [{ input: [4] }],
    [{ input: [4], layers: [] }],
    [{ input: [], layers: [dense(2)] }],
    [{ input: [4.5], layers: [dense(2)] }],
    [{ input: [0], layers: [dense(2)] }],
    [{ input: [4], layers: [dense(2.5)] }],
    [{ input: [4], layers: [dense(-1)] }],
    [{ input: [4], layers: [dense(NaN)] }],
    [{ input: [4], layers: [dense(2, 'tanh')] }],
    [{ input: [4], layers: [dense('2')] }],
    [{ input: [4], layers: [{ type: 'lstm' }] }],
    [{ input: [4], layers: [dense(2)], extra: 1 }],
    [{ input: [4], layers: Array.from({ length: 17 }, () => dense(2)) }],
    [{ input: [4, 4, 4, 4], layers: [{ type: 'flatten' }, dense(2)] }],
  ])('calls %j malformed', value => {
    expect(fault(value)).toBe('malformed')
  })

  it.each([
    [{ input: [4, 4, 1], layers: [dense(2)] }],
    [{ input: [4], layers: [conv(2), dense(2)] }],
    [{ input: [4], layers: [dense(2, 'relu')] }],
    [{ input: [4, 4, 1], layers: [{ type: 'flatten' }] }],
    [{ input: [2, 2, 1], layers: [{ type: 'maxPool2d', size: 3 }, { type: 'flatten' }, dense(2)] }],
  ])('calls %j badly shaped', value => {
    expect(fault(value)).toBe('bad-shape')
  })

  it.each([
    [{ input: [60_000, 60_000, 3], layers: [{ type: 'flatten' }, dense(2)] }],
    [{ input: [20_000], layers: [dense(1_001, 'relu'), dense(2)] }],
    [{ input: [1_000, 1_000, 1], layers: [conv(64), { type: 'flatten' }, dense(2)] }],
    [
      {
        input: [512, 512, 3],
        layers: [conv(8, 15), conv(8, 15), conv(8, 15), conv(8, 15), { type: 'flatten' }, dense(2)],
      },
    ],
  ])('calls %j too large', value => {
    expect(fault(value)).toBe('too-large')
  })
})

describe('initial parameters', () => {
  it('are Glorot uniform with zero biases, and follow the seed', () => {
    const params = initialParams(small, 'one')
    const { slots } = layoutParams(small)
    const limit = Math.sqrt(6 / (64 + 32))
    const kernel = params.subarray(0, 64 * 32)
    expect(Math.max(...kernel)).toBeLessThanOrEqual(Math.fround(limit))
    expect(Math.max(...kernel)).toBeGreaterThan(limit * 0.99)
    expect(Math.min(...kernel)).toBeLessThan(-limit * 0.99)
    const bias = slots[1]!
    expect(params.subarray(bias.offset, bias.offset + bias.size).every(value => value === 0)).toBe(true)
    expect(initialParams(small, 'one')).toEqual(params)
    expect(initialParams(small, 'two')).not.toEqual(params)
  })

  it('have these very bits', () => {
    const bits = new Uint32Array(initialParams(small, 'golden').buffer)
    expect([...bits.subarray(0, 4)].map(word => word.toString(16))).toEqual(GOLDEN_BITS)
  })
})

// Recorded once: a change here changes every model that a room's seed names.
const GOLDEN_BITS = ['3e45bacc', 'be069c60', '3af07887', '3d91adf0']

describe('sample order', () => {
  it('visits every sample once an epoch and wraps inside a batch', () => {
    const order = createSampleOrder('epochs', 10)
    const batch = new Int32Array(4)
    const seen: number[] = []
    for (let i = 0; i < 5; i++) {
      order.next(batch)
      seen.push(...batch)
    }
    const sorted = (values: number[]) => [...values].sort((a, b) => a - b)
    expect(sorted(seen.slice(0, 10))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(sorted(seen.slice(10))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(seen.slice(0, 10)).not.toEqual(seen.slice(10))
  })

  it('fills batches larger than the data, and refuses no data', () => {
    const batch = new Int32Array(7)
    createSampleOrder('small', 3).next(batch)
    expect(new Set(batch)).toEqual(new Set([0, 1, 2]))
    expect(() => createSampleOrder('none', 0)).toThrow(RangeError)
  })
})
