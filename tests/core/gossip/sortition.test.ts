import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, test } from 'vitest'
import {
  drawAhead,
  drawnShare,
  drawsAll,
  firstDraw,
  isDraw,
  isDrawn,
  LAG,
  nextDraw,
} from '../../../src/core/gossip/sortition.ts'
import { encodeBase64url } from '../../../src/core/num/base64url.ts'
import { bytesToHex } from '../../../src/core/num/hex.ts'
import type { MemberId } from '../../../src/core/num/ids.ts'
import { createRng } from '../../../src/core/num/rng.ts'

const COMMITTEE = 32

function member(index: number): MemberId {
  return encodeBase64url(sha256(new TextEncoder().encode(`member ${index}`))) as MemberId
}

function idOf(round: number, index: number): string {
  return bytesToHex(sha256(new TextEncoder().encode(`update ${round} ${index}`)))
}

/** Rounds in which everybody drawn of a crowd publishes; the crowd may change. Returns sizes and the last draw. */
function play(parts: number, rounds: number, crowdAt: (round: number) => number) {
  let draw = firstDraw(COMMITTEE, parts, 'play')
  const sizes: number[] = []
  for (let round = 0; round < rounds; round++) {
    const ids: string[] = []
    for (let index = 0; index < crowdAt(round); index++)
      if (isDrawn(draw, round, member(index))) ids.push(idOf(round, index))
    sizes.push(ids.length)
    draw = nextDraw(draw, COMMITTEE, ids)
  }
  return { sizes, draw }
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

describe('who publishes by lot', () => {
  test('no committee: everybody, and no bytes', () => {
    const draw = firstDraw(0, 1000, 'x')
    expect(draw.length).toBe(0)
    expect(isDraw(draw, 0)).toBe(true)
    expect(isDrawn(draw, 7, member(1))).toBe(true)
    expect(nextDraw(draw, 0, [idOf(0, 0)])).toBe(draw)
  })

  test('a small room draws everybody in every round', () => {
    const { sizes, draw } = play(4, 60, () => 12)
    expect(new Set(sizes)).toEqual(new Set([12]))
    expect(drawsAll(draw)).toBe(true)
  })

  test('a crowd of a thousand is thinned to the committee, and grows back when the crowd goes', () => {
    const { sizes } = play(1000, 120, round => (round < 60 ? 1000 : 100))
    // At first four times the committee is let in, since the number of parts is no more than a hint.
    expect(Math.max(...sizes.slice(0, LAG))).toBeLessThan(6 * COMMITTEE)
    expect(mean(sizes.slice(30, 60))).toBeGreaterThan(0.85 * COMMITTEE)
    expect(mean(sizes.slice(30, 60))).toBeLessThan(1.15 * COMMITTEE)
    expect(mean(sizes.slice(90, 120))).toBeGreaterThan(0.85 * COMMITTEE)
    expect(mean(sizes.slice(90, 120))).toBeLessThan(1.15 * COMMITTEE)
  })

  test('ten members of a room made for a thousand are all drawn as soon as that is known', () => {
    const { sizes } = play(1000, 60, () => 10)
    expect(mean(sizes.slice(-20))).toBe(10)
  })

  test('sets younger than the lag change no draw', () => {
    const { draw } = play(1000, 40, () => 300)
    let other = draw
    let quiet = draw
    for (let k = 0; k < LAG; k++) {
      other = nextDraw(other, COMMITTEE, [idOf(40 + k, k)])
      quiet = nextDraw(quiet, COMMITTEE, [])
      for (let index = 0; index < 50; index++)
        expect(isDrawn(other, 41 + k, member(index))).toBe(isDrawn(quiet, 41 + k, member(index)))
      expect(drawnShare(drawAhead(draw, COMMITTEE, k + 1))).toBe(drawnShare(other))
    }
    other = nextDraw(other, COMMITTEE, [])
    quiet = nextDraw(quiet, COMMITTEE, [])
    expect(bytesToHex(other.subarray(4, 20))).not.toBe(bytesToHex(quiet.subarray(4, 20)))
  })

  test('the lot is fair: over many rounds each member of a crowd comes up about as often', () => {
    const draw = firstDraw(COMMITTEE, 1000, 'fair')
    const rounds = 2_000
    const share = drawnShare(draw)
    for (let index = 0; index < 20; index++) {
      let drawn = 0
      for (let round = 0; round < rounds; round++) if (isDrawn(draw, round, member(index))) drawn++
      // Five standard deviations of a binomial.
      expect(Math.abs(drawn - rounds * share)).toBeLessThan(5 * Math.sqrt(rounds * share * (1 - share)))
    }
  })

  test('a draw of another length is none', () => {
    const rng = createRng('lengths')
    expect(isDraw(firstDraw(COMMITTEE, 10, 'x'), COMMITTEE)).toBe(true)
    expect(isDraw(firstDraw(COMMITTEE, 10, 'x'), 0)).toBe(false)
    for (let k = 0; k < 100; k++) {
      const length = rng.below(1024)
      expect(isDraw(new Uint8Array(length), COMMITTEE)).toBe(length === 356)
    }
  })
})
