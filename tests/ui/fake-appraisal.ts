// An acted appraisal: mixed findings and a curve that the log law fits but for its end.
import type { Appraisal } from '../../src/core/data/appraisal/records.ts'
import type { ScalingPoint } from '../../src/core/economics/scaling-records.ts'

export const APPRAISAL: Appraisal = {
  asset: {
    completeMillionths: 999_667,
    duplicateMillionths: 21_000,
    nearDuplicateMillionths: 4_500,
    balanceMillionths: 998_200,
    noiseMillionths: 112_000,
    outlierMillionths: 1_300,
    driftMillionths: 16_000,
  },
  samples: 6_000,
  labelled: 6_000,
  features: 784,
  classCounts: [600, 590, 612, 570, 640, 520, 600, 655, 610, 603],
  notFinite: 0,
  empty: 2,
  constantFeatures: 67,
  conflictMillionths: 1_500,
  disagreementMillionths: 190_000,
  labelDriftMillionths: 0,
  singledOutMillionths: 0,
  sizeMillionths: 904_000,
  qualityMillionths: 951_000,
  examined: { duplicates: 5_998, labels: 3_000, outliers: 5_998, drift: 5_000 },
  warnings: [
    { kind: 'empty-samples', count: 2, millionths: 333 },
    { kind: 'label-noise', count: 672, millionths: 112_000 },
    { kind: 'conflicting-labels', count: 9, millionths: 1_500 },
    { kind: 'duplicates', count: 126, millionths: 21_000 },
  ],
}

export const CURVE: readonly ScalingPoint[] = [
  { samples: 50, accuracy: 0.61 },
  { samples: 100, accuracy: 0.711 },
  { samples: 200, accuracy: 0.779 },
  { samples: 400, accuracy: 0.836 },
  { samples: 800, accuracy: 0.872 },
  { samples: 1_600, accuracy: 0.899 },
  { samples: 3_200, accuracy: 0.918 },
  { samples: 6_000, accuracy: 0.931 },
]
