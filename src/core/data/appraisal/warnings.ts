// Which findings deserve a sentence of their own, gravest first.
import {
  APPRAISAL_LIMITS,
  type Appraisal,
  type AppraisalWarning,
  type AppraisalWarningKind,
} from './records.ts'

/** Shares, in millionths, from which on a finding is worth a warning; drift is an index (0.2 is the usual bound). */
const WARN = {
  duplicates: 10_000,
  nearDuplicates: 20_000,
  balance: 800_000,
  noise: 50_000,
  outliers: 20_000,
  drift: 200_000,
  labelDrift: 200_000,
  singledOut: 10_000,
} as const
const FEW_SAMPLES = 100
/** Features of pictures are often constant (their rim): only most of them are worth a word. */
const CONSTANT_SHARE = 0.5

export function warningsOf(report: Omit<Appraisal, 'warnings'>): AppraisalWarning[] {
  const warnings: AppraisalWarning[] = []
  const { asset, samples, features, classCounts, examined } = report
  const warn = (kind: AppraisalWarningKind, count: number, of = 0): void => {
    const millionths = of > 0 ? Math.round((1_000_000 * count) / of) : 0
    warnings.push({ kind, count, millionths })
  }
  const warnShare = (kind: AppraisalWarningKind, millionths: number, bound: number, of: number): void => {
    if (millionths > bound) warnings.push({ kind, count: Math.round((of * millionths) / 1e6), millionths })
  }
  const missing = classCounts.filter(count => count === 0).length
  const present = classCounts.length - missing
  if (report.labelled < samples) warn('unlabelled', samples - report.labelled, samples)
  if (report.notFinite > 0) warn('not-finite', report.notFinite, samples)
  if (report.empty > 0) warn('empty-samples', report.empty, samples)
  if (examined.labels === 0) warn('noise-unknown', samples)
  else warnShare('label-noise', asset.noiseMillionths, WARN.noise, samples)
  if (report.conflictMillionths > 0)
    warnShare('conflicting-labels', report.conflictMillionths, 0, examined.duplicates)
  if (present === 1) warn('one-class', 1, classCounts.length)
  else if (missing > 0) warn('missing-classes', missing, classCounts.length)
  warnShare('duplicates', asset.duplicateMillionths, WARN.duplicates, examined.duplicates)
  warnShare('near-duplicates', asset.nearDuplicateMillionths, WARN.nearDuplicates, examined.duplicates)
  if (examined.drift === 0) warn('drift-unknown', samples)
  else {
    warnShare('drift', asset.driftMillionths, WARN.drift, 0)
    warnShare('label-drift', report.labelDriftMillionths, WARN.labelDrift, 0)
  }
  if (present > 1 && missing === 0 && asset.balanceMillionths < WARN.balance)
    warnings.push({ kind: 'imbalanced', count: 0, millionths: asset.balanceMillionths })
  warnShare('outliers', asset.outlierMillionths, WARN.outliers, examined.outliers)
  if (report.constantFeatures > CONSTANT_SHARE * features)
    warn('constant-features', report.constantFeatures, features)
  if (samples < FEW_SAMPLES) warn('few-samples', samples)
  warnShare('singled-out', report.singledOutMillionths, WARN.singledOut, examined.duplicates)
  if (examined.duplicates < samples - report.notFinite - report.empty && isCut(report))
    warn('sampled', examined.duplicates, samples)
  return warnings
}

function isCut({ samples, features }: Omit<Appraisal, 'warnings'>): boolean {
  return samples * features > APPRAISAL_LIMITS.values
}
