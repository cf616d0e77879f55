// Segment port on the reference layers, in the calling thread: the engine of Node and the simulator, and of tabs in which
// nothing faster runs. Never fails for want of a device.
import { createSteer, type Steer } from '../core/model/reference/drift.ts'
import { createMoments, stepAdam, stepSgd } from '../core/model/reference/optimizer.ts'
import { createSegment } from '../core/model/reference/segment.ts'
import type { SegmentConfig, SegmentEngine } from '../ports/segment.ts'
import type { Optimizer } from '../ports/trainer.ts'

export function createReferenceSegment({ spec, wantsInput }: SegmentConfig): SegmentEngine {
  const segment = createSegment(spec)
  const { size } = segment.layout
  const gradient = new Float32Array(size)
  let params = new Float32Array(size)
  let moments = createMoments(size)
  let optimizer: Optimizer = { type: 'sgd', learningRate: 0 }
  let steer: Steer | null = null
  let batch = 0
  return {
    backend: 'reference',
    begin(start) {
      params = start.params.slice()
      optimizer = start.optimizer
      if (optimizer.type === 'adam' && !optimizer.keepMoments) moments = createMoments(size)
      steer = createSteer(params, start.drift)
      return Promise.resolve()
    },
    forward(input, count) {
      batch = count
      return Promise.resolve(segment.forward(params, input, count).slice(0, count * segment.outputSize))
    },
    backward(outputGradient) {
      const input = segment.backward(params, outputGradient, gradient, wantsInput)
      return Promise.resolve(input?.slice(0, batch * segment.inputSize) ?? null)
    },
    apply() {
      steer?.(params, gradient)
      if (optimizer.type === 'sgd') stepSgd(params, gradient, optimizer.learningRate)
      else stepAdam(params, gradient, optimizer.learningRate, moments)
      return Promise.resolve()
    },
    read: () => Promise.resolve(params.slice()),
    close: () => undefined,
  }
}
