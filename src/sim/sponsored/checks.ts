// What a sponsored run promises, with real training and the real ledger: bad data are found and not paid, good owners gain more
// than they spend, everybody's model is better than alone, and no credit appears or disappears. MNIST and generated digits.
import type { Dataset } from '../../core/data/dataset.ts'
import { glyphs, spoilLabels } from '../../core/data/glyph.ts'
import type { ModelSpec } from '../../core/model/spec.ts'
import { spearman } from '../rdfl/contribution.ts'
import { openMnistLab } from '../rdfl/training-mnist.ts'
import type { Check } from '../scenarios.ts'
import { runSponsored, type SponsoredResult } from './run.ts'

const ONE_BAD = [0, 0, 0, 0, 0.7]
const GRADED = [0, 0.2, 0.4, 0.6, 0.8]
const ALL_GOOD = [0, 0, 0, 0, 0]

interface Task {
  readonly name: string
  readonly samples: number
  readonly rounds: number
  readonly localSteps: number
  readonly learningRateMicro: number
  open(
    wrong: readonly number[],
    samples: number,
    seed: string,
  ): Promise<{ owners: readonly Dataset[]; test: Dataset }>
}

export const GLYPH_TASK: Task = {
  name: 'generated digits',
  samples: 400,
  rounds: 30,
  localSteps: 10,
  learningRateMicro: 100_000,
  open: (wrong, samples, seed) =>
    Promise.resolve({
      owners: wrong.map((part, n) =>
        spoilLabels(glyphs('B', samples, `${seed}/owner/${n}`), part, `${seed}/labels/${n}`),
      ),
      test: glyphs('B', 2_000, `${seed}/test`),
    }),
}

const MNIST_TASK: Task = {
  name: 'MNIST',
  samples: 150,
  rounds: 30,
  localSteps: 10,
  learningRateMicro: 100_000,
  open: openMnistLab,
}

const mlp = ({ shape, classes }: Dataset): ModelSpec => ({
  input: shape,
  layers: [
    { type: 'flatten' },
    { type: 'dense', units: 32, activation: 'relu' },
    { type: 'dense', units: classes.length, activation: 'linear' },
  ],
})

export async function sponsoredRun(
  task: Task,
  wrong: readonly number[],
  seed: string,
): Promise<SponsoredResult> {
  const { owners, test } = await task.open(wrong, task.samples, seed)
  return runSponsored({
    seed,
    parts: owners,
    test,
    wrong,
    rounds: task.rounds,
    localSteps: task.localSteps,
    learningRateMicro: task.learningRateMicro,
    stepMs: 300,
    classes: test.classes,
    model: mlp(test),
  })
}

export async function runSponsoredChecks(
  seed: string,
  seeds: number,
  log: (line: string) => void,
): Promise<{ readonly checks: readonly Check[]; readonly runs: readonly unknown[] }> {
  const checks: Check[] = []
  const runs: unknown[] = []
  for (const task of [MNIST_TASK, GLYPH_TASK]) {
    const bad: number[] = []
    const ranks: number[] = []
    const gains: number[] = []
    const profits: number[] = []
    let unsound = 0
    const run = async (wrong: readonly number[], of: string): Promise<SponsoredResult> => {
      const result = await sponsoredRun(task, wrong, of)
      if (!result.conserved || result.run.phase !== 'settled' || !isPaidWhole(result)) unsound++
      const line = result.owners.map(
        ({ wrong: part, share, payMicro, costMicro }) =>
          `${Math.round(100 * part)} %: ${share.toFixed(3)} (${((Number(payMicro) - Number(costMicro)) / 1e6).toFixed(1)})`,
      )
      log(
        `${task.name}, seed ${of}: room ${result.room.toFixed(3)}, shares (pay less cost) ${line.join(', ')}`,
      )
      runs.push({ task: task.name, seed: of, room: result.room, owners: result.owners.map(plain) })
      return result
    }
    for (let n = 1; n <= seeds; n++) {
      const of = `${seed}/${n}`
      const one = await run(ONE_BAD, of)
      const honest = one.owners.filter(({ wrong }) => wrong === 0)
      bad.push(one.owners.at(-1)!.share / mean(honest.map(({ share }) => share)))
      const graded = await run(GRADED, of)
      ranks.push(
        spearman(
          graded.owners.map(({ wrong }) => -wrong),
          graded.owners.map(({ share }) => share),
        ),
      )
      const good = await run(ALL_GOOD, of)
      for (const { alone, payMicro, costMicro } of good.owners) {
        gains.push(100 * (good.room - alone))
        profits.push(Number(payMicro - costMicro) / 1e6)
      }
    }
    checks.push(
      check(
        `${task.name}: share of 70 % wrong labels, of the honest mean`,
        Math.max(...bad),
        'ratio',
        '<=',
        0.6,
      ),
      check(`${task.name}: rank correlation of quality and share, lowest`, Math.min(...ranks), '', '>=', 0.8),
      check(`${task.name}: room less alone, lowest owner`, Math.min(...gains), 'points', '>=', 2),
      check(`${task.name}: pay less cost, lowest owner`, Math.min(...profits), 'credits', '>', 0),
      check(`${task.name}: runs with credits lost or made, or not settled`, unsound, 'runs', '<=', 0),
    )
  }
  return { checks, runs }
}

function isPaidWhole({ run: { settlement, quote } }: SponsoredResult): boolean {
  if (!settlement) return false
  const paid = settlement.payments.reduce((sum, { payMicro }) => sum + BigInt(payMicro), 0n)
  return paid + BigInt(settlement.returnedMicro) === BigInt(quote.rewardMicro)
}

function check(name: string, value: number, unit: string, than: '<=' | '>=' | '>', bar: number): Check {
  const ok = than === '<=' ? value <= bar : than === '>=' ? value >= bar : value > bar
  return { name, value: Math.round(value * 1e4) / 1e4, unit, bar: `${than} ${bar}`, ok }
}

function plain({ wrong, share, payMicro, costMicro, fineMicro, alone }: SponsoredResult['owners'][number]) {
  return {
    wrong,
    share,
    alone,
    payMicro: String(payMicro),
    costMicro: String(costMicro),
    fineMicro: String(fineMicro),
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
