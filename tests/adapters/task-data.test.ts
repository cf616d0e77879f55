// A small task made here, served from memory, and broken in every way that a server, a cache or a bad line can break it.
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import {
  type FetchLike,
  loadTaskManifest,
  loadTaskPart,
  loadTaskTest,
  partDownloadBytes,
} from '../../src/adapters/task-data.ts'
import { DataError, type DataErrorKind } from '../../src/core/data/error.ts'
import type { Part } from '../../src/core/data/partition.ts'

const SHAPE = [2, 2, 1]
const COUNTS = [7, 5, 0]
const PER_BLOCK = 3

type Files = Map<string, Uint8Array>

/** Each pixel says which sample it belongs to: 100 * class + index. */
const pixel = (label: number, index: number): number => 100 * label + index

function makeTask(): { files: Files; manifest: ReturnType<typeof describeTask> } {
  const files: Files = new Map()
  const put = (stem: string, raw: Uint8Array): { file: string; bytes: number; sha256: string } => {
    const packed = gzipSync(raw)
    const sha256 = createHash('sha256').update(raw).digest('hex')
    files.set(`${stem}.bin`, packed)
    return { file: `${stem}.bin`, bytes: packed.length, sha256 }
  }
  const manifest = describeTask(put)
  files.set('manifest.json', new TextEncoder().encode(JSON.stringify(manifest)))
  return { files, manifest }
}

function describeTask(
  put: (stem: string, raw: Uint8Array) => { file: string; bytes: number; sha256: string },
) {
  const blocks = COUNTS.flatMap((count, label) =>
    Array.from({ length: Math.ceil(count / PER_BLOCK) }, (_, i) => {
      const start = i * PER_BLOCK
      const size = Math.min(PER_BLOCK, count - start)
      const raw = Uint8Array.from({ length: size * 4 }, (_unused, at) =>
        pixel(label, start + Math.floor(at / 4)),
      )
      return { class: label, start, count: size, ...put(`train-${label}-${i}`, raw) }
    }),
  )
  const test = { count: 3, counts: [1, 1, 1], ...put('test', Uint8Array.of(2, 0, 1, ...Array(12).fill(9))) }
  return {
    format: 'yoriai-task-1',
    task: 'mnist',
    version: '0'.repeat(64),
    source: 'made here',
    split: 'as made',
    leftOut: 0,
    shape: SHAPE,
    classes: ['a', 'b', 'c'],
    train: { counts: COUNTS, blocks },
    test,
  }
}

function serve(files: Files, seen: string[] = []): FetchLike {
  return (url, init) => {
    init.signal?.throwIfAborted()
    seen.push(`${url} ${init.cache ?? ''}`)
    const body = files.get(url.slice(url.lastIndexOf('/') + 1))
    return Promise.resolve(body ? new Response(body.slice()) : new Response(null, { status: 404 }))
  }
}

const PART: Part = [
  { start: 2, end: 7 },
  { start: 0, end: 2 },
  { start: 0, end: 0 },
]

async function kindOf(work: Promise<unknown>): Promise<DataErrorKind | undefined> {
  try {
    await work
  } catch (error) {
    if (error instanceof DataError) return error.kind
    throw error
  }
  return undefined
}

describe('loadTaskPart', () => {
  it('returns exactly the samples of the part, from only the blocks it needs', async () => {
    const { files, manifest } = makeTask()
    const seen: string[] = []
    const fetchImpl = serve(files, seen)
    const located = await loadTaskManifest('/data', 'mnist', fetchImpl)
    expect(seen).toEqual(['/data/mnist/manifest.json no-cache'])
    const progress: number[] = []
    const data = await loadTaskPart(located, PART, fetchImpl, undefined, p =>
      progress.push(p.bytes / p.totalBytes),
    )
    expect(data.shape).toEqual(SHAPE)
    expect(data.classes).toEqual(['a', 'b', 'c'])
    const samples = Array.from(data.y, (label, i) => [label, ...data.x.subarray(i * 4, i * 4 + 4)])
    for (const [label, ...pixels] of samples) expect(new Set(pixels).size, `class ${label}`).toBe(1)
    expect(samples.map(sample => sample[1]).sort((a, b) => a! - b!)).toEqual([2, 3, 4, 5, 6, 100, 101])
    expect(samples.every(([label, value]) => Math.floor(value! / 100) === label)).toBe(true)
    // Balanced: both classes within the first four.
    expect(new Set(data.y.slice(0, 4)).size).toBe(2)
    const needed = manifest.train.blocks.filter(block => block.class === 0 || block.start === 0)
    expect(seen.length - 1).toBe(needed.length)
    expect(partDownloadBytes(located, PART)).toBe(needed.reduce((sum, block) => sum + block.bytes, 0))
    expect(progress.at(-1)).toBe(1)
    expect(progress).toHaveLength(needed.length)
  })

  it('takes blocks that a server has already unzipped', async () => {
    const { files } = makeTask()
    const { gunzipSync } = await import('node:zlib')
    for (const [name, body] of files) if (name.endsWith('.bin')) files.set(name, gunzipSync(body))
    const located = await loadTaskManifest('/data/', 'mnist', serve(files))
    expect((await loadTaskPart(located, PART, serve(files))).y).toHaveLength(7)
    expect((await loadTaskTest(located, serve(files))).y).toEqual(Uint16Array.of(2, 0, 1))
  })

  it('tries again past the cache when a block is damaged, and gives up with its name', async () => {
    const { files } = makeTask()
    const located = await loadTaskManifest('/data/', 'mnist', serve(files))
    const broken = new Map(files).set('train-0-1.bin', gzipSync(new Uint8Array(12)))
    let asked = 0
    const healing: FetchLike = (url, init) => {
      const bad = url.endsWith('train-0-1.bin') && asked++ === 0
      expect(init.cache).toBe(url.endsWith('train-0-1.bin') && asked > 1 ? 'reload' : 'default')
      return serve(bad ? broken : files)(url, init)
    }
    expect((await loadTaskPart(located, PART, healing)).y).toHaveLength(7)
    const failure = loadTaskPart(located, PART, serve(broken))
    await expect(failure).rejects.toMatchObject({ kind: 'checksum', detail: { file: 'train-0-1.bin' } })
  })

  it('names what is missing, too long, cut short or no gzip', async () => {
    const { files } = makeTask()
    const located = await loadTaskManifest('/data/', 'mnist', serve(files))
    const replaced = (body: Uint8Array | null): FetchLike => {
      const copy = new Map(files)
      if (body) copy.set('train-0-1.bin', body)
      else copy.delete('train-0-1.bin')
      return serve(copy)
    }
    const kinds = await Promise.all(
      [
        null,
        gzipSync(new Uint8Array(1 << 20)),
        files.get('train-0-1.bin')!.slice(0, 15),
        new Uint8Array(5000),
      ].map(body => kindOf(loadTaskPart(located, PART, replaced(body)))),
    )
    expect(kinds).toEqual(['network', 'file-too-big', 'unreadable', 'file-too-big'])
    const offline: FetchLike = () => Promise.reject(new TypeError('fetch failed'))
    expect(await kindOf(loadTaskPart(located, PART, offline))).toBe('network')
  })

  it('stops when aborted, with the signal’s reason', async () => {
    const { files } = makeTask()
    const located = await loadTaskManifest('/data/', 'mnist', serve(files))
    const abort = new AbortController()
    const loading = loadTaskPart(located, PART, serve(files), abort.signal, () =>
      abort.abort(new Error('enough')),
    )
    await expect(loading).rejects.toThrow('enough')
  })

  it('refuses parts that the manifest does not have', async () => {
    const { files } = makeTask()
    const located = await loadTaskManifest('/data/', 'mnist', serve(files))
    const empty = { start: 0, end: 0 }
    for (const part of [
      [],
      [empty, empty, empty],
      [{ start: 0, end: 8 }, empty, empty],
      [{ start: 3, end: 2 }],
    ])
      expect(await kindOf(loadTaskPart(located, part, serve(files)))).toBe('part')
  })
})

describe('loadTaskManifest', () => {
  type Manifest = ReturnType<typeof describeTask>
  const cases: [string, (m: Manifest) => unknown][] = [
    ['no object', () => 'text'],
    ['another task', m => ({ ...m, task: 'fashion-mnist' })],
    ['another format', m => ({ ...m, format: 'yoriai-task-2' })],
    ['a path as file name', m => ({ ...m, test: { ...m.test, file: '../x' } })],
    ['a negative count', m => ({ ...m, train: { ...m.train, counts: [7, -5, 0] } })],
    ['a gap between blocks', m => ({ ...m, train: { ...m.train, blocks: m.train.blocks.slice(1) } })],
    ['blocks out of order', m => ({ ...m, train: { ...m.train, blocks: m.train.blocks.toReversed() } })],
    ['fewer samples than counted', m => ({ ...m, train: { ...m.train, counts: [8, 5, 0] } })],
    ['huge samples', m => ({ ...m, shape: [4096, 4096, 1] })],
    ['test counts that do not add up', m => ({ ...m, test: { ...m.test, counts: [1, 1, 2] } })],
    ['one count too few', m => ({ ...m, train: { ...m.train, counts: [7, 5] } })],
  ]
  it.each(cases)('refuses %s', async (_name, change) => {
    const { files, manifest } = makeTask()
    files.set('manifest.json', new TextEncoder().encode(JSON.stringify(change(manifest))))
    expect(await kindOf(loadTaskManifest('/data/', 'mnist', serve(files)))).toBe('manifest')
  })

  it('refuses what is not JSON and says when there is none', async () => {
    const { files } = makeTask()
    files.set('manifest.json', new TextEncoder().encode('<!doctype html>'))
    expect(await kindOf(loadTaskManifest('/data/', 'mnist', serve(files)))).toBe('manifest')
    files.delete('manifest.json')
    const missing = loadTaskManifest('/data/', 'mnist', serve(files))
    await expect(missing).rejects.toMatchObject({ kind: 'network', detail: { status: 404 } })
  })
})
