import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { BUDGET_BYTES, checkBudget, describeBudget } from '../../scripts/check-budget.mjs'

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
})

/** A build whose chunks have these sizes in bytes of random text, which gzip can shrink by a quarter only. */
async function makeBuild(sizes: Record<string, number>, manifest: unknown): Promise<string> {
  const dist = await mkdtemp(path.join(tmpdir(), 'dist-'))
  folders.push(dist)
  await mkdir(path.join(dist, '.vite'))
  await writeFile(path.join(dist, '.vite', 'manifest.json'), JSON.stringify(manifest))
  for (const [file, size] of Object.entries(sizes)) {
    await writeFile(path.join(dist, file), randomBytes(size).toString('base64').slice(0, size))
  }
  return dist
}

describe('the size budget of the first screen', () => {
  it('counts the entry and what it imports statically, once each, and nothing that loads later', async () => {
    const dist = await makeBuild(
      { 'main.js': 10_000, 'shared.js': 20_000, 'deep.js': 5_000, 'later.js': 900_000 },
      {
        'index.html': {
          file: 'main.js',
          isEntry: true,
          imports: ['_shared', '_deep'],
          dynamicImports: ['later.ts'],
        },
        _shared: { file: 'shared.js', imports: ['_deep'] },
        _deep: { file: 'deep.js', imports: ['index.html'] },
        'later.ts': { file: 'later.js', isDynamicEntry: true, imports: ['_shared'] },
      },
    )
    const result = await checkBudget(dist)
    expect(result.files.map(({ file }) => file).toSorted()).toEqual(['deep.js', 'main.js', 'shared.js'])
    expect(result.ok).toBe(true)
    expect(result.totalBytes).toBeGreaterThan(35_000 * 0.7)
    expect(result.totalBytes).toBeLessThan(36_000)
  })

  it('fails above its limit, and says which file weighs what', async () => {
    const manifest = { 'index.html': { file: 'main.js', isEntry: true } }
    const result = await checkBudget(await makeBuild({ 'main.js': BUDGET_BYTES * 1.5 }, manifest))
    expect(result.ok).toBe(false)
    expect(describeBudget(result)).toMatch(
      /^FAILED first screen: 1\d\d\.\d KiB of 90\.0 KiB gzip\n.*main\.js$/,
    )
  })

  it('fails when a build has no entry', async () => {
    expect((await checkBudget(await makeBuild({}, {}))).ok).toBe(false)
  })
})
