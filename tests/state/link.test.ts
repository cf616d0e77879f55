import { describe, expect, it } from 'vitest'
import { encodeBase64url } from '../../src/core/num/base64url.ts'
import type { RoomId } from '../../src/core/num/ids.ts'
import { createRng } from '../../src/core/num/rng.ts'
import { decodeLink, encodeLinkHash, isSameRoom } from '../../src/state/link.ts'

const ROOM = 'Qy3pD0m9TzKf5sWb1LhXaA'
const KEY = 'mK4vXo2nD7cTq9LrYh1BzEwS5uGfJp8iN0aVtCk3RdM'
const HASH = `#/join=${ROOM},${KEY}`
const ok = { status: 'ok', link: { room: ROOM, key: KEY } }
const fault = (kind: string) => ({ status: 'fault', fault: kind })

describe('decodeLink', () => {
  it.each([
    ['the fragment', HASH],
    ['a whole address', `https://example.org/app/?x=1${HASH}`],
    ['with a view behind it', `${HASH}/try`],
    ['blanks around it', `  ${HASH}\n`],
    [
      'broken over lines and in angle brackets by a mail program',
      `<https://example.org/${HASH.slice(0, 40)}\r\n${HASH.slice(40)}>`,
    ],
    ['with an escaped comma', HASH.replace(',', '%2C')],
  ])('reads %s', (_, text) => {
    expect(decodeLink(text)).toEqual(ok)
  })

  it.each([
    ['empty', ''],
    ['empty', ' \n '],
    ['not-a-link', 'https://example.org/'],
    ['not-a-link', 'hello'],
    ['bad-room', '#/join='],
    ['bad-room', `#/join=${ROOM.slice(1)},${KEY}`],
    ['bad-room', `#/join=${ROOM.slice(0, -1)}!,${KEY}`],
    // The last character has bits that no 16 bytes give.
    ['bad-room', `#/join=${ROOM.slice(0, -1)}B,${KEY}`],
    ['no-key', `#/join=${ROOM}`],
    ['no-key', `#/join=${ROOM},`],
    ['bad-key', HASH.slice(0, -1)],
    ['bad-key', `${HASH}A`],
    ['bad-key', `${HASH},more`],
    ['bad-key', `#/join=${ROOM},${KEY.slice(0, -1)}=`],
  ])('says %s for %j', (kind, text) => {
    expect(decodeLink(text)).toEqual(fault(kind))
  })

  it('does not search through a book', () => {
    expect(decodeLink('x'.repeat(3000) + HASH)).toEqual(fault('not-a-link'))
  })

  it('gives back what was encoded, and never half of it', () => {
    const seed = 'link'
    const rng = createRng(seed)
    const bytes = (length: number) => Uint8Array.from({ length }, () => rng.below(256))
    for (let i = 0; i < 200; i++) {
      const link = { room: encodeBase64url(bytes(16)) as RoomId, key: encodeBase64url(bytes(32)) }
      const hash = encodeLinkHash(link)
      expect(decodeLink(hash), `seed ${seed}, ${i}`).toEqual({ status: 'ok', link })
      const cut = hash.slice(0, rng.below(hash.length))
      expect(decodeLink(cut).status, `seed ${seed}, ${i}, ${cut}`).toBe('fault')
    }
  })
})

it('tells rooms apart by id and key', () => {
  const link = { room: ROOM as RoomId, key: KEY }
  expect(isSameRoom(link, { ...link })).toBe(true)
  expect(isSameRoom(link, { ...link, key: KEY.replace('m', 'n') })).toBe(false)
})
