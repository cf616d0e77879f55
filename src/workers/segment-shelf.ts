// The segments that one owner of a trainer's port has open, by number. Used by trainer-host.ts.
import type { SegmentEngine } from '../ports/segment.ts'
import { TrainerError } from '../ports/trainer.ts'
import type { SegmentRequest, TrainerAnswer } from './trainer-messages.ts'

export interface SegmentShelf {
  add(engine: SegmentEngine): TrainerAnswer
  answer(request: Exclude<SegmentRequest, { type: 'segmentOpen' }>): Promise<TrainerAnswer>
  end(segment: number): void
  close(): void
}

export function createSegmentShelf(): SegmentShelf {
  const engines = new Map<number, SegmentEngine>()
  let next = 0
  let closed = false
  return {
    add(engine) {
      if (closed) {
        engine.close()
        throw new TrainerError('closed', 'trainer is closed')
      }
      const segment = next++
      engines.set(segment, engine)
      return { type: 'segmentOpened', segment, backend: engine.backend }
    },
    async answer(request) {
      const engine = engines.get(request.segment)
      if (engine === undefined) throw new TrainerError('closed', 'segment is closed')
      switch (request.type) {
        case 'segmentBegin':
          await engine.begin(request.start)
          return { type: 'done' }
        case 'segmentForward':
          return { type: 'values', values: await engine.forward(request.input, request.count) }
        case 'segmentBackward':
          return { type: 'values', values: await engine.backward(request.outputGradient) }
        case 'segmentApply':
          await engine.apply()
          return { type: 'done' }
        case 'segmentRead':
          return { type: 'values', values: await engine.read() }
      }
    },
    end(segment) {
      engines.get(segment)?.close()
      engines.delete(segment)
    },
    close() {
      closed = true
      for (const engine of engines.values()) engine.close()
      engines.clear()
    },
  }
}
