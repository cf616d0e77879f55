// npm run bench -- NAME [--json] [more for the benchmark]. Every bench/NAME.ts that exports `run` is one; the last line
// printed is its report as JSON (with --json the only one), and the exit code is 1 when a bar is not held.
import { readdir } from 'node:fs/promises'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { holdsAllBars, type Report } from './report.ts'

interface Benchmark {
  run(args: readonly string[]): Promise<Report>
}

const HELPERS = ['main', 'report', 'plain-tfjs', 'samples']

async function benchmarkNames(): Promise<readonly string[]> {
  const files = await readdir(fileURLToPath(new URL('.', import.meta.url)))
  return files
    .filter(file => file.endsWith('.ts') && !file.endsWith('-page.ts') && !file.endsWith('.worker.ts'))
    .map(file => file.slice(0, -'.ts'.length))
    .filter(name => !HELPERS.includes(name))
}

async function main(): Promise<number> {
  const args = process.argv.slice(2)
  const [name] = args.filter(arg => !arg.startsWith('--'))
  const names = await benchmarkNames()
  if (name === undefined || !names.includes(name)) {
    console.error(`Which benchmark? One of: ${names.join(', ')}`)
    return 2
  }
  const benchmark = (await import(`./${name}.ts`)) as Benchmark
  const report = await benchmark.run(args.filter(arg => arg !== name && arg !== '--json'))
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
