// f = xi + (1 - xi) * score (mechanisms 4.1): the score is a weighted mean of parts between 0 (worthless) and 1 (nothing to
// complain of). Labels weigh most because wrong ones cost most accuracy (mechanisms 4.4, D3). The amount is a small part only:
// it enters the market as itself (q = f x). What could not be measured is not better than the worst that is measured.

/** Weights, summing to 1, and the finding from which on a part is worth nothing. */
const PARTS = {
  complete: { weight: 0.15 },
  unique: { weight: 0.15 },
  balance: { weight: 0.1 },
  labels: { weight: 0.4, worst: 0.6 },
  outliers: { weight: 0.05, worst: 0.05 },
  drift: { weight: 0.1, worst: 0.5 },
  size: { weight: 0.05 },
} as const

/** Shares in [0, 1]; null for what could not be measured. */
export interface Findings {
  readonly complete: number
  readonly duplicates: number
  readonly nearDuplicates: number
  readonly balance: number
  readonly noise: number | null
  readonly outliers: number
  readonly drift: number | null
  readonly size: number
}

/** In [0, 1]. */
export function scoreOf(findings: Findings): number {
  const { complete, duplicates, nearDuplicates, balance, noise, outliers, drift, size } = findings
  const fall = (value: number, worst: number): number => 1 - Math.min(1, value / worst)
  const score =
    PARTS.complete.weight * complete +
    PARTS.unique.weight * (1 - duplicates - nearDuplicates) +
    PARTS.balance.weight * balance +
    PARTS.labels.weight * (noise === null ? 0 : fall(noise, PARTS.labels.worst)) +
    PARTS.outliers.weight * fall(outliers, PARTS.outliers.worst) +
    PARTS.drift.weight * (drift === null ? 0 : fall(drift, PARTS.drift.worst)) +
    PARTS.size.weight * size
  return Math.max(0, Math.min(1, score))
}

/** What the ledger says of drift that could not be measured. */
export const UNKNOWN_DRIFT = PARTS.drift.worst

/** 0 without samples, 1 from 10,000 on, the same step for every doubling above 50. */
export function sizeScore(samples: number): number {
  return Math.min(1, Math.log1p(samples / 50) / Math.log1p(200))
}

/** Entropy of the mix of classes over its maximum, in [0, 1]; 0 with fewer than two classes. */
export function balanceOf(counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (counts.length < 2 || total === 0) return 0
  const entropy = counts.reduce((sum, count) => {
    const share = count / total
    return count > 0 ? sum - share * Math.log(share) : sum
  }, 0)
  return Math.max(0, Math.min(1, entropy / Math.log(counts.length)))
}
