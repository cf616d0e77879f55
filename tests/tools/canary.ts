// Canaries: values planted in training samples that nobody sends by chance, and a search for them in bytes that leave a tab.
// A sample is found however it is written: bytes, half precision or float32, in either byte order, as fractions or scaled by 255,
// and as the text of base64, base64url, hexadecimal or a JSON array. Bytes must be scanned before they are compressed or
// encrypted.
import type { Dataset } from '../../src/core/data/dataset.ts'
import { toHalfBits } from '../../src/core/params/half.ts'
import { createRng } from '../../src/core/num/rng.ts'

/** Values in a row of a canary: 12 bytes at the least, so that chance finds none in 2^96 places. */
export const CANARY_VALUES = 12

export interface Canary {
  readonly sample: number
  /** What stands in the data: bytes, or fractions of 255 as float32. */
  readonly bytes: Uint8Array
}

export interface PlantedData {
  readonly data: Dataset
  readonly canaries: readonly Canary[]
}

/** Copies the data and writes one canary into each of `count` samples, somewhere in the sample; needs CANARY_VALUES features. */
export function plantCanaries(data: Dataset, count: number, seed: string): PlantedData {
  const rng = createRng(`${seed}/canary`)
  const features = data.x.length / data.y.length
  if (features < CANARY_VALUES || count > data.y.length)
    throw new RangeError(`no room for ${count} canaries in ${data.y.length} samples of ${features}`)
  const x = data.x.slice()
  const canaries = Array.from({ length: count }, (_, i): Canary => {
    const sample = Math.floor((i * data.y.length) / count)
    // No two neighbours alike and no zeros: runs and sparse codes would write those shorter.
    const bytes = new Uint8Array(CANARY_VALUES)
    for (let k = 0; k < CANARY_VALUES; k++)
      do bytes[k] = 1 + rng.below(255)
      while (bytes[k] === bytes[k - 1])
    const at = sample * features + rng.below(features - CANARY_VALUES + 1)
    bytes.forEach((value, k) => (x[at + k] = x instanceof Uint8Array ? value : value / 255))
    return { sample, bytes }
  })
  return { data: { ...data, x }, canaries }
}

export interface Sighting {
  readonly sample: number
  readonly encoding: string
  readonly offset: number
}

export interface CanaryWatch {
  /** Every encoding of every canary that stands in these bytes, in full. */
  scan(bytes: Uint8Array): Sighting[]
}

export function watchCanaries(canaries: readonly Canary[]): CanaryWatch {
  const needles = canaries.flatMap(({ sample, bytes }) =>
    encodingsOf(bytes).map(([encoding, needle]) => ({ sample, encoding, needle })),
  )
  // By their first two bytes: one pass over the frame looks for all of them.
  const byStart = new Map<number, typeof needles>()
  for (const one of needles) {
    const start = one.needle[0]! * 256 + one.needle[1]!
    const known = byStart.get(start)
    if (known) known.push(one)
    else byStart.set(start, [one])
  }
  return {
    scan(bytes) {
      const found: Sighting[] = []
      for (let offset = 0; offset + 1 < bytes.length; offset++)
        for (const { sample, encoding, needle } of byStart.get(bytes[offset]! * 256 + bytes[offset + 1]!) ??
          [])
          if (standsAt(bytes, offset, needle)) found.push({ sample, encoding, offset })
      return found
    },
  }
}

function standsAt(bytes: Uint8Array, offset: number, needle: Uint8Array): boolean {
  if (offset + needle.length > bytes.length) return false
  for (let i = 0; i < needle.length; i++) if (bytes[offset + i] !== needle[i]) return false
  return true
}

function encodingsOf(values: Uint8Array): [string, Uint8Array][] {
  const binary: [string, Uint8Array][] = [['uint8', values]]
  // Fractions are rounded to float32 once, as trainers and stores hold them.
  const fractions = Float32Array.from(values, value => value / 255)
  for (const [name, numbers] of [
    ['', fractions],
    [' of 255', Float32Array.from(values)],
  ] as const)
    for (const little of [true, false]) {
      const order = little ? 'little' : 'big'
      binary.push(
        [`float32${name}, ${order}`, words(numbers, 4, (view, at, n) => view.setFloat32(at, n, little))],
        [
          `float16${name}, ${order}`,
          words(numbers, 2, (view, at, n) => view.setUint16(at, toHalfBits(n), little)),
        ],
      )
    }
  const texts = binary.flatMap(([name, bytes]): [string, string][] => [
    [`hex of ${name}`, Buffer.from(bytes).toString('hex')],
    // Base64 has three alignments; of each, the characters that no neighbour can change.
    ...[0, 1, 2].flatMap((skip): [string, string][] => {
      const inner = bytes.subarray(skip, skip + 3 * Math.floor((bytes.length - skip) / 3))
      const text = Buffer.from(inner).toString('base64')
      return [
        [`base64 of ${name}`, text],
        [`base64url of ${name}`, text.replaceAll('+', '-').replaceAll('/', '_')],
      ]
    }),
  ])
  texts.push(['JSON of bytes', values.join(',')])
  texts.push(['JSON of fractions', Array.from(values, value => value / 255).join(',')])
  texts.push(['JSON of float32', fractions.join(',')])
  const unique = new Map<string, [string, Uint8Array]>()
  for (const [name, text] of texts)
    if (!unique.has(text)) unique.set(text, [name, new TextEncoder().encode(text)])
  return [...binary, ...unique.values()]
}

function words(
  numbers: Float32Array,
  size: number,
  write: (view: DataView, at: number, value: number) => void,
): Uint8Array {
  const bytes = new Uint8Array(numbers.length * size)
  const view = new DataView(bytes.buffer)
  numbers.forEach((value, i) => write(view, i * size, value))
  return bytes
}
