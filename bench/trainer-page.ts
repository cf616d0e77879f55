// The page of bench/trainer.ts: our training worker and plain tfjs in another one, on the same backend, model and batch.
import { createTrainerProxy, type TrainerProxy } from '../src/adapters/trainer-proxy.ts'
import type { TfjsBackend } from '../src/adapters/backends/open-backend.ts'
import { initialParams } from '../src/core/model/init.ts'
import { type PresetName, presetModel } from '../src/core/model/presets.ts'
import type { Optimizer } from '../src/ports/trainer.ts'
import { mnistLike } from './samples.ts'
import type { PlainRequest } from './trainer-plain.worker.ts'

export interface TrainerBenchSetting {
  readonly backend: TfjsBackend
  readonly preset: PresetName
  readonly samples: number
  readonly batchSize: number
  readonly optimizer: Optimizer
}

export interface TrainerBench {
  /** Resolves with the adapter's name. */
  prepare(setting: TrainerBenchSetting): Promise<string>
  /** Milliseconds for so many steps. */
  ours(steps: number): Promise<number>
  plain(steps: number): Promise<number>
  close(): void
}

declare global {
  interface Window {
    trainerBench?: TrainerBench
  }
}

let setting: TrainerBenchSetting
let ourWorker: Worker
let proxy: TrainerProxy
let plainWorker: Worker

const ask = (request: PlainRequest): Promise<number> =>
  new Promise((resolve, reject) => {
    plainWorker.onmessage = ({ data }: MessageEvent<number>) => resolve(data)
    plainWorker.onerror = event => reject(new Error(event.message))
    plainWorker.postMessage(request)
  })

window.trainerBench = {
  async prepare(next) {
    setting = next
    const model = presetModel(setting.preset, [28, 28, 1], 10)
    ourWorker = new Worker(new URL('../src/workers/trainer.worker.ts', import.meta.url), { type: 'module' })
    const { port1, port2 } = new MessageChannel()
    ourWorker.postMessage({ type: 'connect', port: port2 }, [port2])
    proxy = createTrainerProxy(port1)
    await proxy.open({ model }, { force: setting.backend })
    await proxy.setData('train', mnistLike(setting.samples))
    plainWorker = new Worker(new URL('./trainer-plain.worker.ts', import.meta.url), { type: 'module' })
    const { backend, samples, batchSize, optimizer } = setting
    await ask({ type: 'prepare', backend, model, samples, batchSize, optimizer })
    return proxy.report.adapter
  },
  async ours(steps) {
    const { batchSize, optimizer, preset } = setting
    const params = initialParams(presetModel(preset, [28, 28, 1], 10), 'bench')
    const start = performance.now()
    await proxy.train(
      { params, steps, batchSize, optimizer, seed: 'bench', drift: null, limits: null },
      () => undefined,
    )
    return performance.now() - start
  },
  plain: steps => ask({ type: 'run', steps }),
  close() {
    proxy.close()
    ourWorker.terminate()
    plainWorker.terminate()
  },
}
