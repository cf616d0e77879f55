import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRng, shuffle } from '../../../src/core/num/rng.ts'
import { decodeHeader, encodeHeader, HEADER_BYTES, type Update } from '../../../src/core/gossip/update.ts'
import { hashState } from '../../../src/core/gossip/state.ts'
import { outerStep, Window, WINDOW } from '../../../src/core/gossip/window.ts'
import { makeUpdate, meanProfile, memberId, PARAMETERS, startState } from './fixtures.ts'

const ROUNDS = 6
/** Rounds this long freeze by their number alone. */
const SLOW_MS = 10_000

/** Every member's updates of a few rounds. */
function someUpdates(seed: string, members = 4): Update[] {
  const rng = createRng(seed)
  return Array.from({ length: ROUNDS * members }, (_, i) =>
    makeUpdate(
      Math.floor(i / members),
      memberId(i % members),
      Array.from({ length: PARAMETERS }, () => rng.normal()),
    ),
  )
}

/** Delivers in the order given; a round closes when `due` says so, whatever is missing then comes late. */
function replay(updates: readonly Update[], closeAfter: (position: number) => number, end = ROUNDS): Window {
  const window = new Window(startState(), meanProfile)
  updates.forEach((update, position) => {
    while (window.current.round < closeAfter(position)) window.advance(window.current.round * SLOW_MS)
    if (update.round >= window.base.round) window.insert(update)
  })
  while (window.current.round < end) window.advance(window.current.round * SLOW_MS)
  return window
}

test('outer Nesterov step against numbers worked by hand', () => {
  const state = {
    round: 3,
    params: Float32Array.of(1),
    momentum: Float32Array.of(0.5),
    draw: new Uint8Array(0),
  }
  const next = outerStep(state, Float64Array.of(2), 0.7, 0.5)
  // m' = 0.5 * 0.5 + 2 = 2.25; theta' = 1 - 0.7 * (0.5 * 2.25 + 2) = -1.1875
  expect(next.round).toBe(4)
  expect(next.momentum[0]).toBe(2.25)
  expect(next.params[0]).toBeCloseTo(-1.1875, 6)
})

describe('the model is a pure function of the set of updates', () => {
  test('1,000 permutations and duplications within the window end bit-identical', () => {
    const updates = someUpdates('order').filter(({ round }) => round < WINDOW)
    const expected = hashState(replay(updates, () => 0).current)
    fc.assert(
      fc.property(fc.integer(), seed => {
        const rng = createRng(seed)
        const doubled = shuffle([...updates, ...updates.slice(0, rng.below(updates.length))], rng)
        // Rounds close at chance moments, so most updates of a run are late ones.
        const window = replay(doubled, position =>
          Math.min(WINDOW, Math.floor((position * rng.below(4)) / 6)),
        )
        expect(hashState(window.current)).toBe(expected)
      }),
      { numRuns: 1000 },
    )
  })

  test('control: ignoring late updates gives another model', () => {
    const updates = someUpdates('order').filter(({ round }) => round < WINDOW)
    const late = updates.slice(0, 3)
    const dropped = replay(updates.slice(3), () => 0)
    expect(hashState(dropped.current)).not.toBe(
      hashState(replay([...updates.slice(3), ...late], () => 0).current),
    )
  })

  test('states leave the window frozen, and the frozen hashes are those of an undisturbed run', () => {
    const updates = someUpdates('freeze')
    const steady = replay(updates, position => Math.floor(position / 4))
    expect(steady.base.round).toBe(ROUNDS - WINDOW)
    expect(steady.baseHash).toBe(hashState(steady.base))
    const rebased = new Window(steady.base, meanProfile)
    for (const update of updates.filter(({ round }) => round >= steady.base.round)) rebased.insert(update)
    while (rebased.current.round < ROUNDS) rebased.advance(rebased.current.round * SLOW_MS)
    expect(hashState(rebased.current)).toBe(hashState(steady.current))
  })

  test('a start over from an older state takes the updates of rounds that were closed', () => {
    const updates = someUpdates('older base')
    const steady = replay(updates, position => Math.floor(position / 4))
    const expected = hashState(steady.current)
    expect(steady.base.round).toBeGreaterThan(0)
    steady.rebase(startState(), hashState(startState()), 0, updates)
    expect(steady.base.round).toBe(0)
    expect(hashState(steady.current)).toBe(expected)
    // Control: from what the window itself holds, the rounds before can not be made again.
    const forgetful = replay(updates, position => Math.floor(position / 4))
    forgetful.rebase(startState(), hashState(startState()), 0)
    expect(forgetful.current.round).toBe(0)
  })

  test('short rounds stay open for two seconds, within bounds', () => {
    const window = new Window(startState(), meanProfile)
    for (let round = 0; round < 7; round++) {
      window.insert(makeUpdate(round, memberId(0), new Array<number>(PARAMETERS).fill(1)))
      window.advance(250 * (round + 1))
    }
    expect(window.base.round).toBe(0)
    for (let round = 7; round < 40; round++) window.advance(250 * (round + 1))
    // The oldest open round closed less than two seconds ago.
    expect(window.current.round - window.base.round).toBe(8)
  })

  test('an expelled author leaves no trace in the open rounds', () => {
    const updates = someUpdates('expel').filter(({ round }) => round < WINDOW)
    const window = replay(updates, position => Math.floor(position / 4), WINDOW)
    expect(window.expel(memberId(1), 0)).toBe(true)
    const others = updates.filter(({ author }) => author !== memberId(1))
    const without = replay(others, position => Math.floor(position / 3), WINDOW)
    expect(hashState(window.current)).toBe(hashState(without.current))
  })
})

describe('header', () => {
  test('survives the wire', () => {
    fc.assert(
      fc.property(fc.nat({ max: 0xffffffff }), fc.nat(50), (round, member) => {
        const update = makeUpdate(round, memberId(member), [1, 2, 3, 4, 5, 6, 7, 8])
        expect(decodeHeader(update.signed)).toMatchObject({
          round,
          author: memberId(member),
          room: update.room,
          payloadBytes: 32,
        })
      }),
    )
  })

  test('other versions, other codecs and short bytes are nothing', () => {
    const bytes = encodeHeader(makeUpdate(1, memberId(0), [1]))
    for (const [position, value] of [
      [0, 0],
      [1, 0],
      [2, 3],
      [3, 0],
      [3, 5],
    ] as const) {
      const bad = bytes.slice()
      bad[position] = value
      expect(decodeHeader(bad)).toBeUndefined()
    }
    expect(decodeHeader(bytes.subarray(0, HEADER_BYTES - 1))).toBeUndefined()
  })
})
