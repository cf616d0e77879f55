// The one lint command: format, rules, types, components, layers, dead code. Every step runs and is reported, also
// after one failed; a warning fails its step. Two steps at a time.
//   node scripts/lint.mjs [step ...]
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { binOf, formatSeconds, runNode } from './commands.mjs'

const STEPS = [
  {
    name: 'types',
    args: [
      binOf('typescript', 'bin/tsc'),
      '--noEmit',
      '--incremental',
      '--tsBuildInfoFile',
      '.cache/types.tsbuildinfo',
    ],
  },
  {
    name: 'rules',
    args: [
      binOf('eslint', 'bin/eslint.js'),
      '.',
      '--max-warnings=0',
      '--cache',
      '--cache-strategy=content',
      '--cache-location=.cache/eslint',
    ],
  },
  {
    name: 'components',
    args: [
      binOf('svelte-check', 'bin/svelte-check'),
      '--tsconfig=./tsconfig.json',
      '--fail-on-warnings',
      '--output=human',
    ],
  },
  {
    name: 'format',
    args: [
      binOf('prettier', 'bin/prettier.cjs'),
      '--check',
      '--log-level=warn',
      '--cache',
      '--cache-location=.cache/prettier',
      '.',
    ],
  },
  {
    name: 'layers',
    args: [
      binOf('dependency-cruiser', 'bin/dependency-cruise.mjs'),
      '--config=.dependency-cruiser.cjs',
      '--output-type=err',
      'src',
      'signaling',
    ],
  },
  { name: 'dead code', args: [binOf('knip', 'bin/knip.js'), '--no-progress'] },
]

/** @returns {Promise<{ name: string, ok: boolean, ms: number }[]>} in the order of STEPS */
export async function lint(names = []) {
  const chosen = STEPS.filter(step => names.length === 0 || names.includes(step.name))
  const queue = [...chosen]
  const results = new Map()
  const worker = async () => {
    for (let step = queue.shift(); step; step = queue.shift()) {
      const { code, output, timedOut, ms } = await runNode(step.args, { quiet: true, limitMs: 300_000 })
      const ok = code === 0
      results.set(step, { name: step.name, ok, ms })
      console.log(
        `${ok ? 'ok    ' : 'FAILED'} ${step.name} (${formatSeconds(ms)})${timedOut ? ', out of time' : ''}`,
      )
      if (!ok) console.log(`${output.trim()}\n`)
    }
  }
  await Promise.all([worker(), worker()])
  return chosen.map(step => results.get(step))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const results = await lint(process.argv.slice(2))
  const failed = results.filter(result => !result.ok).length
  console.log(failed === 0 ? 'lint: clean' : `lint: ${failed} of ${results.length} steps failed`)
  process.exitCode = failed === 0 ? 0 : 1
}
