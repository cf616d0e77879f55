// Appraisals and scaling fits against what is known: wrong labels and copies that were put in, doublings that were then measured
// (D1 to D3 of mechanisms 4.4 on generated digits, the same on MNIST), and the time for all of MNIST.
//   npm run bench -- appraisal [--json]
import process from 'node:process'
import { measureCurve } from '../src/adapters/learning-curve.ts'
import { fetchFromFolder } from '../src/adapters/task-data-node.ts'
import { loadTaskManifest, loadTaskPart, loadTaskTest } from '../src/adapters/task-data.ts'
import { appraise } from '../src/core/data/appraisal/appraise.ts'
import type { Appraisal } from '../src/core/data/appraisal/records.ts'
import type { Dataset } from '../src/core/data/dataset.ts'
import { glyphs, spoilLabels } from '../src/core/data/glyph.ts'
import { fitScaling } from '../src/core/economics/scaling-fit.ts'
import type { ScalingFit, ScalingPoint } from '../src/core/economics/scaling-records.ts'
import { createRng } from '../src/core/num/rng.ts'
import { check, commitName, deviceName, figure, type Check, type Report } from './report.ts'

const SEEDS = ['1', '2', '3', '4', '5']
const SHARES = [0, 0.1, 0.2, 0.4, 0.7]
const CHANCE = 0.1

interface Task {
  readonly train: Dataset
  readonly test: Dataset
}

export async function run(): Promise<Report> {
  const started = performance.now()
  const mnist = await load('mnist')
  const fashion = await load('fashion-mnist')
  const checks = [
    ...curveChecks('GLYPH-B', seed => ({
      train: glyphs('B', 6_400, seed),
      test: glyphs('B', 2_000, `${seed}/test`),
    })),
    ...curveChecks('MNIST', seed => ({ ...mnist, train: draw(mnist.train, 6_400, seed) })),
    ...labelCostChecks(mnist),
    ...noiseChecks(mnist, fashion),
    ...copyChecks(fashion),
    ...timeChecks(mnist),
  ]
  return {
    bench: 'appraisal',
    commit: commitName(),
    device: deviceName(`Node ${process.versions.node}`),
    seeds: SEEDS,
    checks,
    seconds: Math.round((performance.now() - started) / 1000),
  }
}

/** Each curve is cut before its last doubling, fitted, and held to what the last doubling brought. */
function curveChecks(name: string, open: (seed: string) => Task): Check[] {
  const curves = SEEDS.map(seed => {
    const { train, test } = open(seed)
    const points = curveOf(train, test, seed)
    const [before, all] = [fitOf(points.slice(0, -1)), fitOf(points)]
    const error = points.at(-2)!.accuracy + before.doubling.chosenPoints / 100 - points.at(-1)!.accuracy
    tell(name, seed, points, before, error)
    return { points, before, all, error: 100 * Math.abs(error) }
  })
  const unwarned = curves.filter(({ before, error }) => error > 3 && before.warnings.length === 0)
  const lowest = (of: 'before' | 'all'): number => Math.min(...curves.map(curve => curve[of].laws[0].r2))
  const [reach, cut] = [curves[0]!.points.at(-1)!.samples, curves[0]!.points.at(-2)!.samples]
  const flat = curves.filter(({ before }) => before.slope.low <= 0).length
  const errors = curves.map(({ error }) => error)
  const byLog = curves.map(({ before, points }) =>
    Math.abs(before.doubling.logPoints - 100 * (points.at(-1)!.accuracy - points.at(-2)!.accuracy)),
  )
  return [
    name === 'GLYPH-B'
      ? check(
          `D1 ${name}: lowest R2 of the log law, 50 to ${reach}, 5 seeds`,
          lowest('all'),
          'R2',
          '>=',
          0.97,
        )
      : figure(`${name}: lowest R2 of the log law, 50 to ${reach}, 5 seeds`, lowest('all'), 'R2'),
    figure(`${name}: the same without the last size, 50 to ${cut}`, lowest('before'), 'R2'),
    check(`D1 ${name}: 95 % intervals of b that hold 0 or less`, flat, 'curves', '<=', 0),
    check(
      `D2 ${name}: doublings missed by more than 3 points without a warning`,
      unwarned.length,
      'curves',
      '<=',
      0,
    ),
    figure(`D2 ${name}: largest error of the chosen law`, Math.max(...errors), 'points'),
    figure(`D2 ${name}: mean error of the chosen law`, meanOf(errors), 'points'),
    figure(`D2 ${name}: mean error of the log law`, meanOf(byLog), 'points'),
    figure(
      `${name}: mean accuracy at 50`,
      meanOf(curves.map(({ points }) => points[0]!.accuracy)),
      'accuracy',
    ),
    figure(
      `${name}: mean accuracy at ${curves[0]!.points.at(-1)!.samples}`,
      meanOf(curves.map(({ points }) => points.at(-1)!.accuracy)),
      'accuracy',
    ),
    figure(`${name}: mean n0 of the market form`, meanOf(curves.map(({ all }) => all.market.n0)), 'samples'),
    figure(
      `${name}: lowest R2 of the market form`,
      Math.min(...curves.map(({ all }) => all.market.r2)),
      'R2',
    ),
  ]
}

/** D3: what 40 % wrong labels cost at equal numbers. */
function labelCostChecks(mnist: Task): Check[] {
  const costOf = (train: Dataset, test: Dataset, seed: string): number => {
    const [clean, wrong] = [0, 0.4].map(
      share => curveOf(spoilLabels(train, share, seed), test, seed).at(-1)!.accuracy,
    )
    return 100 * (clean! - wrong!)
  }
  const least = (costs: readonly number[]): number => Math.min(...costs)
  const of = (kind: 'A' | 'B', samples: number): number =>
    least(SEEDS.map(seed => costOf(glyphs(kind, samples, seed), glyphs(kind, 2_000, `${seed}/test`), seed)))
  return [
    check(
      'D3 GLYPH-A, 400 samples: least cost of 40 % wrong labels, 5 seeds',
      of('A', 400),
      'points',
      '>=',
      10,
    ),
    check('D3 GLYPH-B, 800 samples: the same', of('B', 800), 'points', '>=', 10),
    figure(
      'D3 MNIST, 800 samples: the same',
      least(SEEDS.map(seed => costOf(draw(mnist.train, 800, seed), mnist.test, seed))),
      'points',
    ),
  ]
}

/** How near the estimate of wrong labels comes to the share that was put in. */
function noiseChecks(mnist: Task, fashion: Task): Check[] {
  const tasks: readonly [string, (seed: string) => Task][] = [
    ['GLYPH-A, 400', seed => ({ train: glyphs('A', 400, seed), test: glyphs('A', 1_000, `${seed}/test`) })],
    [
      'GLYPH-B, 3,000',
      seed => ({ train: glyphs('B', 3_000, seed), test: glyphs('B', 1_000, `${seed}/test`) }),
    ],
    ['MNIST, 1,500', seed => ({ ...mnist, train: draw(mnist.train, 1_500, seed) })],
    ['Fashion-MNIST, 1,500', seed => ({ ...fashion, train: draw(fashion.train, 1_500, seed) })],
  ]
  return tasks.flatMap(([name, open]) => {
    const errors = new Map(SHARES.map(share => [share, [] as number[]]))
    const alone: number[] = []
    for (const seed of SEEDS)
      for (const share of SHARES) {
        const { train, test } = open(seed)
        const spoiled = spoilLabels(train, share, seed)
        const said = reportOf(spoiled, test, true, seed).asset.noiseMillionths / 1e6
        errors.get(share)!.push(100 * Math.abs(said - share))
        if (share === 0) alone.push(reportOf(spoiled, test, false, seed).asset.noiseMillionths / 1e4)
      }
    const all = [...errors.values()].flat()
    const most = errors.get(0.7)!
    return [
      figure(`wrong labels, ${name}: mean error of the estimate, 0 to 70 % wrong`, meanOf(all), 'points'),
      check(
        `wrong labels, ${name}: largest error, 0 to 40 % wrong`,
        Math.max(...SHARES.filter(share => share < 0.7).flatMap(share => errors.get(share)!)),
        'points',
        '<=',
        8,
      ),
      figure(`wrong labels, ${name}: largest error, 70 % wrong`, Math.max(...most), 'points'),
      figure(`wrong labels, ${name}: said of clean data without a room to compare`, meanOf(alone), '%'),
    ]
  })
}

/** A tenth exact copies, a tenth with every fourth ink value changed by a fiftieth. */
function copyChecks({ train, test }: Task): Check[] {
  const found = SEEDS.map(seed => {
    const data = draw(train, 3_000, seed)
    const rng = createRng(`${seed}/copies`)
    const x = data.x.slice()
    for (let i = 0; i < 600; i++) {
      const copy = x.slice(i * 784, (i + 1) * 784)
      if (i >= 300) for (let p = 0; p < 784; p++) if (copy[p]! > 10 && rng.next() < 0.25) copy[p]! -= 5
      x.set(copy, (i + 1_500) * 784)
    }
    return reportOf({ ...data, x }, test, true, seed).asset
  })
  const clean = SEEDS.map(seed => reportOf(draw(train, 3_000, seed), test, true, seed).asset)
  const share = (millionths: number): number => millionths / 1e4
  return [
    check(
      'exact copies found, of the 10 % put into Fashion-MNIST',
      Math.min(...found.map(({ duplicateMillionths }) => share(duplicateMillionths))),
      '%',
      '>=',
      10,
    ),
    figure(
      'near copies found, of 10 %, mean',
      meanOf(found.map(({ nearDuplicateMillionths }) => share(nearDuplicateMillionths))),
      '%',
    ),
    figure(
      'near copies found where none was put in, mean',
      meanOf(clean.map(({ nearDuplicateMillionths }) => share(nearDuplicateMillionths))),
      '%',
    ),
  ]
}

/** By the time of the processor: the machine may be shared. */
function timeChecks({ train, test }: Task): Check[] {
  const seconds = SEEDS.slice(0, 3).map(seed => secondsOf(() => reportOf(train, test, true, seed)))
  const curve = secondsOf(() => curveOf(train, test, SEEDS[0]!))
  return [
    check(
      `appraisal of ${train.y.length} x 784, processor time, best of 3`,
      Math.min(...seconds.map(({ processor }) => processor)),
      's',
      '<=',
      8,
    ),
    figure('the same on the clock', Math.min(...seconds.map(({ clock }) => clock)), 's'),
    figure('learning curve of the same, to 6,400, processor time', curve.processor, 's'),
  ]
}

function secondsOf(work: () => unknown): { readonly processor: number; readonly clock: number } {
  const [start, used] = [performance.now(), process.cpuUsage()]
  work()
  const { user, system } = process.cpuUsage(used)
  return { processor: (user + system) / 1e6, clock: (performance.now() - start) / 1000 }
}

function curveOf(train: Dataset, test: Dataset, seed: string): readonly ScalingPoint[] {
  const work = measureCurve(train, test, seed)
  let step = work.next()
  while (!step.done) step = work.next()
  return step.value
}

function fitOf(points: readonly ScalingPoint[]): ScalingFit {
  const outcome = fitScaling(points, CHANCE)
  if (!outcome.ok) throw new Error(outcome.refusal.kind)
  return outcome.fit
}

function reportOf(data: Dataset, room: Dataset, isIndependent: boolean, seed: string): Appraisal {
  const work = appraise(data, { data: room, isIndependent }, { seed, qualityFloorMillionths: 500_000 })
  let step = work.next()
  while (!step.done) step = work.next()
  if (step.value.status === 'refused') throw new Error(step.value.refusal.kind)
  return step.value.appraisal
}

function tell(
  name: string,
  seed: string,
  points: readonly ScalingPoint[],
  fit: ScalingFit,
  error: number,
): void {
  const curve = points.map(({ samples, accuracy }) => `${samples} ${accuracy.toFixed(3)}`).join(', ')
  const warned = fit.warnings.map(({ kind }) => kind).join(', ') || 'none'
  console.error(
    `${name} ${seed}: ${curve}; ${fit.laws[fit.chosen].law.law}, off by ${(100 * error).toFixed(1)}; warned: ${warned}`,
  )
}

async function load(name: 'mnist' | 'fashion-mnist'): Promise<Task> {
  const files = fetchFromFolder()
  const manifest = await loadTaskManifest('/data/', name, files)
  const whole = manifest.train.counts.map(end => ({ start: 0, end }))
  return { train: await loadTaskPart(manifest, whole, files), test: await loadTaskTest(manifest, files) }
}

/** Without replacement. */
function draw(data: Dataset, count: number, seed: string): Dataset {
  const rng = createRng(`${seed}/draw`)
  const chosen = new Set<number>()
  while (chosen.size < count) chosen.add(rng.below(data.y.length))
  const size = data.x.length / data.y.length
  const x = new Uint8Array(count * size)
  ;[...chosen].forEach((from, to) => x.set(data.x.subarray(from * size, (from + 1) * size), to * size))
  return { ...data, x, y: Uint16Array.from(chosen, row => data.y[row]!) }
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
