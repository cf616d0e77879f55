// The appraiser's events: what they say, in which order, and that no sample is in them. The same canaries are looked for in
// frames of whole rooms; here, that they are found wherever they stand.
import { expect, it } from 'vitest'
import { appraiseData } from '../../src/adapters/appraise-data.ts'
import { curveSizes } from '../../src/adapters/learning-curve.ts'
import type { Dataset } from '../../src/core/data/dataset.ts'
import { glyphs } from '../../src/core/data/glyph.ts'
import { createRng } from '../../src/core/num/rng.ts'
import { toHalfBits } from '../../src/core/params/half.ts'
import type { AppraiserEvent, OwnSamples } from '../../src/ports/appraiser.ts'
import { plantCanaries, watchCanaries } from '../tools/canary.ts'

const SEED = 'events'
const OPTIONS = { seed: SEED, qualityFloorMillionths: 500_000 }
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const ascii = (data: Dataset): Dataset => ({
  ...data,
  x: Uint8Array.from(data.x, value => Math.max(0, Math.min(255, Math.round(255 * value)))),
})

function eventsOf(samples: OwnSamples): AppraiserEvent[] {
  return [...appraiseData(samples, OPTIONS)]
}

it('an appraisal, a curve, and not one sample in what is said', () => {
  for (const kind of ['float32', 'uint8'] as const) {
    const plain = glyphs('A', 240, SEED)
    const { data, canaries } = plantCanaries(kind === 'uint8' ? ascii(plain) : plain, 40, SEED)
    const watch = watchCanaries(canaries)
    const heldOut = kind === 'uint8' ? ascii(glyphs('A', 200, 'room')) : glyphs('A', 200, 'room')
    const events = eventsOf({ train: data, heldOut, isIndependent: true })
    expect(watch.scan(bytesOf(JSON.stringify(events)))).toEqual([])
    expect(watch.scan(bytesOf(JSON.stringify([...data.x]))).length).toBeGreaterThanOrEqual(40)
    const types = events.map(({ type }) => type)
    expect(types.filter(type => type !== 'progress')).toEqual([
      'appraised',
      ...curveSizes(240).map(() => 'point'),
      'finished',
    ])
    const last = events.at(-1)!
    expect(last.type === 'finished' && last.points.map(({ samples }) => samples)).toEqual([30, 60, 120, 240])
    expect(eventsOf({ train: data, heldOut, isIndependent: true })).toEqual(events)
  }
})

it('without held-out samples there is no curve; without samples a refusal ends it', () => {
  const train = glyphs('A', 60, SEED)
  expect(eventsOf({ train, heldOut: null, isIndependent: false }).at(-1)).toEqual({
    type: 'finished',
    points: [],
  })
  const none = { ...train, x: new Float32Array(0), y: new Uint16Array(0) }
  expect(eventsOf({ train: none, heldOut: train, isIndependent: true }).at(-1)).toEqual({
    type: 'refused',
    refusal: { kind: 'no-samples' },
  })
  const few = { ...train, x: train.x.subarray(0, 64 * 30), y: train.y.subarray(0, 30) }
  expect(eventsOf({ train: few, heldOut: train, isIndependent: true }).at(-1)).toEqual({
    type: 'finished',
    points: [],
  })
})

it('sizes double, from an eighth where there is little, and end with all there is', () => {
  expect(curveSizes(39)).toEqual([])
  expect(curveSizes(40)).toEqual([5, 10, 20, 40])
  expect(curveSizes(399)).toEqual([49, 98, 196, 392])
  expect(curveSizes(1_000)).toEqual([50, 100, 200, 400, 800])
  expect(curveSizes(1_200)).toEqual([50, 100, 200, 400, 800, 1_200])
  expect(curveSizes(60_000).at(-1)).toBe(6_400)
})

it('a canary is found however it is written, and chance finds none', () => {
  const rng = createRng(SEED)
  const data: Dataset = {
    shape: [64],
    classes: ['a', 'b'],
    x: Uint8Array.from({ length: 64 * 20 }, () => rng.below(256)),
    y: new Uint16Array(20),
  }
  const planted = plantCanaries(data, 5, SEED)
  const watch = watchCanaries(planted.canaries)
  const fractions = Float32Array.from(planted.data.x, value => value / 255)
  const halves = Uint16Array.from(fractions, toHalfBits)
  const binary = [
    Uint8Array.from(planted.data.x),
    new Uint8Array(fractions.buffer),
    new Uint8Array(halves.buffer),
    new Uint8Array(Float32Array.from(planted.data.x).buffer),
  ]
  for (const bytes of binary)
    for (const shift of [0, 1, 2]) {
      const moved = new Uint8Array(shift + bytes.length)
      moved.set(bytes, shift)
      const buffer = Buffer.from(moved)
      for (const frame of [
        moved,
        bytesOf(buffer.toString('base64')),
        bytesOf(buffer.toString('base64url')),
        bytesOf(buffer.toString('hex')),
      ])
        expect(new Set(watch.scan(frame).map(({ sample }) => sample))).toEqual(new Set([0, 4, 8, 12, 16]))
    }
  expect(watch.scan(Uint8Array.from(data.x))).toEqual([])
  expect(watch.scan(Uint8Array.from({ length: 1_000_000 }, () => rng.below(256)))).toEqual([])
})
