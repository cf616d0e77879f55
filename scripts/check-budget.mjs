// Fails when the JavaScript that the first screen loads weighs more than 90 KiB gzip: the entry chunk of the build and
// everything that it imports statically. Whatever comes by a dynamic import (trainer, WebRTC, Yjs) loads after the join.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

export const BUDGET_BYTES = 90 * 1024

/** @returns {Promise<{ ok: boolean, totalBytes: number, files: { file: string, gzipBytes: number }[] }>} */
export async function checkBudget(distDir) {
  const manifest = JSON.parse(await readFile(path.join(distDir, '.vite', 'manifest.json'), 'utf8'))
  const wanted = new Set()
  const visit = key => {
    const chunk = manifest[key]
    if (!chunk || wanted.has(chunk.file)) return
    wanted.add(chunk.file)
    for (const imported of chunk.imports ?? []) visit(imported)
  }
  for (const [key, chunk] of Object.entries(manifest)) if (chunk.isEntry) visit(key)
  const files = await Promise.all(
    [...wanted]
      .filter(file => /\.m?js$/.test(file))
      .map(async file => ({
        file,
        gzipBytes: gzipSync(await readFile(path.join(distDir, file)), { level: 9 }).length,
      })),
  )
  const totalBytes = files.reduce((sum, { gzipBytes }) => sum + gzipBytes, 0)
  return { ok: files.length > 0 && totalBytes <= BUDGET_BYTES, totalBytes, files }
}

export function describeBudget({ ok, totalBytes, files }) {
  const kib = bytes => `${(bytes / 1024).toFixed(1)} KiB`
  const lines = files
    .toSorted((a, b) => b.gzipBytes - a.gzipBytes)
    .map(({ file, gzipBytes }) => `  ${kib(gzipBytes).padStart(10)}  ${file}`)
  const verdict =
    files.length === 0 ? 'no entry chunk in the manifest' : `${kib(totalBytes)} of ${kib(BUDGET_BYTES)} gzip`
  return [`${ok ? 'ok    ' : 'FAILED'} first screen: ${verdict}`, ...lines].join('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const result = await checkBudget(path.resolve(process.argv[2] ?? 'dist'))
    console.log(describeBudget(result))
    process.exitCode = result.ok ? 0 : 1
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
    console.error(`There is no complete build (${error.path}): run "npm run build" first.`)
    process.exitCode = 1
  }
}
