// Members of one simulation that hold equal states hold one object, and what a thousand of them would compute is computed
// once. A state is known by what it followed from: a frozen one that all agree on, and the updates since. Changes no value:
// the window asks for the result of a pure function.
import type { Mixed, SharedStates } from '../core/gossip/window.ts'
import type { ModelState } from '../core/gossip/state.ts'

/** Frozen states that somebody may still come back to. */
const BASES = 64

export function createSharedStates(): SharedStates {
  const bases = new Map<string, ModelState>()
  const followers = new WeakMap<ModelState, Map<string, Mixed>>()
  return {
    base(state, hash) {
      const known = bases.get(hash)
      if (known) return known
      bases.set(hash, state)
      const oldest = bases.keys().next()
      if (bases.size > BASES && !oldest.done) bases.delete(oldest.value)
      return state
    },
    next(before, updateIds, mix) {
      const key = updateIds.join()
      const known = followers.get(before) ?? new Map<string, Mixed>()
      followers.set(before, known)
      const found = known.get(key) ?? mix()
      known.set(key, found)
      return found
    },
  }
}
