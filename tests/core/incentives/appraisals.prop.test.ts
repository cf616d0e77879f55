import fc from 'fast-check'
import { expect, test } from 'vitest'
import { combineReports, type AppraiserReport } from '../../../src/core/incentives/appraisals.ts'
import type { MemberId } from '../../../src/core/num/ids.ts'

const id = (n: number): MemberId => `m${String(n).padStart(2, '0')}` as MemberId
const nano = fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n })

/** Honest ones first. */
const room = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }))
  .chain(([owners, honest]) =>
    fc.record({
      owners: fc.constant(owners),
      honest: fc.array(fc.array(nano, { minLength: owners, maxLength: owners }), {
        minLength: honest,
        maxLength: honest,
      }),
      lies: fc.array(fc.array(nano, { minLength: owners, maxLength: owners }), { maxLength: honest - 1 }),
      claimed: fc.integer({ min: 1, max: 1_000_000 }),
      order: fc.integer(),
    }),
  )

const reportOf = (n: number, values: readonly bigint[], rounds: number): AppraiserReport => ({
  appraiser: id(50 + n),
  rounds,
  values: values.map((value, owner) => [id(owner), value]),
})

test('liars that are fewer than half move a value at most to an honest extreme, whatever they claim', () => {
  fc.assert(
    fc.property(room, ({ owners, honest, lies, claimed }) => {
      const reports = [
        ...honest.map((values, n) => reportOf(n, values, 10 + n)),
        ...lies.map((values, n) => reportOf(20 + n, values, claimed)),
      ]
      const combined = combineReports(reports)
      for (let owner = 0; owner < owners; owner++) {
        const said = honest.map(values => values[owner]!)
        const value = combined.get(id(owner))!
        expect(value >= said.reduce((a, b) => (b < a ? b : a))).toBe(true)
        expect(value <= said.reduce((a, b) => (b > a ? b : a))).toBe(true)
      }
    }),
    { numRuns: 500 },
  )
})

test('the order of reports does not matter, and whole numbers stay whole', () => {
  fc.assert(
    fc.property(room, ({ honest, lies }) => {
      const reports = [...honest, ...lies].map((values, n) => reportOf(n, values, 10))
      const combined = combineReports(reports)
      expect([...combineReports([...reports].reverse())]).toEqual([...combined])
      for (const value of combined.values()) expect(typeof value).toBe('bigint')
    }),
  )
})

test('nobody speaks of itself, and who saw next to nothing is not heard', () => {
  const own = {
    appraiser: id(0),
    rounds: 16,
    values: [
      [id(0), 10n ** 12n],
      [id(1), 5n],
    ] as const,
  }
  const other = {
    appraiser: id(1),
    rounds: 16,
    values: [
      [id(0), 7n],
      [id(1), 10n ** 12n],
    ] as const,
  }
  expect([...combineReports([own, other])]).toEqual([
    [id(0), 7n],
    [id(1), 5n],
  ])
  const late = { appraiser: id(2), rounds: 2, values: [[id(0), -1000n]] as const }
  const third = { appraiser: id(3), rounds: 12, values: [[id(0), 9n]] as const }
  expect(combineReports([other, third, late]).get(id(0))).toBe(8n)
  expect(combineReports([other, third, { ...late, rounds: 3 }]).get(id(0))).toBe(7n)
  expect(combineReports([]).size).toBe(0)
})
