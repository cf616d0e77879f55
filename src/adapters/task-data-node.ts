// Node side of task-data.ts: a folder on disk in the place of fetch, for benchmarks, simulations and tests.
import { readFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { FetchLike } from './task-data.ts'

/** Where scripts/prepare-data.mjs writes, seen from the repository's root. */
export const DATA_FOLDER = resolve(import.meta.dirname, '../../public/data')

/** Answers "<anything>/<task>/<file>" from `<folder>/<task>/<file>`; use with a baseUrl of "/data/". */
export function fetchFromFolder(folder: string = DATA_FOLDER): FetchLike {
  return async (url, init) => {
    init.signal?.throwIfAborted()
    const path = join(folder, basename(dirname(url)), basename(url))
    try {
      return new Response(await readFile(path))
    } catch {
      // reason: whatever keeps the file from being read, fetch would say it by a status.
      return new Response(null, { status: 404 })
    }
  }
}
