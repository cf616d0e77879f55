// What the laboratory trains the large CNN with: the WebAssembly backend of tfjs through the app's own session, one job at a
// time. Synchronous, as laboratory trainers are; opened asynchronously.
import { type DeviceSession, type DeviceState, openSession } from '../src/adapters/backends/device-session.ts'
import type { Dataset } from '../src/core/data/dataset.ts'
import { createSampleOrder } from '../src/core/model/sample-order.ts'
import { classCount } from '../src/core/model/shapes.ts'
import type { ModelSpec } from '../src/core/model/spec.ts'
import { layoutParams } from '../src/core/params/layout.ts'
import type { LabTrainer, PreparedSamples } from '../src/sim/lab/jobs.ts'

const EVALUATED_AT_ONCE = 100

export interface WasmLabTrainer extends LabTrainer {
  /** Share of right answers among the first `limit` samples. */
  evaluate(samples: Dataset, params: Float32Array, limit: number): Promise<number>
  close(): void
}

export async function openWasmTrainer(spec: ModelSpec): Promise<WasmLabTrainer> {
  const session = await openSession(spec, 'wasm')
  const sets = new Map<PreparedSamples, Dataset>()
  const optimizer = { type: 'sgd', learningRate: 0 } as const
  return {
    parameters: layoutParams(spec).size,
    prepare(samples) {
      // reason: a brand that only trainers make.
      const key = Symbol('samples') as PreparedSamples
      sets.set(key, samples)
      return key
    },
    train({ set, samples, relabel }, start, job) {
      if (relabel || job.drift) throw new RangeError('plain training only')
      const data = sets.get(set)!
      const order = createSampleOrder(job.seed, samples.length)
      const indices = new Int32Array(job.batchSize)
      const batch = { indices, labels: new Uint16Array(job.batchSize) }
      const drift = session.uploadDrift(start, null)
      let state = session.upload(start, job.optimizer, null)
      for (let step = 0; step < job.steps; step++) {
        order.next(indices)
        for (let i = 0; i < indices.length; i++) indices[i] = samples[indices[i]!]!
        const done = session.step(state, data, batch, job.optimizer, drift)
        session.free([done.logits])
        state = done.state
      }
      const params = readNow(state.params)
      session.release(state)
      session.releaseDrift(drift)
      return params
    },
    accuracy() {
      throw new RangeError('evaluate() instead')
    },
    evaluate: (samples, params, limit) => evaluate(session, spec, samples, params, limit, optimizer),
    close: () => session.close(),
  }
}

function readNow(tensors: DeviceState['params']): Float32Array {
  const parts = tensors.map(tensor => tensor.dataSync<'float32'>())
  const whole = new Float32Array(parts.reduce((size, part) => size + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

async function evaluate(
  session: DeviceSession,
  spec: ModelSpec,
  samples: Dataset,
  params: Float32Array,
  limit: number,
  optimizer: { readonly type: 'sgd'; readonly learningRate: number },
): Promise<number> {
  const classes = classCount(spec)
  const state = session.upload(params, optimizer, null)
  let hits = 0
  for (let start = 0; start < limit; start += EVALUATED_AT_ONCE) {
    const end = Math.min(limit, start + EVALUATED_AT_ONCE)
    const logits = await session.logits(state.params, samples, start, end)
    for (let i = start; i < end; i++) {
      const row = logits.subarray((i - start) * classes, (i - start + 1) * classes)
      if (row.indexOf(Math.max(...row)) === samples.y[i]) hits++
    }
  }
  session.release(state)
  return hits / limit
}
