import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { centreDigit } from '../../../src/core/data/digit.ts'
import {
  type Bitmap,
  fitShape,
  isDarkOnLight,
  overWhite,
  resample,
  withChannels,
} from '../../../src/core/data/image.ts'

const grey = (width: number, height: number, pixel: (x: number, y: number) => number): Bitmap => ({
  width,
  height,
  channels: 1,
  values: Uint8Array.from({ length: width * height }, (_, i) => pixel(i % width, Math.floor(i / width))),
})

const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, v) => sum + v, 0) / values.length

describe('resample', () => {
  it('averages areas: whole blocks, fractions and enlargements', () => {
    expect([
      ...resample(
        grey(4, 2, x => x * 10),
        2,
        1,
      ).values,
    ]).toEqual([5, 25])
    // Three pixels to two: each takes one and a half.
    expect([...resample({ ...grey(3, 1, x => [0, 90, 240][x]!) }, 2, 1).values]).toEqual([30, 190])
    expect([
      ...resample(
        grey(2, 1, x => x * 100),
        4,
        2,
      ).values,
    ]).toEqual([0, 0, 100, 100, 0, 0, 100, 100])
  })

  it('keeps flat pictures flat and the mean of any picture, whatever the sizes', () => {
    const side = fc.integer({ min: 1, max: 40 })
    fc.assert(
      fc.property(
        side,
        side,
        side,
        side,
        fc.integer({ min: 0, max: 255 }),
        fc.nat(),
        (w, h, tw, th, level, seed) => {
          expect(
            new Set(
              resample(
                grey(w, h, () => level),
                tw,
                th,
              ).values,
            ),
          ).toEqual(new Set([level]))
          const noisy = grey(w, h, (x, y) => (x * 7919 + y * 104_729 + seed) % 256)
          const copy = resample(noisy, tw, th)
          expect(copy.values).toHaveLength(tw * th)
          expect(Math.abs(mean(copy.values) - mean(noisy.values))).toBeLessThanOrEqual(0.51)
        },
      ),
    )
  })

  it('treats channels apart', () => {
    const bitmap: Bitmap = {
      width: 2,
      height: 1,
      channels: 3,
      values: Uint8Array.of(0, 10, 20, 100, 110, 120),
    }
    expect([...resample(bitmap, 1, 1).values]).toEqual([50, 60, 70])
  })
})

describe('pictures', () => {
  it('lie on white where they are transparent', () => {
    const { values } = overWhite([0, 0, 0, 255, 0, 0, 0, 0, 255, 0, 0, 128], 3, 1)
    expect([...values]).toEqual([0, 0, 0, 255, 255, 255, 255, 127, 127])
  })

  it('turn grey by luma, and grey turns into three channels', () => {
    const red: Bitmap = { width: 1, height: 1, channels: 3, values: Uint8Array.of(255, 0, 0) }
    expect([...withChannels(red, 1).values]).toEqual([76])
    expect([
      ...withChannels(
        grey(1, 1, () => 9),
        3,
      ).values,
    ]).toEqual([9, 9, 9])
  })

  it('keep their proportions and are padded with the colour of their rim', () => {
    const wide = grey(56, 28, (x, y) => (x > 10 && x < 40 && y > 5 && y < 20 ? 0 : 200))
    const fitted = fitShape(wide, [28, 28, 1])
    expect([...fitted.subarray(0, 28 * 7)].every(value => value === 200)).toBe(true)
    expect([...fitted.subarray(28 * 21)].every(value => value === 200)).toBe(true)
    expect(fitted[28 * 12 + 12]).toBe(0)
  })

  it('are dark on light when their rim is light', () => {
    expect(isDarkOnLight(grey(9, 9, (x, y) => (x === 4 && y > 1 && y < 7 ? 0 : 255)))).toBe(true)
    expect(isDarkOnLight(grey(9, 9, (x, y) => (x === 4 && y > 1 && y < 7 ? 255 : 0)))).toBe(false)
    expect(isDarkOnLight(grey(1, 1, () => 255))).toBe(true)
  })
})

describe('centreDigit', () => {
  const massCentre = (digit: Uint8Array): [number, number] => {
    let [mass, cx, cy] = [0, 0, 0]
    digit.forEach((value, i) => {
      mass += value
      cx += value * ((i % 28) + 0.5)
      cy += value * (Math.floor(i / 28) + 0.5)
    })
    return [cx / mass, cy / mass]
  }

  const inkExtent = (digit: Uint8Array): [number, number] => {
    const at = [...digit.entries()].filter(([, value]) => value > 0).map(([i]) => i)
    const xs = at.map(i => i % 28)
    const ys = at.map(i => Math.floor(i / 28))
    return [Math.max(...xs) - Math.min(...xs) + 1, Math.max(...ys) - Math.min(...ys) + 1]
  }

  it('gives the same digit wherever and however large it was drawn', () => {
    // A seven: a bar and a slanted stroke.
    const seven = (scale: number, dx: number, dy: number): Bitmap =>
      grey(280, 280, (px, py) => {
        const x = (px - dx) / scale
        const y = (py - dy) / scale
        const bar = x >= 0 && x < 12 && y >= 0 && y < 2
        const stroke = y >= 2 && y < 20 && x >= 10 - y / 2 && x < 12 - y / 2
        return bar || stroke ? 255 : 0
      })
    const first = centreDigit(seven(8, 10, 20))!
    expect(centreDigit(seven(8, 150, 90))).toEqual(first)
    const small = centreDigit(seven(4, 33, 71))!
    const difference = mean(small.map((value, i) => Math.abs(value - first[i]!)))
    expect(difference).toBeLessThan(2)
    expect(inkExtent(first)[1]).toBe(20)
  })

  it('fits 20 pixels, keeps proportions and centres the mass, for any blot', () => {
    const blot = fc.record({
      x: fc.integer({ min: 0, max: 60 }),
      y: fc.integer({ min: 0, max: 60 }),
      w: fc.integer({ min: 1, max: 39 }),
      h: fc.integer({ min: 1, max: 39 }),
      level: fc.integer({ min: 32, max: 255 }),
    })
    fc.assert(
      fc.property(blot, ({ x, y, w, h, level }) => {
        const inside = (px: number, py: number): boolean => px >= x && px < x + w && py >= y && py < y + h
        const digit = centreDigit(grey(100, 100, (px, py) => (inside(px, py) ? level : 0)))!
        const [width, height] = inkExtent(digit)
        expect(Math.max(width, height)).toBe(20)
        expect(Math.min(width, height)).toBe(Math.max(1, Math.round((20 * Math.min(w, h)) / Math.max(w, h))))
        for (const at of massCentre(digit)) expect(Math.abs(at - 14.5)).toBeLessThanOrEqual(0.5 + 1e-9)
      }),
    )
  })

  it('finds nothing on empty paper or in specks too faint to see', () => {
    expect(centreDigit(grey(28, 28, () => 0))).toBeNull()
    expect(centreDigit(grey(28, 28, () => 15))).toBeNull()
  })

  it('keeps all ink inside when the mass is far off the middle of the box', () => {
    const lopsided = grey(100, 100, (x, y) =>
      x < 90 && y === 50 ? 20 : x >= 90 && y > 5 && y < 95 ? 255 : 0,
    )
    const digit = centreDigit(lopsided)!
    expect(inkExtent(digit)[0]).toBe(20)
  })
})
