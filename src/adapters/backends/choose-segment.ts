// Which engine runs part of a model here: the reference, or tfjs on the backend that the trainer uses (tfjs has one a realm).
// Both do a few steps on made-up values and the faster one stays; whatever fails counts as slower. A small part is often
// best left to the reference, a large one never.
import { product, shapeLayers } from '../../core/model/shapes.ts'
import { layoutParams } from '../../core/params/layout.ts'
import { forwardFlop } from '../../core/model/flops.ts'
import { createReferenceSegment } from '../../peer/segment-reference.ts'
import type { SegmentConfig, SegmentEngine } from '../../ports/segment.ts'
import type { BackendName } from '../../ports/trainer.ts'

const BATCH = 32
/** Of a batch: heavier parts are tried with fewer samples. */
const BATCH_FLOP = 100_000_000
const WARM_UP_STEPS = 2
const TIMED_STEPS = 3

export async function chooseSegment(config: SegmentConfig, backend: BackendName): Promise<SegmentEngine> {
  const reference = createReferenceSegment(config)
  if (backend === 'reference') return reference
  let other: SegmentEngine | null = null
  try {
    const { openTfjsSegment } = await import('../segment-tfjs.ts')
    other = await openTfjsSegment(config, backend)
    if ((await stepMs(other, config)) < (await stepMs(reference, config))) return other
  } catch {
    // reason: no device, or one that was lost just now: the reference needs none.
  }
  other?.close()
  return reference
}

async function stepMs(engine: SegmentEngine, { spec }: SegmentConfig): Promise<number> {
  const flop = Math.max(1, forwardFlop(spec))
  const count = Math.max(1, Math.min(BATCH, Math.floor(BATCH_FLOP / flop)))
  const outputs = count * product(shapeLayers(spec).at(-1)!.output)
  const input = new Float32Array(count * product(spec.input)).map((_, i) => (i % 7) / 7)
  const params = new Float32Array(layoutParams(spec).size).map((_, i) => ((i % 13) - 6) / 60)
  await engine.begin({ params, optimizer: { type: 'sgd', learningRate: 1e-3 }, drift: null })
  let startedAt = 0
  for (let step = 0; step < WARM_UP_STEPS + TIMED_STEPS; step++) {
    if (step === WARM_UP_STEPS) startedAt = performance.now()
    await engine.forward(input, count)
    await engine.backward(new Float32Array(outputs).fill(1e-3))
    await engine.apply()
  }
  // Queued devices have done nothing before something is read.
  await engine.read()
  return (performance.now() - startedAt) / TIMED_STEPS
}
