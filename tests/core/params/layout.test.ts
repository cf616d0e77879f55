import { describe, expect, it } from 'vitest'
import type { ModelSpec } from '../../../src/core/model/spec.ts'
import { layoutParams, viewSlot } from '../../../src/core/params/layout.ts'

const cnn: ModelSpec = {
  input: [7, 6, 2],
  layers: [
    { type: 'conv2d', filters: 3, kernel: 3, activation: 'relu' },
    { type: 'maxPool2d', size: 2 },
    { type: 'flatten' },
    { type: 'dense', units: 4, activation: 'linear' },
  ],
}

describe('parameter layout', () => {
  it('lays kernels before biases in layer order, without gaps', () => {
    const { slots, size } = layoutParams(cnn)
    expect(slots.map(({ layer, role, shape, offset }) => ({ layer, role, shape, offset }))).toEqual([
      { layer: 0, role: 'kernel', shape: [3, 3, 2, 3], offset: 0 },
      { layer: 0, role: 'bias', shape: [3], offset: 54 },
      { layer: 3, role: 'kernel', shape: [27, 4], offset: 57 },
      { layer: 3, role: 'bias', shape: [4], offset: 165 },
    ])
    expect(size).toBe(169)
  })

  it('counts 101,770 parameters in the MLP 784-128-10', () => {
    const mlp: ModelSpec = {
      input: [784],
      layers: [
        { type: 'dense', units: 128, activation: 'relu' },
        { type: 'dense', units: 10, activation: 'linear' },
      ],
    }
    expect(layoutParams(mlp).size).toBe(101_770)
  })

  it('gives views into the same memory', () => {
    const { slots, size } = layoutParams(cnn)
    const params = new Float32Array(size)
    viewSlot(params, slots[1]!).fill(5)
    expect([...params.subarray(53, 58)]).toEqual([0, 5, 5, 5, 0])
  })

  it('refuses layers that do not fit', () => {
    expect(() => layoutParams({ input: [4], layers: [{ type: 'maxPool2d', size: 2 }] })).toThrow(RangeError)
    expect(() => layoutParams({ input: [2, 2, 1], layers: [{ type: 'maxPool2d', size: 3 }] })).toThrow(
      RangeError,
    )
  })
})
