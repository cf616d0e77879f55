// Loads built-in tasks prepared by scripts/prepare-data.mjs: the manifest, one part of the training set, the held-out
// set. Runs in pages, workers and Node. Every byte is bounded before it is read and checked before it is used; nothing
// is cached here beyond what HTTP caches.
import { sha256 } from '@noble/hashes/sha2.js'
import type { Dataset } from '../core/data/dataset.ts'
import { DataError } from '../core/data/error.ts'
import {
  type BuiltInTask,
  decodeManifest,
  sampleValues,
  type TaskBlock,
  type TaskFile,
  type TaskManifest,
} from '../core/data/manifest.ts'
import { balancedOrder } from '../core/data/order.ts'
import { type Part, partSize } from '../core/data/partition.ts'
import { gunzip, isGzip, readBounded } from './bounded-bytes.ts'

/** What is used of fetch; a folder on disk can play the part (task-data-node.ts). */
export type FetchLike = (url: string, init: RequestInit) => Promise<Response>

export interface LocatedManifest extends TaskManifest {
  /** The task's folder, ending in "/". */
  readonly baseUrl: string
}

export interface TaskProgress {
  readonly bytes: number
  readonly totalBytes: number
}

const MAX_MANIFEST_BYTES = 1024 * 1024
const PARALLEL = 6
const ATTEMPTS = 3
const RETRY_MS = 400

/** `baseUrl` is where the task folders are, e.g. "/data/". Throws DataError: network, manifest. */
export async function loadTaskManifest(
  baseUrl: string,
  task: BuiltInTask,
  fetchImpl: FetchLike = fetch,
  signal?: AbortSignal,
): Promise<LocatedManifest> {
  const folder = `${baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`}${task}/`
  const bytes = await retrying(signal, () =>
    download(fetchImpl, `${folder}manifest.json`, MAX_MANIFEST_BYTES, 'no-cache', signal),
  )
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder().decode(bytes))
  } catch (cause) {
    throw new DataError('manifest', { file: 'manifest.json' }, { cause })
  }
  return { ...decodeManifest(json, task), baseUrl: folder }
}

/** Bytes that loadTaskPart will transfer (nothing is counted for the held-out set). */
export function partDownloadBytes(manifest: TaskManifest, part: Part): number {
  return neededBlocks(manifest, part).reduce((sum, block) => sum + block.bytes, 0)
}

/**
 * The samples of a part in an order whose prefixes are balanced over its classes. Throws DataError: network, checksum,
 * part (ranges that the manifest does not have); the signal's reason when aborted.
 */
export async function loadTaskPart(
  manifest: LocatedManifest,
  part: Part,
  fetchImpl: FetchLike = fetch,
  signal?: AbortSignal,
  onProgress?: (progress: TaskProgress) => void,
): Promise<Dataset> {
  checkPart(manifest, part)
  const values = sampleValues(manifest.shape)
  const blocks = neededBlocks(manifest, part)
  const offsets: number[] = []
  part.reduce((offset, { start, end }, label) => {
    offsets[label] = offset - start
    return offset + end - start
  }, 0)
  const sorted = new Uint8Array(partSize(part) * values)
  const report = progress(partDownloadBytes(manifest, part), onProgress)
  await inParallel(blocks, async block => {
    const content = await loadFile(manifest, block, block.count * values, fetchImpl, signal)
    const range = part[block.class]!
    const from = Math.max(range.start, block.start)
    const to = Math.min(range.end, block.start + block.count)
    const wanted = content.subarray((from - block.start) * values, (to - block.start) * values)
    sorted.set(wanted, (offsets[block.class]! + from) * values)
    report(block.bytes)
  })
  signal?.throwIfAborted()
  const labels = Uint16Array.from(
    part.flatMap(({ start, end }, label) => new Array<number>(end - start).fill(label)),
  )
  const order = balancedOrder(labels, manifest.classes.length)
  const x = new Uint8Array(sorted.length)
  order.forEach((from, to) => x.set(sorted.subarray(from * values, (from + 1) * values), to * values))
  return { shape: manifest.shape, classes: manifest.classes, x, y: Uint16Array.from(order, i => labels[i]!) }
}

/** The whole held-out set, its prefixes balanced over the classes. Errors as loadTaskPart. */
export async function loadTaskTest(
  manifest: LocatedManifest,
  fetchImpl: FetchLike = fetch,
  signal?: AbortSignal,
  onProgress?: (progress: TaskProgress) => void,
): Promise<Dataset> {
  const { test, classes, shape } = manifest
  const content = await loadFile(manifest, test, test.count * (1 + sampleValues(shape)), fetchImpl, signal)
  progress(test.bytes, onProgress)(test.bytes)
  const y = Uint16Array.from(content.subarray(0, test.count))
  if (y.some(label => label >= classes.length)) throw new DataError('checksum', { file: test.file })
  return { shape, classes, x: content.slice(test.count), y }
}

function checkPart({ train }: TaskManifest, part: Part): void {
  const fits =
    part.length === train.counts.length &&
    part.every(({ start, end }, label) => start >= 0 && start <= end && end <= train.counts[label]!)
  if (!fits || partSize(part) === 0) throw new DataError('part', { found: partSize(part) })
}

function neededBlocks({ train }: TaskManifest, part: Part): TaskBlock[] {
  return train.blocks.filter(block => {
    const range = part[block.class]
    return (
      range && range.start < range.end && block.start < range.end && range.start < block.start + block.count
    )
  })
}

function progress(
  totalBytes: number,
  onProgress?: (progress: TaskProgress) => void,
): (bytes: number) => void {
  let done = 0
  return bytes => {
    done += bytes
    onProgress?.({ bytes: done, totalBytes })
  }
}

/** Stops handing out work at the first failure and lets the running downloads go (their results are dropped). */
async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items]
  const runners = Array.from({ length: Math.min(PARALLEL, queue.length) }, async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      try {
        await work(item)
      } catch (error) {
        queue.length = 0
        throw error
      }
    }
  })
  await Promise.all(runners)
}

function loadFile(
  { baseUrl }: LocatedManifest,
  { file, bytes: packedBytes, sha256: expected }: TaskFile,
  rawBytes: number,
  fetchImpl: FetchLike,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  return retrying(signal, async attempt => {
    // A wrong block may sit in an HTTP cache: the second attempt goes past it.
    const cache = attempt === 0 ? 'default' : 'reload'
    const limit = Math.max(packedBytes, rawBytes)
    const served = await download(fetchImpl, `${baseUrl}${file}`, limit, cache, signal)
    // A server or proxy may have taken the gzip off already.
    const content =
      isGzip(served) && served.length !== rawBytes ? await gunzip(served, rawBytes, file) : served
    if (content.length !== rawBytes || (await digestHex(content)) !== expected)
      throw new DataError('checksum', { file })
    return content
  })
}

/** Network trouble and damaged transfers get another try; everything else is final. */
async function retrying<T>(
  signal: AbortSignal | undefined,
  work: (attempt: number) => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted()
    try {
      return await work(attempt)
    } catch (error) {
      signal?.throwIfAborted()
      const again = error instanceof DataError && error.kind !== 'manifest' && attempt + 1 < ATTEMPTS
      if (!again) throw error
      await new Promise(resolve => setTimeout(resolve, RETRY_MS * (attempt + 1)))
    }
  }
}

async function download(
  fetchImpl: FetchLike,
  url: string,
  limit: number,
  cache: RequestCache,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const file = url.slice(url.lastIndexOf('/') + 1)
  let response: Response
  try {
    response = await fetchImpl(url, { cache, ...(signal ? { signal } : {}) })
  } catch (cause) {
    throw new DataError('network', { file }, { cause })
  }
  if (!response.ok) throw new DataError('network', { file, status: response.status })
  if (!response.body) throw new DataError('network', { file })
  try {
    return await readBounded(response.body, limit, file)
  } catch (cause) {
    throw cause instanceof DataError ? cause : new DataError('network', { file }, { cause })
  }
}

async function digestHex(bytes: Uint8Array): Promise<string> {
  // reason: crypto.subtle does not exist on plain http to a LAN address, where the page must still work.
  const subtle = globalThis.crypto.subtle as SubtleCrypto | undefined
  const digest = subtle
    ? new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
    : sha256(bytes)
  return Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join('')
}
