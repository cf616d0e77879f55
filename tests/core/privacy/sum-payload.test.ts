// What a room's sum looks like as an update, who leads a round, and the figures that screens state.
import { describe, expect, it } from 'vitest'
import { encodeBase64url } from '../../../src/core/num/base64url.ts'
import type { MemberId, RoomId } from '../../../src/core/num/ids.ts'
import { createRng } from '../../../src/core/num/rng.ts'
import { dequantiseSum, levels, quantise } from '../../../src/core/privacy/secure-quantise.ts'
import { encodeSumMessage } from '../../../src/core/privacy/secure-messages.ts'
import {
  CONFIRM_BYTES,
  MAX_SUM_MEMBERS,
  maskedVectorBytes,
  sumPayloadBytes,
  sumTalkBytes,
} from '../../../src/core/privacy/sum-bytes.ts'
import {
  coversMost,
  decodeOpening,
  encodeOpening,
  isOpening,
  leadOrder,
} from '../../../src/core/privacy/sum-opening.ts'
import {
  encodeSumPayload,
  meanOfSums,
  readConfirmation,
  readSum,
  readVouchers,
  SUM_BOUND,
  sumPayloadFault,
  type SumPayload,
} from '../../../src/core/privacy/sum-payload.ts'
import { encodeMessage } from '../../../src/protocol/messages.ts'

const PARAMETERS = 50
const rng = createRng('sum-payload')
const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => rng.below(256))
const member = (): MemberId => encodeBase64url(bytes(32)) as MemberId

function payloadOf(changes: readonly Float32Array[], members = changes.length): SumPayload {
  const sum = new Uint32Array(PARAMETERS)
  for (const change of changes)
    quantise(change, SUM_BOUND, members).forEach((word, i) => (sum[i] = sum[i]! + word))
  return {
    members,
    contributors: changes.length,
    confirmation: bytes(CONFIRM_BYTES),
    vouchers: Array.from({ length: 3 }, () => ({ member: member(), signature: bytes(64) })),
    sum,
  }
}

const change = (): Float32Array => Float32Array.from({ length: PARAMETERS }, () => 2 * rng.next() - 1)
const four = [change(), change(), change(), change()]

describe('the update of a round', () => {
  it('says what it was made of; vouchers ascend by their bytes', () => {
    const payload = payloadOf(four, 5)
    const encoded = encodeSumPayload(payload)
    expect(sumPayloadFault(encoded, PARAMETERS)).toBeNull()
    expect(encoded.length).toBe(sumPayloadBytes(PARAMETERS, 3))
    expect(readSum(encoded, PARAMETERS)).toEqual(payload.sum)
    expect(readConfirmation(encoded)).toEqual(payload.confirmation)
    const by = (vouchers: SumPayload['vouchers']) =>
      new Map(vouchers.map(({ member: id, signature }) => [id, signature]))
    expect(by(readVouchers(encoded))).toEqual(by(payload.vouchers))
    const reversed = { ...payload, vouchers: [...payload.vouchers].reverse() }
    expect(encodeSumPayload(reversed)).toEqual(encoded)
  })

  it('is the mean of the changes, to a level; of two sums of one round the mean of all in them', () => {
    const sums = [
      encodeSumPayload(payloadOf(four, 6)),
      encodeSumPayload(payloadOf([...four, ...four, ...four])),
    ]
    const mean = (of: readonly Float32Array[], i: number): number =>
      of.reduce((total, vector) => total + vector[i]!, 0) / of.length
    meanOfSums(sums.slice(0, 1), PARAMETERS).forEach((value, i) =>
      expect(Math.abs(value - mean(four, i))).toBeLessThan(1 / levels(6)),
    )
    meanOfSums(sums, PARAMETERS).forEach((value, i) =>
      expect(Math.abs(value - mean(four, i))).toBeLessThan(1 / levels(12)),
    )
  })

  it('has one form: any other length, order or number is refused', () => {
    const good = encodeSumPayload(payloadOf(four, 5))
    const spoiled = (at: number, value: number): Uint8Array => {
      const bad = good.slice()
      bad[at] = value
      return bad
    }
    const fault = (payload: Uint8Array): string | null => sumPayloadFault(payload, PARAMETERS)
    expect(fault(new Uint8Array(0))).toBe('wrong-length')
    expect(fault(good.subarray(1))).toBe('wrong-length')
    expect(fault(spoiled(2, 4))).toBe('wrong-length')
    expect(fault(spoiled(0, MAX_SUM_MEMBERS + 1))).toBe('not-canonical')
    expect(fault(spoiled(0, 3))).toBe('not-canonical')
    expect(fault(spoiled(1, 2))).toBe('not-canonical')
    // More than four members can have added up to, either way.
    expect(fault(spoiled(good.length - 1, 0x7f))).toBe('not-canonical')
    expect(fault(spoiled(good.length - 1, 0x80))).toBe('not-canonical')
    const first = 3 + CONFIRM_BYTES
    const swapped = good.slice()
    swapped.set(good.subarray(first, first + 96), first + 96)
    expect(fault(swapped)).toBe('not-canonical')
    expect(dequantiseSum(Uint32Array.of(levels(5)), SUM_BOUND, 5)[0]).toBe(SUM_BOUND)
  })
})

it('weighs on the wire what screens state', () => {
  const shape = { session: bytes(32), members: 4, parameters: PARAMETERS }
  const sent = (message: Parameters<typeof encodeSumMessage>[0]): number =>
    encodeMessage({
      type: 'sum',
      relay: false,
      round: 1,
      lead: member(),
      author: member(),
      signature: bytes(64),
      payload: encodeSumMessage(message, shape),
    }).length
  expect(sent({ kind: 'masked', vector: new Uint32Array(PARAMETERS) })).toBe(maskedVectorBytes(PARAMETERS))
  const talk =
    sent({ kind: 'keys', sealPublic: bytes(32), maskPublic: bytes(32) }) +
    sent({
      kind: 'shares',
      seedCommitment: bytes(32),
      commitments: Array.from({ length: 8 }, () => bytes(32)),
      boxes: Array.from({ length: 3 }, () => bytes(80)),
    }) +
    sent({ kind: 'confirm', digest: bytes(32) })
  expect(talk).toBe(sumTalkBytes(4))
})

describe('the opening of a sum', () => {
  const members = Array.from({ length: 5 }, member).sort()
  const opening = { attempt: 3, nonce: bytes(16), members }

  it('comes back as it was; unsorted, short or crowded lists are nothing', () => {
    const encoded = encodeOpening(opening)
    expect(isOpening(encoded)).toBe(true)
    expect(decodeOpening(encoded)).toEqual(opening)
    expect(decodeOpening(encoded.subarray(0, encoded.length - 1))).toBeUndefined()
    expect(decodeOpening(encodeOpening({ ...opening, members: members.slice(0, 2) }))).toBeUndefined()
    expect(decodeOpening(encodeOpening({ ...opening, members: [...members].reverse() }))).toBeUndefined()
    expect(decodeOpening(encodeOpening({ ...opening, members: [...members, members[4]!] }))).toBeUndefined()
    const crowd = Array.from({ length: MAX_SUM_MEMBERS + 1 }, member).sort()
    expect(decodeOpening(encodeOpening({ ...opening, members: crowd }))).toBeUndefined()
  })

  it('falls to all in turn, and for all alike', () => {
    const room = 'room' as RoomId
    const leads = Array.from({ length: 60 }, (_, round) => leadOrder(room, round, members)[0])
    expect(new Set(leads)).toEqual(new Set(members))
    expect(leadOrder(room, 7, [...members].reverse())).toEqual(leadOrder(room, 7, members))
    // Who goes takes nothing from the order of the others.
    const order = leadOrder(room, 7, members)
    expect(leadOrder(room, 7, order.slice(1).sort())).toEqual(order.slice(1))
  })

  it('must leave few out of those who are known to train', () => {
    expect(coversMost(members.slice(0, 4), members)).toBe(true)
    expect(coversMost(members.slice(0, 3), members)).toBe(false)
    expect(coversMost([], members)).toBe(false)
    const crowd = Array.from({ length: 60 }, member)
    expect(coversMost(crowd.slice(0, 20), crowd)).toBe(true)
    expect(coversMost(crowd.slice(0, 19), crowd)).toBe(false)
  })
})
