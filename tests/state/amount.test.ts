import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseAmount, writeAmount } from '../../src/state/amount.ts'
import { capFlop, LimitsDraft } from '../../src/state/limits-draft.svelte.ts'

it.each([
  ['1', 1_000_000n],
  ['0.000001', 1n],
  ['.5', 500_000n],
  ['1,234.5', 1_234_500_000n],
  ['12.500000000', 12_500_000n],
  [' 7 ', 7_000_000n],
  ['１２．５', 12_500_000n],
  ['9007199254740993', 9_007_199_254_740_993_000_000n],
])('%j credits are %s micro-credits', (text, value) => {
  expect(parseAmount(text, 6)).toEqual({ status: 'ok', value })
})

it.each([
  ['', 'empty'],
  ['   ', 'empty'],
  ['0', 'zero'],
  ['0.000', 'zero'],
  ['0.0000001', 'too-fine'],
  ['-1', 'not-a-number'],
  ['1e3', 'not-a-number'],
  ['1,5', 'not-a-number'],
  ['12,34', 'not-a-number'],
  ['.', 'not-a-number'],
  ['five', 'not-a-number'],
  ['1.2.3', 'not-a-number'],
  ['9'.repeat(25), 'too-large'],
  ['9'.repeat(1_000_000), 'too-large'],
])('%.20j is no amount: %s', (text, fault) => {
  expect(parseAmount(text, 6)).toEqual({ status: 'fault', fault })
})

it('what is written is read back, to the last unit', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 10n ** 29n }), fc.constantFrom(0, 6, 9), (value, decimals) => {
      if (decimals === 0) return
      expect(parseAmount(writeAmount(value, decimals), decimals)).toEqual({ status: 'ok', value })
    }),
    { seed: 20_260_101 },
  )
})

it('caps are GFLOP; nothing is none, nonsense is neither', () => {
  expect([capFlop(''), capFlop('2.5'), capFlop('0.000000001'), capFlop('many'), capFlop('0')]).toEqual([
    0n,
    2_500_000_000n,
    1n,
    null,
    null,
  ])
})

it('limits start without caps, open, sealed with the host, under the founder’s sole guard', () => {
  const limits = new LimitsDraft()
  expect(limits.terms()).toEqual({
    governance: {
      guardians: [],
      quorum: 1,
      resumeQuorum: 1,
      issuers: [],
      licensing: 'open',
      budget: { memberFlop: '0', roundFlop: '0', lineageFlop: '0' },
      sealing: 'host',
      heartbeatMs: 0,
      expiresUnixMs: 0,
    },
    rewardMicro: '1000000000',
  })
  limits.caps.lineageFlop = 'a lot'
  limits.reward = '1.0000001'
  expect(limits.invalid).toEqual(['lineageFlop', 'reward'])
  expect(limits.terms()).toBeNull()
  limits.caps.lineageFlop = '40'
  limits.reward = ''
  limits.heartbeat = true
  expect(limits.terms()).toMatchObject({
    governance: { budget: { lineageFlop: '40000000000' }, heartbeatMs: 30_000 },
    rewardMicro: '0',
  })
})
