// The privacy price of mode 'split', measured in the owner's tab on its own samples: how much of them a linear reader could
// rebuild from the activations as they are sent under a plan. Nothing of it leaves the tab but the figure that the screen shows.
import { createSegment } from '../core/model/reference/segment.ts'
import { scaleRange, type Samples } from '../core/model/samples.ts'
import { product } from '../core/model/shapes.ts'
import type { ModelCut } from '../core/model/split.ts'
import { addNoise, clipNorm, clipRows, noiseWords } from '../core/privacy/activations.ts'
import { reconstructionR2 } from '../core/privacy/reconstruction.ts'
import type { LendingPlan, ReconstructionView } from '../ports/lending-view.ts'

/** A third of a second of a laptop's time; more samples change the second digit (docs/lending.md). */
const SAMPLES = 300
/** Inputs times samples that are looked at: wide inputs are measured on fewer. */
const MAX_VALUES = 1_000_000

/** `params` are the whole model's. `noiseKey`: 32 bytes of chance. Null with too few samples, or where they do not vary. */
export function measureReconstruction(
  { front, sentValues }: ModelCut,
  params: Float32Array,
  samples: Samples,
  { clipMilli, noiseMilli }: Pick<LendingPlan, 'clipMilli' | 'noiseMilli'>,
  noiseKey: Uint8Array,
): ReconstructionView | null {
  const width = product(front.spec.input)
  const count = Math.min(samples.y.length, SAMPLES, Math.floor(MAX_VALUES / Math.max(width, sentValues)))
  const inputs = new Float32Array(count * width)
  if (count === 0) return null
  scaleRange(samples, 0, count, width, inputs)
  const sent = createSegment(front.spec)
    .forward(params.subarray(front.from, front.to), inputs, count)
    .slice(0, count * sentValues)
  clipRows(sent, count, sentValues, clipNorm(clipMilli, sentValues))
  addNoise(sent, noiseMilli / 1_000, noiseWords(noiseKey))
  const r2 = reconstructionR2(sent, inputs, count)
  return Number.isNaN(r2) ? null : { r2, samples: count, clipMilli, noiseMilli }
}
