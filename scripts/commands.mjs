// Runs the tools of this repository from other scripts: each in a process group of its own, so that a time limit or
// Ctrl-C ends the tool with everything that it started.
import { spawn } from 'node:child_process'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))

const running = new Set()
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    for (const child of running) killGroup(child)
    process.exit(130)
  })
}

/** Path of a package's own program file. */
export function binOf(packageName, file) {
  return path.join(ROOT, 'node_modules', packageName, file)
}

/**
 * Runs a Node program. `quiet` keeps its output for the caller; else it is shown as it comes.
 * @returns {Promise<{ code: number, output: string, timedOut: boolean, ms: number }>}
 */
export function runNode(args, { quiet = false, limitMs = 600_000, env = {} } = {}) {
  const started = Date.now()
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      detached: process.platform !== 'win32',
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...env },
    })
    running.add(child)
    let output = ''
    let timedOut = false
    const collect = chunk => (output += chunk)
    child.stdout?.setEncoding('utf8').on('data', collect)
    child.stderr?.setEncoding('utf8').on('data', collect)
    const timer = setTimeout(() => {
      timedOut = true
      killGroup(child)
    }, limitMs)
    child.once('error', reject)
    child.once('close', code => {
      clearTimeout(timer)
      running.delete(child)
      resolve({ code: code ?? 1, output, timedOut, ms: Date.now() - started })
    })
  })
}

export function formatSeconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`
}

function killGroup(child) {
  try {
    if (process.platform === 'win32') child.kill('SIGKILL')
    else process.kill(-child.pid, 'SIGKILL')
  } catch (error) {
    // It ended by itself in the meantime.
    if (error.code !== 'ESRCH') throw error
  }
}
