// The first message of a round's sum: its lead says who is in it. And the order in which members lead, which is another one in
// every round and the same for all who see the same members. Whether the list is fair is for every member to judge.
//
//   version (1) || 0 || attempt (1) || nonce (16) || members (1) || 32 bytes each, ascending as ids
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { decodeBase64url, encodeBase64url } from '../num/base64url.ts'
import { bytesToHex } from '../num/hex.ts'
import type { MemberId, RoomId } from '../num/ids.ts'
import { MAX_SUM_MEMBERS, MIN_SUM_MEMBERS } from './sum-bytes.ts'

const VERSION = 1
const NONCE_BYTES = 16
const HEAD_BYTES = 3 + NONCE_BYTES + 1

export interface Opening {
  /** Counts up where a lead begins anew in one round: members had come or gone. */
  readonly attempt: number
  /** Fresh: two sums are never one session. */
  readonly nonce: Uint8Array
  readonly members: readonly MemberId[]
}

export function isOpening(bytes: Uint8Array): boolean {
  return bytes[0] === VERSION && bytes[1] === 0
}

/** Of bytes that are an opening. */
export function attemptOf(bytes: Uint8Array): number {
  return bytes[2] ?? 0
}

export function encodeOpening({ attempt, nonce, members }: Opening): Uint8Array {
  const ids = members.map(member => decodeBase64url(member, 32)!)
  return concatBytes(Uint8Array.of(VERSION, 0, attempt), nonce, Uint8Array.of(members.length), ...ids)
}

export function decodeOpening(bytes: Uint8Array): Opening | undefined {
  const count = bytes[HEAD_BYTES - 1] ?? 0
  const fits = isOpening(bytes) && bytes.length === HEAD_BYTES + 32 * count
  if (!fits || count < MIN_SUM_MEMBERS || count > MAX_SUM_MEMBERS) return undefined
  const members = Array.from(
    { length: count },
    (_, i) => encodeBase64url(bytes.subarray(HEAD_BYTES + 32 * i, HEAD_BYTES + 32 * (i + 1))) as MemberId,
  )
  const isSorted = members.every((id, i) => i === 0 || members[i - 1]! < id)
  return isSorted ? { attempt: attemptOf(bytes), nonce: bytes.slice(3, 3 + NONCE_BYTES), members } : undefined
}

/** Names the sum among all sums of all rooms. */
export function contextOf(room: RoomId, round: number, { nonce }: Pick<Opening, 'nonce'>): Uint8Array {
  return concatBytes(utf8ToBytes(`${room}/${round}/`), nonce)
}

/** Who leads the round, first the one whose turn it is. */
export function leadOrder(room: RoomId, round: number, members: readonly MemberId[]): MemberId[] {
  const place = (member: MemberId): string => bytesToHex(sha256(utf8ToBytes(`${room}/${round}/${member}`)))
  return members
    .map(member => ({ member, place: place(member) }))
    .sort((a, b) => (a.place < b.place ? -1 : 1))
    .map(({ member }) => member)
}

/**
 * Whether a list leaves so few out of those who are known to train that nobody is singled out in it: two thirds of them, or of
 * as many as one sum takes.
 */
export function coversMost(listed: readonly MemberId[], training: readonly MemberId[]): boolean {
  const known = training.filter(member => listed.includes(member)).length
  return 3 * known >= 2 * Math.min(training.length, MAX_SUM_MEMBERS)
}
