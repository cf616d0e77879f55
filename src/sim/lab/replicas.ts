// The replicated model in the laboratory: the window of open rounds that every peer holds, or, for what is compared with
// it, states that are not rounded. Members whose sets are equal share one computation of the rule: it is a pure function.
import type { Profile } from '../../core/gossip/machine.ts'
import type { ModelState } from '../../core/gossip/state.ts'
import type { Update } from '../../core/gossip/update.ts'
import { type Mixer, Window } from '../../core/gossip/window.ts'
import { unroundedStep } from './controls.ts'
import type { LabPlan } from './plan.ts'

export interface Replica {
  readonly state: ModelState
  /** Rounds that were computed again for a late update. */
  readonly replays: number
  insert(update: Update): void
  advance(): void
}

/** Long enough that rounds freeze by their number, not by the clock. */
const ROUND_MS = 60_000

export function createReplicas(
  plan: LabPlan,
  start: ModelState,
  profile: Profile,
  members: number,
): readonly Replica[] {
  const count = plan.delays ? members : 1
  const mixer = count > 1 ? sharing(profile) : profile
  return Array.from({ length: count }, () =>
    plan.halfStates ? windowReplica(start, mixer) : unroundedReplica(start, mixer),
  )
}

function windowReplica(start: ModelState, mixer: Mixer): Replica {
  const window = new Window(start, mixer)
  let now = 0
  let replays = 0
  return {
    get state() {
      return window.current
    },
    get replays() {
      return replays
    },
    insert(update) {
      if (update.round < window.base.round) return
      if (window.insert(update)) replays++
    },
    advance() {
      now += ROUND_MS
      window.advance(now)
    },
  }
}

/** Late updates do not count here. */
function unroundedReplica(start: ModelState, mixer: Mixer): Replica {
  let state = start
  let updates: Update[] = []
  return {
    get state() {
      return state
    },
    replays: 0,
    insert(update) {
      if (update.round === state.round) updates.push(update)
    },
    advance() {
      updates.sort((a, b) => (a.author < b.author ? -1 : 1))
      state = unroundedStep(state, updates, mixer)
      updates = []
    },
  }
}

/** Remembers what the last sets came to, by the ids in them. */
function sharing(mixer: Mixer): Mixer {
  const known = new Map<string, ReturnType<Mixer['mix']>>()
  return {
    outerRate: mixer.outerRate,
    outerMomentum: mixer.outerMomentum,
    mix(updates) {
      const key = updates.map(({ id }) => id).join(' ')
      const found = known.get(key) ?? mixer.mix(updates)
      known.delete(key)
      known.set(key, found)
      if (known.size > REMEMBERED) known.delete(known.keys().next().value!)
      return found
    },
  }
}

const REMEMBERED = 64
