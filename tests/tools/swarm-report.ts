// What a swarm's figures must hold, in the form of a benchmark.
import { check, commitName, deviceName, figure, type Check, type Report } from '../../bench/report.ts'
import { spreadPoints } from './figures.ts'
import type { SwarmPlan } from './swarm-args.ts'
import type { SwarmResult } from './swarm-run.ts'

/** The bars hold for members that know three digits at most and, together, all; other rooms are only measured. */
function checksOf({ task, model, partition, tabs }: SwarmPlan, result: SwarmResult): Check[] {
  const accuracies = result.members.map(({ accuracy }) => 100 * accuracy)
  const lowest = Math.min(...accuracies)
  const alone = 100 * result.alone.accuracy
  const isBarred =
    task === 'mnist' &&
    model === 'mlp' &&
    partition.type === 'classes' &&
    partition.classesPerPart <= 3 &&
    partition.classesPerPart * tabs >= 10
  const spread = spreadPoints(result.members.map(({ accuracy }) => accuracy))
  return [
    ...(isBarred
      ? [
          check('lowest accuracy of a tab on all held-out samples', lowest, '%', '>=', 85),
          check('accuracy of a tab alone', alone, '%', '<', 35),
        ]
      : [
          figure('lowest accuracy of a tab on all held-out samples', lowest, '%'),
          figure('accuracy of a tab alone', alone, '%'),
        ]),
    check('spread between tabs', spread, 'points', '<=', 1),
    check('different models at the end', new Set(result.members.map(modelOf)).size, 'models', '<=', 1),
  ]
}

function modelOf({ modelHash, modelHashRound }: SwarmResult['members'][number]): string {
  return `${modelHashRound}/${modelHash}`
}

export function reportSwarm(plan: SwarmPlan, result: SwarmResult): Report {
  return {
    bench: 'swarm',
    commit: commitName(),
    device: deviceName(`Chromium ${result.chromium}`),
    seeds: [plan.seed],
    checks: checksOf(plan, result),
    plan: { ...plan, seconds: Number.isFinite(plan.seconds) ? plan.seconds : null },
    rounds: result.rounds,
    seconds: result.seconds,
    members: result.members.map(({ history: _, ...member }) => member),
    alone: { accuracy: result.alone.accuracy, steps: result.alone.steps },
  }
}
