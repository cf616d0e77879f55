// Free riders among the updates of a round: who sends nothing, or what somebody else sent. Vectors are compared by their direction
// on a few thousand values, so a copy that was scaled or touched up a little is still one. Of two alike the later to arrive
// is the copy: it had to have the other first. One that hides its source better is not found here.
import type { MemberId } from '../core/num/ids.ts'

const SKETCH_VALUES = 4096
/** Cosine from which two updates count as one. Honest one-bit updates of like data come to about a half. */
const ALIKE = 0.95

export interface Sent {
  readonly author: MemberId
  readonly vector: Float32Array
}

/**
 * Authors of `sent` (in order of arrival) who brought nothing of their own: zeros, or what another sent before them, in this
 * round or in the one before it (`earlier`).
 */
export function freeRiders(sent: readonly Sent[], earlier: readonly Sent[]): ReadonlySet<MemberId> {
  const seen = earlier.map(({ author, vector }) => ({ author, sketch: sketchOf(vector) }))
  const riders = new Set<MemberId>()
  for (const { author, vector } of sent) {
    const sketch = sketchOf(vector)
    const isCopy = seen.some(other => other.author !== author && dot(other.sketch, sketch) >= ALIKE)
    if (isCopy || vector.every(value => value === 0)) riders.add(author)
    seen.push({ author, sketch })
  }
  return riders
}

/** Every so many values, of length 1; zeros stay zeros. */
function sketchOf(vector: Float32Array): Float64Array {
  const stride = Math.ceil(vector.length / SKETCH_VALUES)
  const sketch = Float64Array.from(
    { length: Math.ceil(vector.length / stride) },
    (_, i) => vector[i * stride]!,
  )
  const norm = Math.sqrt(dot(sketch, sketch))
  return norm > 0 ? sketch.map(value => value / norm) : sketch
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
