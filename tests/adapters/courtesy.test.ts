// Own training beside lent steps in one thread: it waits for them, takes its turn in between, and is not held up for ever.
import { expect, test } from 'vitest'
import { createCourtesy } from '../../src/adapters/courtesy.ts'
import type { SegmentEngine } from '../../src/ports/segment.ts'

function fakeEngine(): SegmentEngine {
  return {
    backend: 'reference',
    begin: () => Promise.resolve(),
    forward: () => Promise.resolve(new Float32Array()),
    backward: () => Promise.resolve(null),
    apply: () => Promise.resolve(),
    read: () => Promise.resolve(new Float32Array()),
    close: () => undefined,
  }
}

const quiet = (ms: number): Promise<'quiet'> => new Promise(resolve => setTimeout(resolve, ms, 'quiet'))
const said = (wait: Promise<void>): Promise<'went'> => wait.then(() => 'went')

test('a turn waits from a forward pass to the update, and not before or after', async () => {
  const courtesy = createCourtesy()
  const turn = courtesy.openTurn()
  const engine = courtesy.lent(fakeEngine())
  await turn.wait()
  await engine.forward(new Float32Array(), 1)
  const waited = said(turn.wait())
  expect(await Promise.race([waited, quiet(20)])).toBe('quiet')
  await engine.backward(new Float32Array())
  expect(await Promise.race([waited, quiet(10)])).toBe('quiet')
  await engine.apply()
  expect(await waited).toBe('went')
  await turn.wait()
})

test('two owners: it waits for both', async () => {
  const courtesy = createCourtesy()
  const turn = courtesy.openTurn()
  const [one, two] = [courtesy.lent(fakeEngine()), courtesy.lent(fakeEngine())]
  await one.forward(new Float32Array(), 1)
  await two.forward(new Float32Array(), 1)
  const waited = said(turn.wait())
  await one.apply()
  expect(await Promise.race([waited, quiet(10)])).toBe('quiet')
  two.close()
  expect(await waited).toBe('went')
})

test('an owner that vanished in mid-step holds nothing up for ever, nor does a failed update or a new job', async () => {
  const courtesy = createCourtesy()
  const turn = courtesy.openTurn()
  const broken = courtesy.lent({ ...fakeEngine(), apply: () => Promise.reject(new Error('device lost')) })
  await broken.forward(new Float32Array(), 1)
  expect(await Promise.race([said(turn.wait()), quiet(5_000)])).toBe('went')
  expect(await Promise.race([said(turn.wait()), quiet(50)])).toBe('went')
  await broken.forward(new Float32Array(), 1)
  await broken.apply().catch(() => undefined)
  expect(await Promise.race([said(turn.wait()), quiet(50)])).toBe('went')
  await broken.forward(new Float32Array(), 1)
  await broken.begin({ params: new Float32Array(), optimizer: { type: 'sgd', learningRate: 0 }, drift: null })
  expect(await Promise.race([said(turn.wait()), quiet(50)])).toBe('went')
})

test('a closed turn lets go at once', async () => {
  const courtesy = createCourtesy()
  const turn = courtesy.openTurn()
  const engine = courtesy.lent(fakeEngine())
  await engine.forward(new Float32Array(), 1)
  const waited = said(turn.wait())
  expect(await Promise.race([waited, quiet(10)])).toBe('quiet')
  turn.close()
  expect(await Promise.race([waited, quiet(50)])).toBe('went')
})
