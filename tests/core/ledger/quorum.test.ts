import { describe, expect, it } from 'vitest'
import {
  certificateOf,
  consortiumQuorum,
  faultsTolerated,
  hostQuorum,
  isFinal,
  presentMajority,
  sealHash,
  skipVerifies,
  successionQuorum,
} from '../../../src/core/ledger/quorum.ts'
import type { Seal, SealStatement } from '../../../src/core/ledger/seal.ts'
import type { MemberId } from '../../../src/core/num/ids.ts'
import { CHARTER, name, ROOM } from './seal-fixtures.ts'

const names = (count: number, from = 0): MemberId[] => Array.from({ length: count }, (_, i) => name(from + i))

function seal(over: Partial<Seal> = {}): Seal {
  return {
    v: 2,
    room: ROOM,
    epoch: 3,
    previous: CHARTER,
    unixMs: 1,
    size: 9,
    root: 'a'.repeat(64),
    heads: 'b'.repeat(64),
    state: 'c'.repeat(64),
    members: names(4),
    anchor: name(0),
    modelRound: -1,
    modelHash: '',
    ...over,
  }
}

function said(
  about: Seal,
  author: MemberId,
  phase: SealStatement['phase'],
  path: SealStatement['path'],
  view = 0,
): SealStatement {
  const { room, epoch } = about
  return { v: 2, room, epoch, path, phase, view, seal: sealHash(about), author, sig: 'sig' }
}

const commits = (about: Seal, authors: readonly MemberId[], view = 0) =>
  authors.map(author => said(about, author, 'commit', 'quorum', view))
const hostSigned = (about: Seal, voters: readonly MemberId[], anchor = name(0), view = 0) => [
  said(about, anchor, 'commit', 'host', view),
  ...voters.map(voter => said(about, voter, 'vote', 'host', view)),
]

describe('numbers', () => {
  it('are those of the documents for small rooms', () => {
    const table = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13].map(n => [
      n,
      faultsTolerated(n),
      consortiumQuorum(n),
      hostQuorum(n),
      successionQuorum(n),
    ])
    expect(table).toEqual([
      [1, 0, 1, 1, 1],
      [2, 0, 2, 1, 2],
      [3, 0, 3, 2, 3],
      [4, 1, 3, 2, 4],
      [5, 1, 4, 3, 4],
      [6, 1, 5, 3, 5],
      [7, 2, 5, 4, 6],
      [8, 2, 6, 4, 7],
      [9, 2, 7, 5, 7],
      [10, 3, 7, 5, 9],
      [11, 3, 8, 6, 9],
      [12, 3, 9, 6, 10],
      [13, 4, 9, 7, 11],
    ])
  })

  it('make every two ways to a final seal share an honest member', () => {
    for (let n = 1; n <= 1_000; n++) {
      const f = faultsTolerated(n)
      expect(3 * f).toBeLessThan(n)
      expect(3 * (f + 1)).toBeGreaterThanOrEqual(n)
      expect(2 * consortiumQuorum(n) - n).toBeGreaterThan(f)
      expect(2 * successionQuorum(n) - n).toBeGreaterThan(f)
      expect(hostQuorum(n) + successionQuorum(n) - n).toBeGreaterThan(f)
      // Honest members alone suffice; without the host, succession still can where n allows.
      expect(consortiumQuorum(n)).toBeLessThanOrEqual(n - f)
      expect(successionQuorum(n)).toBeLessThanOrEqual(n)
      expect(successionQuorum(n) <= n - 1).toBe(n >= 5)
    }
  })

  it('with two thirds for succession, some rooms would have nobody to rely on', () => {
    const short = [4, 7, 10, 13].filter(n => hostQuorum(n) + consortiumQuorum(n) - n <= faultsTolerated(n))
    expect(short).toEqual([4, 7, 10, 13])
  })
})

describe('isFinal', () => {
  const before = { members: names(7), anchor: name(0) }
  const here = seal({ members: names(5) })

  it('takes commits of more than two thirds in a consortium', () => {
    const five = commits(here, names(5))
    expect(isFinal({ seal: here, statements: five }, before, 'consortium')).toBe(true)
    expect(isFinal({ seal: here, statements: five.slice(1) }, before, 'consortium')).toBe(false)
    // Succession in a room of seven asks for one more.
    expect(isFinal({ seal: here, statements: five }, before, 'host')).toBe(false)
    expect(isFinal({ seal: here, statements: commits(here, names(6)) }, before, 'host')).toBe(true)
  })

  it('takes a host with most of those present and half of the members before', () => {
    const votes = (count: number, from = 0) => hostSigned(here, names(count, from))
    expect(isFinal({ seal: here, statements: votes(4) }, before, 'host')).toBe(true)
    expect(isFinal({ seal: here, statements: votes(4) }, before, 'consortium')).toBe(false)
    expect(isFinal({ seal: here, statements: votes(3) }, before, 'host')).toBe(false)
    // Half of the members, but of those present only two of five.
    expect(isFinal({ seal: here, statements: votes(4, 3) }, before, 'host')).toBe(false)
    expect(isFinal({ seal: here, statements: votes(4).slice(1) }, before, 'host')).toBe(false)
    const other = hostSigned(here, names(4), name(1))
    expect(isFinal({ seal: here, statements: other }, before, 'host')).toBe(false)
  })

  it('counts newcomers among those present only', () => {
    const grown = seal({ members: names(8) })
    const young = { members: names(2), anchor: name(0) }
    expect(isFinal({ seal: grown, statements: hostSigned(grown, names(5)) }, young, 'host')).toBe(true)
    expect(isFinal({ seal: grown, statements: hostSigned(grown, names(5, 2)) }, young, 'host')).toBe(false)
    expect(isFinal({ seal: grown, statements: hostSigned(grown, names(4)) }, young, 'host')).toBe(false)
  })

  it.each<[string, (statements: SealStatement[]) => SealStatement[]]>([
    ['nothing', () => []],
    ['another room', s => s.map(each => ({ ...each, room: 'other' as typeof ROOM }))],
    ['another epoch', s => s.map(each => ({ ...each, epoch: 4 }))],
    ['another seal', s => s.map(each => ({ ...each, seal: 'f'.repeat(64) }))],
    ['two views', ([first, ...rest]) => [{ ...first!, view: 1 }, ...rest]],
    ['one author twice', ([first, , ...rest]) => [first!, first!, ...rest]],
    ['a proposal among them', ([first, ...rest]) => [{ ...first!, phase: 'propose' }, ...rest]],
    ['a vote among them', s => [...s, said(here, name(0), 'vote', 'quorum')]],
    ['strangers', s => s.map((each, i) => ({ ...each, author: name(20 + i) }))],
  ])('refuses %s', (_, change) => {
    const statements = change(commits(here, names(5)))
    expect(isFinal({ seal: here, statements }, before, 'consortium')).toBe(false)
  })

  it('refuses votes of strangers beside enough votes', () => {
    const statements = [...hostSigned(here, names(4)), said(here, name(30), 'vote', 'host')]
    expect(isFinal({ seal: here, statements }, before, 'host')).toBe(false)
  })
})

describe('certificateOf', () => {
  const before = { members: names(7), anchor: name(0) }

  it('is minimal, sorted, and the same for the same statements in any order', () => {
    const here = seal()
    const statements = [
      ...commits(here, names(7), 1).reverse(),
      ...commits(here, names(4), 0),
      said(here, name(1), 'propose', 'quorum', 1),
      said(here, name(2), 'vote', 'quorum', 1),
    ]
    const certificate = certificateOf(here, sealHash(here), statements, before, 'consortium')
    expect(certificate?.statements).toEqual(commits(here, names(5), 1))
    const reversed = certificateOf(here, sealHash(here), [...statements].reverse(), before, 'consortium')
    expect(reversed).toEqual(certificate)
  })

  it('takes for a host those who serve both counts first', () => {
    const here = seal({ members: names(6, 3) })
    const statements = hostSigned(here, names(9))
    const certificate = certificateOf(here, sealHash(here), statements, before, 'host')
    expect(certificate?.statements.map(({ phase, author }) => `${phase} ${author}`)).toEqual([
      'commit m00',
      'vote m03',
      'vote m04',
      'vote m05',
      'vote m06',
    ])
    expect(certificate && isFinal(certificate, before, 'host')).toBe(true)
  })

  it('is not there without enough statements in one view', () => {
    const here = seal()
    const statements = [...commits(here, names(4), 0), ...commits(here, names(3, 4), 1)]
    expect(certificateOf(here, sealHash(here), statements, before, 'consortium')).toBeUndefined()
    const votes = hostSigned(here, names(7)).map(s => (s.phase === 'vote' ? { ...s, view: 1 } : s))
    expect(certificateOf(here, sealHash(here), votes, before, 'host')).toBeUndefined()
  })
})

describe('skipVerifies', () => {
  const trusted = { members: names(4), anchor: name(0) }
  const parent = seal({ epoch: 8, members: names(7) })
  const later = seal({ epoch: 9, previous: sealHash(parent), members: names(9) })

  it('takes a quorum with more than two thirds of the trusted members', () => {
    const certificate = { seal: later, statements: commits(later, names(5)) }
    expect(skipVerifies(certificate, trusted, 'consortium', parent)).toBe(true)
    const foreign = { seal: later, statements: commits(later, names(5, 2)) }
    expect(skipVerifies(foreign, trusted, 'consortium', parent)).toBe(false)
  })

  it('does not take commits that were too few among those who decided', () => {
    const few = { seal: later, statements: commits(later, names(4)) }
    expect(skipVerifies(few, trusted, 'consortium', parent)).toBe(false)
    expect(skipVerifies(few, trusted, 'consortium')).toBe(false)
    const wrongParent = { ...parent, members: names(4) }
    expect(skipVerifies(few, trusted, 'consortium', wrongParent)).toBe(false)
  })

  it('takes the commit of the trusted host with most of those present', () => {
    const certificate = { seal: later, statements: hostSigned(later, names(5)) }
    expect(skipVerifies(certificate, trusted, 'host')).toBe(true)
    expect(skipVerifies(certificate, { ...trusted, anchor: name(1) }, 'host')).toBe(false)
    const few = { seal: later, statements: hostSigned(later, names(4)) }
    expect(skipVerifies(few, trusted, 'host')).toBe(false)
    expect(presentMajority(9)).toBe(5)
  })
})
