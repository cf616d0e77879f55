// The link to a room: everything after the # and therefore never sent to a server. Decoding is strict (16 and 32 bytes,
// canonical base64url), so a link that was cut off is told from one that is wrong.
import { decodeBase64url } from '../core/num/base64url.ts'
import type { RoomId } from '../core/num/ids.ts'
import type { RoomLink } from '../ports/session.ts'

export type LinkFault = 'empty' | 'not-a-link' | 'no-key' | 'bad-room' | 'bad-key'

export type DecodedLink =
  { readonly status: 'ok'; readonly link: RoomLink } | { readonly status: 'fault'; readonly fault: LinkFault }

const MARK = '#/join='
/** A link is about 100 characters; whatever is longer was not made here. */
const MAX_LINK_CHARS = 2048
const ROOM_BYTES = 16
const KEY_BYTES = 32

/** The fragment, # included. */
export function encodeLinkHash(link: RoomLink): string {
  return `${MARK}${link.room},${link.key}`
}

/** Takes a whole URL or only its fragment, with blanks, line breaks or <> around it as mail programs add them. */
export function decodeLink(text: string): DecodedLink {
  const fault = (kind: LinkFault): DecodedLink => ({ status: 'fault', fault: kind })
  if (text.length > MAX_LINK_CHARS) return fault('not-a-link')
  const compact = text.replace(/[\s<>]+/gu, '')
  if (compact === '') return fault('empty')
  const at = compact.indexOf(MARK)
  if (at < 0) return fault('not-a-link')
  const [parts = ''] = compact.slice(at + MARK.length).split('/')
  const [room = '', key, ...rest] = decodeComma(parts).split(',')
  if (decodeBase64url(room, ROOM_BYTES) === undefined) return fault('bad-room')
  if (key === undefined || key === '') return fault('no-key')
  if (rest.length > 0 || decodeBase64url(key, KEY_BYTES) === undefined) return fault('bad-key')
  return { status: 'ok', link: { room: room as RoomId, key } }
}

/** Some messengers escape the comma. */
function decodeComma(text: string): string {
  return text.replace(/%2c/giu, ',')
}

export function isSameRoom(a: RoomLink, b: RoomLink): boolean {
  return a.room === b.room && a.key === b.key
}
