// English for the appraisal of one's own data and for what more of them would bring. Loaded with the screens that show them.
const many = (n: number, one: string, other: string): string => (n === 1 ? one : other)

export const enAppraisal = {
  card: {
    title: 'What your tab found in your data',
    quality: (share: string) => `Quality ${share}`,
    qualityHint: 'A report for the market, made in this tab. What counts in the end is measured by training.',
    good: 'Nothing to complain of.',
    goodRest: 'The rest is in order.',
    warnings: 'Worth a look',
    table: 'All findings as a table',
    finding: 'Finding',
    value: 'Value',
    examined: 'Samples examined',
    unknown: 'not measured',
    samples: (samples: string, features: string) => `${samples} samples of ${features} values each`,
    limits: (samples: string) =>
      `Labels are judged on ${samples} samples by small networks that did not see them; nearly equal means that at least four fifths of the values are alike.`,
  },
  warns: {
    'not-finite': (n: number, count: string) =>
      many(
        n,
        `${count} sample has values that are no numbers; it is left aside.`,
        `${count} samples have values that are no numbers; they are left aside.`,
      ),
    'empty-samples': (n: number, count: string) =>
      many(n, `${count} sample is empty.`, `${count} samples are empty.`),
    unlabelled: (n: number, count: string) =>
      many(n, `${count} sample has no class of this room.`, `${count} samples have no class of this room.`),
    'constant-features': (_n: number, count: string, share: string) =>
      `${count} of the values never change (${share}); nothing can be learned from them.`,
    duplicates: (n: number, count: string, share: string) =>
      many(n, `${count} sample is a copy`, `${count} samples are copies`) + ` of another (${share}).`,
    'near-duplicates': (n: number, count: string, share: string) =>
      many(n, `${count} sample is`, `${count} samples are`) + ` nearly equal to another (${share}).`,
    'conflicting-labels': (n: number, count: string) =>
      many(
        n,
        `${count} sample stands there twice with different labels.`,
        `${count} samples stand there twice with different labels.`,
      ),
    'one-class': () => 'All samples are of one class. Alone, nothing can be told apart with them.',
    'missing-classes': (n: number, count: string) =>
      many(n, `${count} class of the room has no sample.`, `${count} classes of the room have no sample.`),
    imbalanced: () => 'Some classes are much rarer than others.',
    'label-noise': (_n: number, count: string, share: string) =>
      `About ${share} of the labels seem wrong: some ${count} samples.`,
    'noise-unknown': () => 'Labels could not be judged: that takes 20 different samples and two classes.',
    outliers: (n: number, count: string, share: string) =>
      many(n, `${count} sample is`, `${count} samples are`) + ` far from all others of its kind (${share}).`,
    drift: () => 'The samples look different from those that the room measures on.',
    'label-drift': () => 'Classes come in another mix than in the samples that the room measures on.',
    'drift-unknown': () => 'There were no samples of the room to compare with.',
    'few-samples': (n: number, count: string) =>
      many(n, `There is only ${count} sample`, `There are only ${count} samples`) +
      ', so all of this is uncertain.',
    'singled-out': (n: number, count: string, share: string) =>
      many(n, `${count} row can`, `${count} rows can`) +
      ` be told apart from all but a few by a handful of facts (${share}). Think of the people behind them.`,
    sampled: (_n: number, count: string) =>
      `The data are large: duplicates, outliers and drift were looked for in ${count} samples.`,
  },
  findings: {
    complete: 'Complete',
    duplicates: 'Copies',
    near: 'Nearly equal',
    conflicts: 'Copies with another label',
    balance: 'Balance of classes',
    noise: 'Wrong labels, estimated',
    disagreement: 'Labels that predictions contradict',
    outliers: 'Outliers',
    drift: 'Drift from the room (index)',
    labelDrift: 'Other mix of classes (index)',
    singledOut: 'Singled out by few facts',
    size: 'Size, against 10,000',
    quality: 'Quality',
  },
  refused: {
    'no-samples': 'You hold no samples in this room.',
    'bad-shape': 'The samples do not fit their labels. Load them again.',
    'no-labels': 'Not one sample has a class of this room.',
    'nothing-usable': 'Not one sample has anything in it that could be judged.',
    'bad-floor': 'This round names a least quality that is no share below one.',
  },
  run: {
    start: 'Look through my data',
    stop: 'Stop',
    again: 'Look through them again',
    stage: {
      completeness: 'Looking at every sample',
      duplicates: 'Looking for copies',
      'near-duplicates': 'Looking for samples that are nearly equal',
      labels: 'Judging labels',
      outliers: 'Looking for outliers',
      drift: 'Comparing with the room',
      measuring: 'Training on ever more of your samples',
    },
    progress: 'Progress',
    failed: 'That ended with an error. Nothing was sent.',
    stays: 'It runs in this tab. No sample leaves it.',
  },
  scaling: {
    title: 'What more data would bring',
    lead: 'Accuracy on held-out samples of a small network, trained on ever more of your samples.',
    law: {
      log: 'Every doubling brings about the same (logarithm)',
      power: 'Errors shrink by the same factor with every doubling (power law)',
      saturating: 'Approaches a ceiling',
    },
    curve: 'Curve and law',
    lawHint: (law: string, r2: string) => `Law that fits best: ${law}. R² ${r2}.`,
    doubling: (points: string) => `Twice as many samples: ${points} points more`,
    doublingNone: 'Twice as many samples would bring nothing that can be told.',
    credits: (credits: string, value: string) => `Worth ${credits} credits, at ${value} credits a point`,
    slope: (b: string, low: string, high: string) =>
      `A doubling brings ${b} points by the logarithm, between ${low} and ${high} with 95 % confidence.`,
    unit: (samples: string) => `In the market, a unit of your data is ${samples} samples.`,
    label: 'Accuracy by number of samples, measured and as the fitted law has it',
    x: 'Samples',
    y: 'Accuracy',
    read: 'Number of samples to read',
    measured: 'Measured',
    forecast: 'By the law',
    point: (samples: string) => `Measured with ${samples}`,
    next: 'Next doubling',
    none: 'Too few samples to measure a curve: it takes 40, and held-out ones to measure on.',
    trust: 'Read this forecast with care',
    warns: {
      'few-points': (value: string) => `Only ${value} sizes were measured.`,
      'short-range': (value: string) => `The largest size is only ${value} times the smallest.`,
      flat: () => 'Accuracy may not grow with more samples at all.',
      concave: (points: string) =>
        `The curve is levelling off: it ends ${points} points below a straight line. More data bring less than a logarithm promises.`,
      convex: (points: string) =>
        `The curve is still getting steeper: it ends ${points} points above a straight line. It cannot go on like that.`,
      'poor-fit': (share: string) => `The law explains only ${share} of what was measured.`,
      'laws-differ': (points: string) =>
        `Laws that fit about as well differ by ${points} points on the next doubling.`,
      ceiling: (points: string) => `There are only ${points} points left to gain with data of this kind.`,
    },
  },
}
