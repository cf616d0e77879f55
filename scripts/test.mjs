// `npm test`: lint, Node tests, tests inside a browser, the build with its size budget, the screens on acted rooms,
// and tests with several real tabs.
// Every stage runs, also after one failed. The last line is always "N passed, N failed"; each lint step, the build and
// the budget count as one test each. A stage that breaks down without naming a test counts as one failure.
//   npm test -- [--only lint,node,browser,build,screens,e2e] [file filter ...]
import { mkdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { DIST, ensureBuild } from './build.mjs'
import { checkBudget, describeBudget } from './check-budget.mjs'
import { findChromium } from './chromium.mjs'
import { binOf, formatSeconds, ROOT, runNode } from './commands.mjs'
import { lint } from './lint.mjs'

/** What two cores in CI may take. */
const TARGET_MS = 20 * 60_000
/** A stage that takes longer hangs. */
const STAGE_LIMIT_MS = 15 * 60_000
const VITEST = binOf('vitest', 'vitest.mjs')

const STAGES = {
  lint: lintStage,
  node: filters => vitestStage('node', 'vitest.config.ts', filters),
  browser: filters => vitestStage('browser', 'vitest.browser.config.ts', filters),
  build: buildStage,
  screens: filters => vitestStage('screens', 'vitest.screens.config.ts', filters),
  e2e: filters => vitestStage('e2e', 'vitest.e2e.config.ts', filters),
}

/** Run side by side. */
const TOGETHER = new Set(['lint', 'browser'])

const { values, positionals } = parseArgs({ options: { only: { type: 'string' } }, allowPositionals: true })
const chosen = values.only?.split(',') ?? Object.keys(STAGES)
const unknown = chosen.filter(name => !Object.hasOwn(STAGES, name))

if (unknown.length > 0) {
  console.error(`There is no stage "${unknown.join(', ')}"; stages are ${Object.keys(STAGES).join(', ')}.`)
  process.exitCode = 2
} else {
  process.exitCode = await runStages()
}

async function runStages() {
  const started = Date.now()
  const total = { passed: 0, failed: 0, skipped: 0 }
  const lines = []
  const runStage = async name => {
    console.log(`\n== ${name}`)
    const stageStarted = Date.now()
    const result = await STAGES[name](positionals).catch(error => {
      console.error('kind' in error ? error.message : error)
      return { passed: 0, failed: 1, skipped: 0 }
    })
    for (const key of Object.keys(total)) total[key] += result[key]
    const skipped = result.skipped > 0 ? `, ${result.skipped} not run` : ''
    lines.push(
      `  ${name.padEnd(8)} ${formatSeconds(Date.now() - stageStarted).padStart(8)}  ` +
        `${result.passed} passed, ${result.failed} failed${skipped}`,
    )
  }
  // One browser leaves a core idle much of the time; lint takes it.
  const together = chosen.filter(name => TOGETHER.has(name))
  await Promise.all(together.map(runStage))
  for (const name of chosen.filter(name => !TOGETHER.has(name))) await runStage(name)
  const ms = Date.now() - started
  const late = ms > TARGET_MS ? ` (more than the ${TARGET_MS / 60_000} minutes that CI may take)` : ''
  console.log(`\n== all stages: ${formatSeconds(ms)}${late}\n${lines.join('\n')}\n`)
  const nothing = total.passed + total.failed === 0
  if (nothing) console.log('No test matched.')
  console.log(`${total.passed} passed, ${total.failed} failed`)
  return total.failed > 0 || nothing ? 1 : 0
}

async function lintStage() {
  return tally(await lint())
}

async function buildStage() {
  const results = []
  try {
    await ensureBuild({ force: true })
    results.push({ ok: true })
    const budget = await checkBudget(DIST)
    console.log(describeBudget(budget))
    results.push(budget)
  } catch (error) {
    console.error('kind' in error ? error.message : error)
    results.push({ ok: false })
  }
  return tally(results)
}

async function vitestStage(name, config, filters) {
  const env = name === 'node' ? {} : { CHROMIUM_PATH: await findChromium() }
  if (name === 'e2e') await ensureBuild()
  const report = path.join(ROOT, '.cache', `tests-${name}.json`)
  await mkdir(path.dirname(report), { recursive: true })
  await rm(report, { force: true })
  const args = [
    VITEST,
    'run',
    `--config=${config}`,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]
  if (filters.length > 0) args.push('--passWithNoTests', ...filters)
  const { code, timedOut } = await runNode(args, { env, limitMs: STAGE_LIMIT_MS })
  if (timedOut) console.error(`${name}: ended after ${STAGE_LIMIT_MS / 60_000} minutes`)
  return countReport(report, code)
}

async function countReport(file, code) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  try {
    const report = JSON.parse(await readFile(file, 'utf8'))
    counts.passed = report.numPassedTests
    counts.failed = report.numFailedTests
    counts.skipped = report.numPendingTests + report.numTodoTests
    // A file that does not even load names no test.
    counts.failed += report.testResults.filter(
      suite => suite.status === 'failed' && suite.assertionResults.every(test => test.status !== 'failed'),
    ).length
  } catch (error) {
    console.error(`no usable report: ${error.message}`)
  }
  if (code !== 0 && counts.failed === 0) counts.failed = 1
  return counts
}

function tally(results) {
  const passed = results.filter(result => result.ok).length
  return { passed, failed: results.length - passed, skipped: 0 }
}
