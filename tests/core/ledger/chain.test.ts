import { describe, expect, test } from 'vitest'
import {
  EPOCH_QUOTA,
  entryBytes,
  entryHash,
  headOf,
  headSigningBytes,
  Ledger,
  MAX_AUTHORS,
  signingBytes,
} from '../../../src/core/ledger/chain.ts'
import type { Entry, EntryBody } from '../../../src/core/ledger/entry.ts'
import { proofOfFork } from '../../../src/core/ledger/evidence.ts'
import type { SealedHead } from '../../../src/core/ledger/seal.ts'
import { encodeBase64url } from '../../../src/core/num/base64url.ts'
import type { MemberId } from '../../../src/core/num/ids.ts'
import {
  chain,
  charterBody,
  entry,
  FOUNDER,
  joinBody,
  leaveBody,
  member,
  ROOM,
  workBody,
} from './fixtures.ts'

const admitAll = (ledger: Ledger, entries: readonly Entry[]): void => {
  for (const each of entries) expect(ledger.admit(each)).toEqual({ status: 'added' })
}
const headTuple = (entry: Entry): SealedHead => [entry.author, entry.seq, entryHash(entry)]
const refused = (why: string): object => ({ status: 'refused', why })

describe('chains', () => {
  test('entries link; a gap names what is there; the same again is known', () => {
    const ledger = new Ledger(ROOM)
    const [first, second, third] = chain(FOUNDER, [charterBody, joinBody, workBody])
    expect(ledger.admit(first!).status).toBe('added')
    expect(ledger.admit(third!)).toEqual({ status: 'gap', have: 1 })
    expect(ledger.admit(second!).status).toBe('added')
    expect(ledger.admit(third!).status).toBe('added')
    expect(ledger.admit(second!).status).toBe('known')
    expect(ledger.holds(structuredClone(third!))).toBe(true)
    expect(ledger.draft(FOUNDER, leaveBody, 77)).toEqual({
      v: 2,
      room: ROOM,
      author: FOUNDER,
      seq: 3,
      prev: entryHash(third!),
      unixMs: 77,
      body: leaveBody,
    })
    expect(ledger.size).toBe(3)
    expect(ledger.openBytes).toBe(
      [first!, second!, third!].reduce((sum, each) => sum + entryBytes(each).length, 0),
    )
  })

  test('the signature covers the body by its hash', () => {
    const signed = entry(member(1), 0, '', joinBody)
    const { sig: _, ...unsigned } = signed
    expect(signingBytes(unsigned)).toEqual(headSigningBytes(headOf(signed)))
    expect(signingBytes({ ...unsigned, body: leaveBody })).not.toEqual(signingBytes(unsigned))
    expect(new TextDecoder().decode(signingBytes(unsigned))).not.toContain('花子')
  })

  test.each([
    [
      'another room',
      { ...entry(member(1), 0, '', joinBody), room: 'AAAAAAAAAAAAAAAAAAAAAA' as typeof ROOM },
      'room',
    ],
    ['a wrong link', entry(member(1), 0, 'ab'.repeat(32), joinBody), 'chain'],
    ['a charter by somebody else', entry(member(1), 0, '', charterBody), 'charter'],
    ['a charter that is not the first', chain(FOUNDER, [joinBody, charterBody])[1]!, 'charter'],
  ])('%s is refused', (_, bad, why) => {
    const ledger = new Ledger(ROOM)
    if (bad.seq === 1) ledger.admit(chain(FOUNDER, [joinBody])[0]!)
    expect(ledger.admit(bad)).toEqual(refused(why))
    expect(ledger.lengthOf(bad.author)).toBe(bad.seq)
  })

  test('an entry above the size is refused', () => {
    const big = { ...charterBody, schema: '\u0001'.repeat(32 * 1024) }
    expect(new Ledger(ROOM).admit(chain(FOUNDER, [big])[0]!)).toEqual(refused('too-large'))
  })
})

describe('quotas', () => {
  test('an author has so many entries in an epoch; a seal makes room; others are not concerned', () => {
    const ledger = new Ledger(ROOM)
    const entries = chain(member(1), Array<EntryBody>(EPOCH_QUOTA.entries + 1).fill(leaveBody))
    admitAll(ledger, entries.slice(0, -1))
    const next = entries[entries.length - 1]!
    expect(ledger.admit(next)).toEqual(refused('quota'))
    admitAll(ledger, chain(member(2), [joinBody]))
    expect(ledger.seal([headTuple(entries[9]!), headTuple(chain(member(2), [joinBody])[0]!)])).toHaveLength(
      11,
    )
    expect(ledger.admit(next).status).toBe('added')
    expect(ledger.size).toBe(EPOCH_QUOTA.entries - 9)
  })

  test('an author has so many bytes in an epoch', () => {
    const ledger = new Ledger(ROOM)
    const big: EntryBody = { ...charterBody, schema: 'x'.repeat(32 * 1024) }
    // A charter stands only at the beginning, so size comes from amendments of many guardians and long memos here.
    const memo: EntryBody = { kind: 'transfer', to: member(2), amountMicro: '1', memo: '語'.repeat(200) }
    const [charter, ...rest] = chain(FOUNDER, [big, ...Array<EntryBody>(1_500).fill(memo)])
    admitAll(ledger, [charter!])
    let used = entryBytes(charter!).length
    for (const each of rest) {
      used += entryBytes(each).length
      const admission = ledger.admit(each)
      if (used <= EPOCH_QUOTA.bytes) expect(admission.status).toBe('added')
      else {
        expect(admission).toEqual(refused('quota'))
        expect(ledger.openBytes).toBe(used - entryBytes(each).length)
        return
      }
    }
    expect.unreachable('the quota was never reached')
  })

  test('there is an end to the number of authors', () => {
    const ledger = new Ledger(ROOM)
    const author = (i: number): MemberId => {
      const key = new Uint8Array(32)
      new DataView(key.buffer).setUint32(0, i)
      return encodeBase64url(key) as MemberId
    }
    for (let i = 0; i < MAX_AUTHORS; i++) ledger.admit(entry(author(i), 0, '', leaveBody))
    expect(ledger.authors()).toHaveLength(MAX_AUTHORS)
    expect(ledger.admit(entry(author(MAX_AUTHORS), 0, '', leaveBody))).toEqual(refused('limit'))
    const first = chain(author(0), [leaveBody, leaveBody])
    expect(ledger.admit(first[1]!).status).toBe('added')
  })

  test('whoever a proof accuses counts among the authors, or convictions of made-up keys had no end', () => {
    const ledger = new Ledger(ROOM)
    const author = (i: number): MemberId => {
      const key = new Uint8Array(32)
      new DataView(key.buffer).setUint32(0, i)
      return encodeBase64url(key) as MemberId
    }
    for (let i = 0; i < MAX_AUTHORS - 1; i++) ledger.admit(entry(author(i), 0, '', leaveBody))
    const accuse = (i: number): EntryBody => {
      return proofOfFork(
        headOf(entry(author(i), 0, '', leaveBody)),
        headOf(entry(author(i), 0, '', joinBody)),
      )
    }
    const [first, last, beyond] = chain(author(0), [leaveBody, accuse(MAX_AUTHORS), accuse(MAX_AUTHORS + 1)])
    expect(ledger.admit(first!).status).toBe('known')
    expect(ledger.admit(last!).status).toBe('added')
    expect(ledger.admit(beyond!)).toEqual(refused('limit'))
    const [, , known] = chain(author(0), [leaveBody, accuse(MAX_AUTHORS), accuse(1)])
    expect(ledger.admit(known!).status).toBe('added')
  })
})

describe('epochs', () => {
  const founder = chain(FOUNDER, [charterBody, joinBody, workBody, workBody])
  const other = chain(member(1), [joinBody, workBody, leaveBody])
  const full = (): Ledger => {
    const ledger = new Ledger(ROOM)
    admitAll(ledger, [...founder, ...other])
    return ledger
  }
  const heads = [headTuple(founder[2]!), headTuple(other[0]!)].sort(([a], [b]) => (a < b ? -1 : 1))
  const inOrder = (entries: readonly Entry[]): Entry[] =>
    [...entries].sort((a, b) => (a.author === b.author ? a.seq - b.seq : a.author < b.author ? -1 : 1))

  test('open entries come by author and sequence, whatever the order of arrival', () => {
    const ledger = new Ledger(ROOM)
    admitAll(ledger, [other[0]!, founder[0]!, other[1]!, founder[1]!, founder[2]!, other[2]!, founder[3]!])
    expect(ledger.openEntries()).toEqual(inOrder([...founder, ...other]))
    expect(ledger.openEntries(heads)).toEqual(inOrder([...founder.slice(0, 3), other[0]!]))
    expect(ledger.openEntries(ledger.sealableHeads())).toEqual(ledger.openEntries())
  })

  test('sealed entries leave, the chains go on, and nothing before can be changed', () => {
    const ledger = full()
    expect(ledger.seal(heads)).toEqual(inOrder([...founder.slice(0, 3), other[0]!]))
    expect(ledger.size).toBe(3)
    expect(ledger.openEntries()).toEqual(inOrder([founder[3]!, ...other.slice(1)]))
    expect(ledger.openBytes).toBe(
      ledger.openEntries()!.reduce((sum, each) => sum + entryBytes(each).length, 0),
    )
    expect(ledger.lengthOf(FOUNDER)).toBe(4)
    expect(ledger.entriesOf(FOUNDER, 0)).toEqual([founder[3]])
    // The sealed head itself is known, what lies before can not be told any more.
    expect(ledger.admit(founder[2]!)).toEqual({ status: 'known' })
    expect(ledger.holds(founder[2]!)).toBe(true)
    expect(ledger.admit(founder[1]!)).toEqual(refused('sealed'))
    expect(ledger.admit(entry(FOUNDER, 1, entryHash(founder[0]!), leaveBody))).toEqual(refused('sealed'))
    const next = chain(FOUNDER, [leaveBody], founder)[0]!
    expect(ledger.admit(next)).toEqual({ status: 'added' })
    // Sealing the same again changes nothing; another epoch goes on from here.
    expect(ledger.seal(heads)).toEqual([])
    expect(ledger.seal(ledger.sealableHeads())).toHaveLength(4)
    expect(ledger.size).toBe(0)
    expect(ledger.openBytes).toBe(0)
    expect(ledger.heads()).toHaveLength(2)
  })

  test.each([
    ['an entry that is not here', [headTuple(chain(FOUNDER, [leaveBody], founder)[0]!)]],
    ['another hash', [[FOUNDER, 1, 'ab'.repeat(32)] as const]],
    ['an author that is not here', [headTuple(founder[0]!), [member(9), 0, 'ab'.repeat(32)] as const]],
    ['heads out of order', [...heads].reverse()],
    ['a head twice', [heads[0]!, heads[0]!]],
  ])('heads that name %s can not be reproduced', (_, bad) => {
    const ledger = full()
    expect(ledger.openEntries(bad)).toBeUndefined()
    expect(ledger.seal(bad)).toBeUndefined()
    expect(ledger.size).toBe(7)
  })

  test('heads that take sealed entries back can not be reproduced', () => {
    const ledger = full()
    ledger.seal(heads)
    expect(ledger.openEntries([heads[0]!])).toBeUndefined()
    expect(
      ledger.openEntries([headTuple(founder[1]!), headTuple(other[0]!)].sort(([a], [b]) => (a < b ? -1 : 1))),
    ).toBeUndefined()
  })

  test('a joiner goes on from a snapshot with what follows it', () => {
    const joiner = new Ledger(ROOM)
    expect(joiner.admit(founder[3]!)).toEqual({ status: 'gap', have: 0 })
    expect(joiner.rebase(heads)).toEqual([])
    expect(joiner.admit(founder[3]!)).toEqual({ status: 'added' })
    expect(joiner.admit(founder[2]!)).toEqual({ status: 'known' })
    expect(joiner.admit(founder[0]!)).toEqual(refused('sealed'))
    admitAll(joiner, other.slice(1))
    expect(joiner.heads()).toEqual(full().heads())
    expect(joiner.draft(FOUNDER, leaveBody, 0)).toMatchObject({ seq: 4, prev: entryHash(founder[3]!) })
  })

  test('a snapshot keeps what follows it here, drops what it contradicts, and moves nothing back', () => {
    const ledger = new Ledger(ROOM)
    const branch = chain(member(1), [joinBody, leaveBody])
    const unsealed = chain(member(2), [joinBody])
    admitAll(ledger, [...founder, ...branch, ...unsealed])
    const left = ledger.rebase([headTuple(founder[2]!), headTuple(other[1]!)])
    expect(left).toEqual([...founder.slice(0, 3), ...branch])
    expect(ledger.openEntries()).toEqual(inOrder([founder[3]!, ...unsealed]))
    expect(ledger.rebase([headTuple(founder[0]!)])).toEqual([])
    expect(ledger.lengthOf(FOUNDER)).toBe(4)
    expect(ledger.admit(other[2]!)).toEqual({ status: 'added' })
  })

  test('a second entry beside the sealed head convicts where the entry was here, and is refused where it was not', () => {
    const twin = entry(FOUNDER, 2, entryHash(founder[1]!), leaveBody)
    const ledger = full()
    ledger.seal(heads)
    expect(ledger.admit(twin)).toMatchObject({ status: 'fork', removed: [founder[3]] })
    const joiner = new Ledger(ROOM)
    joiner.rebase(heads)
    expect(joiner.admit(twin)).toEqual(refused('sealed'))
    expect(joiner.convict(ledger.forks.get(FOUNDER)!)).toEqual({ status: 'cut', removed: [] })
    for (const each of [ledger, joiner]) {
      expect(each.admit(founder[3]!)).toEqual(refused('ejected'))
      expect(each.lengthOf(FOUNDER)).toBe(3)
    }
  })
})

describe('reconciliation', () => {
  const chains = [1, 2].map(i => chain(member(i), [joinBody, workBody, workBody, leaveBody]))
  const [first, second] = chains as [Entry[], Entry[]]

  test('what follows a head is sent, and nothing that a holder could not use', () => {
    const ledger = new Ledger(ROOM)
    admitAll(ledger, chains.flat())
    const head = (each: Entry, hash = entryHash(each)): object => ({
      author: each.author,
      seq: each.seq,
      hash,
    })
    const missing = (...heads: object[]): unknown => ledger.missingAt(heads as never)
    expect(missing()).toEqual([
      { author: member(1), fromSeq: 0 },
      { author: member(2), fromSeq: 0 },
    ])
    expect(missing(head(first[1]!), head(second[3]!))).toEqual([{ author: member(1), fromSeq: 2 }])
    // Another branch: from the beginning, so that the first difference is found.
    expect(missing(head(first[2]!, 'ab'.repeat(32)), head(second[3]!))).toEqual([
      { author: member(1), fromSeq: 0 },
    ])
    ledger.seal([headTuple(first[1]!), headTuple(second[3]!)])
    expect(missing(head(first[1]!))).toEqual([{ author: member(1), fromSeq: 2 }])
    expect(missing(head(first[3]!, 'ab'.repeat(32)))).toEqual([{ author: member(1), fromSeq: 2 }])
    // Who lacks sealed entries needs the seal first.
    expect(missing(head(first[0]!))).toEqual([])
    expect(missing()).toEqual([])
  })
})
