// Who is paid what: sums exact to the micro-credit, fines and where they go, floors, escrow, and that over-reporting does not pay.
import { describe, expect, test } from 'vitest'
import {
  abortEscrow,
  acceptContribution,
  escrowSums,
  lockReward,
  settleEscrow,
} from '../../../src/core/incentives/escrow.ts'
import { deterrentFine, reportOutcome } from '../../../src/core/incentives/reporting.ts'
import { PAPER_TERMS } from '../../../src/core/incentives/offers.ts'
import {
  contributionParts,
  DEFAULT_SETTLEMENT,
  settle,
  type MeasuredOwner,
} from '../../../src/core/incentives/settlement.ts'
import { granted, idOf } from '../../../src/sim/rdfl/markets.ts'
import { finesNeeded, misreportStudy, NARROW, WIDE } from '../../../src/sim/rdfl/misreport.ts'
import { scanSettlements } from '../../../src/sim/rdfl/scans.ts'

const owner = (id: string, contribution: bigint, reported = 900_000, measured = 900_000): MeasuredOwner => ({
  id,
  contribution,
  reportedMillionths: reported,
  measuredMillionths: measured,
})

function pays(reward: bigint, owners: readonly MeasuredOwner[], floorMillionths = 0): Record<string, bigint> {
  const { payments } = granted(settle(reward, owners, { ...DEFAULT_SETTLEMENT, floorMillionths }))
  return Object.fromEntries(payments.map(({ id, payMicro }) => [id, payMicro]))
}

describe('settlement', () => {
  test('R5: 1,000 settlements of up to 200 owners add up to the reward, to the micro-credit; nobody pays in', () => {
    const { faults, owners } = scanSettlements(1_000, 200, 'R5')
    expect(owners).toBeGreaterThan(50_000)
    expect(faults).toBe(0)
  })

  test('largest remainders get what is left, ties the lower id', () => {
    expect(pays(10n, [owner('c', 1n), owner('a', 1n), owner('b', 1n)])).toEqual({ a: 4n, b: 3n, c: 3n })
    expect(pays(100n, [owner('a', 2n), owner('b', 1n)])).toEqual({ a: 67n, b: 33n })
  })

  test('a harmful contribution earns nothing and takes nothing', () => {
    expect(pays(100n, [owner('a', -5n), owner('b', 3n), owner('c', 1n)])).toEqual({ a: 0n, b: 75n, c: 25n })
  })

  test('an over-report of 0.1 costs 2 % of the reward, which the others share by contribution', () => {
    const settled = granted(
      settle(1000n, [owner('a', 5n, 1_000_000, 900_000), owner('b', 3n), owner('c', 2n)]),
    )
    expect(settled.payments).toEqual([
      { id: 'a', payMicro: 480n, earnedMicro: 500n, fineMicro: 20n, bonusMicro: 0n },
      { id: 'b', payMicro: 312n, earnedMicro: 300n, fineMicro: 0n, bonusMicro: 12n },
      { id: 'c', payMicro: 208n, earnedMicro: 200n, fineMicro: 0n, bonusMicro: 8n },
    ])
    expect(settled.returnedMicro).toBe(0n)
  })

  test('what an owner receives of fines does not depend on its own report', () => {
    const bonus = (reported: number): bigint => {
      const owners = [owner('a', 5n, reported, 500_000), owner('b', 3n, 900_000, 700_000), owner('c', 2n)]
      return granted(settle(1_000_000n, owners)).payments[0]!.bonusMicro
    }
    expect(bonus(500_000)).toBe(bonus(1_000_000))
  })

  test('a fine takes at most what was earned, and under-reporting costs none', () => {
    const { payments } = granted(
      settle(1000n, [owner('a', 1n, 1_000_000, 0), owner('b', 99n, 500_000, 900_000)]),
    )
    expect(payments.map(({ payMicro }) => payMicro)).toEqual([0n, 1000n])
    expect(payments[1]!.fineMicro).toBe(0n)
  })

  test('nobody contributed: all goes back; a fine without another taker goes back', () => {
    expect(granted(settle(50n, [owner('a', 0n), owner('b', -1n)])).returnedMicro).toBe(50n)
    const alone = granted(settle(1000n, [owner('a', 1n, 900_000, 400_000)]))
    expect([alone.payments[0]!.payMicro, alone.returnedMicro]).toEqual([900n, 100n])
  })

  test('a floor is shared alike by those who contributed', () => {
    expect(pays(1000n, [owner('a', 9n), owner('b', 1n), owner('c', 0n)], 100_000)).toEqual({
      a: 860n,
      b: 140n,
      c: 0n,
    })
  })

  test('measured values of any size become whole parts', () => {
    expect(contributionParts([0.5, -0.25, NaN])).toEqual([10n ** 12n, -(10n ** 12n) / 2n, 0n])
    expect(contributionParts([0, 0])).toEqual([0n, 0n])
  })
})

describe('escrow', () => {
  const sums = (...args: Parameters<typeof escrowSums>): bigint[] => Object.values(escrowSums(...args))

  test('a leaver is paid for what was accepted, and a round counts once', () => {
    let escrow = granted(lockReward(90n))
    for (const [id, round, parts] of [
      ['stays', 1, 1n],
      ['leaves', 1, 1n],
      ['stays', 2, 1n],
    ] as const)
      escrow = granted(acceptContribution(escrow, id, round, parts))
    expect(acceptContribution(escrow, 'leaves', 1, 1n)).toMatchObject({ refusal: { kind: 'duplicate-id' } })
    expect(sums(escrow)).toEqual([90n, 0n, 0n])
    const settled = granted(settleEscrow(escrow, new Map(), DEFAULT_SETTLEMENT))
    expect(settled.settlement!.payments.map(({ id, payMicro }) => [id, payMicro])).toEqual([
      ['leaves', 30n],
      ['stays', 60n],
    ])
    expect(sums(settled)).toEqual([0n, 90n, 0n])
  })

  test('an abort returns everything; what is over can not be spent again', () => {
    const escrow = granted(acceptContribution(granted(lockReward(90n)), 'a', 1, 5n))
    const aborted = granted(abortEscrow(escrow))
    expect(sums(aborted)).toEqual([0n, 0n, 90n])
    for (const again of [
      abortEscrow(aborted),
      settleEscrow(aborted, new Map(), DEFAULT_SETTLEMENT),
      acceptContribution(aborted, 'a', 2, 1n),
    ])
      expect(again).toMatchObject({ refusal: { kind: 'wrong-phase' } })
  })
})

describe('R9: reports of quality', () => {
  test('over-reporting by 0.01 to 0.10 pays without a fine and does not with phi = 0.2; nor does under-reporting', () => {
    const points = misreportStudy(NARROW, 0.2, 20, 'R9')
    for (const { bent, byMeasure, largestFined } of points) {
      if (bent > 0) expect(byMeasure, `report ${bent}`).toBeGreaterThan(0)
      expect(largestFined, `report ${bent}`).toBeLessThanOrEqual(1e-12)
    }
    expect(points.at(-1)!.byMeasure).toBeGreaterThan(0.5)
  })

  test('in small rooms of uneven quality phi = 0.2 is too little, and the fine that is computed is enough', () => {
    expect(finesNeeded(WIDE, 10, 'R9').highest).toBeGreaterThan(0.2)
    const offers = [0.5, 0.6, 0.7, 0.8].map((quality, n) => ({ id: idOf(n), quality }))
    const fine = granted(deterrentFine(PAPER_TERMS, offers, 0.1, 20))
    for (const [n, { quality }] of offers.entries()) {
      const honest = granted(reportOutcome(PAPER_TERMS, offers, n, quality)).utility
      for (const over of [0.005, 0.02, 0.05, 0.1]) {
        const bent = granted(reportOutcome(PAPER_TERMS, offers, n, quality + over))
        expect(bent.utility - fine * bent.reward * over).toBeLessThanOrEqual(honest + 1e-4)
        expect(bent.utility - 1.05 * fine * bent.reward * over).toBeLessThanOrEqual(honest + 1e-9)
      }
    }
  })
})
