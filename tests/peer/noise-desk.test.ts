import { describe, expect, it } from 'vitest'
import { createMemoryStore } from '../../src/adapters/store-memory.ts'
import type { MemberId, RoomId } from '../../src/core/num/ids.ts'
import { epsilonAfter } from '../../src/core/privacy/accountant.ts'
import { NoiseDesk } from '../../src/peer/noise-desk.ts'

const terms = { type: 'noise', clipMicro: 1_000_000, noiseMilli: 2_000, deltaExponent: 5 } as const
const start = new Float32Array(50)
const params = new Float32Array(50).fill(3)

function deps(store = createMemoryStore()) {
  let calls = 0
  const entropy = { bytes: (length: number) => new Uint8Array(length).fill(++calls) }
  return { store, entropy, room: 'room' as RoomId, self: 'me' as MemberId }
}

describe('noise on own updates', () => {
  it('without noise nothing changes and nothing is told', async () => {
    const desk = new NoiseDesk({ type: 'none' }, deps())
    expect(await desk.blur(start, params)).toBe(params)
    expect(desk.spent).toBeNull()
  })

  it('every round has noise of its own and is counted', async () => {
    const desk = new NoiseDesk(terms, deps())
    expect(desk.spent).toMatchObject({ rounds: 0, epsilon: 0 })
    const one = await desk.blur(start, params)
    const two = await desk.blur(start, params)
    expect(one).not.toEqual(two)
    expect(desk.spent).toEqual(epsilonAfter(2, terms))
  })

  it('a reload does not reset what was spent, and another member of the same device has its own count', async () => {
    const shared = deps()
    const before = new NoiseDesk(terms, shared)
    for (let round = 0; round < 3; round++) await before.blur(start, params)
    const after = new NoiseDesk(terms, shared)
    await after.blur(start, params)
    expect(after.spent?.rounds).toBe(4)
    const other = new NoiseDesk(terms, { ...shared, self: 'other' as MemberId })
    await other.blur(start, params)
    expect(other.spent?.rounds).toBe(1)
  })

  it('counts before anything can be used: where the count can not be kept, nothing comes out', async () => {
    const store = createMemoryStore()
    const full = { ...store, get: store.get.bind(store), put: () => Promise.reject(new Error('full')) }
    const desk = new NoiseDesk(terms, deps(full as typeof store))
    await expect(desk.blur(start, params)).rejects.toThrow('full')
    expect(desk.spent?.rounds).toBe(1)
  })
})
