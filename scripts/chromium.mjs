// Finds a Chromium for tests and tools, or installs one. Order: CHROMIUM_PATH, the PATH, the usual places of each system,
// Playwright's own. Installing (ensureChromium) tries Playwright's download first, then Debian's package as root.
// Errors are ChromiumError with a kind and a sentence that says what to do. Does not launch anything.
import { spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const DOWNLOAD_LIMIT_MS = 240_000
const PACKAGE_LIMIT_MS = 420_000

export class ChromiumError extends Error {
  name = 'ChromiumError'

  /**
   * @param {'bad-path' | 'not-found' | 'not-installable'} kind
   * @param {string} message
   */
  constructor(kind, message) {
    super(message)
    this.kind = kind
  }
}

/** Path of a browser that exists; rejects with ChromiumError. */
export async function findChromium() {
  const given = process.env.CHROMIUM_PATH
  if (given) {
    if (await isRunnable(given)) return given
    throw new ChromiumError('bad-path', `CHROMIUM_PATH is set to ${given}, but there is no program there.`)
  }
  for (const candidate of [...pathCandidates(), ...usualPlaces(), ...(await playwrightCandidates())]) {
    if (await isRunnable(candidate)) return candidate
  }
  throw new ChromiumError(
    'not-found',
    'No Chromium or Chrome was found. Install one, or set CHROMIUM_PATH to its program file.',
  )
}

/** As findChromium, and installs one where there is none. `log` hears what is being tried. */
export async function ensureChromium(log = console.log) {
  try {
    return await findChromium()
  } catch (error) {
    if (!(error instanceof ChromiumError) || error.kind !== 'not-found') throw error
  }
  log('No Chromium found; downloading the one that Playwright brings (about 170 MB).')
  const cli = path.join(ROOT, 'node_modules', 'playwright', 'cli.js')
  if (await runs(process.execPath, [cli, 'install', 'chromium'], DOWNLOAD_LIMIT_MS)) {
    const found = await findAfterInstall()
    if (found) return found
  }
  if (await canUseApt()) {
    log("The download did not work; installing Debian's package.")
    const started = Date.now()
    await runs('apt-get', ['update', '-q'], PACKAGE_LIMIT_MS / 2)
    const left = PACKAGE_LIMIT_MS - (Date.now() - started)
    if (await runs('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium'], left)) {
      const found = await findAfterInstall()
      if (found) return found
    }
  }
  throw new ChromiumError(
    'not-installable',
    'No Chromium could be installed. Install Chromium or Chrome with your system (for example "sudo apt install chromium"), ' +
      'or run "npx playwright install --with-deps chromium", or set CHROMIUM_PATH to a program file, and try again.',
  )
}

/** True on a Debian-like system where this process may install packages. */
export async function canUseApt() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  return isRunnable('/usr/bin/apt-get')
}

/** Runs a program with its output shown; false when it fails, is missing or takes longer than limitMs. */
export function runs(program, args, limitMs) {
  return new Promise(resolve => {
    const child = spawn(program, args, {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs)
    const finish = ok => {
      clearTimeout(timer)
      resolve(ok)
    }
    child.once('error', () => finish(false))
    child.once('exit', code => finish(code === 0))
  })
}

/** Full path of a program on the PATH, or undefined. */
export async function findOnPath(names) {
  for (const candidate of pathCandidates(names)) if (await isRunnable(candidate)) return candidate
  return undefined
}

const CHROMIUM_NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

function pathCandidates(names = CHROMIUM_NAMES) {
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter(Boolean)
  const suffix = process.platform === 'win32' ? '.exe' : ''
  return names.flatMap(name => folders.map(folder => path.join(folder, name + suffix)))
}

function usualPlaces() {
  const home = os.homedir()
  if (process.platform === 'darwin') {
    const apps = ['Chromium.app/Contents/MacOS/Chromium', 'Google Chrome.app/Contents/MacOS/Google Chrome']
    return ['/Applications', path.join(home, 'Applications')].flatMap(base =>
      apps.map(app => path.join(base, app)),
    )
  }
  if (process.platform === 'win32') {
    const bases = [process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA]
    const apps = ['Google\\Chrome\\Application\\chrome.exe', 'Chromium\\Application\\chrome.exe']
    return bases.filter(Boolean).flatMap(base => apps.map(app => path.join(base, app)))
  }
  return [
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome-stable',
    '/opt/google/chrome/chrome',
    '/snap/bin/chromium',
  ]
}

async function playwrightCandidates() {
  try {
    const { chromium } = await import('playwright')
    return [chromium.executablePath()]
  } catch {
    // Packages are not installed yet; the other places still count.
    return []
  }
}

async function findAfterInstall() {
  try {
    return await findChromium()
  } catch (error) {
    if (error instanceof ChromiumError) return undefined
    throw error
  }
}

async function isRunnable(file) {
  try {
    await access(file, constants.X_OK)
    return (await stat(file)).isFile()
  } catch {
    return false
  }
}
