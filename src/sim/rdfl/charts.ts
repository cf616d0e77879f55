// The curves of `npm run sim -- rdfl`, as SVG files under out/. Filled lines are this project's, open dots what the paper's authors saved.
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { chartSvg, COLOURS, type Chart, type Curve } from '../chart.ts'
import type { AdjustmentResult } from './adjustment.ts'
import type { MisreportPoint, MisreportSetting } from './misreport.ts'
import { MNIST_IID, OWNER_COUNTS, type PricingRule } from './published.ts'
import type { PricingPoint, PricingStudy } from './pricing.ts'

const OUT = path.resolve(import.meta.dirname, '../../../out')

const RULES: readonly { readonly rule: PricingRule; readonly name: string; readonly colour: string }[] = [
  { rule: 'optimal', name: 'equilibrium', colour: COLOURS[0]! },
  { rule: 'random', name: 'random', colour: COLOURS[1]! },
  { rule: 'fixed', name: 'fixed at 1', colour: COLOURS[2]! },
]

const POPULATIONS: Readonly<Record<PricingStudy['population'], string>> = {
  paper: 'equal sizes, every quality 1 (the paper’s MNIST IID)',
  equal: 'equal sizes, drawn qualities 0.9 to 1',
  geometric: 'geometric sizes (p = 0.2), drawn qualities 0.9 to 1',
}

/** Paths of the written files, relative to where the command runs. */
export async function writeCharts(charts: Readonly<Record<string, Chart>>): Promise<string[]> {
  await mkdir(OUT, { recursive: true })
  return Promise.all(
    Object.entries(charts).map(async ([name, chart]) => {
      const file = path.join(OUT, `rdfl-${name}.svg`)
      await writeFile(file, chartSvg(chart))
      return path.relative(process.cwd(), file)
    }),
  )
}

/** Everything that a run found, for whoever wants to draw it otherwise. */
export async function writeFigures(figures: object): Promise<string> {
  await mkdir(OUT, { recursive: true })
  const file = path.join(OUT, 'rdfl.json')
  await writeFile(file, `${JSON.stringify(figures, null, 1)}\n`)
  return path.relative(process.cwd(), file)
}

export function pricingChart(study: PricingStudy, figure: 'sponsor' | 'meanOwner', seed: string): Chart {
  const points = (list: readonly PricingPoint[]): Curve['points'] =>
    list.map(point => [point.owners, point[figure]])
  const curves: Curve[] = RULES.map(({ rule, name, colour }) => ({
    name,
    colour,
    points: points(study.curves[rule]),
  }))
  if (study.population === 'paper') {
    for (const { rule, name, colour } of RULES) {
      const saved = MNIST_IID[rule][figure]
      curves.push({
        name: `${name}, authors`,
        colour,
        dots: true,
        points: OWNER_COUNTS.map((n, i) => [n, saved[i]!]),
      })
    }
  }
  const sponsor = figure === 'sponsor'
  return {
    title: sponsor ? 'Utility of the sponsor' : 'Mean utility of an owner',
    subtitle: `${POPULATIONS[study.population]}; alpha 5; random: half to all of the equilibrium’s; seed ${seed}`,
    xLabel: 'owners',
    yAxis: sponsor
      ? { from: 0.4, to: 0.8, format: value => value.toFixed(2) }
      : { from: 0, to: 0.015, format: value => value.toFixed(3) },
    curves,
  }
}

export function adjustmentChart(results: readonly AdjustmentResult[], seeds: number): Chart {
  return {
    title: 'Measuring quality again during training',
    subtitle: `MNIST, ten owners, five with 30 to 90 % wrong labels; accuracy on 2,000 test samples, mean of ${seeds} seeds`,
    xLabel: 'round',
    yAxis: { from: 0.25, to: 1, format: value => `${Math.round(100 * value)} %` },
    curves: results.map(({ name, accuracy }, i) => ({
      name,
      colour: COLOURS[i % COLOURS.length]!,
      points: accuracy.map((value, round) => [round, value]),
    })),
  }
}

export function misreportChart(
  setting: MisreportSetting,
  points: readonly MisreportPoint[],
  fine: number,
): Chart {
  const curve = (name: string, colour: number, pick: 'byReport' | 'byMeasure' | 'fined'): Curve => ({
    name,
    colour: COLOURS[colour]!,
    points: points.map(point => [point.bent, point[pick]]),
  })
  return {
    title: 'What a bent report gains',
    subtitle: `${setting.name}; utility against telling the truth, mean over owners and markets`,
    xLabel: 'reported less true quality',
    yAxis: { from: -1, to: 4, format: value => `${Math.round(100 * value)} %` },
    curves: [
      curve('paid as reported', 1, 'byReport'),
      curve('paid as measured', 0, 'byMeasure'),
      curve(`and fined, phi = ${fine}`, 2, 'fined'),
    ],
  }
}
