// What a member keeps of the gossip for its next start: the last round that it published for (a second update for that
// round would be an equivocation) and a recent state (a room in which everybody reloads would else start from zero).
import { firstDraw } from '../core/gossip/sortition.ts'
import { decodeState, readHead, type ModelState } from '../core/gossip/state.ts'
import type { CharterBody } from '../core/ledger/entry.ts'
import type { MemberId, RoomId } from '../core/num/ids.ts'
import { headRange, joinHead, sharedParameters } from '../core/params/head.ts'
import { roundToHalf } from '../core/params/half-vector.ts'
import type { Store } from '../ports/store.ts'
import { LIMITS } from '../protocol/messages.ts'

export interface Resume {
  readonly publishedThrough: number
  readonly state: ModelState
}

/** u32 big-endian. */
export function publishedKey(room: RoomId, self: MemberId): string {
  return `published/${room}/${self}`
}

export function encodePublished(round: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, round)
  return bytes
}

export function stateKey(room: RoomId, self: MemberId): string {
  return `state/${room}/${self}`
}

/** Null when this device knows nothing of the room. `fresh` is the start when only the mark was kept. */
export async function recallGossip(
  store: Store,
  room: RoomId,
  self: MemberId,
  fresh: () => ModelState,
): Promise<Resume | null> {
  const [mark, kept] = await Promise.all([
    store.get(publishedKey(room, self)),
    store.get(stateKey(room, self)),
  ])
  const publishedThrough = mark?.length === 4 ? new DataView(mark.buffer, mark.byteOffset).getUint32(0) : -1
  const parameters = kept && readHead(kept)?.parameters
  const state = parameters && parameters <= LIMITS.parameters ? decodeState(kept, parameters) : undefined
  if (publishedThrough === -1 && !state) return null
  return { publishedThrough, state: state ?? fresh() }
}

export function headKey(room: RoomId, self: MemberId): string {
  return `head/${room}/${self}`
}

/** float32 little-endian. */
export function encodeHead(head: Float32Array): Uint8Array {
  return new Uint8Array(head.buffer, head.byteOffset, head.byteLength)
}

/** The start of a room with the head that this device kept, where members keep their own. */
export async function recallHead(
  store: Store,
  room: RoomId,
  self: MemberId,
  { model, terms }: CharterBody,
  start: Float32Array,
): Promise<Float32Array> {
  if (terms.head === 'shared') return start
  const range = headRange(model)
  const kept = await store.get(headKey(room, self))
  if (kept?.length !== 4 * (range.size - range.from)) return start
  const head = new Float32Array(kept.slice().buffer)
  if (!head.every(value => Number.isFinite(value))) return start
  return joinHead(range, start.slice(0, range.from), head)
}

/** Where a room starts: the part of the model that its members share. */
export function freshState(
  startParams: Float32Array,
  { model, terms, parts, seed }: CharterBody,
): ModelState {
  const params = startParams.slice(0, sharedParameters(model, terms.head))
  roundToHalf(params)
  const draw = firstDraw(terms.committee, parts, seed)
  return { round: 0, params, momentum: new Float32Array(params.length), draw }
}
