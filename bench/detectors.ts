// Detection rates of R2 and R3 on MNIST models trained here (P7): a full study of the MLP 784-32-10 and a smaller one of
// the MLP that rooms offer. Takes some minutes on one core. --write keeps the figures in
// src/core/governance/detectors/measured.ts, from where the screens show them.
import { writeFile } from 'node:fs/promises'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import * as prettier from 'prettier'
import { prepareData } from '../scripts/prepare-data.mjs'
import { DATA_FOLDER } from '../src/adapters/task-data-node.ts'
import { detectedShare, type MeasuredDetectors } from '../src/core/governance/detectors/measured-records.ts'
import { study, type StudyPlan } from './evasion-study.ts'
import { type Check, check, commitName, deviceName, figure, type Report } from './report.ts'

const SMALL: StudyPlan = {
  hidden: 32,
  samples: 2_000,
  seed: 'detectors',
  epochs: [2, 8, 32],
  calibrationRuns: 24,
  checkRuns: 30,
  handOvers: 18,
  noise: [0, 0.05, 0.1, 0.2],
  parallelEpochs: 16,
  averageEvery: [1, 2, 4, 8],
  parallelGroups: 5,
  temperatures: [1, 4],
  students: 6,
  untrained: 300,
  continuedSteps: [5, 20, 100],
  continuedModels: 30,
}

/** The preset 'mlp'. */
const PRESET: StudyPlan = {
  ...SMALL,
  hidden: 128,
  calibrationRuns: 20,
  checkRuns: 18,
  handOvers: 6,
  noise: [0, 0.2],
  averageEvery: [1, 8],
  parallelGroups: 2,
  students: 6,
}

const OUTPUT = fileURLToPath(new URL('../src/core/governance/detectors/measured.ts', import.meta.url))

export async function run(args: readonly string[]): Promise<Report> {
  await prepareData({ out: DATA_FOLDER })
  const measured: MeasuredDetectors[] = []
  const checks: Check[] = []
  const start = performance.now()
  for (const plan of [SMALL, PRESET]) {
    const result = await study(plan)
    measured.push(result)
    checks.push(...judge(`MLP 784-${plan.hidden}-10`, result))
  }
  if (args.includes('--write')) await write(measured)
  return {
    bench: 'detectors',
    commit: commitName(),
    device: deviceName(`Node ${process.versions.node}`),
    seeds: [SMALL.seed],
    checks,
    seconds: Math.round((performance.now() - start) / 1000),
    measured,
  }
}

function judge(name: string, result: MeasuredDetectors): readonly Check[] {
  const { freshStart } = result
  const percent = (share: number): number => 100 * share
  return [
    figure(`R3 threshold at 1 % false positives, ${name}`, result.threshold, 'correlation'),
    figure(`R3 mean of independent runs, ${name}`, result.independentMean, 'correlation'),
    check(`R3 false positives, ${name}`, percent(result.falsePositives / result.checkedPairs), '%', '<=', 2),
    figure(
      `R3 false positives among the longest runs, ${name}`,
      percent(result.falsePositivesLong / result.checkedLongPairs),
      '%',
    ),
    check(
      `R3 sequential split detected, ${name}`,
      percent(detectedShare(result, 'sequential')),
      '%',
      '>=',
      95,
    ),
    check(`R3 parallel split detected, ${name}`, percent(detectedShare(result, 'parallel')), '%', '>=', 95),
    figure(`R3 common start alone detected, ${name}`, percent(detectedShare(result, 'same-start')), '%'),
    ...result.rows.flatMap(({ evasion, setting, epochs, pairs, detected }) =>
      evasion === 'distillation'
        ? [
            figure(
              `R3 distillation over ${epochs} epochs at temperature ${setting} detected, ${name}`,
              percent(detected / pairs),
              '%',
            ),
          ]
        : [],
    ),
    check(`R3 distillation detected, ${name}`, percent(detectedShare(result, 'distillation')), '%', '<', 60),
    check(
      `R2 untrained models accused, ${name}`,
      percent(freshStart.accused / freshStart.untrained),
      '%',
      '<=',
      2,
    ),
    figure(
      `R2 untrained models accused with chance 1/10, ${name}`,
      percent(freshStart.accusedAtUniformChance / freshStart.untrained),
      '%',
    ),
    ...freshStart.continued.map(({ steps, models, detected }) =>
      figure(`R2 continuations of ${steps} steps detected, ${name}`, percent(detected / models), '%'),
    ),
  ]
}

async function write(measured: readonly MeasuredDetectors[]): Promise<void> {
  const source = `// Written by \`npm run bench -- detectors --write\`: what the detectors find and miss, measured on MNIST models trained by the
// reference trainer. Shown next to every finding. What the figures mean: measured-records.ts, docs/detectors.md.
import type { MeasuredDetectors } from './measured-records.ts'

export const MEASURED: readonly MeasuredDetectors[] = ${JSON.stringify(measured)}
`
  const options = await prettier.resolveConfig(OUTPUT)
  await writeFile(OUTPUT, await prettier.format(source, { ...options, parser: 'typescript' }))
}
