// Who publishes in a round of a big room, by lot: a member is drawn when a hash of the round's beacon and its key falls
// below the room's share. Beacon and share are part of the replicated state and follow only from sets of updates that are
// at least LAG rounds old, so late updates change no draw that was made, all members agree on it, and nobody can choose to
// be drawn. The share follows what was published, as the difficulty of a proof of work follows the blocks: no list of
// members is needed. Whoever is not drawn rests.
import { sha256 } from '@noble/hashes/sha2.js'
import { decodeBase64url } from '../num/base64url.ts'
import { hexToBytes } from '../num/hex.ts'
import type { MemberId } from '../num/ids.ts'

/** Rounds between a set and the first draw that depends on it; more than the longest window of open rounds. */
export const LAG = 16
/** Sets that an estimate of the crowd rests on. */
const COUNTED = 8
/** While nothing is known the charter's number of parts stands for the crowd; this many times the committee is let in. */
const GENEROSITY = 4
const WHOLE = 2 ** 32 - 1

// Layout: share u32 big-endian, beacon 16 bytes, then LAG + COUNTED sets, oldest first: size u16, share u32, digest 8.
const SHARE = 0
const BEACON = 4
const BEACON_BYTES = 16
const SETS = BEACON + BEACON_BYTES
const SET_BYTES = 14
const SET_COUNT = LAG + COUNTED
const DRAW_BYTES = SETS + SET_COUNT * SET_BYTES

/** The draw of round 0. Empty, so that everybody is drawn for ever, when `committee` is 0. */
export function firstDraw(committee: number, parts: number, seed: string): Uint8Array {
  if (committee === 0) return new Uint8Array(0)
  const draw = new Uint8Array(DRAW_BYTES)
  const share = Math.min(1, (GENEROSITY * committee) / Math.max(1, parts))
  const view = new DataView(draw.buffer)
  view.setUint32(SHARE, Math.floor(share * WHOLE))
  draw.set(sha256(new TextEncoder().encode(`draw/${seed}`)).subarray(0, BEACON_BYTES), BEACON)
  return draw
}

/** What is wrong with the bytes of a draw from outside. */
export function isDraw(draw: Uint8Array, committee: number): boolean {
  return draw.length === (committee === 0 ? 0 : DRAW_BYTES)
}

/** The draw of the next round, after a round in which these updates (hex ids, sorted by author) were published. */
export function nextDraw(draw: Uint8Array, committee: number, updateIds: readonly string[]): Uint8Array {
  if (draw.length === 0) return draw
  const next = new Uint8Array(DRAW_BYTES)
  next.set(draw.subarray(SETS + SET_BYTES), SETS)
  const view = new DataView(next.buffer)
  const newest = DRAW_BYTES - SET_BYTES
  view.setUint16(newest, Math.min(65_535, updateIds.length))
  const share = shareOf(draw)
  view.setUint32(newest + 2, share)
  const all = sha256.create()
  for (const id of updateIds) all.update(hexToBytes(id))
  next.set(all.digest().subarray(0, 8), newest + 6)

  // The newest of the sets that are LAG rounds old.
  const settled = SETS + (COUNTED - 1) * SET_BYTES
  const beacon = sha256.create()
  beacon.update(draw.subarray(BEACON, SETS))
  beacon.update(next.subarray(settled + 6, settled + SET_BYTES))
  next.set(beacon.digest().subarray(0, BEACON_BYTES), BEACON)

  let published = 0
  let shares = 0
  for (let k = 0; k < COUNTED; k++) {
    published += view.getUint16(SETS + k * SET_BYTES)
    shares += view.getUint32(SETS + k * SET_BYTES + 2)
  }
  // A set with share 0 lies before the first round: until there are enough, the first estimate stands.
  const known = view.getUint32(SETS + 2) > 0
  view.setUint32(SHARE, known ? wanted(committee, published, shares) : share)
  return next
}

/** The crowd is about published / shares, each a sum over COUNTED sets; the share that draws `committee` of it. */
function wanted(committee: number, published: number, shares: number): number {
  if (published === 0) return WHOLE
  return Math.max(1, Math.min(WHOLE, Math.floor((committee * shares) / published)))
}

/** The draw some rounds later. Up to LAG rounds it is certain; beyond that only if nobody publishes until then. */
export function drawAhead(draw: Uint8Array, committee: number, rounds: number): Uint8Array {
  let ahead = draw
  for (let k = 0; k < rounds; k++) ahead = nextDraw(ahead, committee, [])
  return ahead
}

export function isDrawn(draw: Uint8Array, round: number, member: MemberId): boolean {
  if (draw.length === 0) return true
  const share = shareOf(draw)
  if (share === WHOLE) return true
  const key = decodeBase64url(member, 32)
  if (!key) return false
  const ticket = new Uint8Array(BEACON_BYTES + 4 + 32)
  ticket.set(draw.subarray(BEACON, SETS))
  const view = new DataView(ticket.buffer)
  view.setUint32(BEACON_BYTES, round)
  ticket.set(key, BEACON_BYTES + 4)
  const hash = sha256(ticket)
  return new DataView(hash.buffer, hash.byteOffset).getUint32(0) <= share
}

/** Whether everybody publishes. */
export function drawsAll(draw: Uint8Array): boolean {
  return draw.length === 0 || shareOf(draw) === WHOLE
}

/** Share of those who train that a round draws, in (0, 1]. */
export function drawnShare(draw: Uint8Array): number {
  return draw.length === 0 ? 1 : shareOf(draw) / WHOLE
}

function shareOf(draw: Uint8Array): number {
  return new DataView(draw.buffer, draw.byteOffset).getUint32(SHARE)
}
