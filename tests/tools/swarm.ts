// npm run swarm -- --tabs 4 --task mnist --seconds 60: real headless tabs train one model over real WebRTC; live progress,
// a chart under out/, and as the last line one JSON object in the form of a benchmark. Exit code 1 when a bar is missed.
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { holdsAllBars, type Report } from '../../bench/report.ts'
import type { MetricPoint } from '../../src/ports/session.ts'
import { COLOURS, type Curve } from '../../src/sim/chart.ts'
import { savePng } from './chart.ts'
import { percent } from './figures.ts'
import { describePartition, parseSwarmArgs, USAGE, UsageError, type SwarmPlan } from './swarm-args.ts'
import { reportSwarm } from './swarm-report.ts'
import { runSwarm, type SwarmResult } from './swarm-run.ts'
import { createSwarmScreen, mebibytes } from './swarm-screen.ts'

const OUT = path.resolve(import.meta.dirname, '../../out')

let isInterrupted = false

async function main(args: readonly string[]): Promise<number> {
  const plan = parseSwarmArgs(args, () => randomBytes(6).toString('base64url'))
  const screen = createSwarmScreen(process.stdout)
  const abort = new AbortController()
  process.once('SIGINT', () => {
    isInterrupted = true
    abort.abort()
  })
  const scheme = describePartition(plan.partition)
  const length = Number.isFinite(plan.seconds) ? `${plan.seconds} s` : `${plan.rounds} rounds`
  screen.say(`${plan.tabs} tabs, ${plan.task}, ${plan.model}, ${scheme}, ${length}, seed ${plan.seed}`)
  const chart = path.join(OUT, `swarm-${plan.task}-${plan.model}-${plan.tabs}.png`)
  const result = await runSwarm(plan, {
    signal: abort.signal,
    onMoment: moment => screen.show(moment),
    onResult: (figures, { browser }) => savePng(browser, chartOf(plan, figures), chart),
  })
  screen.end()
  const report = { ...reportSwarm(plan, result), chart: path.relative(process.cwd(), chart) }
  for (const line of describe(result, report)) screen.say(line)
  screen.say(JSON.stringify(report))
  return holdsAllBars(report) ? 0 : 1
}

function describe(
  { members, rounds, seconds, alone }: SwarmResult,
  { checks, chart }: Report & { readonly chart: string },
): string[] {
  return [
    '',
    `${rounds} rounds in ${seconds.toFixed(1)} s`,
    ...members.map(
      member =>
        `  ${member.name.padEnd(8)} classes ${member.classes.join('').padEnd(10)} ${member.backend.padEnd(9)} ` +
        `room ${percent(member.accuracy)}  own ${percent(member.ownAccuracy)}  ${member.steps} steps  ` +
        `sent ${mebibytes(member.sentBytes)}  received ${mebibytes(member.receivedBytes)}`,
    ),
    `  alone    ${percent(alone.accuracy)} after ${alone.steps} steps on the data of the first`,
    ...checks.map(
      ({ name, value, unit, bar, ok }) =>
        `${ok ? 'ok    ' : 'FAILED'} ${name}: ${value} ${unit}${bar === null ? '' : ` (${bar})`}`,
    ),
    `chart: ${chart}`,
  ]
}

function chartOf(plan: SwarmPlan, { members, alone, rounds, seconds }: SwarmResult) {
  const curves: Curve[] = members.flatMap(({ name, classes, history }, i) => {
    const colour = COLOURS[i % COLOURS.length]!
    const own = `${name}’s own (${classes.join(' ')})`
    return [
      { name: `the room’s, in ${name}`, colour, points: series(history, 'swarmAccuracy') },
      { name: own, colour, dashed: true, points: series(history, 'ownAccuracy') },
    ]
  })
  return {
    title: `${plan.tabs} tabs, one model: ${plan.task}, ${plan.model}`,
    subtitle:
      `${describePartition(plan.partition)}, seed ${plan.seed}, ${rounds} rounds in ${seconds.toFixed(0)} s; ` +
      'accuracy on held-out samples (1,000 while training)',
    xLabel: 'round',
    curves: [
      ...curves,
      { name: 'a tab alone', colour: '#999999', points: series(alone.history, 'ownAccuracy') },
    ],
  }
}

/** A round without a measurement of its own repeats the last one; only what was measured is drawn. */
function series(history: readonly MetricPoint[], pick: 'swarmAccuracy' | 'ownAccuracy'): Curve['points'] {
  return history.flatMap((point, i) => {
    const value = point[pick]
    const isRepeated = value === history[i - 1]?.[pick] && i < history.length - 1
    return value === null || isRepeated ? [] : [[point.round, value] as const]
  })
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (cause) {
  if (cause instanceof UsageError) {
    console.error(`${cause.message}\n\n${USAGE}`)
    process.exitCode = 2
  } else {
    // After Ctrl-C whatever fails does so because its tabs are closed.
    if (!isInterrupted) console.error(cause)
    process.exitCode = isInterrupted ? 130 : 1
  }
}
