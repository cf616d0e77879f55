// An appraisal and a scaling fit as sentences and rows, in a person's language. What could not be measured says so instead of
// showing the worst value that it counts for.
import type { Appraisal } from '../core/data/appraisal/records.ts'
import type { ScalingFit, ScalingWarning } from '../core/economics/scaling-records.ts'
import type { Format } from '../i18n/format.ts'
import type { AppraisalWords } from './appraisal-words.ts'

const MILLION = 1_000_000

/** Gravest first; empty for data without a fault. */
export function appraisalSentences({ warnings }: Appraisal, words: AppraisalWords, f: Format): string[] {
  return warnings.map(({ kind, count, millionths }) =>
    words.warns[kind](count, f.int(count), f.percent(millionths / MILLION)),
  )
}

export interface FindingRow {
  readonly name: string
  readonly value: string
  readonly examined: string
}

export function findingRows(appraisal: Appraisal, words: AppraisalWords, f: Format): FindingRow[] {
  const { findings, card } = words
  const { asset, examined, samples } = appraisal
  const row = (name: string, value: string, of: number): FindingRow => ({
    name,
    value: of === 0 ? card.unknown : value,
    examined: f.int(of),
  })
  const share = (millionths: number): string => f.percent(millionths / MILLION)
  const index = (millionths: number): string => f.decimal(millionths / MILLION, 2)
  return [
    row(findings.quality, share(appraisal.qualityMillionths), samples),
    row(findings.complete, share(asset.completeMillionths), samples),
    row(findings.duplicates, share(asset.duplicateMillionths), examined.duplicates),
    row(findings.near, share(asset.nearDuplicateMillionths), examined.duplicates),
    row(findings.conflicts, share(appraisal.conflictMillionths), examined.duplicates),
    row(findings.balance, share(asset.balanceMillionths), samples),
    row(findings.noise, share(asset.noiseMillionths), examined.labels),
    row(findings.disagreement, share(appraisal.disagreementMillionths), examined.labels),
    row(findings.outliers, share(asset.outlierMillionths), examined.outliers),
    row(findings.drift, index(asset.driftMillionths), examined.drift),
    row(findings.labelDrift, index(appraisal.labelDriftMillionths), examined.drift),
    row(findings.singledOut, share(appraisal.singledOutMillionths), examined.duplicates),
    row(findings.size, share(appraisal.sizeMillionths), samples),
  ]
}

/** Why not to rely on the fit; empty where nothing speaks against it. */
export function scalingSentences({ warnings }: ScalingFit, words: AppraisalWords, f: Format): string[] {
  return warnings.map(({ kind, value }) => words.scaling.warns[kind](written(kind, value, f)))
}

function written(kind: ScalingWarning['kind'], value: number, f: Format): string {
  switch (kind) {
    case 'few-points':
      return f.int(value)
    case 'poor-fit':
      return f.percent(Math.max(0, value), 0)
    case 'short-range':
    case 'flat':
    case 'concave':
    case 'convex':
    case 'laws-differ':
    case 'ceiling':
      return f.decimal(Math.max(0, value), 1)
  }
  kind satisfies never
  return ''
}
