// The profile of rooms that sum under masks: nobody encodes a change of its own, the sum that a lead publishes is the round's
// direction. No codec, no residual, no rule: what would screen single updates has none to look at.
import type { Profile } from '../core/gossip/machine.ts'
import type { TrainingTerms } from '../core/ledger/entry.ts'
import { MAX_SUM_MEMBERS, sumPayloadBytes } from '../core/privacy/sum-bytes.ts'
import { meanOfSums, SUM_CODEC, sumPayloadFault } from '../core/privacy/sum-payload.ts'

/** @param parameters of which sums speak */
export function createSumProfile(
  parameters: number,
  { outerRateMilli, outerMomentumMilli }: Pick<TrainingTerms, 'outerRateMilli' | 'outerMomentumMilli'>,
): Profile {
  return {
    isSummed: true,
    carry: 1,
    updateBytes: sumPayloadBytes(parameters, MAX_SUM_MEMBERS),
    outerRate: outerRateMilli / 1000,
    outerMomentum: outerMomentumMilli / 1000,
    encode() {
      throw new RangeError('in this room nobody publishes a change of its own')
    },
    check: ({ codec, payload }) =>
      codec === SUM_CODEC ? sumPayloadFault(payload, parameters) : 'wrong-codec',
    // A sum takes nothing out of what a member owes, and owes nothing itself.
    restore: () => undefined,
    localStart: params => params,
    mix: updates => ({
      direction: meanOfSums(
        updates.map(({ payload }) => payload),
        parameters,
      ),
      outsized: [],
    }),
  }
}
