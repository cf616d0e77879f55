// Appraises a data set in its owner's tab (mechanisms 4.1): complete, unique, balanced, labelled in agreement with itself, free
// of outliers, like the room's held-out samples. Bounded for any data that loaders let in (APPRAISAL_LIMITS); nothing of a
// sample is in the answer. A generator, so that a worker can tell how far it is; whoever drops it has cancelled it.
import type { Dataset } from '../dataset.ts'
import { measureDrift } from './drift.ts'
import { countSingledOut, findDuplicates } from './duplicates.ts'
import { estimateNoise } from './label-noise.ts'
import { countNear } from './near-duplicates.ts'
import { countOutliers } from './outliers.ts'
import {
  APPRAISAL_LIMITS,
  type Appraisal,
  type AppraisalOptions,
  type AppraisalOutcome,
  type AppraisalRefusal,
  type AppraisalStage,
} from './records.ts'
import { balanceOf, scoreOf, sizeScore, UNKNOWN_DRIFT } from './score.ts'
import { drawRows, survey, type Survey } from './survey.ts'
import { warningsOf } from './warnings.ts'

export interface AppraisalReference {
  readonly data: Dataset
  /** Its labels come from another hand than the data's: what learners get wrong on it is hard, not mislabelled. */
  readonly isIndependent: boolean
}

export interface AppraisalProgress {
  readonly stage: AppraisalStage
  /** Of the whole, in [0, 1]. */
  readonly fraction: number
}

/** `reference`: held-out samples of the room; null when there are none. Of other features, it is left aside. */
export function* appraise(
  data: Dataset,
  reference: AppraisalReference | null,
  { seed, qualityFloorMillionths }: AppraisalOptions,
): Generator<AppraisalProgress, AppraisalOutcome> {
  const floor = qualityFloorMillionths
  if (!(Number.isInteger(floor) && floor >= 0 && floor < 1_000_000))
    return refuse({ kind: 'bad-floor', value: floor })
  yield { stage: 'completeness', fraction: 0 }
  const seen = survey(data)
  if (seen === null) return refuse(badShape(data))
  const fault = faultOf(seen)
  if (fault) return refuse(fault)
  const { samples, features, usable } = seen

  yield { stage: 'duplicates', fraction: 0.05 }
  const looked = drawRows(
    usable,
    Math.max(1, Math.floor(APPRAISAL_LIMITS.values / features)),
    `${seed}/looked`,
  )
  const { distinct, copies, conflicts } = findDuplicates(data, looked, features)
  const singledOut = data.shape.length === 1 ? countSingledOut(data, looked, features) : 0
  yield { stage: 'near-duplicates', fraction: 0.15 }
  const near = countNear(data, distinct, features, seed)

  const known = reference && survey(reference.data)
  const fits = known?.features === features && reference?.data.classes.length === data.classes.length
  const compared = reference && known && fits ? { data: reference.data, rows: known.usable } : null
  const judges = reference?.isIndependent === true ? compared : null
  yield { stage: 'labels', fraction: 0.3 }
  const labels = estimateNoise(data, distinct, judges, APPRAISAL_LIMITS.noiseSamples, seed)
  let step = labels.next()
  while (!step.done) {
    yield { stage: 'labels', fraction: 0.3 + 0.5 * step.value }
    step = labels.next()
  }
  const noise = step.value

  yield { stage: 'outliers', fraction: 0.8 }
  const outliers = countOutliers(data, looked, features)
  yield { stage: 'drift', fraction: 0.9 }
  const most = APPRAISAL_LIMITS.driftSamples
  const drift =
    compared &&
    measureDrift(
      data,
      drawRows(looked, most, `${seed}/drift`),
      compared.data,
      drawRows(compared.rows, most, `${seed}/drift-reference`),
    )

  const share = (count: number): number => count / looked.length
  const findings = {
    complete: usable.length / samples,
    duplicates: share(copies),
    nearDuplicates: share(near),
    balance: balanceOf(seen.classCounts),
    noise: noise && noise.noise,
    outliers: share(outliers),
    drift: drift && drift.index,
    size: sizeScore(usable.length),
  }
  const score = scoreOf(findings)
  const report: Omit<Appraisal, 'warnings'> = {
    asset: {
      completeMillionths: millionths(findings.complete),
      duplicateMillionths: millionths(findings.duplicates),
      nearDuplicateMillionths: millionths(findings.nearDuplicates),
      balanceMillionths: millionths(findings.balance),
      noiseMillionths: millionths(findings.noise ?? 1),
      outlierMillionths: millionths(findings.outliers),
      driftMillionths: millionths(findings.drift ?? UNKNOWN_DRIFT),
    },
    samples,
    labelled: samples - seen.unlabelled,
    features,
    classCounts: seen.classCounts,
    notFinite: seen.notFinite,
    empty: seen.empty,
    constantFeatures: seen.constantFeatures,
    conflictMillionths: millionths(share(conflicts)),
    disagreementMillionths: millionths(noise?.disagreement ?? 1),
    labelDriftMillionths: millionths(drift?.labelIndex ?? 0),
    singledOutMillionths: millionths(share(singledOut)),
    sizeMillionths: millionths(findings.size),
    qualityMillionths: floor + Math.round((1_000_000 - floor) * score),
    examined: {
      duplicates: looked.length,
      labels: noise?.examined ?? 0,
      outliers: looked.length,
      drift: drift?.examined ?? 0,
    },
  }
  return { status: 'ok', appraisal: { ...report, warnings: warningsOf(report) } }
}

function faultOf({ samples, unlabelled, usable }: Survey): AppraisalRefusal | null {
  if (samples === 0) return { kind: 'no-samples' }
  if (unlabelled === samples) return { kind: 'no-labels', samples }
  return usable.length === 0 ? { kind: 'nothing-usable', samples } : null
}

/** Values without any label are a data set nobody labelled rather than one whose lengths went wrong. */
function badShape({ shape, x, y }: Dataset): AppraisalRefusal {
  const features = shape.reduce((product, extent) => product * extent, 1)
  if (y.length === 0 && x.length > 0 && x.length % features === 0)
    return { kind: 'no-labels', samples: x.length / features }
  return { kind: 'bad-shape', values: x.length, labels: y.length, features }
}

function refuse(refusal: AppraisalRefusal): AppraisalOutcome {
  return { status: 'refused', refusal }
}

function millionths(share: number): number {
  return Math.round(1_000_000 * share)
}
