import { describe, expect, test } from 'vitest'
import { decodeDataset, encodeDataset } from '../../src/adapters/dataset-bytes.ts'
import type { Dataset } from '../../src/core/data/dataset.ts'
import { createRng } from '../../src/core/num/rng.ts'

const pixels: Dataset = {
  shape: [2, 2, 1],
  classes: ['犬', 'cat'],
  x: Uint8Array.from({ length: 12 }, (_, i) => i * 20),
  y: Uint16Array.of(0, 1, 1),
}
const table: Dataset = {
  shape: [3],
  classes: ['no', 'yes'],
  x: Float32Array.of(0.5, -1, 3, 4, 5, 6),
  y: Uint16Array.of(1, 0),
}

describe('own data in storage', () => {
  test.each([
    ['pixels', pixels],
    ['a table', table],
    ['nothing', { ...table, x: new Float32Array(0), y: new Uint16Array(0) }],
  ])('%s come back as they were', (_, data) => expect(decodeDataset(encodeDataset(data))).toEqual(data))

  test('cut, padded and foreign bytes are no data', () => {
    const bytes = encodeDataset(pixels)
    expect(decodeDataset(bytes.subarray(0, -1))).toBeUndefined()
    expect(decodeDataset(Uint8Array.of(...bytes, 0))).toBeUndefined()
    expect(decodeDataset(new Uint8Array(2))).toBeUndefined()
    expect(decodeDataset(new Uint8Array(64).fill(255))).toBeUndefined()
  })

  test('a label that no class has is no data', () => {
    expect(decodeDataset(encodeDataset({ ...pixels, y: Uint16Array.of(0, 1, 2) }))).toBeUndefined()
  })

  test('5,000 mutations never throw', () => {
    const rng = createRng('dataset bytes')
    for (let i = 0; i < 5_000; i++) {
      const bytes = encodeDataset(table)
      for (let k = 0; k < 3; k++) bytes[rng.below(bytes.length)] = rng.below(256)
      const data = decodeDataset(bytes)
      if (data) expect(data.y.every(label => label < data.classes.length)).toBe(true)
    }
  })
})
