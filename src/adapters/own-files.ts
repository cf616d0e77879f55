// What picked files are: tables, pictures or IDX, told by their first bytes and their names. Reads no more than needed to
// tell, and never more than the limits allow.
import { DataError } from '../core/data/error.ts'
import { looksLikeIdx } from '../core/data/idx.ts'
import { DATA_LIMITS } from '../core/data/limits.ts'
import type { OwnDataProblem } from '../ports/own-data.ts'
import { gunzip, isGzip, readBounded } from './bounded-bytes.ts'

export interface SortedFiles {
  readonly kind: 'table' | 'images' | 'idx'
  /** By path. */
  readonly files: readonly File[]
  /** Files of no known kind that lay beside them. */
  readonly skipped: readonly OwnDataProblem[]
}

type Sort = SortedFiles['kind'] | 'unknown'

const HEAD_BYTES = 512
/** Litter of file managers and archives. */
const LITTER = /(?:^|\/)(?:\.[^/]*|thumbs\.db|desktop\.ini|__macosx(?:\/.*)?)$/i
const IMAGE_NAME = /\.(?:png|jpe?g|gif|webp|bmp|avif)$/i
const TABLE_NAME = /\.(?:csv|tsv|tab|txt|data)(?:\.gz)?$/i
/** Beside pictures such text is no table. */
const NOTES = /\.txt$/i

/** The path inside a picked folder, or the plain name. */
export function pathOf(file: File): string {
  return file.webkitRelativePath || file.name
}

/** Throws DataError: no-files, too-many-files, total-too-big, unknown-kind, mixed-kinds, unreadable. */
export async function sortFiles(picked: readonly File[]): Promise<SortedFiles> {
  const files = picked
    .filter(file => !LITTER.test(pathOf(file)))
    .sort((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1))
  if (files.length === 0) throw new DataError('no-files')
  if (files.length > DATA_LIMITS.files)
    throw new DataError('too-many-files', { limit: DATA_LIMITS.files, found: files.length })
  if (files.reduce((sum, file) => sum + file.size, 0) > DATA_LIMITS.totalBytes)
    throw new DataError('total-too-big', { limit: DATA_LIMITS.totalBytes })
  const bySort: Record<Sort, File[]> = { table: [], images: [], idx: [], unknown: [] }
  for (const file of files) bySort[await sortOf(file)].push(file)
  if (bySort.images.length > 0) {
    bySort.unknown.push(...bySort.table.filter(file => NOTES.test(file.name)))
    bySort.table = bySort.table.filter(file => !NOTES.test(file.name))
  }
  const kinds = (['table', 'images', 'idx'] as const).filter(kind => bySort[kind].length > 0)
  const kind = kinds[0]
  if (kind === undefined) throw new DataError('unknown-kind', { file: pathOf(files[0]!) })
  if (kinds.length > 1) throw new DataError('mixed-kinds', { file: pathOf(bySort[kinds[1]!][0]!) })
  if (kind === 'table' && bySort.table.length > 1)
    throw new DataError('too-many-files', {
      file: pathOf(bySort.table[1]!),
      limit: 1,
      found: bySort.table.length,
    })
  const skipped = bySort.unknown.map((file): OwnDataProblem => ({
    kind: 'unknown-kind',
    detail: { file: pathOf(file) },
  }))
  return { kind, files: bySort[kind], skipped }
}

async function sortOf(file: File): Promise<Sort> {
  if (IMAGE_NAME.test(file.name)) return 'images'
  const head = await readHead(file)
  if (looksLikeIdx(head)) return 'idx'
  if (isImageHead(head)) return 'images'
  if (TABLE_NAME.test(file.name)) return 'table'
  return 'unknown'
}

function isImageHead(head: Uint8Array): boolean {
  const begins = (...bytes: number[]): boolean => bytes.every((byte, i) => head[i] === byte)
  const isWebp = begins(0x52, 0x49, 0x46, 0x46) && head[8] === 0x57 && head[9] === 0x45
  return (
    begins(0x89, 0x50, 0x4e, 0x47) || begins(0xff, 0xd8, 0xff) || begins(0x47, 0x49, 0x46, 0x38) || isWebp
  )
}

/** The first bytes, after decompression. */
async function readHead(file: File): Promise<Uint8Array> {
  const head = await readAll(file.slice(0, HEAD_BYTES), HEAD_BYTES, file)
  if (!isGzip(head)) return head
  const reader = file.stream().pipeThrough(new DecompressionStream('gzip')).getReader()
  try {
    return (await reader.read()).value ?? new Uint8Array()
  } catch (cause) {
    throw new DataError('unreadable', { file: pathOf(file) }, { cause })
  } finally {
    // reason: only the first piece was wanted; a complaint about the rest says nothing.
    await reader.cancel().catch(() => undefined)
  }
}

/** The whole file, unzipped if it is gzip. Throws DataError: file-too-big, unreadable. */
export async function readUnzipped(file: File, limit: number): Promise<Uint8Array> {
  if (file.size > limit) throw new DataError('file-too-big', { file: pathOf(file), limit })
  const bytes = await readAll(file, limit, file)
  return isGzip(bytes) ? gunzip(bytes, limit, pathOf(file)) : bytes
}

async function readAll(blob: Blob, limit: number, file: File): Promise<Uint8Array> {
  try {
    return await readBounded(blob.stream(), limit, pathOf(file))
  } catch (cause) {
    throw cause instanceof DataError ? cause : new DataError('unreadable', { file: pathOf(file) }, { cause })
  }
}
