// Trainer port over a MessagePort: the trainer itself lives behind the other end (workers/trainer-host.ts). Inputs are
// cloned on the way there, since callers keep them; results are transferred back. When the port closes, whatever still
// waits rejects with kind 'closed'.
import type { OpenSegment } from '../ports/segment.ts'
import { type Trainer, type TrainerConfig, TrainerError, type TrainProgress } from '../ports/trainer.ts'
import type {
  FromTrainer,
  OpenOptions,
  ToTrainer,
  TrainerAnswer,
  TrainerControl,
  TrainerRequest,
} from '../workers/trainer-messages.ts'

export interface TrainerProxy extends Trainer {
  /** Chooses and opens a backend over there; nothing computes before. Resolves when `report` is known. Once only. */
  open(config: TrainerConfig, options: OpenOptions): Promise<void>
  /** An engine for part of a model over there, whichever is fastest. After open. */
  openSegment: OpenSegment
}

interface Waiting {
  resolve(answer: TrainerAnswer): void
  reject(error: Error): void
  readonly onProgress?: ((progress: TrainProgress) => void) | undefined
}

export function createTrainerProxy(port: MessagePort): TrainerProxy {
  const waiting = new Map<number, Waiting>()
  let nextId = 0
  let closed = false
  let report: Trainer['report'] | null = null

  const end = (): void => {
    if (closed) return
    closed = true
    port.close()
    for (const { reject } of waiting.values()) reject(new TrainerError('closed', 'trainer is closed'))
    waiting.clear()
  }

  port.onmessage = ({ data }: MessageEvent<FromTrainer>) => {
    const request = waiting.get(data.id)
    if (request === undefined) return
    if (data.type === 'progress') {
      for (const progress of data.steps) request.onProgress?.(progress)
      return
    }
    waiting.delete(data.id)
    if (data.type !== 'failed') request.resolve(data)
    else
      request.reject(data.kind === null ? new Error(data.message) : new TrainerError(data.kind, data.message))
  }
  port.addEventListener('close', end)

  const post = (message: ToTrainer): void => port.postMessage(message)
  const control = (message: TrainerControl): void => {
    if (!closed) post(message)
  }
  const ask = async <Type extends TrainerAnswer['type']>(
    expected: Type,
    request: TrainerRequest,
    onProgress?: (progress: TrainProgress) => void,
  ): Promise<Extract<TrainerAnswer, { type: Type }>> => {
    if (closed) throw new TrainerError('closed', 'trainer is closed')
    const id = nextId++
    const answer = await new Promise<TrainerAnswer>((resolve, reject) => {
      waiting.set(id, { resolve, reject, onProgress })
      post({ ...request, id })
    })
    if (!isAnswer(answer, expected)) throw new Error(`trainer answered ${answer.type} to ${request.type}`)
    return answer
  }

  return {
    get report() {
      if (report === null) throw new TrainerError('no-backend', 'trainer is not open')
      return report
    },
    async open(config, options) {
      report = (await ask('opened', { type: 'open', config, options })).report
    },
    async setData(split, data) {
      await ask('done', { type: 'setData', split, data })
    },
    async addExamples(data) {
      await ask('done', { type: 'addExamples', data })
    },
    async train(job, onProgress) {
      return (await ask('trained', { type: 'train', job }, onProgress)).result
    },
    stop: () => control({ type: 'stop' }),
    setPaused: paused => control({ type: 'setPaused', paused }),
    setEffort: effort => control({ type: 'setEffort', effort }),
    async evaluate(params, split, limit) {
      return (await ask('evaluated', { type: 'evaluate', params, split, limit: limit ?? null })).evaluation
    },
    async predict(params, sample) {
      return (await ask('predicted', { type: 'predict', params, sample })).probabilities
    },
    async openSegment(config) {
      const { segment, backend } = await ask('segmentOpened', { type: 'segmentOpen', config })
      const values = async (request: TrainerRequest): Promise<Float32Array | null> =>
        (await ask('values', request)).values
      return {
        backend,
        begin: async start => void (await ask('done', { type: 'segmentBegin', segment, start })),
        forward: async (input, count) =>
          (await values({ type: 'segmentForward', segment, input, count })) ?? new Float32Array(0),
        backward: outputGradient => values({ type: 'segmentBackward', segment, outputGradient }),
        apply: async () => void (await ask('done', { type: 'segmentApply', segment })),
        read: async () => (await values({ type: 'segmentRead', segment })) ?? new Float32Array(0),
        close: () => control({ type: 'segmentClose', segment }),
      }
    },
    close() {
      control({ type: 'close' })
      end()
    },
  }
}

function isAnswer<Type extends TrainerAnswer['type']>(
  answer: TrainerAnswer,
  type: Type,
): answer is Extract<TrainerAnswer, { type: Type }> {
  return answer.type === type
}
