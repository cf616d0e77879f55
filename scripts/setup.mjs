// Everything that must be there before a command runs: the packages of the lockfile, the data, and with --test a
// Chromium and, on Debian as root, coturn for the relay test. Runs before any package is installed, so it uses nothing
// but Node. Quick when all is in place: it compares stamps, not contents.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const STAMP = path.join(ROOT, 'node_modules', '.yoriai-lock')
const NEEDED = [20, 19]

class SetupError extends Error {
  name = 'SetupError'
}

try {
  checkNode()
  await installPackages()
  const { prepareData } = await import('./prepare-data.mjs')
  await prepareData({ log: console.log })
  if (process.argv.includes('--test')) await prepareTests()
} catch (error) {
  // A sentence for what a person can do something about; the whole trace for everything else.
  const expected = error instanceof SetupError || (error instanceof Error && 'kind' in error)
  console.error(expected ? `\n${error.message}\n` : error)
  process.exitCode = 1
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const isOld = major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])
  if (isOld) {
    throw new SetupError(
      `Yoriai needs Node ${NEEDED.join('.')} or newer; this is ${process.versions.node}. ` +
        'Get a current one from https://nodejs.org and try again.',
    )
  }
}

async function installPackages() {
  const wanted = await lockHash()
  if ((await readStamp()) === wanted) return
  // An install that was made by hand and still fits needs no second one.
  if (existsSync(path.join(ROOT, 'node_modules', '.package-lock.json')) && (await treeFitsLock())) {
    await writeFile(STAMP, wanted)
    return
  }
  console.log('Installing packages (once, and again when the lockfile changes).')
  const started = Date.now()
  const code = await npm(['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'])
  if (code !== 0) {
    throw new SetupError(
      'The packages could not be installed; npm says why above. Is there a network connection?',
    )
  }
  await mkdir(path.dirname(STAMP), { recursive: true })
  await writeFile(STAMP, wanted)
  console.log(`Packages installed in ${seconds(started)}.`)
}

/** npm's own record of what it installed names the same versions as the lockfile. */
async function treeFitsLock() {
  const [lock, tree] = await Promise.all(
    ['package-lock.json', 'node_modules/.package-lock.json'].map(async file =>
      JSON.parse(await readFile(path.join(ROOT, file), 'utf8')),
    ),
  )
  return Object.entries(lock.packages).every(([name, wanted]) => {
    if (name === '') return true
    const have = tree.packages[name]
    return have ? have.version === wanted.version : wanted.optional === true
  })
}

async function lockHash() {
  const lock = await readFile(path.join(ROOT, 'package-lock.json'))
  return createHash('sha256')
    .update(lock)
    .update(process.versions.modules)
    .update(process.platform)
    .digest('hex')
}

async function readStamp() {
  try {
    return await readFile(STAMP, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

/** The npm that runs this script, else the one on the PATH. */
function npm(args) {
  const cli = process.env.npm_execpath
  const [program, rest] = cli?.endsWith('.js')
    ? [process.execPath, [cli, ...args]]
    : [process.platform === 'win32' ? 'npm.cmd' : 'npm', args]
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, {
      cwd: ROOT,
      stdio: 'inherit',
      shell: program.endsWith('.cmd'),
      // The download of test browsers is this script's own business.
      env: { ...process.env, PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1' },
    })
    child.once('error', reject)
    child.once('exit', resolve)
  })
}

async function prepareTests() {
  const { canUseApt, ensureChromium, findOnPath, runs } = await import('./chromium.mjs')
  console.log(`Tests use ${await ensureChromium()}.`)
  if (await findOnPath(['turnserver'])) return
  if (await canUseApt()) {
    console.log("Installing Debian's coturn for the relay test.")
    await runs('apt-get', ['update', '-q'], 120_000)
    await runs('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'coturn'], 180_000)
  }
  if (!(await findOnPath(['turnserver']))) {
    console.log('No coturn (turnserver) here: the relay test will say that it could not run.')
  }
}

function seconds(sinceMs) {
  return `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`
}
