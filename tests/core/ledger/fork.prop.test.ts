// Members that learn the branches of a contradictory author in any order, by any route, end with the same set.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { entryHash, headOf, Ledger } from '../../../src/core/ledger/chain.ts'
import type { Entry, EntryBody } from '../../../src/core/ledger/entry.ts'
import { createRng, shuffle, type Rng } from '../../../src/core/num/rng.ts'
import { chain, entry, joinBody, leaveBody, member, ROOM, workBody } from './fixtures.ts'

const pay = (amount: number): EntryBody => ({
  kind: 'transfer',
  to: member(2),
  amountMicro: String(amount + 1),
  memo: '',
})

/** One author's branches: each leaves an earlier one at some place. */
function tree(rng: Rng, branches: number): Entry[][] {
  const all: Entry[][] = [chain(member(1), [joinBody, ...Array<EntryBody>(6).fill(workBody)])]
  for (let i = 1; i < branches; i++) {
    const stem = all[rng.below(all.length)]!.slice(0, rng.below(7))
    all.push([
      ...stem,
      ...chain(member(1), [pay(i), ...Array<EntryBody>(6 - stem.length).fill(workBody)], stem),
    ])
  }
  return all
}

/** The lowest place at which two branches differ, and how far all agree. */
function commonPrefix(branches: readonly Entry[][]): Entry[] {
  const [first] = branches as [Entry[]]
  const at = first.findIndex((each, seq) =>
    branches.some(branch => entryHash(branch[seq]!) !== entryHash(each)),
  )
  return at === -1 ? first : first.slice(0, at)
}

function admitAll(ledger: Ledger, entries: readonly Entry[]): void {
  for (const each of entries) ledger.admit(each)
}

function exchange(from: Ledger, to: Ledger): void {
  for (const proof of from.forks.values()) to.convict(proof)
  for (const { author, fromSeq } of from.missingAt(to.heads()))
    for (const each of from.entriesOf(author, fromSeq)) to.admit(each)
}

describe('two branches of one author', () => {
  test('convict it with a proof of heads alone; what was before the fork still comes in', () => {
    const ledger = new Ledger(ROOM)
    const [join, work, more] = chain(member(1), [joinBody, workBody, workBody])
    for (const sound of [join!, work!, more!]) ledger.admit(sound)
    const other = entry(member(1), 1, entryHash(join!), leaveBody)
    expect(ledger.admit(other)).toEqual({
      status: 'fork',
      proof: [headOf(work!), headOf(other)],
      removed: [work, more],
    })
    for (const each of [work!, other, more!])
      expect(ledger.admit(each)).toEqual({ status: 'refused', why: 'ejected' })
    expect(ledger.openEntries()).toEqual([join])
    expect(ledger.size).toBe(1)

    const elsewhere = new Ledger(ROOM)
    expect(elsewhere.convict(ledger.forks.get(member(1))!)).toEqual({ status: 'cut', removed: [] })
    expect(elsewhere.admit(work!)).toEqual({ status: 'refused', why: 'ejected' })
    expect(elsewhere.heads()).toEqual([])
    expect(elsewhere.admit(join!)).toEqual({ status: 'added' })
    expect(elsewhere.heads()).toEqual(ledger.heads())
  })

  test('the same contents under a second signature are a fork: what follows names one of them', () => {
    const ledger = new Ledger(ROOM)
    const [join] = chain(member(1), [joinBody])
    ledger.admit(join!)
    expect(ledger.admit({ ...join!, sig: join!.sig.replace('C', 'D') }).status).toBe('fork')
  })

  test('the lowest place wins, in whatever order the proofs come', () => {
    const branches = [2, 4].map(at => {
      const stem = chain(member(1), Array<EntryBody>(at).fill(workBody))
      return [pay(1), pay(2)].map(body => headOf(chain(member(1), [body], stem)[0]!))
    }) as [ReturnType<typeof headOf>, ReturnType<typeof headOf>][]
    const outcomes = [branches, [...branches].reverse()].map(order => {
      const ledger = new Ledger(ROOM)
      for (const each of chain(member(1), Array<EntryBody>(6).fill(workBody))) ledger.admit(each)
      for (const proof of order) ledger.convict(proof)
      return [ledger.heads(), ledger.forks.get(member(1))![0].seq]
    })
    expect(outcomes[0]).toEqual(outcomes[1])
    expect(outcomes[0]![1]).toBe(2)
  })

  test('a joiner cuts where the sealed state says; heads above the cut can not be reproduced', () => {
    const entries = chain(member(1), [joinBody, workBody, workBody, leaveBody])
    const [join, work, more] = entries
    const ledger = new Ledger(ROOM)
    ledger.rebase([[member(1), 0, entryHash(join!)]])
    admitAll(ledger, [work!, more!])
    const heads = ledger.sealableHeads()
    expect(ledger.cutAt(member(1), 2)).toEqual([more])
    expect(ledger.cutAt(member(1), 3)).toEqual([])
    expect(ledger.openEntries()).toEqual([work])
    expect(ledger.openEntries(heads)).toBeUndefined()
    expect(ledger.admit(more!)).toEqual({ status: 'refused', why: 'ejected' })
    // What a final seal names stands all the same.
    expect(ledger.rebase(heads)).toEqual([work])
    expect(ledger.lengthOf(member(1))).toBe(3)
    expect(ledger.admit(entries[3]!)).toEqual({ status: 'refused', why: 'ejected' })
    expect(ledger.size).toBe(0)
  })

  test('what proves nothing convicts nobody', () => {
    const ledger = new Ledger(ROOM)
    const [join, work] = chain(member(1), [joinBody, workBody]).map(headOf)
    expect(ledger.convict([join!, join!])).toEqual({ status: 'refused', why: 'no-fork' })
    expect(ledger.convict([join!, work!])).toEqual({ status: 'refused', why: 'no-fork' })
    const elsewhere = { ...join!, room: 'AAAAAAAAAAAAAAAAAAAAAA' as typeof ROOM }
    expect(ledger.convict([elsewhere, { ...elsewhere, unixMs: 1 }])).toEqual({
      status: 'refused',
      why: 'room',
    })
    expect(ledger.forks.size).toBe(0)
  })

  test('members that got any branches in any order agree after they exchanged what they have', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.integer({ min: 1, max: 4 }), (seed, count) => {
        const rng = createRng(seed)
        const branches = tree(rng, count)
        const honest = chain(member(4), [joinBody, workBody])
        const ledgers = Array.from({ length: 4 }, () => new Ledger(ROOM))
        // Every branch reaches somebody, in an order of its own; nobody need get all.
        for (const [i, branch] of branches.entries()) admitAll(ledgers[i % ledgers.length]!, branch)
        for (const ledger of ledgers)
          for (const each of shuffle([...branches.flat(), ...honest], rng).slice(0, rng.below(30)))
            ledger.admit(each)
        admitAll(ledgers[0]!, honest)
        for (let turn = 0; turn < 5; turn++)
          for (const from of ledgers) for (const to of ledgers) if (from !== to) exchange(from, to)
        const expected = [...commonPrefix(branches), ...honest]
        for (const ledger of ledgers) expect(ledger.openEntries()).toEqual(expected)
      }),
      { numRuns: 300 },
    )
  })
})

describe('reconciliation', () => {
  test('two ledgers with any subsets end equal by sending what follows the heads', () => {
    const chains = [0, 1, 2, 3].map(i => chain(member(i), [joinBody, workBody, workBody, leaveBody]))
    fc.assert(
      fc.property(fc.array(fc.nat(4), { minLength: 8, maxLength: 8 }), lengths => {
        const [a, b] = [new Ledger(ROOM), new Ledger(ROOM)]
        chains.forEach((entries, i) => {
          for (const each of entries.slice(0, lengths[i])) a.admit(each)
          for (const each of entries.slice(0, lengths[i + 4])) b.admit(each)
        })
        exchange(a, b)
        exchange(b, a)
        expect(a.heads()).toEqual(b.heads())
        expect(a.missingAt(b.heads())).toEqual([])
      }),
    )
  })
})
