// Members of one room run different browsers: a state must have the same bytes and name in each.
import { expect, test } from 'vitest'
import { decodeState, encodeState, hashState } from '../../src/core/gossip/state.ts'
import { GOLDEN_STATE_HASH, goldenState } from '../core/gossip/state-fixtures.ts'

test('the golden state has its golden name, and comes back from its bytes', () => {
  const state = goldenState()
  expect(hashState(state)).toBe(GOLDEN_STATE_HASH)
  const back = decodeState(encodeState(state), state.params.length)
  expect(back && hashState(back)).toBe(GOLDEN_STATE_HASH)
})
