// The real training worker behind its port, as the application uses it.
import { afterAll, describe, expect, it } from 'vitest'
import { createTrainerProxy } from '../../src/adapters/trainer-proxy.ts'
import { presetModel } from '../../src/core/model/presets.ts'
import type { BackendName, TrainerConfig } from '../../src/ports/trainer.ts'
import { trainerContract } from '../contract/trainer.ts'

const workers: Worker[] = []
afterAll(() => {
  for (const worker of workers) worker.terminate()
})

function startWorker() {
  const worker = new Worker(new URL('../../src/workers/trainer.worker.ts', import.meta.url), {
    type: 'module',
  })
  workers.push(worker)
  return {
    connect() {
      const { port1, port2 } = new MessageChannel()
      worker.postMessage({ type: 'connect', port: port2 }, [port2])
      return createTrainerProxy(port1)
    },
  }
}

const shared = startWorker()

for (const backend of ['wasm', 'reference'] as const satisfies readonly BackendName[]) {
  trainerContract(
    `worker with ${backend}, Chromium`,
    async (config: TrainerConfig) => {
      const proxy = shared.connect()
      await proxy.open(config, { force: backend })
      return proxy
    },
    { backend, models: ['logistic', 'mlp', 'cnn'] },
  )
}

describe('the training worker', () => {
  it('chooses the fastest correct backend of this browser', async () => {
    const proxy = startWorker().connect()
    const start = performance.now()
    await proxy.open({ model: presetModel('mlp', [28, 28, 1], 10) }, {})
    const seconds = (performance.now() - start) / 1000
    const { report } = proxy
    console.log(`chosen in ${seconds.toFixed(1)} s`, JSON.stringify(report, null, 1))
    const speeds = report.trials.map(({ outcome }) => (outcome.status === 'ok' ? outcome.stepsPerSecond : 0))
    expect(report.stepsPerSecond).toBe(Math.max(...speeds))
    expect(report.trials.find(({ backend }) => backend === 'wasm')?.outcome.status).toBe('ok')
    expect(report.trials).toHaveLength(5)
    proxy.close()
  })
})
