// Mode paired between an owner and a provider: the agreed samples and no others, to the contract's party and nobody else, the same
// steps as alone, and whatever deviates on either side refused by its kind.
import { afterEach, describe, expect, it } from 'vitest'
import { trainingFlop } from '../../../src/core/model/flops.ts'
import { initialParams } from '../../../src/core/model/init.ts'
import { presetModel, type PresetName } from '../../../src/core/model/presets.ts'
import { createReferenceModel } from '../../../src/core/model/reference/model.ts'
import { evaluateSamples, trainSteps } from '../../../src/core/model/reference/train.ts'
import type { Dataset } from '../../../src/core/data/dataset.ts'
import { createReferenceSegment } from '../../../src/peer/segment-reference.ts'
import type { OpenSegment, SegmentEngine } from '../../../src/ports/segment.ts'
import type { TrainJob } from '../../../src/ports/trainer.ts'
import type { LendMessage } from '../../../src/protocol/lending.ts'
import { CLASSES, squares } from '../../contract/trainer-tools.ts'
import { createPair, PLAN, type Pair, type PairOptions } from './pair.ts'

const SIDE = 8
const modelOf = (name: PresetName) => presetModel(name, [SIDE, SIDE, 1], CLASSES)
const model = modelOf('logistic')
const few = squares(64, 'paired', SIDE)
/** Three chunks. */
const many = inFloats(squares(1_300, 'paired many', SIDE))
const PAIRED = { mode: 'paired' } as const

const open: Pair[] = []
afterEach(() => {
  for (const pair of open.splice(0)) pair.close()
})

interface Options extends PairOptions {
  readonly data?: Dataset
  readonly name?: PresetName
}

async function pairWith({ data = few, name = 'logistic', ...options }: Options = {}): Promise<Pair> {
  const plan = { ...PAIRED, samples: data.y.length, ...options.plan }
  const pair = createPair(modelOf(name), { ...options, plan })
  open.push(pair)
  await pair.trainer.setData('train', data)
  return pair
}

function inFloats(data: Dataset): Dataset {
  return { ...data, x: Float32Array.from(data.x, value => value / 255) }
}

const jobFor = (name: PresetName = 'logistic', change: Partial<TrainJob> = {}): TrainJob => ({
  params: initialParams(modelOf(name), 'paired'),
  steps: 10,
  batchSize: 16,
  optimizer: { type: 'sgd', learningRate: 0.1 },
  seed: 'paired order',
  drift: null,
  limits: null,
  ...change,
})

/** The job's result is that of a job that nobody shared. */
async function expectOwnWork(pair: Pair, data = few, during?: (step: number) => void): Promise<void> {
  const job = jobFor()
  const alone = trainSteps(createReferenceModel(model), data, job.params, job.steps, job)
  const { params, steps } = await pair.trainer.train(job, ({ step }) => during?.(step))
  expect(steps).toBe(10)
  expect(params).toEqual(alone.params)
}

const countOf = (pair: Pair, type: LendMessage['type']): number =>
  pair.sent.filter(message => message.type === type).length

/** Collects why the provider refused. */
function listening(options: Options = {}): { readonly reasons: string[]; readonly options: Options } {
  const reasons: string[] = []
  return {
    reasons,
    options: {
      ...options,
      toOwner: message => {
        if (message.type === 'refuse') reasons.push(message.reason)
        return options.toOwner ? options.toOwner(message) : message
      },
    },
  }
}

const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))

const engineWith =
  (change: (engine: SegmentEngine) => Partial<SegmentEngine>): OpenSegment =>
  config => {
    const engine = createReferenceSegment(config)
    return Promise.resolve({ ...engine, ...change(engine) })
  }

describe('mode paired', () => {
  const correction = initialParams(modelOf('cnn'), 'x').map((_, i) => 0.01 * Math.sin(i))
  it.each([
    ['logistic', 'SGD', {}],
    ['cnn', 'Adam', { optimizer: { type: 'adam', learningRate: 0.003, keepMoments: false } }],
    ['cnn', 'drift control', { drift: { proximal: 0.5, correction } }],
  ] as const)('trains %s with %s to the bits of the plain trainer', async (name, _what, change) => {
    const pair = await pairWith({ name })
    const job = jobFor(name, change)
    const losses: number[] = []
    const result = await pair.trainer.train(job, ({ loss }) => losses.push(loss))
    const expected = trainSteps(createReferenceModel(modelOf(name)), few, job.params, job.steps, job)
    expect(pair.faults).toEqual([])
    expect(pair.lender.steps).toBe(10)
    expect(losses).toEqual([...Float32Array.from(expected.losses)])
    expect(result.params).toEqual(expected.params)
  })

  it('hands the samples over once, counts whose work it was, and reaches the accuracy of training alone', async () => {
    const pair = await pairWith({ name: 'mlp' })
    let { params } = jobFor('mlp')
    let flop = 0n
    for (let i = 0; i < 6; i++) {
      const result = await pair.trainer.train(jobFor('mlp', { params, steps: 20, seed: `${i}` }))
      params = result.params
      flop += result.flop
    }
    expect([countOf(pair, 'greet'), countOf(pair, 'shard')]).toEqual([1, 1])
    expect(pair.faults).toEqual([])
    expect(pair.trainer.record).toMatchObject({ jobs: 6, ownJobs: 0, ownFlop: 0n, otherFlop: flop })
    expect(pair.lender).toMatchObject({ flop, otherFlop: 0n, dropped: 0, refused: 0 })
    expect(flop).toBe(BigInt(120 * 16 * trainingFlop(modelOf('mlp'))))
    const job = jobFor('mlp', { steps: 120 })
    const alone = trainSteps(createReferenceModel(modelOf('mlp')), few, job.params, job.steps, job)
    const test = squares(200, 'paired test', SIDE)
    const accuracy = (of: Float32Array): number =>
      evaluateSamples(createReferenceModel(modelOf('mlp')), test, of).accuracy
    expect(accuracy(alone.params)).toBeGreaterThan(0.8)
    expect(accuracy(params)).toBeGreaterThanOrEqual(accuracy(alone.params) - 0.01)
  })

  it('takes the bytes of images, and works in large requests as soon as it knows how fast it goes', async () => {
    expect(few.x).toBeInstanceOf(Uint8Array)
    const pair = await pairWith()
    await pair.trainer.train(jobFor('logistic', { steps: 100 }))
    expect(pair.faults).toEqual([])
    expect(countOf(pair, 'work')).toBeLessThan(40)
    await expectOwnWork(pair)
    expect(pair.trainer.record.ownJobs).toBe(0)
  })

  it('sends nothing of more samples than were agreed, of others than before, or of those added here', async () => {
    const pair = await pairWith({ plan: { samples: 63 } })
    await expectOwnWork(pair)
    expect(pair.sent).toEqual([])
    const kept = await pairWith()
    await kept.trainer.addExamples(squares(8, 'drawn', SIDE))
    await kept.trainer.train(jobFor())
    const sizes = kept.sent.flatMap(message => (message.type === 'prove' ? [message.sizeBytes] : []))
    expect(sizes).toEqual([12 + 4 * 32 + 64 * SIDE * SIDE])
    const others = squares(64, 'others', SIDE)
    await kept.trainer.setData('train', others)
    const before = kept.sent.length
    await expectOwnWork(kept, others)
    expect(kept.sent.length).toBe(before)
    expect([...pair.faults, ...kept.faults]).toEqual([])
  })

  it('hands nothing over without a contract, and stops when it ends on the way', async () => {
    const none = await pairWith({ ownerPlan: () => null })
    await expectOwnWork(none)
    expect(none.sent).toEqual([])
    let ended = false
    const pair = await pairWith({
      data: many,
      ownerPlan: () => (ended ? null : { ...PLAN, ...PAIRED, samples: 1_300 }),
      toProvider: message => {
        ended ||= message.type === 'shard'
        return message
      },
    })
    await expectOwnWork(pair, many)
    expect(countOf(pair, 'shard')).toBe(1)
    expect(pair.faults).toEqual(['refused'])
  })

  it('goes on with the next chunk after a link broke', async () => {
    let cut = false
    const pair: Pair = await pairWith({
      data: many,
      clock: { now: () => at, unixMs: () => 1_790_000_000_000, after: later },
      toProvider: message => {
        if (message.type !== 'shard' || message.index !== 2 || cut) return message
        cut = true
        setTimeout(() => pair.cutLink(), 20)
        return null
      },
    })
    await expectOwnWork(pair, many)
    expect(pair.faults).toEqual(['vanished'])
    pair.mendLink()
    at += 60_000
    const before = pair.sent.length
    await expectOwnWork(pair, many)
    const again = pair.sent
      .slice(before)
      .flatMap(message => (message.type === 'shard' ? [message.index] : []))
    expect(again).toEqual([2])
    expect(pair.trainer.record.jobs).toBe(1)
  })

  it('hands over again to a provider that was reloaded', async () => {
    const pair = await pairWith({
      clock: { now: () => at, unixMs: () => 1_790_000_000_000, after: later },
    })
    await pair.trainer.train(jobFor())
    expect(pair.lender.holds(PLAN.contract)).toBe(true)
    pair.reload()
    expect(pair.lender.holds(PLAN.contract)).toBe(false)
    await expectOwnWork(pair)
    expect(pair.faults).toEqual(['refused'])
    at += 60_000
    await expectOwnWork(pair)
    expect(pair.trainer.record.jobs).toBe(2)
    expect(countOf(pair, 'shard')).toBe(2)
  })

  let at = 0
  const later = (ms: number, callback: () => void): (() => void) => {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  }
})

describe('a provider of mode paired that fails its owner', () => {
  const cases: readonly [string, Options, string][] = [
    [
      'did not sign the keys',
      {
        toOwner: message =>
          message.type === 'welcome' ? { ...message, signature: flipped(message.signature, 7) } : message,
      },
      'unproven',
    ],
    [
      'has a key put between',
      {
        toOwner: message =>
          message.type === 'welcome' ? { ...message, key: flipped(message.key, 0) } : message,
      },
      'unproven',
    ],
    [
      'claims chunks again and again',
      { data: many, toOwner: message => (message.type === 'take' ? { ...message, next: 0 } : message) },
      'false-meter',
    ],
    [
      'returns what is no number',
      { middle: engineWith(engine => ({ read: async () => (await engine.read()).fill(NaN, 5, 6) })) },
      'not-finite',
    ],
    [
      'returns unrelated parameters',
      {
        middle: engineWith(engine => ({
          read: async () => (await engine.read()).map((_, i) => 3 * Math.sin(i)),
        })),
      },
      'unrelated',
    ],
    [
      'trains from other parameters',
      {
        middle: engineWith(engine => ({
          begin: start => engine.begin({ ...start, params: start.params.map((_, i) => Math.sin(i)) }),
        })),
      },
      'unrelated',
    ],
    ['returns the start', { middle: engineWith(() => ({ apply: () => Promise.resolve() })) }, 'stale'],
    [
      'returns too few losses',
      {
        toOwner: message =>
          message.type === 'losses' && message.step > 1
            ? { ...message, values: new Float32Array(message.values.length + 1) }
            : message,
      },
      'wrong-length',
    ],
    [
      'states other work',
      { toOwner: message => (message.type === 'done' ? { ...message, flop: message.flop + 1n } : message) },
      'false-meter',
    ],
  ]
  it.each(cases)('%s', async (_what, options, fault) => {
    const pair = await pairWith(options)
    await expectOwnWork(pair, options.data)
    expect(pair.faults).toEqual([fault])
    if (fault === 'unproven') {
      expect([countOf(pair, 'prove'), countOf(pair, 'shard')]).toEqual([0, 0])
      expect(pair.lender.steps).toBe(0)
    }
  })

  it('vanishes in the middle of a job', async () => {
    const pair = await pairWith()
    await expectOwnWork(pair, few, step => step === 3 && pair.cutLink())
    expect(pair.faults).toEqual(['vanished'])
  })

  it('pauses in the middle of a job', async () => {
    const { reasons, options } = listening()
    const pair = await pairWith(options)
    await expectOwnWork(pair, few, step => {
      if (step === 3) pair.allowance.refusal = 'paused'
    })
    expect([pair.faults, reasons]).toEqual([['refused'], ['paused']])
  })
})

describe('an owner of mode paired that fails its provider', () => {
  const altered = (type: LendMessage['type'], change: (message: never) => LendMessage | LendMessage[]) => ({
    toProvider: (message: LendMessage) => (message.type === type ? change(message as never) : message),
  })
  type Of<Type> = Extract<LendMessage, { readonly type: Type }>
  const cases: readonly [string, string, Options][] = [
    [
      'names another contract',
      'no-contract',
      altered('greet', (m: Of<'greet'>) => ({ ...m, contract: 'ee'.repeat(32) })),
    ],
    [
      'gives a key of small order',
      'unproven',
      altered('greet', (m: Of<'greet'>) => ({ ...m, key: new Uint8Array(32) })),
    ],
    [
      'did not sign',
      'unproven',
      altered('prove', (m: Of<'prove'>) => ({ ...m, signature: flipped(m.signature, 0) })),
    ],
    [
      'has more samples than agreed',
      'bad-shard',
      altered('prove', (m: Of<'prove'>) => ({ ...m, sizeBytes: m.sizeBytes + 9 })),
    ],
    ['sends a shard without a proof', 'unproven', altered('prove', (m: Of<'prove'>) => shardOf(m.job))],
    ['repeats a chunk', 'bad-shard', altered('shard', (m: Of<'shard'>) => [m, m])],
    ['skips a chunk', 'bad-shard', altered('shard', (m: Of<'shard'>) => (m.index === 0 ? [] : m))],
    [
      'cuts a chunk short',
      'bad-shard',
      altered('shard', (m: Of<'shard'>) =>
        m.index + 1 < m.total ? m : { ...m, sealed: m.sealed.slice(0, -8) },
      ),
    ],
    [
      'changes a byte',
      'bad-shard',
      altered('shard', (m: Of<'shard'>) => ({ ...m, sealed: flipped(m.sealed, 40) })),
    ],
    [
      'says it were fewer chunks',
      'bad-shard',
      altered('shard', (m: Of<'shard'>) => (m.index === 0 ? { ...m, total: 2 } : m)),
    ],
    ['works before the samples are there', 'no-shard', altered('prove', (m: Of<'prove'>) => openOf(m.job))],
    [
      'names samples that it did not hand over',
      'bad-request',
      altered('work', (m: Of<'work'>) => ({ ...m, indices: m.indices.map(() => 1_300) })),
    ],
  ]
  const shardOf = (job: number): LendMessage => ({
    type: 'shard',
    job,
    index: 0,
    total: 1,
    sealed: new Uint8Array(99),
  })
  const openOf = (job: number): LendMessage => ({
    type: 'open',
    job,
    mode: 'paired',
    contract: PLAN.contract,
    start: 'ab'.repeat(32),
    batchSize: 16,
    optimizer: 'sgd',
    keepMoments: false,
    learningRate: 0.1,
    proximal: 0,
    corrected: false,
    coarse: false,
  })
  it.each(cases)('%s: %s', async (_what, reason, change) => {
    const { reasons, options } = listening({ data: many, ...change })
    const pair = await pairWith(options)
    await expectOwnWork(pair, many)
    expect(reasons[0]).toBe(reason)
    expect(pair.faults).toEqual(['refused'])
    expect(pair.lender.steps).toBe(0)
    if (reason === 'bad-shard') expect(pair.lender.holds(PLAN.contract)).toBe(false)
  })
})
