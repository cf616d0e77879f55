// Parses own files away from the page: a large table takes seconds, and the page must stay usable. One request, one
// answer; the page ends the worker.
import { loadOwnFiles } from '../adapters/own-data.ts'
import type { OwnDataRequest, OwnDataResult } from '../ports/own-data.ts'

export interface OwnDataQuestion extends OwnDataRequest {
  /** webkitRelativePath of each file: not every browser sends it along with the file. */
  readonly paths: readonly string[]
}

export type OwnDataAnswer =
  | { readonly type: 'result'; readonly result: OwnDataResult }
  | { readonly type: 'crashed'; readonly message: string }

self.onmessage = async ({ data }: MessageEvent<OwnDataQuestion>) => {
  const { paths, ...request } = data
  for (const [i, file] of request.files.entries())
    Object.defineProperty(file, 'webkitRelativePath', { value: paths[i] ?? '' })
  try {
    const result = await loadOwnFiles(request)
    const buffers =
      result.status === 'ok'
        ? [result.data.train, result.data.test].flatMap(({ x, y }) => [
            x.buffer as ArrayBuffer,
            y.buffer as ArrayBuffer,
          ])
        : []
    answer({ type: 'result', result }, [...new Set(buffers)])
  } catch (error) {
    answer({ type: 'crashed', message: String(error) }, [])
  }
}

function answer(message: OwnDataAnswer, transfer: Transferable[]): void {
  self.postMessage(message, { transfer })
}
