// What an appraisal finds where it is known what is there, and what it says of data that cannot be judged.
import { expect, it } from 'vitest'
import { appraise, type AppraisalReference } from '../../../../src/core/data/appraisal/appraise.ts'
import type {
  Appraisal,
  AppraisalOptions,
  AppraisalOutcome,
} from '../../../../src/core/data/appraisal/records.ts'
import type { Dataset } from '../../../../src/core/data/dataset.ts'
import { glyphs, spoilLabels } from '../../../../src/core/data/glyph.ts'
import { createRng } from '../../../../src/core/num/rng.ts'

const SEED = 'appraisal'
const OPTIONS: AppraisalOptions = { seed: SEED, qualityFloorMillionths: 500_000 }
const ROOM: AppraisalReference = { data: glyphs('A', 600, `${SEED}/room`), isIndependent: true }

function outcomeOf(
  data: Dataset,
  reference: AppraisalReference | null = ROOM,
  options = OPTIONS,
): AppraisalOutcome {
  const work = appraise(data, reference, options)
  let [step, last] = [work.next(), -1]
  for (; !step.done; step = work.next()) {
    expect(step.value.fraction).toBeGreaterThanOrEqual(last)
    last = step.value.fraction
  }
  return step.value
}

function reportOf(...args: Parameters<typeof outcomeOf>): Appraisal {
  const outcome = outcomeOf(...args)
  if (outcome.status === 'refused') throw new Error(outcome.refusal.kind)
  for (const [name, value] of Object.entries({ ...outcome.appraisal, ...outcome.appraisal.asset }))
    if (name.endsWith('Millionths'))
      expect(Number.isSafeInteger(value) && Number(value) >= 0, name).toBe(true)
  expect(outcome.appraisal.qualityMillionths).toBeGreaterThanOrEqual(500_000)
  expect(outcome.appraisal.qualityMillionths).toBeLessThanOrEqual(1_000_000)
  expect(JSON.stringify(outcome)).not.toContain('null')
  return outcome.appraisal
}
const kinds = ({ warnings }: Appraisal): string[] => warnings.map(({ kind }) => kind)
const only = (data: Dataset, rows: readonly number[]): Dataset => {
  const size = data.x.length / data.y.length
  const x =
    data.x instanceof Uint8Array ? new Uint8Array(rows.length * size) : new Float32Array(rows.length * size)
  rows.forEach((from, to) => x.set(data.x.subarray(from * size, (from + 1) * size), to * size))
  return { ...data, x, y: Uint16Array.from(rows, row => data.y[row]!) }
}
const clean = glyphs('A', 400, SEED)

it('good data: nothing to complain of, and the same report again', () => {
  const report = reportOf(clean)
  expect(kinds(report)).toEqual([])
  expect(report.qualityMillionths).toBeGreaterThan(950_000)
  expect(reportOf(clean)).toEqual(report)
})

it('wrong labels are estimated within 8 points up to 40 %, and quality falls with them', () => {
  const qualities = [0, 0.2, 0.4, 0.7].map(share => {
    const report = reportOf(spoilLabels(clean, share, SEED))
    // Learners that hardly beat guessing leave the estimate coarse.
    const error = Math.abs(report.asset.noiseMillionths / 1e6 - share)
    expect(error, `${SEED} ${share}`).toBeLessThan(share > 0.5 ? 0.25 : 0.08)
    expect(kinds(report).includes('label-noise')).toBe(share > 0)
    return report.qualityMillionths
  })
  expect(qualities).toEqual([...qualities].sort((a, b) => b - a))
  expect(qualities[0]! - qualities[3]!).toBeGreaterThan(150_000)
})

it('without labels of another hand, sure disagreement speaks', () => {
  const own = { data: spoilLabels(ROOM.data, 0.3, `${SEED}/own`), isIndependent: false }
  const report = reportOf(spoilLabels(clean, 0.3, SEED), own)
  expect(report.asset.noiseMillionths).toBeGreaterThan(200_000)
  expect(report.asset.noiseMillionths).toBeLessThanOrEqual(report.disagreementMillionths)
})

it('copies, nearly copies and copies under another label are told apart', () => {
  const rng = createRng(SEED)
  const pictures: Dataset = {
    ...clean,
    shape: [12, 12, 1],
    x: Uint8Array.from({ length: 400 * 144 }, () => (rng.next() < 0.4 ? 1 + rng.below(255) : 0)),
  }
  const x = pictures.x.slice()
  const y = pictures.y.slice()
  for (let i = 0; i < 40; i++) {
    x.set(x.subarray(i * 144, (i + 1) * 144), (200 + i) * 144)
    y[200 + i] = i < 10 ? (y[i]! + 1) % 10 : y[i]!
  }
  // One value in 48 is another: Jaccard similarity of about 0.96.
  for (let i = 40; i < 80; i++)
    for (let p = 0; p < 144; p++) x[(200 + i) * 144 + p] = p % 48 === 7 ? 200 : x[i * 144 + p]!
  const report = reportOf({ ...pictures, x, y }, null)
  expect(report.asset.duplicateMillionths).toBe(100_000)
  expect(report.conflictMillionths).toBe(25_000)
  expect(report.asset.nearDuplicateMillionths).toBe(100_000)
  expect(kinds(report)).toEqual(
    expect.arrayContaining(['duplicates', 'near-duplicates', 'conflicting-labels', 'drift-unknown']),
  )
  expect(reportOf(pictures, null).asset.nearDuplicateMillionths).toBe(0)
})

it('pictures unlike the room drift; another mix of classes alone does not', () => {
  const inverted = reportOf({ ...clean, x: clean.x.map(value => 1 - value) })
  expect(inverted.asset.driftMillionths).toBeGreaterThan(200_000)
  expect(kinds(inverted)).toContain('drift')
  const many = glyphs('A', 1_200, SEED)
  const skewed = reportOf(
    only(
      many,
      [...many.y.keys()].filter(i => many.y[i]! < 4),
    ),
  )
  expect(skewed.asset.driftMillionths).toBeLessThan(200_000)
  expect(kinds(skewed)).toEqual(expect.arrayContaining(['missing-classes', 'label-drift']))
  expect(kinds(skewed)).not.toContain('drift')
})

it('tables: far values are outliers, rare combinations single out', () => {
  const rng = createRng(SEED)
  const rows = 300
  const x = new Float32Array(rows * 3)
  const y = new Uint16Array(rows)
  for (let i = 0; i < rows; i++) {
    y[i] = i % 2
    x.set([rng.normal() + 3 * y[i]!, rng.normal(), i < 3 ? 7 : i % 3], i * 3)
  }
  for (const i of [10, 20, 30, 40, 50, 60, 70]) x[i * 3 + 1] = 25
  const report = reportOf({ shape: [3], classes: ['no', 'yes'], x, y }, null)
  expect(report.asset.outlierMillionths).toBeGreaterThanOrEqual(Math.round((7 / rows) * 1e6))
  expect(report.asset.outlierMillionths).toBeLessThan(60_000)
  expect(report.singledOutMillionths).toBe(10_000)
  expect(kinds(report)).toContain('outliers')
})

it('values that are no numbers, empty samples and labels of no class are left out and told', () => {
  const data = { ...clean, x: clean.x.slice(), y: clean.y.slice() }
  data.x[5] = NaN
  data.x[64 * 3 + 1] = Infinity
  data.x.fill(0, 64 * 7, 64 * 8)
  data.y[9] = 77
  const report = reportOf(data)
  expect(report).toMatchObject({
    asset: { completeMillionths: 990_000 },
    notFinite: 2,
    empty: 1,
    labelled: 399,
  })
  expect(kinds(report)).toEqual(['unlabelled', 'not-finite', 'empty-samples'])
})

it('one class, one sample, a reference of another shape: unknown counts as the worst, never NaN', () => {
  const one = reportOf(
    only(
      clean,
      [...clean.y.keys()].filter(i => clean.y[i] === 3),
    ),
  )
  expect(kinds(one)).toEqual(expect.arrayContaining(['one-class', 'noise-unknown']))
  expect(one.asset).toMatchObject({ balanceMillionths: 0, noiseMillionths: 1_000_000 })
  const single = reportOf(only(clean, [0]))
  expect(kinds(single)).toEqual(
    expect.arrayContaining(['one-class', 'noise-unknown', 'drift-unknown', 'few-samples']),
  )
  expect(single.asset.driftMillionths).toBe(500_000)
  const narrow = reportOf(clean, {
    data: { ...ROOM.data, shape: [16], x: ROOM.data.x.subarray(0, 600 * 16) },
    isIndependent: true,
  })
  expect(kinds(narrow)).toContain('drift-unknown')
  expect(reportOf(only(clean, [0, 1, 2, 3, 4])).qualityMillionths).toBeLessThan(
    reportOf(clean).qualityMillionths,
  )
})

it.each([
  [{ x: new Float32Array(0), y: new Uint16Array(0) }, { kind: 'no-samples' }],
  [{ y: new Uint16Array(0) }, { kind: 'no-labels', samples: 400 }],
  [{ y: new Uint16Array(400).fill(10) }, { kind: 'no-labels', samples: 400 }],
  [{ x: new Float32Array(400 * 64).fill(NaN) }, { kind: 'nothing-usable', samples: 400 }],
  [{ x: new Float32Array(400 * 64) }, { kind: 'nothing-usable', samples: 400 }],
  [{ x: new Float32Array(63) }, { kind: 'bad-shape', values: 63, labels: 400, features: 64 }],
  [{ shape: [8, 0, 1] }, { kind: 'bad-shape', values: 25_600, labels: 400, features: 0 }],
])('refuses by kind (%#)', (change, refusal) => {
  expect(outcomeOf({ ...clean, ...change })).toEqual({ status: 'refused', refusal })
})

it.each([-1, 0.5, 1_000_000, NaN])('refuses a quality floor of %s', value => {
  const options = { ...OPTIONS, qualityFloorMillionths: value }
  expect(outcomeOf(clean, ROOM, options)).toEqual({
    status: 'refused',
    refusal: { kind: 'bad-floor', value },
  })
})
