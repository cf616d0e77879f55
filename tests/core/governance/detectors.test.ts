import { describe, expect, it } from 'vitest'
import { checkBudgets, sumByLineage, sumByOwner } from '../../../src/core/governance/detectors/budget.ts'
import { gatherFacts } from '../../../src/core/governance/detectors/facts.ts'
import type { Finding } from '../../../src/core/governance/detectors/findings.ts'
import {
  binomialTail,
  checkFreshStart,
  FRESH_START_LEVEL,
} from '../../../src/core/governance/detectors/fresh-start.ts'
import { RUNS_NEAR_CAP } from '../../../src/core/governance/detectors/near-cap.ts'
import { examine } from '../../../src/core/governance/detectors/panel.ts'
import type { GovernanceTerms } from '../../../src/core/ledger/entry.ts'
import type { RoomId } from '../../../src/core/num/ids.ts'
import {
  createBook,
  deviceAt,
  deviceBody,
  GUARDIAN,
  hashAt,
  joinBody,
  memberAt,
  ROOM_A,
  ROOM_B,
  terms,
} from './detectors-fixtures.ts'

const [anna, ben, chie] = [memberAt(1), memberAt(2), memberAt(3)]
const owner = hashAt(900)

const findings = (...books: ReturnType<typeof createBook>[]): readonly Finding[] =>
  examine({ rooms: books.map(({ rows }) => gatherFacts(rows, terms)), probes: [], comparisons: [] })
const of = <Rule extends Finding['rule']>(found: readonly Finding[], rule: Rule) =>
  found.filter((finding): finding is Extract<Finding, { rule: Rule }> => finding.rule === rule)

/** Two members with a device each, and two receipts each that contradict nothing. */
function honestBook(room: RoomId = ROOM_A) {
  const book = createBook(room)
  for (const [i, member] of [anna, ben].entries()) {
    const device = deviceAt(i + 1)
    book.add(member, { ...joinBody, part: i, dataRoot: hashAt(50 + i) })
    book.add(member, { ...deviceBody, device })
    book.receipt(member, 10_000, { device })
    book.receipt(member, 20_000, { device })
  }
  return book
}

describe('panel', () => {
  it('finds nothing in honest receipts and joins', () => {
    expect(findings(honestBook())).toEqual([])
  })

  it('does not depend on the order of authors', () => {
    const book = honestBook()
    book.receipt(anna, 30_000, { flop: '900' })
    const shown = findings(book)
    book.rows.reverse()
    expect(findings(book)).toEqual(shown)
    expect(shown.length).toBeGreaterThan(0)
  })

  it('puts alerts before warnings before notes', () => {
    const book = honestBook()
    book.receipt(anna, 30_000, { flop: '750', wallMs: 8_000 })
    book.add(chie, { ...joinBody, part: 0, dataRoot: hashAt(50) })
    book.receipt(ben, 30_000, { device: deviceAt(2), fromStep: 0 })
    expect(findings(book).map(({ severity }) => severity)).toEqual(['alert', 'warning', 'note'])
  })
})

describe('R1', () => {
  const record = (member: typeof anna, flop: bigint, of = '', lineage = 'l') => ({
    member,
    owner: of,
    lineage,
    flop,
  })

  it('sums by owner and by lineage', () => {
    const records = [record(anna, 3n, owner), record(ben, 4n, owner), record(chie, 5n, '', 'm')]
    expect(sumByOwner(records)).toEqual([
      { name: owner, members: [anna, ben].sort(), flop: 7n },
      { name: chie, members: [chie], flop: 5n },
    ])
    expect(sumByLineage(records).map(({ name, flop }) => [name, flop])).toEqual([
      ['l', 7n],
      ['m', 5n],
    ])
  })

  it('warns from 80 % of the cap on and alerts beyond it', () => {
    const severity = (flop: bigint) =>
      checkBudgets([record(anna, flop)], { ownerFlop: 0n, lineageFlop: 100n }).map(found => found.severity)
    expect([79n, 80n, 100n, 101n].map(severity)).toEqual([[], ['warning'], ['warning'], ['alert']])
  })

  it('says when one owner exceeds a cap that none of its identities does', () => {
    const caps = { ownerFlop: 100n, lineageFlop: 0n }
    const [split] = checkBudgets([record(anna, 60n, owner), record(ben, 60n, owner)], caps)
    expect(split).toMatchObject({ severity: 'alert', by: 'owner', name: owner, flop: 120n, split: true })
    const [plain] = checkBudgets([record(anna, 120n, owner), record(ben, 1n, owner)], caps)
    expect(plain).toMatchObject({ severity: 'alert', split: false })
    expect(checkBudgets([record(anna, 60n), record(ben, 60n)], caps)).toEqual([])
  })

  it('takes owners only from those who may vouch', () => {
    const claimed = (by: typeof anna) => {
      const book = honestBook()
      for (const subject of [anna, ben])
        book.add(by, { kind: 'vouch', subject, level: 1, owner, expiresUnixMs: 0 })
      book.receipt(anna, 30_000, { flop: '600', wallMs: 8_000 })
      book.receipt(ben, 30_000, { flop: '300', wallMs: 8_000, device: deviceAt(2) })
      return of(findings(book), 'R1')
    }
    expect(claimed(GUARDIAN)).toMatchObject([{ by: 'owner', name: owner, flop: 1_300n, split: true }])
    expect(claimed(chie)).toMatchObject([{ name: anna, flop: 800n, severity: 'warning' }])
  })
})

describe('R2', () => {
  it('computes exact binomial tails', () => {
    expect(binomialTail(0, 20, 0.3)).toBe(1)
    expect(binomialTail(10, 10, 0.5)).toBeCloseTo(1 / 1024, 12)
    // P(X >= 2) = 1 - 0.9^5 - 5 * 0.1 * 0.9^4.
    expect(binomialTail(2, 5, 0.1)).toBeCloseTo(0.08146, 10)
    expect(binomialTail(500, 500, 0.1)).toBeLessThan(1e-300)
  })

  it('accuses what knows more than chance, and nothing else', () => {
    const probe = (hits: number) => checkFreshStart({ model: 'm', hits, samples: 500, chance: 0.1 })
    expect(probe(60)).toBeNull()
    expect(probe(430)).toMatchObject({ rule: 'R2', severity: 'alert', hits: 430 })
    expect(probe(100)!.pValue).toBeLessThan(FRESH_START_LEVEL)
  })

  it('refuses what is no probe', () => {
    for (const bad of [
      { hits: 2, samples: 1, chance: 0.1 },
      { hits: NaN, samples: 1, chance: 0.1 },
      { hits: 0, samples: 1, chance: 0 },
    ])
      expect(() => checkFreshStart({ model: '', ...bad })).toThrow(RangeError)
  })
})

describe('R4', () => {
  const nearCap = (flop: string, runs: number) =>
    Array.from({ length: runs }, (_, i) => {
      const book = createBook(`room ${i}` as RoomId)
      book.add(anna, deviceBody)
      book.receipt(anna, 60_000, { lineage: `l${i}`, flop, wallMs: 20_000 })
      return book
    })

  it('counts the runs of an owner that end just below the cap', () => {
    expect(of(findings(...nearCap('900', RUNS_NEAR_CAP)), 'R4')).toMatchObject([
      { owner: anna, runs: [{ lineage: 'l0', flop: 900n, capFlop: 1_000n }, {}, {}] },
    ])
    expect(of(findings(...nearCap('900', RUNS_NEAR_CAP - 1)), 'R4')).toEqual([])
    expect(of(findings(...nearCap('700', RUNS_NEAR_CAP)), 'R4')).toEqual([])
    expect(of(findings(...nearCap('1100', RUNS_NEAR_CAP)), 'R4')).toEqual([])
  })

  it('adds up the identities of one owner, by what a guardian vouched for in any of the rooms', () => {
    const books = Array.from({ length: RUNS_NEAR_CAP }, (_, i) => {
      const book = createBook(`room ${i}` as RoomId)
      for (const member of [anna, ben]) {
        book.add(GUARDIAN, { kind: 'vouch', subject: member, level: 1, owner, expiresUnixMs: 0 })
        book.receipt(member, 60_000, { lineage: `l${i}`, flop: '450' })
      }
      return book
    })
    expect(of(findings(...books), 'R4')).toMatchObject([{ owner, members: [anna, ben].sort() }])
  })

  it('needs a cap', () => {
    const free: GovernanceTerms = { ...terms, budget: { ...terms.budget, memberFlop: '0' } }
    const rooms = nearCap('900', RUNS_NEAR_CAP).map(({ rows }) => gatherFacts(rows, free))
    expect(of(examine({ rooms, probes: [], comparisons: [] }), 'R4')).toEqual([])
  })
})

describe('R5', () => {
  const fault = (change: (book: ReturnType<typeof honestBook>) => { hash: string }) => {
    const book = honestBook()
    const { hash } = change(book)
    const found = of(findings(book), 'R5')
    expect(found.every(({ receipt }) => receipt === hash)).toBe(true)
    return found.map(({ fault, amount }) => [fault, amount])
  }

  it('names the receipt that leaves something out, says it twice, or cannot be', () => {
    expect(fault(book => book.receipt(anna, 30_000, { fromStep: 25, toStep: 30 }))).toEqual([['gap', 5]])
    expect(fault(book => book.receipt(anna, 30_000, { fromStep: 15 }))).toEqual([['overlap', 5]])
    expect(fault(book => book.receipt(anna, 30_000, { previous: hashAt(3) }))).toEqual([['broken-chain', 0]])
    expect(fault(book => book.receipt(anna, 30_000, { modelBefore: hashAt(3) }))).toEqual([
      ['model-chain', 0],
    ])
    expect(fault(book => book.receipt(anna, 15_000, { wallMs: 0, flop: '0' }))).toEqual([
      ['clock-back', 5_000],
    ])
    expect(fault(book => book.receipt(anna, 22_000, { wallMs: 9_000 }))).toEqual([
      ['more-work-than-time', 7_000],
    ])
  })

  it('finds one device that computes for two members at once', () => {
    const book = createBook()
    for (const member of [anna, ben]) book.add(member, deviceBody)
    book.receipt(anna, 100_000, { wallMs: 40_000 })
    const second = book.receipt(ben, 110_000, { wallMs: 40_000 })
    expect(of(findings(book), 'R5')).toMatchObject([
      { fault: 'device-twice', member: ben, receipt: second.hash, amount: 30_000 },
    ])
    const turns = createBook()
    for (const member of [anna, ben]) turns.add(member, deviceBody)
    turns.receipt(anna, 100_000, { wallMs: 40_000 })
    turns.receipt(ben, 145_000, { wallMs: 40_000 })
    expect(of(findings(turns), 'R5')).toEqual([])
  })

  it('accuses nobody of what stands in epochs that are not at hand', () => {
    const book = createBook()
    book.add(anna, deviceBody)
    book.receipt(anna, 10_000, { previous: hashAt(3), fromStep: 500, toStep: 510 })
    book.receipt(anna, 20_000)
    expect(findings(book)).toEqual([])
  })
})

describe('R6', () => {
  it('allows a fifth more than the benchmark and names the receipts beyond', () => {
    const at = (flop: string) => {
      const book = honestBook()
      const row = book.receipt(anna, 30_000, { flop, wallMs: 1_000 })
      return { row, found: of(findings(book), 'R6') }
    }
    expect(at('120').found).toEqual([])
    const { row, found } = at('122')
    expect(found).toMatchObject([
      { kind: 'too-fast', severity: 'warning', member: anna, receipts: [row.hash], benchmark: 100 },
    ])
  })

  it('alerts when the device is too fast over all its receipts', () => {
    const book = honestBook()
    const rows = [30_000, 40_000].map(at => book.receipt(anna, at, { flop: '160', wallMs: 1_000 }))
    expect(of(findings(book), 'R6')).toMatchObject([
      { severity: 'alert', receipts: rows.map(({ hash }) => hash), fastest: expect.closeTo(159.84, 2) },
    ])
  })

  it('measures by the registration that stood when the receipt was written', () => {
    const book = honestBook()
    book.add(anna, { ...deviceBody, benchmarkFlops: '10' })
    expect(of(findings(book), 'R6')).toEqual([])
    book.receipt(anna, 30_000)
    expect(of(findings(book), 'R6')).toMatchObject([{ kind: 'too-fast', benchmark: 10 }])
  })

  it('tells a device without a benchmark, unless an earlier epoch knows it', () => {
    const book = createBook()
    book.receipt(anna, 10_000)
    expect(of(findings(book), 'R6')).toMatchObject([{ kind: 'no-benchmark', severity: 'warning' }])
    const known = {
      owners: new Map(),
      devices: [{ device: deviceAt(1), holder: anna, benchmarkFlops: 100n }],
    }
    const rooms = [gatherFacts(book.rows, terms, known)]
    expect(examine({ rooms, probes: [], comparisons: [] })).toEqual([])
  })
})

describe('R7', () => {
  const joins = (...parts: readonly (readonly [member: typeof anna, part: number, root?: string])[]) => {
    const book = createBook()
    for (const [member, part, dataRoot = hashAt(60)] of parts)
      book.add(member, { ...joinBody, part, dataRoot })
    return of(findings(book), 'R7').map(({ cause, severity }) => [cause, severity])
  }

  it('tells the same part of a built-in task from copies', () => {
    expect(joins([anna, 3], [ben, 3])).toEqual([['same-part', 'note']])
    expect(joins([anna, 3], [ben, 4])).toEqual([['different-parts', 'alert']])
    expect(joins([anna, -1], [ben, -1])).toEqual([['own-data', 'warning']])
    expect(joins([anna, -1], [anna, -1])).toEqual([])
    expect(joins([anna, -1, ''], [ben, -1, ''])).toEqual([])
    expect(joins([anna, -1, hashAt(1)], [ben, -1, hashAt(2)])).toEqual([])
  })

  it('compares inside one room only: roots are salted', () => {
    const [here, there] = [createBook(), createBook(ROOM_B)]
    here.add(anna, { ...joinBody, part: -1 })
    there.add(ben, { ...joinBody, part: -1 })
    expect(of(findings(here, there), 'R7')).toEqual([])
  })
})
