// Files that a person picked become a data set: finds out what they are, reads them within limits, hands them to the
// pure parsers. Works in pages and workers; in Node with another decoder of pictures. Nothing is kept between calls, so
// a failed load leaves what was loaded before untouched.
import type { Dataset } from '../core/data/dataset.ts'
import { DataError } from '../core/data/error.ts'
import { type HeldOut, holdOut } from '../core/data/hold-out.ts'
import { type IdxFile, idxLabels, type IdxPair, imageSize, pairIdx, parseIdx } from '../core/data/idx.ts'
import { assembleImages, type ClassImage, placeOf, shapeImage } from '../core/data/image-set.ts'
import { type Bitmap, fitShape } from '../core/data/image.ts'
import { DATA_LIMITS } from '../core/data/limits.ts'
import { sampleValues } from '../core/data/manifest.ts'
import { loadPixelTable } from '../core/data/pixel-table.ts'
import { EMPTY_REPORT } from '../core/data/report.ts'
import { loadTable } from '../core/data/table.ts'
import type { SampleShape } from '../core/model/spec.ts'
import type {
  OwnData,
  OwnDataProblem,
  OwnDataRequest,
  OwnDataResult,
  OwnDataTarget,
} from '../ports/own-data.ts'
import { decodeInBrowser } from './decode-image.ts'
import { decodeText } from './decode-text.ts'
import { pathOf, readUnzipped, sortFiles } from './own-files.ts'

/** Rejects with anything for a picture that cannot be decoded. */
export type DecodeImage = (file: File) => Promise<Bitmap>

/** Pictures of a room that its founder defines by them. */
const DEFAULT_SHAPE: SampleShape = [28, 28, 1]
const DECODE_PARALLEL = 4

/** The split is seeded by a constant: the same files give the same held-out samples, whoever loads them again. */
const SPLIT_SEED = 'own'

export async function loadOwnFiles(
  request: OwnDataRequest,
  decodeImage: DecodeImage = decodeInBrowser,
): Promise<OwnDataResult> {
  try {
    return { status: 'ok', data: await load(request, decodeImage) }
  } catch (error) {
    if (!(error instanceof DataError)) throw error
    return { status: 'failed', problem: { kind: error.kind, detail: error.detail } }
  }
}

async function load({ files, target, labelColumn }: OwnDataRequest, decode: DecodeImage): Promise<OwnData> {
  const sorted = await sortFiles(files)
  switch (sorted.kind) {
    case 'table':
      return loadTableFile(sorted.files[0]!, target, labelColumn)
    case 'idx':
      return loadIdxFiles(sorted.files, requirePictures(target), sorted.skipped)
    case 'images':
      return loadImageFiles(sorted.files, requirePictures(target), sorted.skipped, decode)
    default:
      return sorted.kind satisfies never
  }
}

function requirePictures(target: OwnDataTarget | null): OwnDataTarget | null {
  if (target && (target.schema !== '' || target.shape.length < 2))
    throw new DataError('wrong-kind', { expected: 'CSV' })
  return target
}

async function loadTableFile(
  file: File,
  target: OwnDataTarget | null,
  labelColumn: string | null,
): Promise<OwnData> {
  const bytes = await readUnzipped(file, DATA_LIMITS.tableBytes)
  if (bytes.length === 0) throw new DataError('empty-file', { file: pathOf(file) })
  const { text, encoding } = decodeText(bytes, pathOf(file))
  if (target && target.schema === '') return loadPictureTable(text, encoding, file, target, labelColumn)
  const table = loadTable(text, pathOf(file), { labelColumn, room: target, seed: SPLIT_SEED })
  const { train, test, schema, columns } = table
  if (target && train.x.length / train.y.length !== sampleValues(target.shape))
    throw new DataError('bad-schema', { value: 'columns' })
  const report = { ...table.report, encoding }
  return {
    source: 'table',
    train,
    test,
    schema,
    columns,
    labelColumn: table.labelColumn,
    skipped: [],
    report,
  }
}

function loadPictureTable(
  text: string,
  encoding: string,
  file: File,
  { shape, classes }: OwnDataTarget,
  wanted: string | null,
): OwnData {
  const path = pathOf(file)
  const { data, columns, labelColumn, headerMissing } = loadPixelTable(text, path, wanted, shape, classes)
  const { train, test } = holdOut(data, null, SPLIT_SEED, 2)
  const report = { ...EMPTY_REPORT, samples: data.y.length, headerMissing, encoding }
  return { source: 'table', train, test, schema: '', columns, labelColumn, skipped: [], report }
}

async function loadIdxFiles(
  files: readonly File[],
  target: OwnDataTarget | null,
  skipped: readonly OwnDataProblem[],
): Promise<OwnData> {
  const parsed: IdxFile[] = []
  for (const file of files)
    parsed.push(parseIdx(await readUnzipped(file, DATA_LIMITS.idxBytes), pathOf(file)))
  const { main, heldOut } = pairIdx(parsed)
  const shape = target?.shape ?? imageSize(main)
  if (sampleValues(shape) > DATA_LIMITS.imageValues)
    throw new DataError('shape-mismatch', {
      file: main.images.file,
      expected: '28 × 28',
      found: shape.join(' × '),
    })
  const pairs = heldOut ? [main, heldOut] : [main]
  const { classes, y } = idxLabels(pairs, target?.classes ?? null)
  const [all, given] = pairs.map((pair, i): Dataset => ({
    shape,
    classes,
    x: idxImages(pair, shape),
    y: y[i]!,
  }))
  const held = holdOut(all!, given ?? null, SPLIT_SEED, target ? 2 : DATA_LIMITS.founderSamples)
  const resized = pairs.reduce(
    (sum, pair) => sum + (isShaped(pair, shape) ? 0 : pair.labels.values.length),
    0,
  )
  return pictures('idx', held, skipped, { resized, inverted: false })
}

function isShaped(pair: IdxPair, shape: SampleShape): boolean {
  return imageSize(pair).every((size, i) => size === (shape[i] ?? 1))
}

function idxImages(pair: IdxPair, shape: SampleShape): Uint8Array {
  const { values } = pair.images
  if (isShaped(pair, shape)) return values
  const [height, width, channels] = imageSize(pair)
  const from = height * width * channels
  const to = sampleValues(shape)
  const count = values.length / from
  if (to * count > DATA_LIMITS.values) throw new DataError('total-too-big', { limit: DATA_LIMITS.values })
  const x = new Uint8Array(count * to)
  for (let i = 0; i < count; i++) {
    const image = values.subarray(i * from, (i + 1) * from)
    x.set(fitShape({ width, height, channels, values: image }, shape), i * to)
  }
  return x
}

/** Damaged pictures and pictures outside class folders are left out and named; no good one at all is an error. */
async function loadImageFiles(
  files: readonly File[],
  target: OwnDataTarget | null,
  alreadySkipped: readonly OwnDataProblem[],
  decode: DecodeImage,
): Promise<OwnData> {
  const shape = target?.shape ?? DEFAULT_SHAPE
  const skipped = [...alreadySkipped]
  const images: (ClassImage | undefined)[] = []
  const queue = [...files.entries()]
  const runners = Array.from({ length: DECODE_PARALLEL }, async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [i, file] = next
      const result = await readImage(file, shape, decode)
      if ('kind' in result) skipped.push(result)
      else images[i] = result
    }
  })
  await Promise.all(runners)
  const good = images.filter(image => image !== undefined)
  if (good.length === 0) throw new DataError(skipped.at(-1)!.kind, skipped.at(-1)!.detail)
  const { inverted, resized, ...held } = assembleImages(good, shape, target?.classes ?? null, SPLIT_SEED)
  return pictures('images', held, skipped, { inverted, resized })
}

async function readImage(
  file: File,
  shape: SampleShape,
  decode: DecodeImage,
): Promise<ClassImage | OwnDataProblem> {
  const path = pathOf(file)
  const place = placeOf(path)
  if (!place) return { kind: 'no-class-folder', detail: { file: path } }
  if (file.size > DATA_LIMITS.imageBytes)
    return { kind: 'file-too-big', detail: { file: path, limit: DATA_LIMITS.imageBytes } }
  let bitmap: Bitmap
  try {
    bitmap = await decode(file)
  } catch {
    // reason: decoders say nothing useful about why; the file's name is what helps.
    return { kind: 'bad-image', detail: { file: path } }
  }
  return shapeImage(path, place, bitmap, shape)
}

function pictures(
  source: 'images' | 'idx',
  { train, test, leaked }: HeldOut,
  skipped: readonly OwnDataProblem[],
  changed: { inverted: boolean; resized: number },
): OwnData {
  const report = { ...EMPTY_REPORT, ...changed, samples: train.y.length + test.y.length, leaked }
  return { source, train, test, schema: '', columns: [], labelColumn: null, skipped, report }
}
