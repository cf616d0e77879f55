// npm run bench -- NAME [--json] [more for the benchmark]. The last line printed is the report as JSON (with --json the
// only one), and the exit code is 1 when a bar is not held.
import process from 'node:process'
import { holdsAllBars, type Report } from './report.ts'

interface Benchmark {
  run(args: readonly string[]): Promise<Report>
}

const BENCHMARKS: Readonly<Record<string, () => Promise<Benchmark>>> = {
  codec: () => import('./codec.ts'),
  detectors: () => import('./detectors.ts'),
  gossip: () => import('./gossip.ts'),
  'gossip-cnn': () => import('./gossip-cnn.ts'),
  gpu: () => import('./gpu.ts'),
  ledger: () => import('./ledger.ts'),
  page: () => import('./page.ts'),
  rdfl: () => import('./rdfl.ts'),
  split: () => import('./split.ts'),
  swarm: () => import('./swarm.ts'),
  trainer: () => import('./trainer.ts'),
  transport: () => import('./transport.ts'),
}

async function main(): Promise<number> {
  const [name, ...args] = process.argv.slice(2)
  if (name === undefined || !Object.hasOwn(BENCHMARKS, name)) {
    console.error(`Which benchmark? One of: ${Object.keys(BENCHMARKS).join(', ')}`)
    return 2
  }
  const benchmark = await BENCHMARKS[name]!()
  const report = await benchmark.run(args.filter(arg => arg !== '--json'))
  if (!args.includes('--json')) {
    console.log(`${report.bench} at ${report.commit}, on ${report.device}`)
    for (const { name: what, value, unit, bar, ok } of report.checks) {
      console.log(`${ok ? '  ' : '! '}${what}: ${value} ${unit}${bar === null ? '' : ` (bar ${bar})`}`)
    }
  }
  console.log(JSON.stringify(report))
  return holdsAllBars(report) ? 0 : 1
}

// Dawn and tfjs keep handles open; a benchmark that has reported is over.
main().then(
  code => process.exit(code),
  (error: unknown) => {
    console.error(error)
    process.exit(1)
  },
)
