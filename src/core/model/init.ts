// Initial parameters as a pure function of spec and seed, so that a charter's seed names one exact model on every
// engine: only createRng, sqrt and exactly rounded arithmetic are used.
import { createRng } from '../num/rng.ts'
import { layoutParams } from '../params/layout.ts'
import type { ModelSpec } from './spec.ts'

/** Glorot & Bengio 2010 uniform: kernels in +-sqrt(6 / (fanIn + fanOut)), biases zero. Flat, layoutParams order. */
export function initialParams(spec: ModelSpec, seed: string): Float32Array {
  const layout = layoutParams(spec)
  const params = new Float32Array(layout.size)
  const rng = createRng(seed)
  for (const { role, offset, size, fanIn, fanOut } of layout.slots) {
    if (role === 'bias') continue
    const limit = Math.sqrt(6 / (fanIn + fanOut))
    for (let i = 0; i < size; i++) params[offset + i] = Math.fround((rng.next() * 2 - 1) * limit)
  }
  return params
}
