// The swarm as a benchmark: four tabs for a minute, as `npm run swarm` does by default, without the chart.
import { randomBytes } from 'node:crypto'
import { parseSwarmArgs } from '../tests/tools/swarm-args.ts'
import { reportSwarm } from '../tests/tools/swarm-report.ts'
import { runSwarm } from '../tests/tools/swarm-run.ts'
import type { Report } from './report.ts'

export async function run(args: readonly string[] = []): Promise<Report> {
  const plan = parseSwarmArgs(args, () => randomBytes(6).toString('base64url'))
  const result = await runSwarm(plan, {
    signal: new AbortController().signal,
    onMoment: () => undefined,
    onResult: () => Promise.resolve(),
  })
  return reportSwarm(plan, result)
}
