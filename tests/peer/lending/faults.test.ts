// What a lender can do wrong, one by one: the owner notices, says what it was, computes the job itself from its start to the
// bits of a job that was never lent, and asks a lender that was wrong less often, then no more.
import { afterEach, describe, expect, it } from 'vitest'
import { initialParams } from '../../../src/core/model/init.ts'
import { presetModel } from '../../../src/core/model/presets.ts'
import { createReferenceModel } from '../../../src/core/model/reference/model.ts'
import { trainSteps } from '../../../src/core/model/reference/train.ts'
import { createReferenceSegment } from '../../../src/peer/segment-reference.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { OpenSegment, SegmentEngine } from '../../../src/ports/segment.ts'
import type { TrainJob } from '../../../src/ports/trainer.ts'
import type { LendMessage } from '../../../src/protocol/lending.ts'
import { CLASSES, kindOf, squares } from '../../contract/trainer-tools.ts'
import { createPair, OWNER, PLAN, type Pair, type PairOptions } from './pair.ts'

const SIDE = 8
const model = presetModel('cnn', [SIDE, SIDE, 1], CLASSES)
const train = squares(64, 'faults', SIDE)
/** Time-limits pass twenty times faster. */
const hasty: Clock = {
  now: () => performance.now() * 20,
  unixMs: () => 1_790_000_000_000,
  after(ms, callback) {
    const timer = setTimeout(callback, ms / 20)
    return () => clearTimeout(timer)
  },
}

const open: Pair[] = []
afterEach(() => {
  for (const pair of open.splice(0)) pair.close()
})

async function pairWith(options: PairOptions = {}): Promise<Pair> {
  const pair = createPair(model, options)
  open.push(pair)
  await pair.trainer.setData('train', train)
  return pair
}

const job: TrainJob = {
  params: initialParams(model, 'faults'),
  steps: 10,
  batchSize: 16,
  optimizer: { type: 'sgd', learningRate: 0.1 },
  seed: 'faults order',
  drift: null,
  limits: null,
}
const alone = trainSteps(createReferenceModel(model), train, job.params, job.steps, job)

/** The job's result and progress are those of a job that was never lent. */
async function expectOwnWork(pair: Pair, during?: (step: number) => void): Promise<void> {
  const steps: number[] = []
  const result = await pair.trainer.train(job, ({ step }) => {
    steps.push(step)
    during?.(step)
  })
  expect(steps).toEqual(Array.from({ length: 10 }, (_, i) => i + 1))
  expect(result.steps).toBe(10)
  expect(result.params).toEqual(alone.params)
}

/** The reference, with one of its answers changed. */
const engineWith =
  (change: (engine: SegmentEngine) => Partial<SegmentEngine>): OpenSegment =>
  config => {
    const engine = createReferenceSegment(config)
    return Promise.resolve({ ...engine, ...change(engine) })
  }

const nth = (
  type: LendMessage['type'],
  step: number,
  change: (message: LendMessage) => LendMessage | null,
) => {
  return (message: LendMessage): LendMessage | null =>
    message.type === type && 'step' in message && message.step === step ? change(message) : message
}

const withValues = (message: LendMessage, change: (values: Float32Array) => Float32Array): LendMessage =>
  'values' in message ? { ...message, values: change(message.values.slice()) } : message

describe('a lender that fails its owner', () => {
  it('vanishes in the middle of a job', async () => {
    const pair = await pairWith()
    await expectOwnWork(pair, step => step === 4 && pair.cutLink())
    expect(pair.faults).toEqual(['vanished'])
    // And while the link is down nobody is asked.
    await pair.trainer.train(job)
    expect(pair.faults).toEqual(['vanished'])
  })

  it('says nothing any more', async () => {
    const pair = await pairWith({ clock: hasty, toOwner: nth('backprop', 3, () => null) })
    await expectOwnWork(pair)
    expect(pair.faults).toEqual(['timeout'])
  })

  it('does not answer at all', async () => {
    const pair = await pairWith({ clock: hasty, toProvider: () => null })
    await expectOwnWork(pair)
    expect(pair.faults).toEqual(['timeout'])
  })

  it('returns outputs that are no numbers', async () => {
    const pair = await pairWith({
      toOwner: nth('outputs', 2, message => withValues(message, values => values.fill(NaN, 0, 1))),
    })
    await expectOwnWork(pair)
    expect(pair.faults).toEqual(['not-finite'])
  })

  it('returns a gradient that is not finite', async () => {
    const pair = await pairWith({
      toOwner: nth('backprop', 2, message => withValues(message, values => values.fill(Infinity, 3, 4))),
    })
    await expectOwnWork(pair)
    expect(pair.faults).toEqual(['not-finite'])
  })

  it('returns outputs of another length', async () => {
    const pair = await pairWith({
      toOwner: nth('outputs', 1, message => withValues(message, values => values.subarray(1))),
    })
    await expectOwnWork(pair)
    expect(pair.faults).toEqual(['wrong-length'])
  })

  it('returns a result of another length', async () => {
    const pair = await pairWith({
      toOwner: message =>
        message.type === 'params'
          ? { ...message, values: message.values.slice(1), total: message.total - 1 }
          : message,
    })
    await expectOwnWork(pair)
    expect(pair.faults).toEqual(['wrong-length'])
  })

  it('returns a result that is not finite', async () => {
    const middle = engineWith(engine => ({ read: async () => (await engine.read()).fill(NaN, 5, 6) }))
    const pair = await pairWith({ middle })
    await expectOwnWork(pair)
    expect(pair.faults).toEqual(['not-finite'])
  })

  it('computes from unrelated parameters', async () => {
    const other = initialParams(model, 'another model')
    const middle = engineWith(engine => ({
      begin: start => engine.begin({ ...start, params: other.slice(0, start.params.length) }),
    }))
    const pair = await pairWith({ middle })
    await expectOwnWork(pair)
    expect(pair.faults).toEqual(['unrelated'])
    // Noticed at once, by the first outputs.
    expect(pair.lender.steps).toBe(0)
  })

  it('hands unrelated parameters back', async () => {
    const middle = engineWith(engine => ({
      read: async () => (await engine.read()).map((_, i) => Math.sin(i)),
    }))
    const pair = await pairWith({ middle })
    await expectOwnWork(pair)
    expect(pair.faults).toEqual(['unrelated'])
  })

  it('hands back what it was given', async () => {
    let start = new Float32Array()
    const middle = engineWith(engine => ({
      begin: given => {
        start = given.params.slice()
        return engine.begin(given)
      },
      read: () => Promise.resolve(start),
    }))
    const pair = await pairWith({ middle })
    await expectOwnWork(pair)
    expect(pair.faults).toEqual(['stale'])
  })

  it('hands back what an earlier job ended with, after much was learned since', async () => {
    let first: Float32Array | null = null
    const middle = engineWith(engine => ({
      read: async () => (first ??= await engine.read()),
    }))
    const pair = await pairWith({ middle })
    const lent = await pair.trainer.train(job)
    expect(pair.faults).toEqual([])
    // Elsewhere, meanwhile: the room went on.
    const later = trainSteps(createReferenceModel(model), train, lent.params, 150, { ...job, seed: 'later' })
    const next = { ...job, params: later.params }
    const expected = trainSteps(createReferenceModel(model), train, next.params, next.steps, next)
    expect((await pair.trainer.train(next)).params).toEqual(expected.params)
    expect(pair.faults).toEqual(['unrelated'])
  })

  describe('at a rate at which training itself makes the model worse', () => {
    const wild: TrainJob = { ...job, steps: 3, optimizer: { type: 'sgd', learningRate: 10 } }
    const own = trainSteps(createReferenceModel(model), train, wild.params, wild.steps, wild)

    it('is blamed for nothing when it did what was asked, however often', async () => {
      const pair = await pairWith()
      for (let i = 0; i < 5; i++) expect((await pair.trainer.train(wild)).params).toEqual(own.params)
      // The owner doubted every one of them, and did them itself.
      expect(pair.trainer.record).toMatchObject({ jobs: 0, ownJobs: 5 })
      expect(pair.lender.steps).toBe(15)
      expect(pair.faults).toEqual([])
      await pair.trainer.train(job)
      expect(pair.trainer.record.jobs).toBe(1)
    })

    it('is blamed when the owner does better', async () => {
      const middle = engineWith(engine => ({
        read: async () => (await engine.read()).map(value => -20 * value),
      }))
      const pair = await pairWith({ middle })
      expect((await pair.trainer.train(wild)).params).toEqual(own.params)
      expect(pair.faults).toEqual(['unrelated'])
    })

    it('is not judged by a job that was cut short here', async () => {
      const pair = await pairWith()
      const cut = await pair.trainer.train(wild, () => pair.trainer.stop())
      expect(cut.steps).toBeLessThan(3)
      expect(pair.faults).toEqual([])
    })
  })

  it('states more work than was done', async () => {
    const pair = await pairWith({
      toOwner: message => (message.type === 'done' ? { ...message, flop: message.flop * 2n } : message),
    })
    await expectOwnWork(pair)
    expect(pair.faults).toEqual(['false-meter'])
  })

  it('repeats its messages: only the first of each counts', async () => {
    const seen: LendMessage[] = []
    const pair = await pairWith({
      // Everything again, and with it what it said two messages before.
      toOwner: message => {
        seen.push(message)
        return message.type === 'params' || message.type === 'done'
          ? message
          : [message, message, ...seen.slice(-3, -2)]
      },
    })
    await expectOwnWork(pair)
    expect(pair.faults).toEqual([])
    expect(pair.lender.steps).toBe(10)
    expect(pair.trainer.record.dropped).toBeGreaterThan(20)
  })

  it('answers for another step: dropped, and the wait ends', async () => {
    const pair = await pairWith({
      clock: hasty,
      toOwner: nth('outputs', 4, message => ({ ...message, step: 3 }) as LendMessage),
    })
    await expectOwnWork(pair)
    expect(pair.faults).toEqual(['timeout'])
    expect(pair.trainer.record.dropped).toBe(1)
  })

  it('is paused in the middle of a job: it says so, and nothing is held against it', async () => {
    const pair = await pairWith()
    await expectOwnWork(pair, step => {
      if (step === 5) pair.allowance.refusal = 'paused'
    })
    expect(pair.faults).toEqual(['refused'])
    expect(pair.lender.active).toBe(false)
  })

  it('ends a job between its steps as soon as it may not go on', async () => {
    const pair = await pairWith()
    pair.trainer.setEffort(0.05)
    const done = pair.trainer.train({ ...job, steps: 100_000 }, ({ step }) => {
      if (step === 2) pair.allowance.refusal = 'paused'
      if (step === 3) pair.trainer.stop()
      if (step === 2) pair.lender.tick()
    })
    await done
    expect(pair.faults).toEqual(['refused'])
    expect(pair.lender.active).toBe(false)
  })

  it('has no more budget: it stops before the step that would go beyond', async () => {
    const pair = await pairWith()
    const { lender } = pair
    await pair.trainer.train({ ...job, steps: 1 })
    pair.allowance.budgetFlop = lender.flop * 4n
    await expectOwnWork(pair)
    expect(lender.flop).toBe(pair.allowance.budgetFlop)
    expect(pair.faults).toEqual(['refused'])
  })

  it('knows no contract, or another', async () => {
    for (const plan of [null, { ...PLAN, contract: 'ab'.repeat(32) }, { ...PLAN, mode: 'paired' as const }]) {
      const pair = await pairWith({ providerPlan: () => plan })
      await expectOwnWork(pair)
      expect(pair.faults).toEqual(['refused'])
      expect(pair.lender.steps).toBe(0)
    }
  })

  it('breaks: its engine fails and it says so', async () => {
    const middle = engineWith(() => ({ forward: () => Promise.reject(new Error('device lost')) }))
    const pair = await pairWith({ middle })
    await expectOwnWork(pair)
    expect(pair.faults).toEqual(['refused'])
  })

  it('is left alone for a while after a fault, and for good after three wrong results', async () => {
    let atMs = 0
    const clock: Clock = { ...hasty, now: () => atMs }
    const middle = engineWith(engine => ({ read: async () => (await engine.read()).fill(NaN) }))
    const pair = await pairWith({ middle, clock })
    await expectOwnWork(pair)
    await expectOwnWork(pair)
    expect(pair.faults).toEqual(['not-finite'])
    for (let i = 0; i < 6; i++) {
      atMs += 3_600_000
      await expectOwnWork(pair)
    }
    expect(pair.faults).toEqual(['not-finite', 'not-finite', 'not-finite'])
  })

  it('cannot keep the owner from closing, or hold its error', async () => {
    const pair = await pairWith({ toOwner: nth('outputs', 3, () => null) })
    const done = kindOf(pair.trainer.train(job))
    await new Promise(resolve => setTimeout(resolve, 60))
    pair.trainer.close()
    expect(await done).toBe('closed')
    expect(pair.faults).toEqual([])
  })
})

describe('an owner that fails its lender', () => {
  it('replays a whole job: refused as stale', async () => {
    const pair = await pairWith()
    await pair.trainer.train(job)
    const { steps, refused } = pair.lender
    const first = pair.sent.find(({ type }) => type === 'open')!
    pair.lender.onMessage(OWNER, first)
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(pair.lender.active).toBe(false)
    expect(pair.lender.refused).toBe(refused + 1)
    expect(pair.lender.steps).toBe(steps)
  })

  it('sends parameters that are not what it named', async () => {
    const pair = await pairWith({
      toProvider: message =>
        message.type === 'params' ? withValues(message, values => values.fill(1, 0, 1)) : message,
    })
    await expectOwnWork(pair)
    expect(pair.lender.steps).toBe(0)
    expect(pair.faults).toEqual(['refused'])
  })

  it('sends activations that are not finite, or of another size', async () => {
    for (const change of [
      (values: Float32Array) => values.fill(NaN, 0, 1),
      (values: Float32Array) => values.subarray(16),
    ]) {
      const pair = await pairWith({
        toProvider: nth('forward', 2, message => withValues(message, change)),
      })
      await expectOwnWork(pair)
      expect(pair.lender.steps).toBe(1)
      expect(pair.faults).toEqual(['refused'])
    }
  })

  it('floods: what does not fit the queue is a strike', async () => {
    const pair = await pairWith()
    for (let i = 0; i < 300; i++) pair.lender.onMessage(OWNER, { type: 'need', job: i })
    expect(pair.strikes.length).toBe(140)
    await new Promise(resolve => setTimeout(resolve, 20))
    await expectOwnWork(pair)
    expect(pair.faults).toEqual([])
  })

  it('falls silent: its job is forgotten', async () => {
    let atMs = 0
    const pair = await pairWith({
      clock: { ...hasty, now: () => atMs },
      toProvider: message => (message.type === 'gradient' ? null : message),
    })
    const done = pair.trainer.train(job)
    await new Promise(resolve => setTimeout(resolve, 30))
    expect(pair.lender.active).toBe(true)
    atMs += 61_000
    pair.lender.tick()
    expect(pair.lender.active).toBe(false)
    expect((await done).params).toEqual(alone.params)
  })
})
