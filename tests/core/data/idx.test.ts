import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DataError } from '../../../src/core/data/error.ts'
import { idxLabels, looksLikeIdx, pairIdx, parseIdx } from '../../../src/core/data/idx.ts'

function idx(dims: readonly number[], values: ArrayLike<number>, type = 8): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * dims.length + values.length)
  bytes.set([0, 0, type, dims.length])
  const view = new DataView(bytes.buffer)
  dims.forEach((size, i) => view.setUint32(4 + 4 * i, size))
  bytes.set(Array.from(values), 4 + 4 * dims.length)
  return bytes
}

const images = (n: number, file: string) => parseIdx(idx([n, 2, 2], new Uint8Array(n * 4)), file)
const labels = (values: number[], file: string) => parseIdx(idx([values.length], values), file)

function kind(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof DataError) return error.kind
    throw error
  }
  return 'none'
}

describe('parseIdx', () => {
  it('reads what it should', () => {
    const bytes = idx([2, 1, 3], [1, 2, 3, 4, 5, 6])
    expect(looksLikeIdx(bytes)).toBe(true)
    expect(parseIdx(bytes, 'f')).toEqual({
      file: 'f',
      dims: [2, 1, 3],
      values: Uint8Array.of(1, 2, 3, 4, 5, 6),
    })
    // A view into a larger buffer.
    const shifted = new Uint8Array(bytes.length + 7)
    shifted.set(bytes, 7)
    expect(parseIdx(shifted.subarray(7), 'f').values).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6))
  })

  it.each([
    ['floats', idx([1, 1, 1], [0], 0x0d), 'idx-format'],
    ['nothing', new Uint8Array(), 'idx-format'],
    ['two dimensions', idx([1, 1], [0]), 'idx-format'],
    ['a cut header', idx([5, 2, 2], []).subarray(0, 9), 'idx-length'],
    ['too few values', idx([2, 2, 2], new Uint8Array(7)), 'idx-length'],
    ['too many values', idx([2, 2, 2], new Uint8Array(9)), 'idx-length'],
    ['dimensions that overflow', idx([4294967295, 4294967295, 4294967295], [1]), 'idx-length'],
    ['no samples', idx([0], []), 'empty-file'],
  ])('refuses %s', (_name, bytes, expected) => {
    expect(kind(() => parseIdx(bytes, 'f'))).toBe(expected)
  })

  it('ends with a file or a DataError for any bytes', () => {
    const header = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 40 })
    fc.assert(
      fc.property(header, bytes => {
        expect(['none', 'idx-format', 'idx-length', 'empty-file']).toContain(
          kind(() => parseIdx(Uint8Array.from([0, 0, 8, ...bytes]), 'f')),
        )
      }),
      { numRuns: 1000 },
    )
  })
})

describe('pairIdx', () => {
  it('pairs two files in any order, and four by name', () => {
    const [a, b] = [images(2, 'x-images'), labels([0, 1], 'x-labels')]
    expect(pairIdx([b, a])).toEqual({ main: { images: a, labels: b }, heldOut: null })
    const [c, d] = [images(1, 't10k-images-idx3-ubyte'), labels([0], 't10k-labels-idx1-ubyte')]
    expect(pairIdx([a, c, d, b])).toEqual({
      main: { images: a, labels: b },
      heldOut: { images: c, labels: d },
    })
    // One pair whose names both say test is an ordinary pair; "latest" is no test.
    expect(pairIdx([c, d]).heldOut).toBeNull()
    expect(kind(() => pairIdx([images(1, 'latest-images'), labels([0], 'labels')]))).toBe('none')
  })

  it('refuses what does not pair up', () => {
    expect(kind(() => pairIdx([images(2, 'a')]))).toBe('idx-pair')
    expect(kind(() => pairIdx([images(2, 'a'), images(2, 'b')]))).toBe('idx-pair')
    expect(kind(() => pairIdx([images(2, 'a'), labels([1, 2], 'b'), labels([1, 2], 'c')]))).toBe('idx-pair')
    expect(kind(() => pairIdx([images(2, 'a'), labels([1], 'b')]))).toBe('idx-count')
  })
})

describe('idxLabels', () => {
  const pair = (values: number[]) => ({ images: images(values.length, 'i'), labels: labels(values, 'l') })

  it('meets a room’s classes by name first, else by index', () => {
    expect(idxLabels([pair([7, 3])], ['3', '5', '7']).y[0]).toEqual(Uint16Array.of(2, 0))
    expect(idxLabels([pair([0, 2])], ['cat', 'dog', 'owl']).y[0]).toEqual(Uint16Array.of(0, 2))
    expect(kind(() => idxLabels([pair([0, 3])], ['cat', 'dog', 'owl']))).toBe('unknown-label')
  })

  it('makes classes of the labels that occur', () => {
    const { classes, y } = idxLabels([pair([10, 2, 10]), pair([26])], null)
    expect(classes).toEqual(['2', '10', '26'])
    expect(y).toEqual([Uint16Array.of(1, 0, 1), Uint16Array.of(2)])
    expect(kind(() => idxLabels([pair([4, 4])], null))).toBe('one-class')
  })
})
