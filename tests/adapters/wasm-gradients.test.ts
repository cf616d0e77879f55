// The gradients that are composed for the WASM backend, against tfjs' own kernels on its CPU backend: every odd and even
// kernel size, odd image sizes, and maxima that tie.
import { type Tensor, tensor4d, tidy } from '@tensorflow/tfjs-core'
import { afterAll, describe, expect, it } from 'vitest'
import { gradientOps } from '../../src/adapters/backends/gradient-ops.ts'
import { openBackend, type TfjsBackend } from '../../src/adapters/backends/open-backend.ts'
import { createRng } from '../../src/core/num/rng.ts'

type Shape4 = [number, number, number, number]

function values(shape: Shape4, seed: string, levels = 0): Float32Array {
  const rng = createRng(seed)
  const size = shape.reduce((product, extent) => product * extent, 1)
  return Float32Array.from({ length: size }, () => (levels > 0 ? rng.below(levels) : rng.normal()))
}

async function onBoth(
  compute: (ops: ReturnType<typeof gradientOps>) => Tensor,
): Promise<[Float32Array, Float32Array]> {
  const results: Float32Array[] = []
  for (const name of ['cpu', 'wasm'] as const satisfies readonly TfjsBackend[]) {
    const backend = await openBackend(name)
    const out = tidy(() => compute(gradientOps(name)))
    results.push((await out.data<'float32'>()).slice())
    out.dispose()
    backend.close()
  }
  return [results[0]!, results[1]!]
}

function expectClose([expected, actual]: [Float32Array, Float32Array]): void {
  expect(actual.length).toBe(expected.length)
  expect(actual.reduce((gap, value, i) => Math.max(gap, Math.abs(value - expected[i]!)), 0)).toBeLessThan(
    1e-4,
  )
  expect(expected.some(value => value !== 0)).toBe(true)
}

describe('composed WASM gradients', () => {
  const sizes = [1, 2, 3, 4, 5]
  it.each(sizes)('of a convolution with a kernel of %i', async kernel => {
    const x: Shape4 = [3, 7, 6, 2]
    const dy: Shape4 = [3, 7, 6, 4]
    const filter: Shape4 = [kernel, kernel, 2, 4]
    expectClose(
      await onBoth(ops =>
        ops.kernelOfConvolution(tensor4d(values(x, 'x'), x), tensor4d(values(dy, 'dy'), dy), filter),
      ),
    )
    expectClose(
      await onBoth(ops =>
        ops.inputOfConvolution(tensor4d(values(dy, 'dy'), dy), tensor4d(values(filter, 'filter'), filter), x),
      ),
    )
  })

  it.each([2, 3])('of pooling over %i, where maxima tie', async size => {
    const shape: Shape4 = [2, 7, 6, 3]
    const pooled: Shape4 = [2, Math.floor(7 / size), Math.floor(6 / size), 3]
    const input = values(shape, 'ties', 3)
    const [expected, actual] = [firstMaxima(input, shape, values(pooled, 'dy'), size), await onWasm()]
    expectClose([expected, actual])

    async function onWasm(): Promise<Float32Array> {
      const both = await onBoth(ops => {
        const x = tensor4d(input, shape)
        const y = tensor4d(new Float32Array(values(pooled, 'dy').length), pooled)
        return ops.inputOfMaxPool(tensor4d(values(pooled, 'dy'), pooled), x, y, size)
      })
      return both[1]
    }
  })

  afterAll(async () => {
    // A closed backend stays warm: opening another one frees it.
    const backend = await openBackend('cpu')
    backend.close()
  })
})

function firstMaxima(
  input: Float32Array,
  [n, h, w, c]: Shape4,
  dy: Float32Array,
  size: number,
): Float32Array {
  const gradient = new Float32Array(input.length)
  const [rows, columns] = [Math.floor(h / size), Math.floor(w / size)]
  let at = 0
  for (let b = 0; b < n; b++)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        for (let channel = 0; channel < c; channel++) {
          let winner = -1
          for (let y = row * size; y < (row + 1) * size; y++)
            for (let x = column * size; x < (column + 1) * size; x++) {
              const index = ((b * h + y) * w + x) * c + channel
              if (winner < 0 || input[index]! > input[winner]!) winner = index
            }
          gradient[winner] = dy[at++]!
        }
  return gradient
}
