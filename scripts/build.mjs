// Builds the page into dist/ when something that it is made of is newer than the last build. A build grows beside the old
// one and takes its place when it is complete, so whoever serves dist meanwhile never sees half of one.
import { build } from 'vite'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
export const DIST = path.join(ROOT, 'dist')
const SOURCES = [
  'index.html',
  'src',
  'public',
  'vite.config.ts',
  'svelte.config.js',
  'package-lock.json',
  'tsconfig.json',
]
/** Written last by a build. */
const MARK = path.join('.vite', 'manifest.json')

export class BuildError extends Error {
  name = 'BuildError'
  kind = 'build-failed'
}

/** True when dist/ is missing or older than a source. */
export async function isBuildStale() {
  const builtMs = await newestMs(path.join(DIST, MARK))
  const sourceMs = await Promise.all(SOURCES.map(name => newestMs(path.join(ROOT, name))))
  return builtMs === 0 || Math.max(...sourceMs) > builtMs
}

/** Resolves to dist/, built if need be. Rejects with BuildError. */
export async function ensureBuild({ log = console.log, force = false } = {}) {
  if (!force && !(await isBuildStale())) return DIST
  const started = Date.now()
  const fresh = path.join(ROOT, '.cache', `build-${process.pid}`)
  const old = `${fresh}-old`
  try {
    await mkdir(path.dirname(fresh), { recursive: true })
    // Advice about slow plugins is for who works on the build, not for who starts the program.
    const rolldownOptions = { checks: { bundlerTimings: false } }
    await build({
      root: ROOT,
      logLevel: 'warn',
      build: { outDir: fresh, emptyOutDir: true, rolldownOptions },
      worker: { rolldownOptions },
    }).catch(cause => {
      throw new BuildError('The page could not be built; Vite says why above.', { cause })
    })
    await rename(DIST, old).catch(ignoreMissing)
    await rename(fresh, DIST)
  } finally {
    await rm(fresh, { recursive: true, force: true })
    await rm(old, { recursive: true, force: true })
  }
  log(`Built in ${((Date.now() - started) / 1000).toFixed(1)} s.`)
  return DIST
}

/** Modification time of the newest file in a file or folder; 0 when there is none. */
async function newestMs(target) {
  try {
    const info = await stat(target)
    if (!info.isDirectory()) return info.mtimeMs
    const inside = await readdir(target)
    return Math.max(0, ...(await Promise.all(inside.map(name => newestMs(path.join(target, name))))))
  } catch (error) {
    ignoreMissing(error)
    return 0
  }
}

function ignoreMissing(error) {
  if (error?.code !== 'ENOENT') throw error
}
