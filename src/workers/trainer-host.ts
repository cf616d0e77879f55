// The other end of trainer-proxy.ts: answers one port with one trainer. Opens nothing by itself; the first request must
// be 'open'. Progress is sent at most twenty times a second, so a fast model does not flood its owner.
import { createReferenceSegment } from '../peer/segment-reference.ts'
import type { SegmentConfig, SegmentEngine } from '../ports/segment.ts'
import type { BackendName, Trainer, TrainerConfig, TrainProgress } from '../ports/trainer.ts'
import { TrainerError } from '../ports/trainer.ts'
import { createSegmentShelf } from './segment-shelf.ts'
import type {
  FromTrainer,
  OpenOptions,
  ToTrainer,
  TrainerAnswer,
  TrainerRequest,
} from './trainer-messages.ts'

const PROGRESS_MS = 50

export type TrainerOpener = (config: TrainerConfig, options: OpenOptions) => Promise<Trainer>
/** `backend` is what the trainer runs on. */
export type SegmentOpener = (config: SegmentConfig, backend: BackendName) => Promise<SegmentEngine>

export interface TrainerHost {
  /** As the port's message of that name; whichever comes last counts. */
  setPaused(paused: boolean): void
}

export function serveTrainer(
  port: MessagePort,
  openTrainer: TrainerOpener,
  openSegment: SegmentOpener = config => Promise.resolve(createReferenceSegment(config)),
): TrainerHost {
  const segments = createSegmentShelf()
  let opening: Promise<Trainer> | null = null
  let trainer: Trainer | null = null
  let closed = false
  // Controls may come while the backends are still being timed.
  let paused = false
  let effort = 1

  const post = (message: FromTrainer, transfer: Transferable[] = []): void => {
    if (!closed) port.postMessage(message, transfer)
  }

  const open = async (config: TrainerConfig, options: OpenOptions): Promise<TrainerAnswer> => {
    if (opening !== null) throw new TrainerError('busy', 'trainer is open already')
    opening = openTrainer(config, options)
    let opened: Trainer
    try {
      opened = await opening
    } catch (cause) {
      opening = null
      throw cause
    }
    if (closed) {
      opened.close()
      throw new TrainerError('closed', 'trainer is closed')
    }
    trainer = opened
    trainer.setPaused(paused)
    trainer.setEffort(effort)
    return { type: 'opened', report: trainer.report }
  }

  const answer = async (request: TrainerRequest & { readonly id: number }): Promise<TrainerAnswer> => {
    if (request.type === 'open') return open(request.config, request.options)
    if (trainer === null) throw new TrainerError('no-backend', 'trainer is not open')
    switch (request.type) {
      case 'setData':
        await trainer.setData(request.split, request.data)
        return { type: 'done' }
      case 'addExamples':
        await trainer.addExamples(request.data)
        return { type: 'done' }
      case 'train': {
        const progress = collectProgress(steps => post({ type: 'progress', id: request.id, steps }))
        const result = await trainer.train(request.job, progress.add)
        progress.flush()
        return { type: 'trained', result }
      }
      case 'evaluate':
        return {
          type: 'evaluated',
          evaluation: await trainer.evaluate(request.params, request.split, request.limit ?? undefined),
        }
      case 'predict':
        return { type: 'predicted', probabilities: await trainer.predict(request.params, request.sample) }
      case 'segmentOpen':
        return segments.add(await openSegment(request.config, trainer.report.backend))
      case 'segmentBegin':
      case 'segmentForward':
      case 'segmentBackward':
      case 'segmentApply':
      case 'segmentRead':
        return segments.answer(request)
    }
    request satisfies never
    throw new Error('unknown request')
  }

  const handle = async (request: TrainerRequest & { readonly id: number }): Promise<void> => {
    const { id } = request
    try {
      const reply = await answer(request)
      post({ ...reply, id }, transferables(reply))
    } catch (error) {
      const kind = error instanceof TrainerError ? error.kind : null
      post({ type: 'failed', id, kind, message: error instanceof Error ? error.message : String(error) })
    }
  }

  const setPaused = (value: boolean): void => {
    paused = value
    trainer?.setPaused(value)
  }

  const close = (): void => {
    if (closed) return
    closed = true
    segments.close()
    trainer?.close()
    port.close()
  }

  port.onmessage = ({ data }: MessageEvent<ToTrainer>) => {
    switch (data.type) {
      case 'stop':
        trainer?.stop()
        return
      case 'setPaused':
        setPaused(data.paused)
        return
      case 'setEffort':
        effort = data.effort
        trainer?.setEffort(effort)
        return
      case 'segmentClose':
        segments.end(data.segment)
        return
      case 'close':
        close()
        return
      default:
        void handle(data)
    }
  }
  // The owner's worker ended without a word.
  port.addEventListener('close', close)
  return { setPaused }
}

function collectProgress(send: (steps: readonly TrainProgress[]) => void) {
  let steps: TrainProgress[] = []
  let sentAt = -Infinity
  const flush = (): void => {
    if (steps.length === 0) return
    send(steps)
    steps = []
  }
  return {
    add(progress: TrainProgress): void {
      steps.push(progress)
      const now = performance.now()
      if (now - sentAt < PROGRESS_MS) return
      sentAt = now
      flush()
    },
    flush,
  }
}

function transferables(answer: TrainerAnswer): Transferable[] {
  if (answer.type === 'trained') return [answer.result.params.buffer as ArrayBuffer]
  if (answer.type === 'predicted') return [answer.probabilities.buffer as ArrayBuffer]
  if (answer.type === 'values' && answer.values) return [answer.values.buffer as ArrayBuffer]
  return []
}
