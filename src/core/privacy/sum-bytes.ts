// What a sum under masks weighs, told without any of its code: for screens that say what a room will cost before it exists.
// Tests hold these figures to the encoders.

/** Digest and session of a confirmation. */
export const CONFIRM_BYTES = 50
/** Kind of message, envelope, signature, session: around a masked vector on the wire. */
const VECTOR_HEAD_BYTES = 152
const VOUCHER_BYTES = 96
/** With two, each could take its own change off and hold the other's. */
export const MIN_SUM_MEMBERS = 3
export const MAX_SUM_MEMBERS = 30

/** A masked vector as it goes to the lead. */
export function maskedVectorBytes(parameters: number): number {
  return VECTOR_HEAD_BYTES + 4 * parameters
}

/** All that a member says to one other in a sum of so many, beside its vector: keys, shares, confirmation. */
export function sumTalkBytes(members: number): number {
  const envelope = 134
  const head = 18
  const keys = head + 64
  const shares = head + 32 + 64 * members + 80 * (members - 1)
  return 3 * envelope + keys + shares + CONFIRM_BYTES
}

/** Payload of the update that carries the sum. */
export function sumPayloadBytes(parameters: number, vouchers: number): number {
  return 3 + CONFIRM_BYTES + VOUCHER_BYTES * vouchers + 4 * parameters
}
