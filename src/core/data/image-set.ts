// Pictures in folders named by class become a data set of the room's shape. Decoding and file access are an adapter's.
import type { SampleShape } from '../model/spec.ts'
import type { Dataset } from './dataset.ts'
import { DataError } from './error.ts'
import { type HeldOut, holdOut } from './hold-out.ts'
import { type Bitmap, fitShape, invert, isDarkOnLight } from './image.ts'
import { sortLabels } from './labels.ts'
import { DATA_LIMITS } from './limits.ts'
import { sampleValues } from './manifest.ts'

export interface ImagePlace {
  /** Name of the folder that the picture lies in. */
  readonly label: string
  /** What a folder above says, such as "train/cat/1.png". */
  readonly side: 'train' | 'test' | null
}

export interface ClassImage extends ImagePlace {
  readonly file: string
  /** product(shape) bytes. */
  readonly values: Uint8Array
  readonly darkOnLight: boolean
  readonly resized: boolean
}

export interface ImageSet extends HeldOut {
  readonly inverted: boolean
  readonly resized: number
}

/** "set/train/cat/1.png" -> cat, train; null for a picture without a folder of its own class. */
export function placeOf(path: string): ImagePlace | null {
  const folders = path.split('/').slice(0, -1)
  const label = folders.at(-1)
  // The first folder is the one that was picked.
  if (label === undefined || folders.length < 2) return null
  const above = folders.slice(0, -1)
  const sides = above.map(folder =>
    /^train(?:ing)?$/i.test(folder)
      ? 'train'
      : /^(?:test(?:ing)?|val(?:id(?:ation)?)?)$/i.test(folder)
        ? 'test'
        : null,
  )
  return { label, side: sides.find(side => side !== null) ?? null }
}

export function shapeImage(file: string, place: ImagePlace, bitmap: Bitmap, shape: SampleShape): ClassImage {
  const [height, width] = shape
  return {
    ...place,
    file,
    values: fitShape(bitmap, shape),
    darkOnLight: isDarkOnLight(bitmap),
    resized: bitmap.height !== height || bitmap.width !== width,
  }
}

/**
 * One-channel pictures become light on dark, all of them, if most are dark on light. Throws DataError: unknown-label,
 * one-class, too-many-classes, total-too-big, too-few-samples.
 */
export function assembleImages(
  images: readonly ClassImage[],
  shape: SampleShape,
  roomClasses: readonly string[] | null,
  seed: string,
): ImageSet {
  const classes = roomClasses ?? folderClasses(images)
  const size = sampleValues(shape)
  if (size * images.length > DATA_LIMITS.values)
    throw new DataError('total-too-big', { limit: DATA_LIMITS.values })
  const inverted = shape[2] === 1 && images.filter(image => image.darkOnLight).length * 2 > images.length
  const collect = (chosen: readonly ClassImage[]): Dataset => {
    const x = new Uint8Array(chosen.length * size)
    chosen.forEach(({ values }, i) => x.set(inverted ? invert(values) : values, i * size))
    return { shape, classes, x, y: Uint16Array.from(chosen, image => classIndex(image, classes)) }
  }
  const testSide = images.filter(image => image.side === 'test')
  const trainSide = images.filter(image => image.side !== 'test')
  const hasSplit = testSide.length > 0 && trainSide.some(image => image.side === 'train')
  const least = roomClasses ? (hasSplit ? 1 : 2) : DATA_LIMITS.founderSamples
  const held = hasSplit
    ? holdOut(collect(trainSide), collect(testSide), seed, least)
    : holdOut(collect(images), null, seed, least)
  return { ...held, inverted, resized: images.filter(image => image.resized).length }
}

function folderClasses(images: readonly ClassImage[]): string[] {
  const classes = sortLabels([...new Set(images.map(image => image.label))])
  if (classes.length < 2) throw new DataError('one-class', { value: classes[0] ?? '' })
  if (classes.length > DATA_LIMITS.classes)
    throw new DataError('too-many-classes', { limit: DATA_LIMITS.classes, found: classes.length })
  const long = images.find(image => image.label.length > DATA_LIMITS.labelChars)
  if (long) throw new DataError('cell-too-long', { file: long.file, limit: DATA_LIMITS.labelChars })
  return classes
}

/** A folder's name meets a class exactly, or without regard to case. */
function classIndex({ label, file }: ClassImage, classes: readonly string[]): number {
  const exact = classes.indexOf(label)
  const index = exact >= 0 ? exact : classes.findIndex(name => name.toLowerCase() === label.toLowerCase())
  if (index < 0) throw new DataError('unknown-label', { file, value: label })
  return index
}
