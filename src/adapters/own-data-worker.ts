// loadOwnFiles in a worker of its own, which ends with the answer. Same contract as own-data.ts; rejects only if the
// program itself fails (the worker's script cannot be loaded, or a bug).
import type { OwnDataRequest, OwnDataResult } from '../ports/own-data.ts'
import type { OwnDataAnswer, OwnDataQuestion } from '../workers/own-data.worker.ts'

export async function loadOwnFilesInWorker(
  { files, target, labelColumn }: OwnDataRequest,
  signal?: AbortSignal,
): Promise<OwnDataResult> {
  signal?.throwIfAborted()
  const worker = new Worker(new URL('../workers/own-data.worker.ts', import.meta.url), { type: 'module' })
  const stop = new AbortController()
  try {
    return await new Promise((resolve, reject) => {
      const once = { signal: stop.signal }
      worker.addEventListener('error', event => reject(new Error(event.message)), once)
      signal?.addEventListener('abort', () => reject(signal.reason), once)
      worker.addEventListener(
        'message',
        ({ data }: MessageEvent<OwnDataAnswer>) =>
          data.type === 'result' ? resolve(data.result) : reject(new Error(data.message)),
        once,
      )
      // Plain copies: what the page holds may be wrapped in proxies, which cannot be sent.
      const question: OwnDataQuestion = {
        files: [...files],
        paths: files.map(file => file.webkitRelativePath),
        target: target && { shape: [...target.shape], classes: [...target.classes], schema: target.schema },
        labelColumn,
      }
      worker.postMessage(question)
    })
  } finally {
    stop.abort()
    worker.terminate()
  }
}
