// IDX files of unsigned bytes, the format of MNIST and its relatives: two zero bytes, type 8, the number of dimensions,
// each dimension as a big-endian 32-bit count, the values. Pairs images with labels; loading the bytes is an adapter's.
import { DataError } from './error.ts'
import { DATA_LIMITS } from './limits.ts'

export interface IdxFile {
  readonly file: string
  /** [n] for labels; [n, height, width] or [n, height, width, channels] for images. */
  readonly dims: readonly number[]
  readonly values: Uint8Array
}

export interface IdxPair {
  readonly images: IdxFile
  readonly labels: IdxFile
}

export interface IdxSet {
  readonly main: IdxPair
  /** The files' own held-out set, if there are four of them. */
  readonly heldOut: IdxPair | null
}

export function looksLikeIdx(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && bytes[1] === 0 && bytes[2] === 8 && bytes[3]! >= 1 && bytes[3]! <= 4
}

/** Throws DataError: idx-format, idx-length. The values are a view into bytes. */
export function parseIdx(bytes: Uint8Array, file: string): IdxFile {
  const rank = bytes[3] ?? 0
  if (!looksLikeIdx(bytes) || rank === 2) throw new DataError('idx-format', { file })
  const header = 4 + 4 * rank
  if (bytes.length < header)
    throw new DataError('idx-length', { file, expected: header, found: bytes.length })
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const dims = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i))
  const values = dims.reduce((product, size) => product * size, 1)
  if (bytes.length !== header + values)
    throw new DataError('idx-length', { file, expected: header + values, found: bytes.length })
  if (values === 0) throw new DataError('empty-file', { file })
  return { file, dims, values: bytes.subarray(header) }
}

/** Two files, or four of which two are named as test files. Throws DataError: idx-pair, idx-count. */
export function pairIdx(files: readonly IdxFile[]): IdxSet {
  const heldOut = files.filter(({ file }) => /(?:^|[^a-z])(?:t10k|test|val)(?:[^a-z]|$)/i.test(file))
  const main = files.filter(file => !heldOut.includes(file))
  if (heldOut.length === 0 || main.length === 0) return { main: pairOf(files), heldOut: null }
  return { main: pairOf(main), heldOut: pairOf(heldOut) }
}

function pairOf(files: readonly IdxFile[]): IdxPair {
  const labels = files.find(({ dims }) => dims.length === 1)
  const images = files.find(({ dims }) => dims.length >= 3)
  if (!labels || !images || files.length !== 2)
    throw new DataError('idx-pair', { file: files[0]?.file ?? '', found: files.length })
  if (images.dims[0] !== labels.dims[0])
    throw new DataError('idx-count', { file: labels.file, expected: images.dims[0]!, found: labels.dims[0]! })
  if (images.dims[0]! > DATA_LIMITS.rows)
    throw new DataError('too-many-rows', { file: images.file, limit: DATA_LIMITS.rows })
  return { images, labels }
}

/** Height, width, channels. */
export function imageSize({ images }: IdxPair): readonly [number, number, number] {
  return [images.dims[1]!, images.dims[2]!, images.dims[3] ?? 1]
}

/**
 * Labels as class indices. A room's classes are met by name where all labels are names there ("7"), else by index.
 * Without a room the classes are the labels that occur, in numerical order. Throws DataError: unknown-label, one-class.
 */
export function idxLabels(
  sets: readonly IdxPair[],
  roomClasses: readonly string[] | null,
): { classes: readonly string[]; y: Uint16Array[] } {
  const present = new Set<number>()
  for (const { labels } of sets) for (const label of labels.values) present.add(label)
  const sorted = [...present].sort((a, b) => a - b)
  const classes = roomClasses ?? sorted.map(String)
  if (classes.length < 2)
    throw new DataError('one-class', { file: sets[0]!.labels.file, value: classes[0] ?? '' })
  const named = sorted.every(label => classes.includes(String(label)))
  const index = new Map(sorted.map(label => [label, named ? classes.indexOf(String(label)) : label]))
  const unknown = sorted.find(label => index.get(label)! >= classes.length)
  if (unknown !== undefined)
    throw new DataError('unknown-label', { file: sets[0]!.labels.file, value: String(unknown) })
  return { classes, y: sets.map(({ labels }) => Uint16Array.from(labels.values, label => index.get(label)!)) }
}
