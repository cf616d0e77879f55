// How much a linear reader of what leaves a tab could rebuild of what stays there: the share of the inputs' variance that the
// best ridge regression from sent activations to inputs explains on samples that it was not fitted to (R2 of spec 1.6). A
// lower bound of what a reader can do, not a guarantee: one that is not linear may do better. Pure; the cost grows with the
// square of the samples, not with the width of layers (the dual form of ridge regression: Saunders, Gammerman and Vovk 1998).

/** Ridge weights that are tried, as parts of the mean diagonal of the kernel matrix. */
const WEIGHTS = [1e-6, 1e-4, 1e-3, 1e-2, 1e-1, 1]

/** What is fitted on should be this much of what there is. */
const FITTED = 2 / 3

/**
 * R2 over all inputs together, of the weight that does best on the held-out samples: 1 for all of the variance, 0 for none or
 * where the mean does better. `sent` is [count, sentWidth], `inputs` is [count, inputWidth]; the last third of the samples is
 * held out. NaN for fewer than six samples or inputs that do not vary.
 */
export function reconstructionR2(sent: Float32Array, inputs: Float32Array, count: number): number {
  if (count < 6) return NaN
  const sentWidth = sent.length / count
  const inputWidth = inputs.length / count
  const fitted = Math.floor(count * FITTED)
  const mean = columnMeans(sent, fitted, sentWidth)
  const inputMean = columnMeans(inputs, fitted, inputWidth)
  const a = centred(sent, count, sentWidth, mean)
  const x = centred(inputs, count, inputWidth, inputMean)
  let spread = 0
  let size = 0
  for (let i = fitted * inputWidth; i < x.length; i++) {
    spread += x[i]! * x[i]!
    size += inputs[i]! * inputs[i]!
  }
  // What is left of inputs that are all the same is rounding of their mean.
  if (!(spread > 1e-12 * size)) return NaN

  const kernel = products(a, 0, fitted, a, 0, fitted, sentWidth)
  const held = products(a, fitted, count, a, 0, fitted, sentWidth)
  let trace = 0
  for (let i = 0; i < fitted; i++) trace += kernel[i * fitted + i]!
  if (!(trace > 0)) return 0
  let best = 0
  for (const weight of WEIGHTS) {
    const factor = cholesky(kernel, fitted, (weight * trace) / fitted)
    if (!factor) continue
    best = Math.max(best, 1 - residual(factor, held, x, fitted, count, inputWidth) / spread)
  }
  return best
}

/** Squared error on the held-out rows of x, predicted as held K^-1 x. */
function residual(
  factor: Float64Array,
  held: Float64Array,
  x: Float64Array,
  fitted: number,
  count: number,
  width: number,
): number {
  // Solved from the side of the held-out samples: they are fewer than the inputs are wide.
  let error = 0
  const weights = new Float64Array(fitted)
  const predicted = new Float64Array(width)
  for (let row = fitted; row < count; row++) {
    weights.set(held.subarray((row - fitted) * fitted, (row - fitted + 1) * fitted))
    solve(factor, fitted, weights)
    predicted.fill(0)
    for (let i = 0; i < fitted; i++) {
      const weight = weights[i]!
      for (let j = 0, at = i * width; j < width; j++) predicted[j] = predicted[j]! + weight * x[at + j]!
    }
    for (let j = 0, at = row * width; j < width; j++) error += (x[at + j]! - predicted[j]!) ** 2
  }
  return error
}

function columnMeans(rows: Float32Array, count: number, width: number): Float64Array {
  const mean = new Float64Array(width)
  for (let row = 0, at = 0; row < count; row++)
    for (let j = 0; j < width; j++) mean[j] = mean[j]! + rows[at++]! / count
  return mean
}

function centred(rows: Float32Array, count: number, width: number, mean: Float64Array): Float64Array {
  const out = new Float64Array(count * width)
  for (let row = 0, at = 0; row < count; row++)
    for (let j = 0; j < width; j++, at++) out[at] = rows[at]! - mean[j]!
  return out
}

/** Inner products of rows [from, to) of one matrix with those of another: [to - from, otherTo - otherFrom]. */
function products(
  a: Float64Array,
  from: number,
  to: number,
  b: Float64Array,
  otherFrom: number,
  otherTo: number,
  width: number,
): Float64Array {
  const columns = otherTo - otherFrom
  const out = new Float64Array((to - from) * columns)
  for (let i = from; i < to; i++) {
    for (let j = otherFrom; j < otherTo; j++) {
      let sum = 0
      for (let k = 0, p = i * width, q = j * width; k < width; k++) sum += a[p + k]! * b[q + k]!
      out[(i - from) * columns + (j - otherFrom)] = sum
    }
  }
  return out
}

/** Lower factor of matrix + shift I; null where it is not positive. */
function cholesky(matrix: Float64Array, size: number, shift: number): Float64Array | null {
  const factor = matrix.slice()
  for (let i = 0; i < size; i++) factor[i * size + i] = factor[i * size + i]! + shift
  for (let j = 0; j < size; j++) {
    for (let i = j; i < size; i++) {
      let sum = factor[i * size + j]!
      for (let k = 0, p = i * size, q = j * size; k < j; k++) sum -= factor[p + k]! * factor[q + k]!
      if (i > j) factor[i * size + j] = sum / factor[j * size + j]!
      else if (sum > 0) factor[j * size + j] = Math.sqrt(sum)
      else return null
    }
  }
  return factor
}

/** Solves L L' w = w, in place. */
function solve(factor: Float64Array, size: number, w: Float64Array): void {
  for (let i = 0; i < size; i++) {
    let sum = w[i]!
    for (let k = 0, p = i * size; k < i; k++) sum -= factor[p + k]! * w[k]!
    w[i] = sum / factor[i * size + i]!
  }
  for (let i = size - 1; i >= 0; i--) {
    let sum = w[i]!
    for (let k = i + 1; k < size; k++) sum -= factor[k * size + i]! * w[k]!
    w[i] = sum / factor[i * size + i]!
  }
}
