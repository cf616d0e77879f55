// Parts of models on tfjs against the reference: the same numbers, no tensor left behind, beside a trainer on one backend.
import { engine } from '@tensorflow/tfjs-core'
import { afterEach, describe, expect, it } from 'vitest'
import { openTfjsSegment } from '../../src/adapters/segment-tfjs.ts'
import { createTfjsTrainer } from '../../src/adapters/trainer-tfjs.ts'
import { initialParams } from '../../src/core/model/init.ts'
import { presetModel } from '../../src/core/model/presets.ts'
import { cutModel } from '../../src/core/model/split.ts'
import { createRng } from '../../src/core/num/rng.ts'
import { createReferenceSegment } from '../../src/peer/segment-reference.ts'
import type { SegmentConfig, SegmentEngine, SegmentStart } from '../../src/ports/segment.ts'
import type { Optimizer } from '../../src/ports/trainer.ts'
import { CLASSES, kindOf, largestGap, squares } from '../contract/trainer-tools.ts'

const model = presetModel('cnn', [8, 8, 1], CLASSES)
const cut = cutModel(model)!
const COUNT = 6
const sgd: Optimizer = { type: 'sgd', learningRate: 0.1 }
const adam: Optimizer = { type: 'adam', learningRate: 0.01, keepMoments: true }

const open: SegmentEngine[] = []
afterEach(() => {
  for (const engine of open.splice(0)) engine.close()
})

function normals(seed: string, size: number): Float32Array {
  const rng = createRng(seed)
  return Float32Array.from({ length: size }, () => rng.normal())
}

/** Three steps on both; the largest gap of anything that comes out. */
async function gapOver(
  engines: readonly SegmentEngine[],
  config: SegmentConfig,
  start: SegmentStart,
): Promise<number> {
  let gap = 0
  for (const engine of engines) await engine.begin(start)
  const [one, other] = engines as [SegmentEngine, SegmentEngine]
  const inputs = config.spec.input.reduce((size, extent) => size * extent, COUNT)
  for (let step = 0; step < 3; step++) {
    const input = normals(`in ${step}`, inputs)
    const [a, b] = [await one.forward(input, COUNT), await other.forward(input, COUNT)]
    gap = Math.max(gap, largestGap(a, b))
    const upstream = normals(`up ${step}`, a.length).map(value => value / 100)
    const [da, db] = [await one.backward(upstream), await other.backward(upstream)]
    expect(da === null).toBe(!config.wantsInput)
    if (da && db) gap = Math.max(gap, largestGap(da, db))
    await one.apply()
    await other.apply()
  }
  return Math.max(gap, largestGap(await one.read(), await other.read()))
}

describe.each(['wasm', 'cpu'] as const)('a part of a model on tfjs %s', backend => {
  it.each([
    ['front', { spec: cut.front.spec, wantsInput: false }],
    ['middle', { spec: cut.middle.spec, wantsInput: true }],
    ['tail', { spec: cut.tail!.spec, wantsInput: true }],
  ] as const)('follows the reference: %s', async (name, config) => {
    const engine = await openTfjsSegment(config, backend)
    open.push(engine)
    const reference = createReferenceSegment(config)
    const { from, to } = cut[name]!
    const params = initialParams(model, 'segment').subarray(from, to)
    const drift = { proximal: 0.3, correction: normals('correction', params.length).map(value => value / 50) }
    expect(await gapOver([reference, engine], config, { params, optimizer: sgd, drift: null })).toBeLessThan(
      1e-4,
    )
    expect(await gapOver([reference, engine], config, { params, optimizer: sgd, drift })).toBeLessThan(1e-4)
    const fresh = { params, optimizer: { ...adam, keepMoments: false }, drift: null }
    expect(await gapOver([reference, engine], config, fresh)).toBeLessThan(2e-3)
    // And goes on with the moments that it has.
    expect(await gapOver([reference, engine], config, { ...fresh, optimizer: adam })).toBeLessThan(2e-3)
  })
})

describe('segments on one backend', () => {
  const config = { spec: cut.middle.spec, wantsInput: true }
  const params = initialParams(model, 'segment').slice(cut.middle.from, cut.middle.to)

  it('keep the number of tensors flat and free all on close', async () => {
    const before = engine().state.numTensors
    const segment = await openTfjsSegment(config, 'wasm')
    const counts: number[] = []
    for (const optimizer of [sgd, adam, sgd]) {
      await segment.begin({ params, optimizer, drift: { proximal: 0.1, correction: params } })
      for (let step = 0; step < 4; step++) {
        const out = await segment.forward(new Float32Array(COUNT * cut.sentValues).fill(0.1), COUNT)
        await segment.backward(out)
        await segment.apply()
        counts.push(engine().state.numTensors)
      }
    }
    expect(new Set(counts).size).toBe(1)
    segment.close()
    expect(engine().state.numTensors).toBe(before)
  })

  it('work beside a trainer and another segment, each for itself; another backend has to wait', async () => {
    const trainer = await createTfjsTrainer({ model }, 'wasm')
    const [one, two] = [await openTfjsSegment(config, 'wasm'), await openTfjsSegment(config, 'wasm')]
    expect(await kindOf(openTfjsSegment(config, 'cpu'))).toBe('no-backend')
    await trainer.setData('train', squares(32, 'segment', 8))
    const job = {
      params: initialParams(model, 'x'),
      steps: 5,
      batchSize: 4,
      optimizer: sgd,
      seed: 's',
      drift: null,
      limits: null,
    }
    const [result] = await Promise.all([
      trainer.train(job),
      gapOver([one, two], config, { params, optimizer: sgd, drift: null }).then(gap => expect(gap).toBe(0)),
    ])
    expect(result.steps).toBe(5)
    one.close()
    trainer.close()
    expect(await kindOf(openTfjsSegment(config, 'cpu'))).toBe('no-backend')
    await two.begin({ params, optimizer: sgd, drift: null })
    two.close()
    const third = await openTfjsSegment(config, 'cpu')
    third.close()
  })
})
