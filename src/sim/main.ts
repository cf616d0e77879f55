// npm run sim -- NAME [--peers N] [--seed S]: a simulated swarm; the last line is one JSON object, as of a benchmark.
import { parseArgs } from 'node:util'
import { SCENARIOS } from './scenarios.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    peers: { type: 'string', default: '8' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean' },
  },
})
const name = positionals[0] ?? 'room'
const scenario = SCENARIOS[name]
const peers = Number(values.peers)
if (!scenario || !Number.isInteger(peers) || peers < 2 || peers > 200) {
  console.error(`usage: npm run sim -- ${Object.keys(SCENARIOS).join('|')} --peers 2..200 --seed TEXT`)
  process.exit(2)
}
console.log(`${name}, ${peers} members, seed ${values.seed}`)
const started = performance.now()
const result = await scenario(peers, values.seed, line => console.log(line))
for (const { name: what, value, bar, ok } of result.checks)
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${what}: ${value} (${bar})`)
const seconds = Math.round(performance.now() - started) / 1000
console.log(JSON.stringify({ bench: `sim:${name}`, peers, seeds: [values.seed], seconds, ...result }))
process.exit(result.checks.every(({ ok }) => ok) ? 0 : 1)
