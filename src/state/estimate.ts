// What joining will cost, in numbers, before anything runs. Pure; the assumptions are stated and shown as estimates.
import { oneBitBytes } from '../core/compress/one-bit.ts'
import { SIGNED_HEADER_BYTES } from '../core/gossip/update.ts'
import type { CharterBody } from '../core/ledger/entry.ts'
import { trainingFlop } from '../core/model/flops.ts'
import type { ModelSpec } from '../core/model/spec.ts'
import { layoutParams } from '../core/params/layout.ts'

export interface ModelFacts {
  readonly parameters: number
  readonly trainingFlopPerSample: number
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

export function modelFacts(spec: ModelSpec): ModelFacts {
  const parameters = layoutParams(spec).size
  return {
    parameters,
    trainingFlopPerSample: trainingFlop(spec),
    updateBytes: oneBitBytes(parameters) + SIGNED_HEADER_BYTES,
  }
}

export function estimateJoin(charter: CharterBody): JoinEstimate {
  const facts = modelFacts(charter.model)
  const { batchSize, localSteps, rounds } = charter.terms
  const computeSeconds = (facts.trainingFlopPerSample * batchSize * localSteps) / ASSUMED_FLOP_PER_SECOND
  const roundSeconds = computeSeconds + ROUND_OVERHEAD_SECONDS
  const members = Math.max(2, charter.parts)
  return {
    seconds: rounds === 0 ? null : rounds * roundSeconds,
    // Own update to everyone and everyone's to oneself: an upper bound, since updates are pulled once.
    bytesPerMinute: (2 * (members - 1) * facts.updateBytes * 60) / roundSeconds,
    members,
  }
}
