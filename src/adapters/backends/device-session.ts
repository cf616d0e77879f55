// A model on an open tfjs backend, until its device is lost or closed: data held on the device, single training steps,
// logits, and reading back. Owns every tensor that it makes, and close() frees them. Knows nothing of jobs or time.
import {
  concat2d,
  dispose,
  gather,
  keep,
  scalar,
  tensor,
  type Tensor,
  tensor1d,
  tensor2d,
  type Tensor2D,
  tidy,
} from '@tensorflow/tfjs-core'
import { type Samples, scaleRange, takeSamples } from '../../core/model/samples.ts'
import { classCount, product } from '../../core/model/shapes.ts'
import type { ModelSpec } from '../../core/model/spec.ts'
import type { DriftControl, Optimizer } from '../../ports/trainer.ts'
import { ADAM, adamUpdate, createDeviceModel, descend, steer, type Runs } from './device-model.ts'
import { gradientOps } from './gradient-ops.ts'
import { openBackend, type OpenBackend, type TfjsBackend } from './open-backend.ts'

/** Rejects what waits on a device that is gone. */
export class DeviceLost extends Error {
  override readonly name = 'DeviceLost'
}

export interface HostMoments {
  readonly first: Float32Array
  readonly second: Float32Array
  readonly steps: number
}

/** Parameters and, for Adam, moments, on the device; replaced by every step. */
export interface DeviceState {
  readonly params: Runs
  readonly moments: { readonly first: Runs; readonly second: Runs; readonly steps: number } | null
}

/** What every gradient of a job is steered by, on the device. */
export interface DeviceDrift {
  readonly proximal: number
  /** Parameters that the job started with; null without a pull to them. */
  readonly start: Runs | null
  readonly correction: Runs | null
}

export interface Batch {
  readonly indices: Int32Array
  /** Filled by step(). */
  readonly labels: Uint16Array
}

export interface DeviceSession {
  readonly backend: OpenBackend
  readonly isLost: boolean
  /** `moments` null starts Adam at zero and means nothing to SGD. */
  upload(params: Float32Array, optimizer: Optimizer, moments: HostMoments | null): DeviceState
  /** `start` is what the job began with, whatever it has reached. */
  uploadDrift(start: Float32Array, drift: DriftControl | null): DeviceDrift
  /** One minibatch. Frees the old state; the caller frees the logits [batch, classes]. */
  step(
    state: DeviceState,
    samples: Samples,
    batch: Batch,
    optimizer: Optimizer,
    drift: DeviceDrift,
  ): { state: DeviceState; logits: Tensor2D }
  /** Logits of samples [start, end), read back. */
  logits(params: Runs, samples: Samples, start: number, end: number): Promise<Float32Array>
  /** Frees the tensors once they are read; rows are joined. Rejects with DeviceLost. */
  readRows(tensors: readonly Tensor2D[]): Promise<Float32Array>
  /** Only on devices that are not queued. Frees the tensor. */
  readNow(tensor: Tensor2D): Float32Array
  free(tensors: readonly Tensor[]): void
  readState(
    state: DeviceState,
  ): Promise<{ readonly params: Float32Array; readonly moments: HostMoments | null }>
  release(state: DeviceState): void
  releaseDrift(drift: DeviceDrift): void
  close(): void
}

export async function openSession(spec: ModelSpec, backendName: TfjsBackend): Promise<DeviceSession> {
  const backend = await openBackend(backendName)
  const model = createDeviceModel(spec, gradientOps(backendName), backendName !== 'webgl')
  const sampleSize = product(spec.input)
  const classes = classCount(spec)
  const owned = new Set<Tensor>()
  let isLost = false
  let closed = false
  const lost = backend.lost.then(() => {
    isLost = true
    throw new DeviceLost(`${backendName} device lost`)
  })
  lost.catch(() => undefined)

  const own = <T extends Tensor>(made: T): T => {
    owned.add(keep(made))
    return made
  }
  const free = (...tensors: readonly Tensor[]): void => {
    for (const tensor of tensors) {
      if (owned.delete(tensor)) dispose(tensor)
    }
  }
  const release = ({ params, moments }: DeviceState): void => {
    free(...params, ...(moments?.first ?? []), ...(moments?.second ?? []))
  }
  const guard = <T>(promise: Promise<T>): Promise<T> => Promise.race([promise, lost])
  const read = (tensor: Tensor): Promise<Float32Array> => guard(tensor.data<'float32'>())

  const uploadRuns = (values: Float32Array): Runs => {
    let offset = 0
    return model.runs.map(shape => own(tensor(values.slice(offset, (offset += product(shape))), [...shape])))
  }
  const readRuns = async (runs: Runs): Promise<Float32Array> => {
    const parts = await Promise.all(runs.map(read))
    const whole = new Float32Array(parts.reduce((size, part) => size + part.length, 0))
    let offset = 0
    for (const part of parts) {
      whole.set(part, offset)
      offset += part.length
    }
    return whole
  }

  const constants = {
    beta1: own(scalar(ADAM.beta1)),
    rest1: own(scalar(ADAM.rest1)),
    beta2: own(scalar(ADAM.beta2)),
    rest2: own(scalar(ADAM.rest2)),
    epsilon: own(scalar(ADAM.epsilon)),
  }

  // Queued devices hold the training samples and gather batches there; the others copy a batch from host memory anyway.
  let resident: { readonly samples: Samples; readonly x: Tensor2D } | null = null
  const hold = (samples: Samples): Tensor2D | null => {
    const count = samples.y.length
    if (!backend.queued || count * sampleSize > backend.maxTensorSize) return null
    if (resident?.samples === samples) return resident.x
    if (resident !== null) free(resident.x)
    const values = new Float32Array(count * sampleSize)
    scaleRange(samples, 0, count, sampleSize, values)
    resident = { samples, x: own(tensor2d(values, [count, sampleSize])) }
    return resident.x
  }

  let hostX = new Float32Array(0)
  let hostOneHot = new Float32Array(0)
  let rate = { value: NaN, tensor: constants.beta1 }

  return {
    backend,
    get isLost() {
      return isLost
    },
    upload(params, optimizer, moments) {
      const zero = new Float32Array(params.length)
      return {
        params: uploadRuns(params),
        moments:
          optimizer.type === 'sgd'
            ? null
            : {
                first: uploadRuns(moments?.first ?? zero),
                second: uploadRuns(moments?.second ?? zero),
                steps: moments?.steps ?? 0,
              },
      }
    },
    uploadDrift(start, drift) {
      const proximal = drift?.proximal ?? 0
      const correction = drift?.correction ?? null
      return {
        proximal,
        start: proximal === 0 ? null : uploadRuns(start),
        correction: correction === null ? null : uploadRuns(correction),
      }
    },
    step(state, samples, { indices, labels }, optimizer, { proximal, start, correction }) {
      const size = indices.length
      const onDevice = hold(samples)
      const steps = (state.moments?.steps ?? 0) + 1
      if (onDevice === null && hostX.length !== size * sampleSize) hostX = new Float32Array(size * sampleSize)
      if (hostOneHot.length !== size * classes) hostOneHot = new Float32Array(size * classes)
      if (onDevice === null) takeSamples(samples, indices, sampleSize, hostX, labels)
      else for (let i = 0; i < size; i++) labels[i] = samples.y[indices[i]!]!
      hostOneHot.fill(0)
      for (let i = 0; i < size; i++) hostOneHot[i * classes + labels[i]!] = 1
      if (optimizer.type === 'sgd' && rate.value !== optimizer.learningRate) {
        if (!Number.isNaN(rate.value)) free(rate.tensor)
        rate = { value: optimizer.learningRate, tensor: own(scalar(optimizer.learningRate)) }
      }
      const { learningRate } = optimizer
      const runs = model.runs.length
      // Host arrays are used again by the next step: every backend copies them while this one is submitted.
      const [logits, ...updated] = tidy(() => {
        const x =
          onDevice === null
            ? tensor2d(hostX, [size, sampleSize])
            : gather(onDevice, tensor1d(indices, 'int32'))
        const back = model.gradient(state.params, x, tensor2d(hostOneHot, [size, classes]))
        const gradient = back.gradient.map((part, run) =>
          steer(part, state.params[run]!, proximal, start?.[run] ?? null, correction?.[run] ?? null),
        )
        if (state.moments === null) {
          return [back.logits, ...gradient.map((part, run) => descend(state.params[run]!, part, rate.tensor))]
        }
        const { first, second } = state.moments
        const next = gradient.map((part, run) =>
          adamUpdate(state.params[run]!, part, first[run]!, second[run]!, constants, learningRate, steps),
        )
        return [back.logits, ...[0, 1, 2].flatMap(kind => next.map(tensors => tensors[kind]!))]
      }) as [Tensor2D, ...Tensor[]]
      release(state)
      for (const tensor of updated) own(tensor)
      const params = updated.slice(0, runs)
      const moments =
        state.moments === null
          ? null
          : { first: updated.slice(runs, 2 * runs), second: updated.slice(2 * runs), steps }
      return { state: { params, moments }, logits: own(logits) }
    },
    async logits(params, samples, start, end) {
      const x = new Float32Array((end - start) * sampleSize)
      scaleRange(samples, start, end, sampleSize, x)
      const out = own(tidy(() => model.logits(params, tensor2d(x, [end - start, sampleSize]))))
      try {
        return await read(out)
      } finally {
        free(out)
      }
    },
    async readRows(tensors) {
      const joined = tensors.length === 1 ? tensors[0]! : own(tidy(() => concat2d([...tensors], 0)))
      if (tensors.length > 1) free(...tensors)
      try {
        return await read(joined)
      } finally {
        free(joined)
      }
    },
    readNow(tensor) {
      const values = tensor.dataSync<'float32'>()
      free(tensor)
      return values
    },
    free: tensors => free(...tensors),
    async readState({ params, moments }) {
      const [values, first, second] = await Promise.all([
        readRuns(params),
        moments === null ? null : readRuns(moments.first),
        moments === null ? null : readRuns(moments.second),
      ])
      return {
        params: values,
        moments: first === null || second === null ? null : { first, second, steps: moments!.steps },
      }
    },
    release,
    releaseDrift: ({ start, correction }) => free(...(start ?? []), ...(correction ?? [])),
    close() {
      if (closed) return
      closed = true
      free(...owned)
      backend.close()
    },
  }
}
