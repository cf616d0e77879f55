// The Appraiser port in a worker of its own, one for each run; close() ends it wherever it is.
import type { Appraiser, AppraiserEvent } from '../ports/appraiser.ts'
import type { AppraiseOrder } from '../workers/appraise.worker.ts'

export const workerAppraiser: Appraiser = {
  start(samples, options, listener) {
    const worker = new Worker(new URL('../workers/appraise.worker.ts', import.meta.url), { type: 'module' })
    const close = (): void => worker.terminate()
    worker.onmessage = ({ data }: MessageEvent<AppraiserEvent>) => {
      listener(data)
      // A worker that has answered holds a copy of the samples for nothing.
      if (data.type === 'finished' || data.type === 'refused' || data.type === 'crashed') close()
    }
    worker.onerror = event => {
      event.preventDefault()
      close()
      listener({ type: 'crashed', message: event.message })
    }
    const buffers = [samples.train, samples.heldOut].flatMap(data =>
      data ? [data.x.buffer, data.y.buffer] : [],
    )
    const order: AppraiseOrder = { type: 'start', samples, options }
    // reason: data sets are never made over shared memory.
    worker.postMessage(order, [...new Set(buffers)] as ArrayBuffer[])
    return { close }
  },
}
