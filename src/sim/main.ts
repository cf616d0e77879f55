// npm run sim -- NAME [--peers N] [--seed S]: a simulated swarm; the last line is one JSON object, as of a benchmark.
// npm run sim -- ledger --runs N [--peers N] [--seed S] [--jobs J]: many seeded runs of the ledger among liars.
// npm run sim -- chaos --runs N [--seed S] [--jobs J]: many seeded runs of what can break; --runs 1 also draws its curves.
// npm run sim -- scale [--peers N] [--rounds N] [--seed S]: a room of a hundred and one of N, 1,000 by default, side by side.
// npm run sim -- rdfl [--seed S]: the economic experiments, with curves under out/.
// npm run sim -- sponsored [--runs SEEDS] [--seed S]: sponsored runs in rooms, with training, measuring and pay.
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { runChaosBatch } from './chaos/batch.ts'
import { drawRun } from './chaos/curves.ts'
import { runChaos, type Moment } from './chaos/run.ts'
import { runBatch } from './ledger/batch.ts'
import { runRdfl } from './rdfl/run.ts'
import { runScaleTwice } from './scale-checks.ts'
import { SCENARIOS, type Check } from './scenarios.ts'
import { runSponsoredChecks } from './sponsored/checks.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    peers: { type: 'string' },
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '15' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    json: { type: 'boolean' },
  },
})
const name = positionals[0] ?? 'room'
const { seed } = values
const log = (line: string): void => console.log(line)
const started = performance.now()
if (name === 'ledger') {
  const runs = integer(values.runs, 1, 1_000_000)
  const jobs = integer(values.jobs, 1, 64)
  const members = values.peers === undefined ? undefined : integer(values.peers, 5, 40)
  log(`ledger, ${runs} runs of ${members ?? '5 to 40'} members, seed ${seed}, ${jobs} at a time`)
  finish({ seeds: [seed], ...(await runBatch({ seed, runs, jobs, members }, log)) })
} else if (name === 'chaos') {
  const runs = integer(values.runs, 1, 1_000_000)
  const jobs = integer(values.jobs, 1, 64)
  log(`chaos, ${runs} runs of 4 to 12 members, seed ${seed}, ${jobs} at a time`)
  if (runs === 1) await drawOne()
  finish({ seeds: [seed], ...(await runChaosBatch({ seed, runs, jobs }, log)) })
} else if (name === 'scale') {
  const members = integer(values.peers ?? '1000', 60, 1_000)
  const rounds = integer(values.rounds, 1, 1_000)
  log(`scale, 100 and ${members} members, ${rounds} rounds, seed ${seed}`)
  finish({ seeds: [seed], ...(await runScaleTwice(members, rounds, seed, log)) })
} else if (name === 'rdfl') {
  log(`rdfl, seed ${seed}`)
  finish({ seeds: [seed], ...(await runRdfl(seed, log)) })
} else if (name === 'sponsored') {
  const seeds = integer(values.runs === '100' ? '5' : values.runs, 1, 100)
  log(`sponsored runs, ${seeds} seeds from ${seed}`)
  finish({ seeds: [seed], ...(await runSponsoredChecks(seed, seeds, log)) })
} else {
  const scenario = SCENARIOS[name] ?? usage()
  const peers = integer(values.peers ?? '8', 2, 200)
  log(`${name}, ${peers} members, seed ${seed}`)
  finish({ peers, seeds: [seed], ...(await scenario(peers, seed, log)) })
}

/** The same run once more, looked at second by second. */
async function drawOne(): Promise<void> {
  const moments: Moment[] = []
  await runChaos(seed, { onMoment: moment => void moments.push(moment) })
  for (const file of await drawRun(seed, moments, 'out')) log(`wrote ${file}`)
}

function finish(result: { readonly checks: readonly Check[]; readonly [figure: string]: unknown }): never {
  for (const { name: what, value, bar, ok } of result.checks)
    log(`${ok ? 'ok    ' : 'FAILED'} ${what}: ${value} (${bar})`)
  const seconds = Math.round(performance.now() - started) / 1000
  log(JSON.stringify({ bench: `sim:${name}`, seconds, ...result }))
  process.exit(result.checks.every(({ ok }) => ok) ? 0 : 1)
}

function integer(text: string, least: number, most: number): number {
  const value = Number(text)
  return Number.isInteger(value) && value >= least && value <= most ? value : usage()
}

function usage(): never {
  console.error(`usage: npm run sim -- ${Object.keys(SCENARIOS).join('|')} --peers 2..200 --seed TEXT
       npm run sim -- ledger --runs N [--peers 5..40] [--seed TEXT] [--jobs N]
       npm run sim -- chaos --runs N [--seed TEXT] [--jobs N]
       npm run sim -- scale [--peers 60..1000] [--rounds N] [--seed TEXT]
       npm run sim -- rdfl [--seed TEXT]
       npm run sim -- sponsored [--runs SEEDS] [--seed TEXT]`)
  process.exit(2)
}
