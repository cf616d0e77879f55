// The appraisal's own learner: one hidden layer, float64, momentum and a little weight decay, seeded. Small and quick rather
// than good: it only has to see which labels do not fit the rest.
import { createRng, shuffle } from '../../num/rng.ts'
import type { Rows } from './compact.ts'

const HIDDEN = 32
const EPOCHS = 12
/** Small sets are gone through more often. */
const LEAST_STEPS = 150
const BATCH = 16
const RATE = 0.02
const MOMENTUM = 0.9
const DECAY = 1e-3

/** Class probabilities, row-major, of rows that it may never have seen. */
export type Learner = (rows: Rows, which: ArrayLike<number>) => Float64Array

/** `y` of row i of `rows` is y[i]; trains on the rows in `which`, at least one. */
export function trainLearner(
  rows: Rows,
  y: ArrayLike<number>,
  which: readonly number[],
  classes: number,
  seed: string,
): Learner {
  const { features } = rows
  const rng = createRng(seed)
  const limit = Math.sqrt(6 / (features + HIDDEN))
  const sizes = [features * HIDDEN, HIDDEN, HIDDEN * classes, classes] as const
  const params = sizes.map((size, i) =>
    Float64Array.from({ length: size }, () => (i % 2 ? 0 : limit * (2 * rng.next() - 1))),
  )
  const [kernel, bias, head, headBias] = params as [Float64Array, Float64Array, Float64Array, Float64Array]
  const speeds = params.map(({ length }) => new Float64Array(length))
  const gradients = params.map(({ length }) => new Float64Array(length))
  const [gKernel, gBias, gHead, gHeadBias] = gradients as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ]
  const hidden = new Float64Array(HIDDEN)
  const out = new Float64Array(classes)

  const forward = ({ x }: Rows, row: number): void => {
    hidden.set(bias)
    for (let i = 0; i < features; i++) {
      const value = x[row * features + i]!
      if (value === 0) continue
      const at = i * HIDDEN
      for (let j = 0; j < HIDDEN; j++) hidden[j]! += value * kernel[at + j]!
    }
    out.set(headBias)
    for (let j = 0; j < HIDDEN; j++) {
      if (hidden[j]! <= 0) {
        hidden[j] = 0
        continue
      }
      for (let c = 0; c < classes; c++) out[c]! += hidden[j]! * head[j * classes + c]!
    }
    softmax(out)
  }
  const backward = (row: number): void => {
    out[y[row]!]! -= 1
    for (let c = 0; c < classes; c++) gHeadBias[c]! += out[c]!
    for (let j = 0; j < HIDDEN; j++) {
      if (hidden[j] === 0) continue
      let sum = 0
      for (let c = 0; c < classes; c++) {
        sum += out[c]! * head[j * classes + c]!
        gHead[j * classes + c]! += out[c]! * hidden[j]!
      }
      hidden[j] = sum
      gBias[j]! += sum
    }
    for (let i = 0; i < features; i++) {
      const value = rows.x[row * features + i]!
      if (value === 0) continue
      const at = i * HIDDEN
      for (let j = 0; j < HIDDEN; j++) gKernel[at + j]! += value * hidden[j]!
    }
  }
  const step = (batch: number): void => {
    params.forEach((values, p) => {
      const [speed, gradient] = [speeds[p]!, gradients[p]!]
      const decay = p % 2 ? 0 : DECAY
      for (let i = 0; i < values.length; i++) {
        speed[i] = MOMENTUM * speed[i]! - RATE * (gradient[i]! / batch + decay * values[i]!)
        values[i]! += speed[i]!
        gradient[i] = 0
      }
    })
  }

  const order = [...which]
  const epochs = Math.max(EPOCHS, Math.ceil((LEAST_STEPS * BATCH) / order.length))
  for (let epoch = 0; epoch < epochs; epoch++) {
    shuffle(order, rng)
    for (let from = 0; from < order.length; from += BATCH) {
      const to = Math.min(order.length, from + BATCH)
      for (let at = from; at < to; at++) {
        forward(rows, order[at]!)
        backward(order[at]!)
      }
      step(to - from)
    }
  }
  return (others, wanted) => {
    const answer = new Float64Array(wanted.length * classes)
    for (let i = 0; i < wanted.length; i++) {
      forward(others, wanted[i]!)
      answer.set(out, i * classes)
    }
    return answer
  }
}

function softmax(values: Float64Array): void {
  let max = -Infinity
  for (const value of values) if (value > max) max = value
  let sum = 0
  for (let i = 0; i < values.length; i++) {
    values[i] = Math.exp(values[i]! - max)
    sum += values[i]!
  }
  for (let i = 0; i < values.length; i++) values[i]! /= sum
}
