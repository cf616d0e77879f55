import { expect, it } from 'vitest'
import { createFormat } from '../../src/i18n/format.ts'

const en = createFormat('en')
const ja = createFormat('ja')

it('writes bytes in steps of a thousand with three figures or fewer', () => {
  expect([0, 999, 1000, 12_968, 99_400, 999_499, 999_500, 3_400_000].map(en.bytes)).toEqual([
    '0 B',
    '999 B',
    '1 kB',
    '13 kB',
    '99.4 kB',
    '999 kB',
    '1 MB',
    '3.4 MB',
  ])
})

it('writes numbers as each language does', () => {
  expect(en.int(101_770)).toBe('101,770')
  expect(en.percent(0.8472)).toBe('84.7%')
  expect(en.percent(1, 0)).toBe('100%')
  expect(en.decimal(0.609792, 2)).toBe('0.61')
  expect(en.error(0.0000032)).toBe('3e-6')
})

it('says roughly how long', () => {
  expect([1, 33, 50, 200, 5400, 9000].map(en.roughly)).toEqual([
    '5 sec',
    '35 sec',
    '1 min',
    '3 min',
    '1.5 hr',
    '2.5 hr',
  ])
  expect(ja.roughly(200)).toBe('3 分')
  expect(ja.seconds(7.7)).toBe('7.7 秒')
})

it('writes compute in steps of a thousand, and credits to the last decimal', () => {
  expect([0, 999, 390_000_000n, 1_170_000_000, 34_100_000_000n, 2e15].map(en.flop)).toEqual([
    '0 FLOP',
    '999 FLOP',
    '390 MFLOP',
    '1.17 GFLOP',
    '34.1 GFLOP',
    '2 PFLOP',
  ])
  expect(en.flops(2_710_000_000)).toBe('2.71 GFLOP/s')
  expect([0n, 1n, 1_000_000n, 937_499_999n, 1_234_567_000_000n, -2_500_000n].map(en.credits)).toEqual([
    '0',
    '0.000001',
    '1',
    '937.499999',
    '1,234,567',
    '-2.5',
  ])
})
