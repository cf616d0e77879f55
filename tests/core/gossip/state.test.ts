// The encoding of states: exact, canonical, of the promised size; names and proofs of chunks; a golden name, which the
// browser run repeats.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  CHUNK_BYTES,
  checkChunk,
  chunkBytes,
  chunkCount,
  chunkProof,
  decodeState,
  encodeState,
  hashState,
  isStateLength,
  readHead,
  stateChunks,
  type ModelState,
} from '../../../src/core/gossip/state.ts'
import { createRng } from '../../../src/core/num/rng.ts'
import { roundToHalf } from '../../../src/core/params/half-vector.ts'
import { GOLDEN_STATE_HASH, goldenState, madeState } from './state-fixtures.ts'

const states = fc
  .record({
    seed: fc.string({ minLength: 1, maxLength: 8 }),
    parameters: fc.integer({ min: 1, max: 60 }),
    round: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    hasMomentum: fc.boolean(),
    drawBytes: fc.constantFrom(0, 1, 356, 1024),
  })
  .map(({ seed, parameters, ...rest }) => madeState(seed, parameters, rest))

describe('encoding', () => {
  test('a state comes back as it was, and no other bytes of that length or beside it are one', () => {
    fc.assert(
      fc.property(states, state => {
        const bytes = encodeState(state)
        const parameters = state.params.length
        expect(decodeState(bytes, parameters)).toEqual(state)
        expect(isStateLength(bytes.length, parameters)).toBe(true)
        expect(readHead(bytes)?.totalBytes).toBe(bytes.length)
        expect(decodeState(bytes, parameters + 1)).toBeUndefined()
        expect(decodeState(bytes.subarray(1), parameters)).toBeUndefined()
        expect(decodeState(Uint8Array.of(...bytes, 0), parameters)).toBeUndefined()
      }),
    )
  })

  test('whatever decodes encodes to the same bytes', () => {
    const accepted = { count: 0 }
    fc.assert(
      fc.property(states, fc.nat(), fc.nat(255), (state, where, byte) => {
        const bytes = encodeState(state).slice()
        bytes[where % bytes.length] = byte
        const decoded = decodeState(bytes, state.params.length)
        if (!decoded) return
        accepted.count++
        expect(encodeState(decoded)).toEqual(bytes)
      }),
      { numRuns: 500 },
    )
    expect(accepted.count).toBeGreaterThan(50)
  })

  test('a momentum of zeros takes no bytes, and bytes that spell one out are refused', () => {
    const state = madeState('still', 10, { hasMomentum: false })
    const bytes = encodeState(state)
    expect(bytes.length).toBe(11 + 20)
    const spelled = new Uint8Array(11 + 40)
    spelled.set(bytes)
    spelled[8] = 1
    expect(decodeState(spelled, 10)).toBeUndefined()
  })

  test('random bytes are no state', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), bytes => decodeState(bytes, 20) === undefined))
  })

  test('lengths that no state has', () => {
    expect([30, 31, 1055, 1056, 51, 1075, 1076, NaN].map(length => isStateLength(length, 10))).toEqual([
      false,
      true,
      true,
      true,
      true,
      true,
      false,
      false,
    ])
  })
})

describe('names and chunks', () => {
  test('the golden name, which other engines must find too', () => {
    expect(hashState(goldenState())).toBe(GOLDEN_STATE_HASH)
  })

  test('round, any parameter, momentum and draw are part of the name', () => {
    const state = goldenState()
    const other = (change: Partial<ModelState>): string => hashState({ ...state, ...change })
    const params = state.params.slice()
    params[20_000] = 0.5
    const names = [
      hashState(state),
      other({ round: state.round + 1 }),
      other({ params }),
      other({ momentum: new Float32Array(params.length) }),
      other({ draw: new Uint8Array(0) }),
    ]
    expect(new Set(names).size).toBe(names.length)
    expect(other({})).toBe(names[0])
  })

  test('chunks make up the encoding; each proves itself and nothing else', () => {
    const state = goldenState()
    const name = hashState(state)
    const chunks = stateChunks(state)
    const total = encodeState(state).length
    expect(chunks.length).toBe(chunkCount(total))
    expect(chunks.map(({ length }) => length)).toEqual(chunks.map((_, i) => chunkBytes(total, i)))
    chunks.forEach((chunk, i) => {
      const proof = chunkProof(state, i)
      expect(checkChunk(name, i, chunks.length, chunk, proof)).toBe(true)
      expect(checkChunk(name, (i + 1) % chunks.length, chunks.length, chunk, proof)).toBe(false)
      expect(checkChunk(name, i, chunks.length, chunk, [...proof, name])).toBe(false)
      expect(
        checkChunk(
          name.replace(/^./, c => (c === '0' ? '1' : '0')),
          i,
          chunks.length,
          chunk,
          proof,
        ),
      ).toBe(false)
      const changed = chunk.slice()
      changed[7]! ^= 1
      expect(checkChunk(name, i, chunks.length, changed, proof)).toBe(false)
    })
    expect(checkChunk(name, 0, 1, new Uint8Array(0), [])).toBe(false)
    expect(checkChunk(name, 0, 1, new Uint8Array(CHUNK_BYTES + 1), [])).toBe(false)
  })

  test('a rounded vector and its own rounding share a name', () => {
    const seed = 'rounded-twice'
    const rng = createRng(seed)
    const params = Float32Array.from({ length: 500 }, () => rng.normal())
    roundToHalf(params)
    const state = { round: 1, params, momentum: new Float32Array(500), draw: new Uint8Array(0) }
    const again = params.slice()
    roundToHalf(again)
    expect(hashState({ ...state, params: again }), `seed ${seed}`).toBe(hashState(state))
  })
})
