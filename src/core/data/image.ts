// Decoded pictures to a room's sample shape: grey or colour, area-averaged, aspect kept, light on dark. Values are bytes,
// rows first, channels last. Decoding files is an adapter's.
import type { SampleShape } from '../model/spec.ts'

export interface Bitmap {
  readonly width: number
  readonly height: number
  readonly channels: number
  /** width * height * channels bytes. */
  readonly values: Uint8Array
}

/** RGBA over white: scans and drawings with a transparent ground are meant to lie on paper. */
export function overWhite(rgba: ArrayLike<number>, width: number, height: number): Bitmap {
  const values = new Uint8Array(width * height * 3)
  for (let i = 0, o = 0; o < values.length; i += 4, o += 3) {
    const alpha = rgba[i + 3]! / 255
    for (let c = 0; c < 3; c++) values[o + c] = Math.round(255 + (rgba[i + c]! - 255) * alpha)
  }
  return { width, height, channels: 3, values }
}

/** Luma of Rec. 601 for three channels to one; a copy of the grey for one to three. */
export function withChannels(bitmap: Bitmap, channels: number): Bitmap {
  const { width, height, values } = bitmap
  if (bitmap.channels === channels) return bitmap
  const out = new Uint8Array(width * height * channels)
  for (let i = 0; i < width * height; i++) {
    const at = i * bitmap.channels
    const grey =
      bitmap.channels >= 3
        ? Math.round(0.299 * values[at]! + 0.587 * values[at + 1]! + 0.114 * values[at + 2]!)
        : values[at]!
    out.fill(grey, i * channels, (i + 1) * channels)
  }
  return { width, height, channels, values: out }
}

/** Each target pixel is the mean of the source area that it covers. Works in both directions. */
export function resample(bitmap: Bitmap, width: number, height: number): Bitmap {
  if (width === bitmap.width && height === bitmap.height) return bitmap
  const { channels } = bitmap
  const rows = areaWeights(bitmap.height, height)
  const columns = areaWeights(bitmap.width, width)
  const narrow = new Float64Array(width * bitmap.height * channels)
  for (let y = 0; y < bitmap.height; y++)
    for (let x = 0; x < width; x++)
      for (const { from, weight } of columns[x]!)
        for (let c = 0; c < channels; c++)
          narrow[(y * width + x) * channels + c]! +=
            weight * bitmap.values[(y * bitmap.width + from) * channels + c]!
  const values = new Uint8Array(width * height * channels)
  const line = width * channels
  for (let y = 0; y < height; y++)
    for (let i = 0; i < line; i++) {
      let sum = 0
      for (const { from, weight } of rows[y]!) sum += weight * narrow[from * line + i]!
      values[y * line + i] = Math.round(sum)
    }
  return { width, height, channels, values }
}

interface Share {
  readonly from: number
  readonly weight: number
}

/** For each of `to` cells, the source cells that it overlaps, with shares that sum to 1. */
function areaWeights(from: number, to: number): Share[][] {
  const step = from / to
  return Array.from({ length: to }, (_, i) => {
    const start = i * step
    const end = Math.min(from, (i + 1) * step)
    const shares: Share[] = []
    for (let cell = Math.floor(start); cell < end; cell++) {
      const overlap = Math.min(end, cell + 1) - Math.max(start, cell)
      if (overlap > 1e-9) shares.push({ from: Math.min(cell, from - 1), weight: overlap / (end - start) })
    }
    return shares
  })
}

/** Mean of the outermost pixels, per channel. */
export function borderMean({ width, height, channels, values }: Bitmap): number[] {
  const sums = new Array<number>(channels).fill(0)
  let n = 0
  for (let y = 0; y < height; y++) {
    const step = y === 0 || y === height - 1 ? 1 : Math.max(1, width - 1)
    for (let x = 0; x < width; x += step, n++)
      for (let c = 0; c < channels; c++) sums[c]! += values[(y * width + x) * channels + c]!
  }
  return sums.map(sum => sum / n)
}

/** True for ink on paper: the rim is lighter than mid-grey. */
export function isDarkOnLight(bitmap: Bitmap): boolean {
  const rim = borderMean(bitmap)
  return rim.reduce((sum, value) => sum + value, 0) / rim.length > 127.5
}

export function invert(values: Uint8Array): Uint8Array {
  return values.map(value => 255 - value)
}

/** The largest copy that fits [height, width, channels], centred; the rest takes the colour of the picture's rim. */
export function fitShape(bitmap: Bitmap, shape: SampleShape): Uint8Array {
  const [height = 1, width = 1, channels = 1] = shape
  const scale = Math.min(width / bitmap.width, height / bitmap.height)
  const inner = {
    width: Math.max(1, Math.round(bitmap.width * scale)),
    height: Math.max(1, Math.round(bitmap.height * scale)),
  }
  const source = withChannels(bitmap, channels)
  const copy = resample(source, inner.width, inner.height)
  if (inner.width === width && inner.height === height) return copy.values
  const rim = borderMean(source)
  const out = Uint8Array.from({ length: width * height * channels }, (_, i) => Math.round(rim[i % channels]!))
  const left = Math.floor((width - inner.width) / 2)
  const top = Math.floor((height - inner.height) / 2)
  const line = inner.width * channels
  for (let y = 0; y < inner.height; y++)
    out.set(copy.values.subarray(y * line, (y + 1) * line), ((top + y) * width + left) * channels)
  return out
}
