// The Lab port in a worker of its own, one for each run; close() ends it wherever it is.
import type { Lab, LabEvent } from '../ports/lab.ts'
import type { LabOrder } from '../workers/lab.worker.ts'

export const workerLab: Lab = {
  start(setup, fast, listener) {
    const worker = new Worker(new URL('../workers/lab.worker.ts', import.meta.url), { type: 'module' })
    const order = (message: LabOrder): void => worker.postMessage(message)
    worker.onmessage = ({ data }: MessageEvent<LabEvent>) => listener(data)
    worker.onerror = event => {
      event.preventDefault()
      listener({ type: 'crashed', message: event.message })
    }
    order({ type: 'start', setup, fast })
    return {
      setPaused: paused => order({ type: 'paused', paused }),
      setFast: now => order({ type: 'fast', fast: now }),
      act: act => order({ type: 'act', act }),
      close: () => worker.terminate(),
    }
  },
}
