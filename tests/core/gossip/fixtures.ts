// Updates and a mixer for the gossip tests: real headers, a payload of one float per parameter, the plain mean.
import type { Profile } from '../../../src/core/gossip/machine.ts'
import { NO_ORDERS } from '../../../src/core/gossip/halts.ts'
import { encodeHeader, SIGNED_HEADER_BYTES, updateId, type Update } from '../../../src/core/gossip/update.ts'
import type { ModelState } from '../../../src/core/gossip/state.ts'
import { encodeBase64url } from '../../../src/core/num/base64url.ts'
import type { MemberId, RoomId } from '../../../src/core/num/ids.ts'

export const PARAMETERS = 8
export const ROOM = encodeBase64url(new Uint8Array(16)) as RoomId

export function memberId(index: number): MemberId {
  return encodeBase64url(new Uint8Array(32).fill(index + 1)) as MemberId
}

export function startState(): ModelState {
  return {
    round: 0,
    params: new Float32Array(PARAMETERS),
    momentum: new Float32Array(PARAMETERS),
    draw: new Uint8Array(0),
  }
}

export function makeUpdate(
  round: number,
  author: MemberId,
  values: readonly number[],
  room = ROOM,
  orders = NO_ORDERS,
): Update {
  const payload = new Uint8Array(Float32Array.from(values).buffer)
  const header = {
    room,
    codec: 1,
    round,
    steps: 5,
    samples: 160,
    author,
    base: new Uint8Array(32),
    payloadHash: new Uint8Array(32).fill(values[0]! & 255),
    payloadBytes: payload.length,
    orders,
  }
  const signed = new Uint8Array(SIGNED_HEADER_BYTES)
  signed.set(encodeHeader(header))
  signed[SIGNED_HEADER_BYTES - 1] = (values[0]! * 7) & 255
  return { ...header, id: updateId(signed), signed, payload }
}

export const meanProfile: Profile = {
  carry: 1,
  updateBytes: 4 * PARAMETERS,
  outerRate: 0.7,
  outerMomentum: 0.5,
  encode: error => ({
    codec: 1,
    payload: new Uint8Array(error.slice().fill(1).buffer),
    payloadHash: new Uint8Array(32),
  }),
  check: ({ payload }) => (payload.length === 4 * PARAMETERS ? null : 'wrong-length'),
  restore(error, { payload }) {
    new Float32Array(payload.slice().buffer).forEach((value, i) => (error[i]! += value))
  },
  localStart: params => params,
  mix(updates) {
    const direction = new Float64Array(PARAMETERS)
    for (const { payload } of updates) {
      new Float32Array(payload.slice().buffer).forEach(
        (value, i) => (direction[i]! += value / updates.length),
      )
    }
    return { direction, outsized: [] }
  },
}
