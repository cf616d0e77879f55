// The payload of a round's update in rooms that sum under masks: the sum as it came out of the group, how many are in it, and the
// signatures of those who confirmed whose vectors these are, so that no single member can make one up. One form each; the
// signatures are checked elsewhere. That the words are the true sum is not shown by them.
//
//   members (1) || contributors (1) || vouchers (1) || confirmation (50) || per voucher: member (32), signature (64),
//   ascending by member || words u32 little-endian, one a parameter
import { decodeBase64url, encodeBase64url } from '../num/base64url.ts'
import type { MemberId } from '../num/ids.ts'
import { wordBytes, wordsOf } from './secure-messages.ts'
import { dequantiseSum, levels } from './secure-quantise.ts'
import { CONFIRM_BYTES, MAX_SUM_MEMBERS, MIN_SUM_MEMBERS, sumPayloadBytes } from './sum-bytes.ts'

/** Byte 3 of the header of such an update. */
export const SUM_CODEC = 4
/** What one member may change a parameter by in a round, before the mean is taken. */
export const SUM_BOUND = 1

const HEAD_BYTES = 3 + CONFIRM_BYTES
const MEMBER_BYTES = 32
const VOUCHER_BYTES = MEMBER_BYTES + 64

export interface Voucher {
  readonly member: MemberId
  readonly signature: Uint8Array
}

export interface SumPayload {
  /** Of the session: levels of a coordinate follow from it. */
  readonly members: number
  readonly contributors: number
  /** What every voucher signed, as it travelled. */
  readonly confirmation: Uint8Array
  readonly vouchers: readonly Voucher[]
  readonly sum: Uint32Array
}

export function encodeSumPayload(payload: SumPayload): Uint8Array {
  const { members, contributors, confirmation, vouchers, sum } = payload
  const bytes = new Uint8Array(sumPayloadBytes(sum.length, vouchers.length))
  bytes.set([members, contributors, vouchers.length])
  bytes.set(confirmation, 3)
  const sorted = vouchers
    .map(({ member, signature }) => ({ key: decodeBase64url(member, MEMBER_BYTES)!, signature }))
    .sort((a, b) => (isAscending(a.key, b.key) ? -1 : 1))
  sorted.forEach(({ key, signature }, i) => {
    bytes.set(key, HEAD_BYTES + VOUCHER_BYTES * i)
    bytes.set(signature, HEAD_BYTES + VOUCHER_BYTES * i + MEMBER_BYTES)
  })
  bytes.set(wordBytes(sum), HEAD_BYTES + VOUCHER_BYTES * vouchers.length)
  return bytes
}

export type SumPayloadFault = 'wrong-length' | 'not-canonical'

/** What is wrong with a payload from outside, or null. The other functions want one that was checked. */
export function sumPayloadFault(payload: Uint8Array, parameters: number): SumPayloadFault | null {
  const [members = 0, contributors = 0, vouchers = 0] = payload
  if (payload.length !== sumPayloadBytes(parameters, vouchers)) return 'wrong-length'
  const counted =
    members <= MAX_SUM_MEMBERS &&
    contributors <= members &&
    contributors >= MIN_SUM_MEMBERS &&
    vouchers <= contributors &&
    vouchers >= MIN_SUM_MEMBERS
  if (!counted) return 'not-canonical'
  for (let i = 1; i < vouchers; i++)
    if (!isAscending(memberAt(payload, i - 1), memberAt(payload, i))) return 'not-canonical'
  // No sum of so many vectors is longer in any coordinate.
  const most = contributors * levels(members)
  return readSum(payload, parameters).every(word => Math.abs(word | 0) <= most) ? null : 'not-canonical'
}

export function readConfirmation(payload: Uint8Array): Uint8Array {
  return payload.slice(3, HEAD_BYTES)
}

export function readVouchers(payload: Uint8Array): Voucher[] {
  return Array.from({ length: payload[2]! }, (_, i) => {
    const at = HEAD_BYTES + VOUCHER_BYTES * i
    return {
      member: encodeBase64url(memberAt(payload, i)) as MemberId,
      signature: payload.slice(at + MEMBER_BYTES, at + VOUCHER_BYTES),
    }
  })
}

export function readSum(payload: Uint8Array, parameters: number): Uint32Array {
  return wordsOf(payload.subarray(payload.length - 4 * parameters))
}

/**
 * The mean change of all whose vectors are in the sums of one round, usually one. In the given order: float64 addition
 * is not associative, and members must agree bit by bit.
 */
export function meanOfSums(payloads: readonly Uint8Array[], parameters: number): Float64Array {
  const mean = new Float64Array(parameters)
  let contributors = 0
  for (const payload of payloads) {
    const values = dequantiseSum(readSum(payload, parameters), SUM_BOUND, payload[0]!)
    for (let i = 0; i < parameters; i++) mean[i]! += values[i]!
    contributors += payload[1]!
  }
  for (let i = 0; i < parameters; i++) mean[i]! /= contributors
  return mean
}

function memberAt(payload: Uint8Array, i: number): Uint8Array {
  const at = HEAD_BYTES + VOUCHER_BYTES * i
  return payload.subarray(at, at + MEMBER_BYTES)
}

function isAscending(a: Uint8Array, b: Uint8Array): boolean {
  const at = a.findIndex((byte, i) => byte !== b[i])
  return at !== -1 && a[at]! < b[at]!
}
