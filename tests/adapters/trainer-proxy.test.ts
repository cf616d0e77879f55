// The proxy and its host over a real MessageChannel, both ends in one thread.
import { describe, expect, it } from 'vitest'
import { createTrainerProxy } from '../../src/adapters/trainer-proxy.ts'
import { createReferenceTrainer } from '../../src/adapters/trainer-reference.ts'
import { initialParams } from '../../src/core/model/init.ts'
import { presetModel } from '../../src/core/model/presets.ts'
import { type TrainerConfig, TrainerError } from '../../src/ports/trainer.ts'
import { createReferenceSegment } from '../../src/peer/segment-reference.ts'
import { serveTrainer } from '../../src/workers/trainer-host.ts'
import { trainerContract } from '../contract/trainer.ts'
import { squares } from '../contract/trainer-tools.ts'

function connect(open = async (config: TrainerConfig) => createReferenceTrainer(config)) {
  const { port1, port2 } = new MessageChannel()
  serveTrainer(port2, open)
  return createTrainerProxy(port1)
}

trainerContract(
  'proxy to the reference',
  async config => {
    const proxy = connect()
    await proxy.open(config, {})
    return proxy
  },
  { backend: 'reference', models: ['logistic', 'mlp', 'cnn'] },
)

describe('trainer proxy', () => {
  const model = presetModel('mlp', [6, 6, 1], 10)
  const data = squares(30, 'proxy', 6)
  const job = {
    params: initialParams(model, 'proxy'),
    steps: 1,
    batchSize: 4,
    optimizer: { type: 'sgd', learningRate: 0.1 },
    seed: 'proxy',
    drift: null,
    limits: null,
  } as const

  it('computes nothing before it is opened', async () => {
    let opened = 0
    const proxy = connect(async config => {
      opened++
      return createReferenceTrainer(config)
    })
    await expect(proxy.setData('train', data)).rejects.toMatchObject({ kind: 'no-backend' })
    expect(() => proxy.report).toThrow(TrainerError)
    expect(opened).toBe(0)
    await proxy.open({ model }, {})
    expect(opened).toBe(1)
    expect(proxy.report.backend).toBe('reference')
    await expect(proxy.open({ model }, {})).rejects.toMatchObject({ kind: 'busy' })
    proxy.close()
  })

  it('keeps a pause that came before the backends were ready', async () => {
    const proxy = connect()
    proxy.setPaused(true)
    await proxy.open({ model }, {})
    await proxy.setData('train', data)
    let finished = false
    const result = proxy.train(job).finally(() => (finished = true))
    await new Promise(resolve => setTimeout(resolve, 60))
    expect(finished).toBe(false)
    proxy.setPaused(false)
    expect((await result).steps).toBe(1)
    proxy.close()
  })

  it('pauses from beside the port too, and whichever came last counts', async () => {
    const { port1, port2 } = new MessageChannel()
    const host = serveTrainer(port2, async config => createReferenceTrainer(config))
    const proxy = createTrainerProxy(port1)
    await proxy.open({ model }, {})
    await proxy.setData('train', data)
    host.setPaused(true)
    let finished = false
    const result = proxy.train(job).finally(() => (finished = true))
    await new Promise(resolve => setTimeout(resolve, 60))
    expect(finished).toBe(false)
    proxy.setPaused(false)
    expect((await result).steps).toBe(1)
    proxy.close()
  })

  it('runs parts of the model over there, and ends them with the trainer', async () => {
    const proxy = connect()
    await expect(proxy.openSegment({ spec: model, wantsInput: true })).rejects.toMatchObject({
      kind: 'no-backend',
    })
    await proxy.open({ model }, {})
    const config = { spec: model, wantsInput: true }
    const [far, near] = [await proxy.openSegment(config), createReferenceSegment(config)]
    expect(far.backend).toBe('reference')
    const input = Float32Array.from({ length: 3 * 36 }, (_, i) => Math.sin(i))
    const upstream = new Float32Array(30).fill(0.1)
    for (const engine of [far, near]) {
      await engine.begin({ params: job.params, optimizer: job.optimizer, drift: null })
      await engine.forward(input, 3)
    }
    expect(await far.backward(upstream)).toEqual(await near.backward(upstream))
    await far.apply()
    await near.apply()
    expect(await far.read()).toEqual(await near.read())
    far.close()
    await expect(far.read()).rejects.toMatchObject({ kind: 'closed' })
    proxy.close()
    await expect(proxy.openSegment(config)).rejects.toMatchObject({ kind: 'closed' })
  })

  it('passes on why nothing could be opened, and may be asked again', async () => {
    let attempts = 0
    const proxy = connect(async config => {
      if (attempts++ === 0) throw new TrainerError('no-backend', 'none today')
      return createReferenceTrainer(config)
    })
    await expect(proxy.open({ model }, {})).rejects.toMatchObject({ kind: 'no-backend' })
    await proxy.open({ model }, {})
    proxy.close()
  })

  it('rejects what waits when the other side goes away', async () => {
    const { port1, port2 } = new MessageChannel()
    const proxy = createTrainerProxy(port1)
    const opening = proxy.open({ model }, {})
    port2.close()
    await expect(opening).rejects.toMatchObject({ kind: 'closed' })
  })
})
