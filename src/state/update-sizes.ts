// What one update weighs under each way to encode it, signature and header included. Apart from estimate.ts, because the
// codecs need not be in the first screen.
import { createMasked } from '../core/compress/masked.ts'
import { createOneBit } from '../core/compress/one-bit.ts'
import { createSparse } from '../core/compress/sparse.ts'
import { SIGNED_HEADER_BYTES } from '../core/gossip/update.ts'
import { MAX_SUM_MEMBERS, maskedVectorBytes, sumPayloadBytes } from '../core/privacy/sum-bytes.ts'
import type { TrainingTerms } from '../core/ledger/entry.ts'

/** Usual and over a narrow uplink; the same where the room does not mix. */
export function updateSizes(
  profile: TrainingTerms['profile'],
  parameters: number,
): { readonly whole: number; readonly narrow: number } {
  const sizeOf = (codec: { payloadBytes(round: number): number }): number =>
    SIGNED_HEADER_BYTES + codec.payloadBytes(0)
  const both = (size: number) => ({ whole: size, narrow: size })
  switch (profile) {
    case 'auto':
      return { whole: sizeOf(createOneBit(parameters)), narrow: sizeOf(createMasked(parameters)) }
    case 'one-bit':
      return both(sizeOf(createOneBit(parameters)))
    case 'masked':
      return both(sizeOf(createMasked(parameters)))
    case 'sparse':
      return both(sizeOf(createSparse(parameters)))
    default:
      return profile satisfies never
  }
}

/** In rooms that sum under masks: what goes to the lead, and the sum that comes back, at most. */
export function sumSizes(parameters: number): { readonly vector: number; readonly sum: number } {
  return {
    vector: maskedVectorBytes(parameters),
    sum: SIGNED_HEADER_BYTES + sumPayloadBytes(parameters, MAX_SUM_MEMBERS),
  }
}
