import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalise } from '../../../src/core/ledger/canonical.ts'
import { entryBytes, entryHash, Ledger } from '../../../src/core/ledger/chain.ts'
import { decodeEntry, MAX_ENTRY_BYTES } from '../../../src/core/ledger/decode.ts'
import { RoomFold } from '../../../src/core/ledger/fold.ts'
import { createRng, shuffle } from '../../../src/core/num/rng.ts'
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

describe('canonical JSON (RFC 8785, integers and strings)', () => {
  test('keys by UTF-16 order, no spaces, minimal escapes', () => {
    const value = { '\u20ac': 'Euro', '\r': 'return', 1: 1, '\ud83d\ude02': 'joy', ö: ['"', '\u001f'] }
    expect(canonicalise(value)).toBe('{"\\r":"return","1":1,"ö":["\\"","\\u001f"],"€":"Euro","😂":"joy"}')
  })

  test.each([0.5, -0, NaN, Infinity, 2 ** 53, null, undefined, true, '\ud800', { a: undefined }])(
    '%s has no canonical form',
    value => expect(() => canonicalise(value)).toThrow(TypeError),
  )

  test('reading and writing again changes nothing', () => {
    const value = fc.letrec(tie => ({
      node: fc.oneof(
        { maxDepth: 3 },
        fc.string({ unit: 'grapheme' }),
        fc.maxSafeInteger().filter(n => !Object.is(n, -0)),
        fc.array(tie('node')),
        fc.dictionary(
          fc.string({ unit: 'grapheme' }).filter(key => key !== '__proto__'),
          tie('node'),
        ),
      ),
    })).node
    fc.assert(
      fc.property(value, node => {
        expect(canonicalise(JSON.parse(canonicalise(node)))).toBe(canonicalise(node))
      }),
    )
  })
})

describe('entries from outside', () => {
  const whole = chain(FOUNDER, [charterBody, joinBody, workBody, leaveBody])

  test('every kind survives the wire', () => {
    for (const sound of whole) expect(decodeEntry(entryBytes(sound))).toEqual(sound)
  })

  const text = (value: unknown): Uint8Array =>
    new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))
  test.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['an array', '[]'],
    ['spaces', ` ${canonicalise(whole[1])}`],
    ['keys out of order', JSON.stringify(whole[1])],
    ['an unknown kind', canonicalise({ ...whole[1], body: { kind: 'mint', amount: 1 } })],
    ['an unknown field', canonicalise({ ...whole[1], extra: 1 })],
    ['another version', canonicalise({ ...whole[1], v: 2 })],
    ['a negative sequence', canonicalise({ ...whole[1], seq: -1 })],
    ['a short key', canonicalise({ ...whole[1], author: 'AAAA' })],
    ['deep nesting', '['.repeat(50_000)],
    ['prototype games', '{"__proto__":{"v":1}}'],
  ])('%s is no entry', (_, value) => expect(decodeEntry(text(value))).toBeUndefined())

  test('too large is no entry', () =>
    expect(decodeEntry(new Uint8Array(MAX_ENTRY_BYTES + 1).fill(32))).toBeUndefined())
  test('bytes that are no UTF-8 are no entry', () =>
    expect(decodeEntry(Uint8Array.of(0x7b, 0xff, 0x7d))).toBeUndefined())

  test('10,000 mutations of a sound entry never throw, and what passes is canonical', () => {
    const rng = createRng('mutations')
    const sound = entryBytes(whole[2]!)
    for (let i = 0; i < 10_000; i++) {
      const bytes = sound.slice()
      for (let k = 0; k <= rng.below(3); k++) bytes[rng.below(bytes.length)] = rng.below(256)
      const decoded = decodeEntry(bytes)
      if (decoded) expect(entryBytes(decoded)).toEqual(bytes)
    }
  })
})

describe('chains', () => {
  test('entries link; a gap names what is there; the same again is known', () => {
    const ledger = new Ledger(ROOM)
    const [first, second, third] = chain(FOUNDER, [charterBody, joinBody, workBody])
    expect(ledger.admit(first!).status).toBe('added')
    expect(ledger.admit(third!)).toEqual({ status: 'gap', have: 1 })
    expect(ledger.admit(second!).status).toBe('added')
    expect(ledger.admit(third!).status).toBe('added')
    expect(ledger.admit(second!).status).toBe('known')
    expect(ledger.draft(FOUNDER, leaveBody)).toMatchObject({ seq: 3, prev: entryHash(third!) })
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
    expect(ledger.admit(bad)).toEqual({ status: 'refused', why })
  })

  test('two entries for one place convict their author for good, with proof', () => {
    const ledger = new Ledger(ROOM)
    const fold = new RoomFold()
    const [join, work] = chain(member(1), [joinBody, workBody])
    for (const sound of [join!, work!]) {
      ledger.admit(sound)
      fold.apply(sound)
    }
    const other = entry(member(1), 1, entryHash(join!), leaveBody)
    expect(ledger.admit(other)).toEqual({ status: 'fork', proof: [work, other] })
    expect(ledger.admit(entry(member(1), 2, entryHash(work!), leaveBody))).toEqual({
      status: 'refused',
      why: 'ejected',
    })
    fold.expel(member(1))
    expect(fold.members.has(member(1))).toBe(false)
    fold.apply(join!)
    expect(fold.members.has(member(1))).toBe(false)
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
        const send = (from: Ledger, to: Ledger): void => {
          for (const { author, fromSeq } of from.missingAt(to.heads()))
            for (const each of from.entriesOf(author, fromSeq)) to.admit(each)
        }
        send(a, b)
        send(b, a)
        expect(a.heads()).toEqual(b.heads())
        expect(a.missingAt(b.heads())).toEqual([])
      }),
    )
  })
})

describe('fold', () => {
  test('members, parts, work; order between authors does not matter', () => {
    const all = [
      chain(FOUNDER, [charterBody, joinBody, workBody]),
      chain(member(1), [joinBody, workBody, workBody, leaveBody]),
    ]
    const fold = (seed: string): RoomFold => {
      const room = new RoomFold()
      const rng = createRng(seed)
      // An interleaving: whose entry is next is chance, each chain stays in order.
      const turns = shuffle(
        all.flatMap((entries, i) => entries.map(() => i)),
        rng,
      )
      const next = [0, 0]
      for (const turn of turns) room.apply(all[turn]![next[turn]!++]!)
      return room
    }
    const rooms = Array.from({ length: 20 }, (_, i) => fold(`fold ${i}`))
    for (const room of rooms) expect([...room.members].sort()).toEqual([...rooms[0]!.members].sort())
    expect(rooms[0]!.charter).toEqual(charterBody)
    expect(rooms[0]!.founder).toBe(FOUNDER)
    expect(rooms[0]!.members.get(member(1))).toMatchObject({
      nickname: '花子',
      part: 2,
      present: false,
      steps: 120,
      flop: 2n * 1172390400n,
      updates: 6,
    })
  })
})
