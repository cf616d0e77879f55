// Convolution by patches (im2col): one sample's k x k neighbourhoods become the rows of a matrix, and convolution is
// one product with the kernel. Stride 1, padding "same" as in TensorFlow: (k - 1) / 2 before, rounded down, the rest
// after. Patches are rebuilt in the backward pass: cheaper than keeping a batch of them out of cache.

export interface ConvShape {
  readonly height: number
  readonly width: number
  readonly channels: number
  readonly kernel: number
}

/** patches: [height * width, kernel * kernel * channels], from the sample that starts at `offset`. */
export function extractPatches(
  x: Float32Array,
  offset: number,
  shape: ConvShape,
  patches: Float32Array,
): void {
  const { height, width, channels, kernel } = shape
  const before = (kernel - 1) >> 1
  const run = kernel * channels
  let to = 0
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const left = column - before
      const skip = left < 0 ? -left * channels : 0
      const end = Math.min(kernel, width - left) * channels
      for (let dy = 0; dy < kernel; dy++) {
        const y = row + dy - before
        if (y < 0 || y >= height) {
          for (let i = 0; i < run; i++) patches[to + i] = 0
        } else {
          const from = offset + (y * width + left) * channels
          for (let i = 0; i < skip; i++) patches[to + i] = 0
          for (let i = skip; i < end; i++) patches[to + i] = x[from + i]!
          for (let i = end; i < run; i++) patches[to + i] = 0
        }
        to += run
      }
    }
  }
}

/** The transpose of extractPatches: adds every patch value back to the sample value it was taken from. */
export function addPatches(patches: Float32Array, shape: ConvShape, x: Float32Array, offset: number): void {
  const { height, width, channels, kernel } = shape
  const before = (kernel - 1) >> 1
  const run = kernel * channels
  let from = 0
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const left = column - before
      const skip = left < 0 ? -left * channels : 0
      const end = Math.min(kernel, width - left) * channels
      for (let dy = 0; dy < kernel; dy++) {
        const y = row + dy - before
        if (y >= 0 && y < height) {
          const to = offset + (y * width + left) * channels
          for (let i = skip; i < end; i++) x[to + i] = x[to + i]! + patches[from + i]!
        }
        from += run
      }
    }
  }
}
