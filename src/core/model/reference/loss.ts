// Softmax cross-entropy in float64 over float32 logits, with the maximum taken out first so that no exponent overflows.

/**
 * Replaces logits [count, classes] by the gradient of the mean loss, (softmax - one-hot) / count, and returns the mean
 * loss in nats.
 */
export function crossEntropyGradient(
  logits: Float32Array,
  labels: ArrayLike<number>,
  count: number,
  classes: number,
): number {
  let loss = 0
  for (let sample = 0; sample < count; sample++) {
    const at = sample * classes
    const { max, sum } = exponentSum(logits, at, classes)
    const label = labels[sample]!
    loss += Math.log(sum) + max - logits[at + label]!
    for (let i = 0; i < classes; i++) {
      const target = i === label ? 1 : 0
      logits[at + i] = (Math.exp(logits[at + i]! - max) / sum - target) / count
    }
  }
  return loss / count
}

/** Sum of the losses, and how many samples have their label at the largest logit (the first of equals). */
export function scoreLogits(
  logits: Float32Array,
  labels: ArrayLike<number>,
  count: number,
  classes: number,
): { readonly loss: number; readonly hits: number } {
  let loss = 0
  let hits = 0
  for (let sample = 0; sample < count; sample++) {
    const at = sample * classes
    const { max, sum, winner } = exponentSum(logits, at, classes)
    const label = labels[sample]!
    loss += Math.log(sum) + max - logits[at + label]!
    if (winner === label) hits++
  }
  return { loss, hits }
}

/** Softmax of one row of logits. */
export function probabilities(logits: Float32Array, classes: number): Float32Array {
  const { max, sum } = exponentSum(logits, 0, classes)
  return Float32Array.from({ length: classes }, (_, i) => Math.exp(logits[i]! - max) / sum)
}

function exponentSum(logits: Float32Array, at: number, classes: number) {
  let max = -Infinity
  let winner = 0
  for (let i = 0; i < classes; i++) {
    if (logits[at + i]! > max) {
      max = logits[at + i]!
      winner = i
    }
  }
  let sum = 0
  for (let i = 0; i < classes; i++) sum += Math.exp(logits[at + i]! - max)
  return { max, sum, winner }
}
