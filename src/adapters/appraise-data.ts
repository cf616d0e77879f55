// The whole of an appraiser's work on one data set, as the events of its port: the appraisal, then the learning curve. Runs in
// the worker that the port's browser side starts, and in Node for benchmarks and tests.
import { appraise } from '../core/data/appraisal/appraise.ts'
import type { AppraiserEvent, AppraiserOptions, OwnSamples } from '../ports/appraiser.ts'
import { measureCurve } from './learning-curve.ts'

/** Ends after 'refused' or 'finished'. */
export function* appraiseData(
  { train, heldOut, isIndependent }: OwnSamples,
  options: AppraiserOptions,
): Generator<AppraiserEvent, void> {
  const held = heldOut && heldOut.y.length > 0 ? heldOut : null
  const work = appraise(train, held && { data: held, isIndependent }, options)
  let step = work.next()
  for (; !step.done; step = work.next()) yield { type: 'progress', ...step.value }
  const outcome = step.value
  if (outcome.status === 'refused') return yield { type: 'refused', refusal: outcome.refusal }
  yield { type: 'appraised', appraisal: outcome.appraisal }
  if (!held) return yield { type: 'finished', points: [] }
  const measuring = measureCurve(train, held, options.seed)
  let next = measuring.next()
  for (; !next.done; next = measuring.next()) {
    const { fraction, point } = next.value
    yield { type: 'progress', stage: 'measuring', fraction }
    if (point) yield { type: 'point', point }
  }
  yield { type: 'finished', points: next.value }
}
