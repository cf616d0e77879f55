import { describe, expect, it } from 'vitest'
import { presetModel } from '../../../src/core/model/presets.ts'
import { createReferenceModel } from '../../../src/core/model/reference/model.ts'
import { headRange, joinHead, sharedParameters, splitHead } from '../../../src/core/params/head.ts'

describe('the personal head', () => {
  it('is the last layer with parameters, kernel and bias', () => {
    const mlp = presetModel('mlp', [28, 28, 1], 10)
    expect(headRange(mlp)).toEqual({ from: 784 * 128 + 128, size: 101_770 })
    expect(sharedParameters(mlp, 'shared')).toBe(101_770)
    expect(sharedParameters(mlp, 'own')).toBe(100_480)
    expect(sharedParameters(presetModel('cnn', [28, 28, 1], 10), 'own')).toBe(9 * 8 + 8 + 9 * 8 * 16 + 16)
    // One layer only: nothing is left to share.
    expect(sharedParameters(presetModel('logistic', [4, 4, 1], 10), 'own')).toBe(0)
  })

  it('is all that turns features into logits: equal heads and bodies give equal logits, another head others', () => {
    const spec = presetModel('mlp', [4, 4, 1], 3)
    const range = headRange(spec)
    const model = createReferenceModel(spec)
    const vary = (factor: number) =>
      Float32Array.from({ length: range.size }, (_, i) => Math.sin(factor * (i + 1)) / 4)
    const [a, b] = [vary(0.7), vary(1.3)]
    const sample = Float32Array.from({ length: 16 }, (_, i) => i / 16)
    const mixed = joinHead(range, splitHead(range, a).body, splitHead(range, b).head)
    expect(mixed.subarray(0, range.from)).toEqual(a.subarray(0, range.from))
    expect(mixed.subarray(range.from)).toEqual(b.subarray(range.from))
    expect(joinHead(range, splitHead(range, a).body, splitHead(range, a).head)).toEqual(a)
    expect(model.predict(mixed, sample)).not.toEqual(model.predict(a, sample))
    // Only logits: a bias of the head moves its own class and nothing else.
    const { body, head } = splitHead(range, a)
    const before = Float32Array.from(model.logits(a, sample, 1).subarray(0, 3))
    head[head.length - 1] = head.at(-1)! + 2
    const after = model.logits(joinHead(range, body, head), sample, 1)
    expect([after[0], after[1]]).toEqual([before[0], before[1]])
    expect(after[2]! - before[2]!).toBeCloseTo(2, 5)
  })

  it('copies, and refuses what does not fit', () => {
    const range = headRange(presetModel('mlp', [4, 4, 1], 3))
    const params = new Float32Array(range.size)
    const { body, head } = splitHead(range, params)
    head.fill(1)
    body.fill(1)
    expect(params.every(value => value === 0)).toBe(true)
    expect(() => splitHead(range, params.subarray(1))).toThrow(RangeError)
    expect(() => joinHead(range, body.subarray(1), head)).toThrow(RangeError)
    expect(() => joinHead(range, body, head.subarray(1))).toThrow(RangeError)
  })
})
