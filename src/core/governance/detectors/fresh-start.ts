// R2: somebody says that a model starts from nothing. Probe it with labelled samples that nobody trained on: an untrained
// model is right about as often as chance, a hidden continuation far more often. Exact one-sided binomial test.
// Chance is not 1 / classes: the answers of an untrained network hang together, so some random starts do better by luck.
// `chance` must be what untrained models of the task reach (see measured.ts); with 1 / classes the test accuses them.
import type { FreshStartFinding } from './findings.ts'

export interface FreshStartProbe {
  readonly model: string
  readonly hits: number
  readonly samples: number
  /** Accuracy that an untrained model may reach, in (0, 1). */
  readonly chance: number
}

/** False alarms that the test itself may add to those of `chance`. */
export const FRESH_START_LEVEL = 0.001

/** Null while the hits are what an untrained model may have. Throws RangeError for counts that are none. */
export function checkFreshStart(probe: FreshStartProbe): FreshStartFinding | null {
  const { hits, samples, chance } = probe
  if (!Number.isSafeInteger(hits) || !Number.isSafeInteger(samples) || hits < 0 || hits > samples)
    throw new RangeError(`not a probe: ${hits} of ${samples}`)
  if (!(chance > 0 && chance < 1)) throw new RangeError(`chance must be in (0, 1): ${chance}`)
  const pValue = binomialTail(hits, samples, chance)
  return pValue < FRESH_START_LEVEL ? { rule: 'R2', severity: 'alert', ...probe, pValue } : null
}

/** P(X >= hits) for X ~ Binomial(samples, chance): terms by their ratio, in logarithms because they underflow. */
export function binomialTail(hits: number, samples: number, chance: number): number {
  if (hits <= 0) return 1
  const odds = Math.log(chance) - Math.log1p(-chance)
  let term = samples * Math.log1p(-chance)
  let sum = -Infinity
  for (let k = 0; k <= samples; k++) {
    if (k >= hits) sum = Math.max(sum, term) + Math.log1p(Math.exp(-Math.abs(sum - term)))
    term += Math.log((samples - k) / (k + 1)) + odds
  }
  return Math.min(1, Math.exp(sum))
}
