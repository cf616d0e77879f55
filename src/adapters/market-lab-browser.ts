// The MarketLab port in workers: one that answers looks, one more for each study; cancelling a study ends its worker wherever it is.
// While a look is being solved only the newest of those that wait is kept, so a slider never queues up work.
import type { LookEvent, MarketLabOpener, StudyEvent } from '../ports/market-lab.ts'
import type { MarketOrder } from '../workers/market-lab.worker.ts'

function openWorker<Event>(listener: (event: Event | { readonly type: 'crashed' }) => void): Worker {
  const worker = new Worker(new URL('../workers/market-lab.worker.ts', import.meta.url), { type: 'module' })
  worker.onmessage = ({ data }: MessageEvent<Event>) => listener(data)
  worker.onerror = event => {
    event.preventDefault()
    listener({ type: 'crashed' })
  }
  return worker
}

export const openWorkerMarket: MarketLabOpener = listener => {
  const studies = new Set<Worker>()
  let busy = false
  let next: MarketOrder | null = null
  const worker = openWorker<LookEvent>(event => {
    busy = false
    if (event.type === 'look' && next !== null) return ask(next)
    listener(event)
  })
  function ask(order: MarketOrder): void {
    next = busy ? order : null
    if (busy) return
    busy = true
    worker.postMessage(order)
  }
  return {
    look: (setup, moves) => ask({ type: 'look', setup, moves }),
    study(study, setup, heard) {
      const own = openWorker<StudyEvent>(event => {
        if (event.type !== 'progress') end()
        heard(event)
      })
      const end = (): void => {
        own.terminate()
        studies.delete(own)
      }
      studies.add(own)
      own.postMessage({ type: 'study', study, setup } satisfies MarketOrder)
      return { cancel: end }
    },
    close() {
      worker.terminate()
      for (const study of studies) study.terminate()
    },
  }
}
