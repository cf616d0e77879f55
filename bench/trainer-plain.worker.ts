// The yardstick in a worker of its own, so that both sides of the comparison run off the main thread.
import { openBackend, type TfjsBackend } from '../src/adapters/backends/open-backend.ts'
import { initialParams } from '../src/core/model/init.ts'
import type { ModelSpec } from '../src/core/model/spec.ts'
import type { Optimizer } from '../src/ports/trainer.ts'
import { createPlainLoop, type PlainLoop } from './plain-tfjs.ts'
import { mnistLike } from './samples.ts'

export type PlainRequest =
  | {
      readonly type: 'prepare'
      readonly backend: TfjsBackend
      readonly model: ModelSpec
      readonly samples: number
      readonly batchSize: number
      readonly optimizer: Optimizer
    }
  | { readonly type: 'run'; readonly steps: number }

let loop: PlainLoop | null = null

async function answer(request: PlainRequest): Promise<number> {
  if (request.type === 'run') return loop!.run(request.steps)
  const { backend, model, samples, batchSize, optimizer } = request
  await openBackend(backend)
  loop = await createPlainLoop(model, initialParams(model, 'bench'), mnistLike(samples), batchSize, optimizer)
  return 0
}

self.addEventListener('message', ({ data }: MessageEvent<PlainRequest>) => {
  void answer(data).then(ms => self.postMessage(ms))
})
