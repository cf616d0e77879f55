import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { balancedOrder, splitStratified } from '../../../src/core/data/order.ts'

const labels = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 300 })

describe('balancedOrder', () => {
  it('is a permutation whose prefixes stay within one sample of the proportions', () => {
    fc.assert(
      fc.property(labels, y => {
        const order = balancedOrder(y, 6)
        expect([...order].sort((a, b) => a - b)).toEqual(y.map((_, i) => i))
        const totals = [0, 1, 2, 3, 4, 5].map(label => y.filter(other => other === label).length)
        const seen = [0, 0, 0, 0, 0, 0]
        let worst = 0
        for (const [n, index] of [...order].entries()) {
          seen[y[index]!]!++
          for (const [label, total] of totals.entries())
            worst = Math.max(worst, Math.abs(seen[label]! - ((n + 1) * total) / y.length))
        }
        expect(worst).toBeLessThanOrEqual(6 / 2 + 1e-9)
      }),
    )
  })
})

describe('splitStratified', () => {
  const share = fc.integer({ min: 5, max: 50 }).map(percent => percent / 100)

  it('never lets two samples with one key stand on both sides, and loses none', () => {
    fc.assert(
      fc.property(labels, fc.nat(40), share, fc.string(), (y, range, testShare, seed) => {
        const keys = y.map((_, i) => (i * 7919) % (range + 1))
        const { train, test } = splitStratified(y, 6, keys, testShare, seed)
        expect([...train, ...test].sort((a, b) => a - b)).toEqual(y.map((_, i) => i))
        const heldOut = new Set(Array.from(test, i => keys[i]))
        for (const i of train) expect(heldOut.has(keys[i]!)).toBe(false)
        expect(splitStratified(y, 6, keys, testShare, seed)).toEqual({ train, test })
        if (new Set(keys).size > 1) expect(Math.min(train.length, test.length)).toBeGreaterThan(0)
      }),
    )
  })

  it('holds out about the share of every class when samples are distinct', () => {
    fc.assert(
      fc.property(labels, share, fc.string(), (y, testShare, seed) => {
        const { test } = splitStratified(y, 6, [...y.keys()], testShare, seed)
        for (let label = 0; label < 6; label++) {
          const total = y.filter(other => other === label).length
          const held = [...test].filter(i => y[i] === label).length
          // With single samples only, one of them is held out all the same.
          if (total === 1 && new Set(y).size < y.length) expect(held).toBe(0)
          if (total > 1) expect(held).toBe(Math.min(total - 1, Math.max(1, Math.round(total * testShare))))
        }
      }),
    )
  })

  it('depends on the seed', () => {
    const y = new Array<number>(100).fill(0)
    const keys = [...y.keys()]
    const [a, b] = ['a', 'b'].map(seed => splitStratified(y, 1, keys, 0.2, seed).test)
    expect(a).not.toEqual(b)
  })
})
