import { describe, expect, test } from 'vitest'
import { suspendedFor, violationsBy } from '../../../src/core/governance/receipts.ts'
import { mayMix } from '../../../src/core/governance/standing.ts'
import { presetModel } from '../../../src/core/model/presets.ts'
import { trainingFlop } from '../../../src/core/model/flops.ts'
import type { ModelSpec } from '../../../src/core/model/spec.ts'
import { member } from '../ledger/fixtures.ts'
import { BATCH, deviceOf, RoomScript, STEP_FLOP } from '../room/script.ts'

const kinds = ({ state }: RoomScript, author = 1): string[] =>
  violationsBy(state.governance, member(author)).map(({ kind }) => kind)
const refusal = ({ state, unixMs }: RoomScript, author = 1, round = 2) =>
  mayMix(state.governance, { author: member(author), round, roomTime: unixMs, newestReceiptRound: 0 })

function trained(): RoomScript {
  const script = new RoomScript()
  script.trainer(1)
  script.receipt(1, 20)
  return script
}

const MODELS: readonly (readonly [string, ModelSpec])[] = [
  ['logistic', presetModel('logistic', [28, 28, 1], 10)],
  ['mlp', presetModel('mlp', [28, 28, 1], 10)],
  ['cnn', presetModel('cnn', [28, 28, 1], 10)],
  ['tableMlp', presetModel('tableMlp', [13], 3)],
  ['logistic on a table', presetModel('logistic', [4], 3)],
]

describe('P1 receipts are checked against the formula', () => {
  test.each(MODELS)('P1 %s: exact passes, one FLOP more or less is refused', (_, model) => {
    const flop = BigInt(trainingFlop(model) * 20 * BATCH)
    for (const [stated, expected] of [
      [flop, []],
      [flop + 1n, ['formula']],
      [flop - 1n, ['formula']],
    ] as const) {
      const script = new RoomScript({}, { model })
      script.trainer(1)
      const { hash } = script.receipt(1, 20, { flop: stated.toString() })
      expect(kinds(script)).toEqual(expected)
      expect(refusal(script)).toBe(expected.length > 0 ? 'suspended' : null)
      if (expected.length > 0)
        expect(violationsBy(script.state.governance, member(1))[0]).toEqual({
          member: member(1),
          kind: 'formula',
          receipt: hash,
        })
    }
  })

  test('P1 samples are steps times batch, and understated work counts in full', () => {
    const script = new RoomScript()
    script.trainer(1)
    script.receipt(1, 20, { samples: 19 * BATCH, flop: (19n * STEP_FLOP).toString() })
    expect(kinds(script)).toEqual(['formula'])
    const low = new RoomScript()
    low.trainer(1)
    low.receipt(1, 20, { flop: '0' })
    expect(low.state.governance.accounts.get(member(1))!.flop).toBe(20n * STEP_FLOP)
  })
})

describe('the chain of receipts', () => {
  test('goes on where the last one ended', () => {
    const script = trained()
    script.receipt(1, 5)
    script.receipt(1, 7, { toRound: 9 })
    expect(kinds(script)).toEqual([])
    expect(script.state.governance.accounts.get(member(1))).toMatchObject({ steps: 32, lastRound: 9 })
  })

  test.each([
    ['another receipt before', { previous: 'ab'.repeat(32) }, 'gap'],
    ['steps left out', { fromStep: 25, toStep: 30 }, 'gap'],
    ['rounds that go back', { fromRound: 0, toRound: 0 }, 'gap'],
    ['a model that nobody had', { modelBefore: 'ee'.repeat(32) }, 'model-chain'],
    ['another lineage', { lineage: 'elsewhere' }, 'model-chain'],
  ])('%s', (_, changes, kind) => {
    const script = trained()
    script.receipt(1, 5, changes)
    expect(kinds(script)).toEqual([kind])
    expect(refusal(script)).toBe(kind === 'gap' ? 'suspended' : null)
  })
})

describe('devices and time', () => {
  const within = (steps: number, benchmark: bigint): number =>
    Number((BigInt(steps) * STEP_FLOP * 10_000n) / (12n * benchmark))

  test('a rate of 1.2 times the benchmark passes, more does not', () => {
    const benchmark = STEP_FLOP * 100n
    for (const [wallMs, expected] of [
      [within(1000, benchmark) - 999, []],
      [within(1000, benchmark) - 1001, ['rate']],
    ] as const) {
      const script = new RoomScript()
      script.join(1)
      script.register(1, deviceOf(1), '', benchmark)
      script.unixMs += wallMs
      script.receipt(1, 1000, { wallMs })
      expect(kinds(script)).toEqual(expected)
    }
  })

  test('a newly measured rate counts from then on', () => {
    const script = new RoomScript()
    script.join(1)
    const { hash } = script.register(1, deviceOf(1), '', STEP_FLOP)
    script.register(1, deviceOf(1), hash, STEP_FLOP * 1000n)
    script.receipt(1, 100, { wallMs: 100 })
    expect(kinds(script)).toEqual([])
  })

  test('more computing than the clock gives is an overlap; two seconds and a tenth are tolerated', () => {
    const script = new RoomScript()
    script.trainer(1)
    script.unixMs += 100_000
    script.receipt(1, 1, { wallMs: 111_900 })
    expect(kinds(script)).toEqual([])
    script.receipt(1, 1, { wallMs: 1_000 })
    expect(kinds(script)).toEqual(['overlap'])
    expect(refusal(script)).toBeNull()
  })

  test('a clock set back by an hour is a remark, not an offence', () => {
    const script = trained()
    script.unixMs -= 3_600_000
    for (let i = 0; i < 20; i++) {
      script.unixMs += 1000
      script.receipt(1, 1, { wallMs: 900 })
    }
    expect(kinds(script)).toEqual(['clock'])
    expect(refusal(script)).toBeNull()
  })

  test('a device that was not registered, or was handed on', () => {
    const script = new RoomScript()
    script.trainer(1)
    script.receipt(1, 1, { device: deviceOf(9) })
    expect(kinds(script)).toEqual(['rate', 'unknown-device'])
    const gone = new RoomScript()
    gone.join(1)
    const { hash } = gone.register(1)
    gone.write(1, { kind: 'device-transfer', device: deviceOf(1), to: member(2), previous: hash })
    gone.receipt(1, 1)
    expect(suspendedFor(gone.state.governance, member(1))).toEqual(['wrong-device'])
  })
})

describe('budgets of a member and of a round', () => {
  const capped = (budget: { memberFlop?: bigint; roundFlop?: bigint }): RoomScript => {
    const script = new RoomScript({
      budget: {
        memberFlop: (budget.memberFlop ?? 0n).toString(),
        roundFlop: (budget.roundFlop ?? 0n).toString(),
        lineageFlop: '0',
      },
    })
    script.trainer(1)
    return script
  }

  test('all of it may be used, and no step more', () => {
    const script = capped({ memberFlop: STEP_FLOP * 30n })
    script.receipt(1, 30)
    expect(kinds(script)).toEqual([])
    script.receipt(1, 1)
    expect(kinds(script)).toEqual(['over-budget'])
    expect(refusal(script)).toBe('over-budget')
  })

  test('work of one round stated in pieces still counts as one round', () => {
    const script = capped({ roundFlop: STEP_FLOP * 10n })
    script.receipt(1, 10, { fromRound: 0, toRound: 1 })
    for (let round = 1; round < 50; round++) script.receipt(1, 10, { fromRound: round, toRound: round + 1 })
    expect(kinds(script)).toEqual([])
    for (let i = 0; i < 5; i++) script.receipt(1, 5, { fromRound: 50, toRound: 50 })
    expect(kinds(script)).toEqual(['over-budget'])
  })

  test('twice the budget in every round is found however the receipts are cut', () => {
    const script = capped({ roundFlop: STEP_FLOP * 10n })
    for (let round = 0; round < 10; round++) script.receipt(1, 20, { fromRound: round, toRound: round + 1 })
    expect(kinds(script)).toEqual(['over-budget'])
  })
})

test('an author whose newest receipt is far behind its updates is not mixed', () => {
  const script = trained()
  expect(refusal(script, 1, 241)).toBeNull()
  expect(refusal(script, 1, 242)).toBe('no-receipt')
  expect(
    mayMix(script.state.governance, { author: member(1), round: 900, roomTime: 0, newestReceiptRound: 700 }),
  ).toBeNull()
})
