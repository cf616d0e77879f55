// What joining will cost, in numbers, before anything runs. Pure; the assumptions are stated and shown as estimates.
import { oneBitBytes } from '../core/compress/one-bit.ts'
import { SIGNED_HEADER_BYTES } from '../core/gossip/update.ts'
import type { CharterBody, PrivacyTerms } from '../core/ledger/entry.ts'
import { trainingFlop } from '../core/model/flops.ts'
import type { ModelSpec } from '../core/model/spec.ts'
import { layoutParams } from '../core/params/layout.ts'
import { maskedVectorBytes, sumPayloadBytes, sumTalkBytes } from '../core/privacy/sum-bytes.ts'

export interface ModelFacts {
  readonly parameters: number
  readonly trainingFlopPerSample: number
  /** Of what a member sends of its own in a round. */
  readonly updateBytes: number
}

export interface JoinEstimate {
  /** null: the room trains until everyone leaves. */
  readonly seconds: number | null
  readonly bytesPerMinute: number
  readonly members: number
}

/** Sustained rate of the TypeScript trainer on a laptop without a usable GPU (1.5 GFLOP/s): the slow end. */
const ASSUMED_FLOP_PER_SECOND = 1.5e9
/** Signing, exchanging and mixing, which do not shrink with the model. */
const ROUND_OVERHEAD_SECONDS = 1

export function modelFacts(spec: ModelSpec, privacy: PrivacyTerms['type'] = 'none'): ModelFacts {
  const parameters = layoutParams(spec).size
  return {
    parameters,
    trainingFlopPerSample: trainingFlop(spec),
    updateBytes:
      privacy === 'masks' ? maskedVectorBytes(parameters) : oneBitBytes(parameters) + SIGNED_HEADER_BYTES,
  }
}

export function estimateJoin(charter: CharterBody): JoinEstimate {
  const facts = modelFacts(charter.model, charter.terms.privacy.type)
  const { batchSize, localSteps, rounds } = charter.terms
  const computeSeconds = (facts.trainingFlopPerSample * batchSize * localSteps) / ASSUMED_FLOP_PER_SECOND
  const roundSeconds = computeSeconds + ROUND_OVERHEAD_SECONDS
  const members = Math.max(2, charter.parts)
  return {
    seconds: rounds === 0 ? null : rounds * roundSeconds,
    bytesPerMinute: (roundBytes(facts, charter.terms.privacy.type, members) * 60) / roundSeconds,
    members,
  }
}

/** Above so many members are no full mesh any more, and what is said to all comes over each of about six links. */
const MESH_MEMBERS = 8
const OVERLAY_COPIES = 6

/** Sent and received by one member in a round. */
function roundBytes(
  { parameters, updateBytes }: ModelFacts,
  privacy: PrivacyTerms['type'],
  members: number,
): number {
  // Own update to everyone and everyone's to oneself: an upper bound, since updates are pulled once.
  if (privacy !== 'masks') return 2 * (members - 1) * updateBytes
  // The own vector to the lead, those of others in every n-th round when oneself leads, the sum once in and about once out.
  const sum = SIGNED_HEADER_BYTES + sumPayloadBytes(parameters, members)
  const copies = members > MESH_MEMBERS ? OVERLAY_COPIES : 1
  return (
    updateBytes * (1 + (members - 1) / members) + 2 * sum + 2 * (members - 1) * copies * sumTalkBytes(members)
  )
}
