// What a member keeps of the gossip for its next start: the last round that it published for (a second update for that
// round would be an equivocation) and a recent state (a room in which everybody reloads would else start from zero).
import { firstDraw } from '../core/gossip/sortition.ts'
import type { ModelState } from '../core/gossip/state.ts'
import type { CharterBody } from '../core/ledger/entry.ts'
import type { MemberId, RoomId } from '../core/num/ids.ts'
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

/** Round as u32 big-endian, then parameters and momentum as float32 little-endian. */
export function encodeKeptState({ round, params, momentum }: ModelState): Uint8Array {
  const bytes = new Uint8Array(4 + params.byteLength + momentum.byteLength)
  new DataView(bytes.buffer).setUint32(0, round)
  bytes.set(new Uint8Array(params.buffer, params.byteOffset, params.byteLength), 4)
  bytes.set(new Uint8Array(momentum.buffer, momentum.byteOffset, momentum.byteLength), 4 + params.byteLength)
  return bytes
}

function decodeKeptState(bytes: Uint8Array): ModelState | undefined {
  const count = (bytes.length - 4) / 8
  if (!Number.isInteger(count) || count < 1 || count > LIMITS.parameters) return undefined
  const values = new Float32Array(bytes.slice(4).buffer)
  if (!values.every(value => Number.isFinite(value))) return undefined
  const round = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  return { round, params: values.slice(0, count), momentum: values.slice(count), draw: new Uint8Array(0) }
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
  const state = kept && decodeKeptState(kept)
  if (publishedThrough === -1 && !state) return null
  return { publishedThrough, state: state ?? fresh() }
}

/** Where a room starts. */
export function freshState(startParams: Float32Array, { terms, parts, seed }: CharterBody): ModelState {
  const draw = firstDraw(terms.committee, parts, seed)
  return { round: 0, params: startParams, momentum: new Float32Array(startParams.length), draw }
}
