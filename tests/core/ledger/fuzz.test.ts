import { expect, test } from 'vitest'
import { fuzzLedger, isClean } from '../../tools/fuzz-ledger.ts'

test('20,000 damaged records: no crash, none slow, none in a second form, nothing left in memory', () => {
  const report = fuzzLedger({ inputs: 20_000, seed: 'ci' })
  expect(report.findings, `seed ${report.seed}`).toEqual([])
  expect(isClean(report), JSON.stringify(report)).toBe(true)
  // The damage must reach the ledger, or nothing was tested.
  for (const outcome of [
    'malformed',
    'added',
    'known',
    'gap',
    'fork',
    'refused-chain',
    'refused-room',
    'seal-record',
  ])
    expect(report.outcomes[outcome], outcome).toBeGreaterThan(0)
})
