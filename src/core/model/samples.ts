// Samples as models eat them: the part of a Dataset that training needs, and the copying of a minibatch out of it.
// Pixels are bytes that stand for value / 255, rounded once to float32.

export interface Samples {
  /** Row-major; bytes stand for value / 255. */
  readonly x: Uint8Array | Float32Array
  /** Class index per sample. */
  readonly y: Uint16Array
}

/** value / 255 for every byte. */
const pixelScale = Float32Array.from({ length: 256 }, (_, value) => value / 255)

/** Copies the samples named by `indices` into x (indices.length * sampleSize) and y. */
export function takeSamples(
  samples: Samples,
  indices: Int32Array,
  sampleSize: number,
  x: Float32Array,
  y: Uint16Array,
): void {
  const source = samples.x
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!
    y[i] = samples.y[index]!
    if (source instanceof Float32Array) {
      x.set(source.subarray(index * sampleSize, (index + 1) * sampleSize), i * sampleSize)
      continue
    }
    const from = index * sampleSize
    const to = i * sampleSize
    for (let j = 0; j < sampleSize; j++) x[to + j] = pixelScale[source[from + j]!]!
  }
}

/** Samples from `start` up to `end` as float32, into x. */
export function scaleRange(
  samples: Samples,
  start: number,
  end: number,
  sampleSize: number,
  x: Float32Array,
): void {
  const source = samples.x.subarray(start * sampleSize, end * sampleSize)
  if (source instanceof Float32Array) x.set(source)
  else for (let i = 0; i < source.length; i++) x[i] = pixelScale[source[i]!]!
}
