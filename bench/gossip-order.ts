// Whether the model is a function of the set of updates alone: the real window and the default rule, fed in every order.
import type { LabPlan } from '../src/sim/lab/plan.ts'
import { PLAIN_PLAN } from '../src/sim/lab/plan.ts'
import { createProfile } from '../src/peer/profile.ts'
import { hashState, type ModelState } from '../src/core/gossip/state.ts'
import type { Update } from '../src/core/gossip/update.ts'
import { Window } from '../src/core/gossip/window.ts'
import { createRng, shuffle } from '../src/core/num/rng.ts'
import { NO_ORDERS } from '../src/core/gossip/halts.ts'
import { labMemberId, LAB_ROOM } from '../src/sim/lab/identities.ts'

const PARAMETERS = 5_000
const MEMBERS = 10
const ROUNDS = 3
const ROUND_MS = 60_000

interface OrderFigures {
  readonly arrivals: number
  /** Different states at the end. */
  readonly models: number
  /** The same with one order more, in which an update is missing. */
  readonly changed: number
}

/** Updates of three open rounds arrive before, in and after their rounds, some of them twice. */
export function permute(arrivals: number, seed: string): OrderFigures {
  const rng = createRng(seed)
  const terms = { ...PLAIN_PLAN.terms, profile: 'auto' } satisfies LabPlan['terms']
  const profile = createProfile(PARAMETERS, terms)
  const updates = Array.from({ length: ROUNDS * MEMBERS }, (_, k): Update => {
    const error = Float32Array.from({ length: PARAMETERS }, () => rng.normal() * (1 + (k % MEMBERS)))
    const round = Math.floor(k / MEMBERS)
    // Every third member speaks by the mask, as in rooms with slow uplinks.
    const { codec, payload, payloadHash } = profile.encode(error, round, k % 3 === 0)
    return {
      room: LAB_ROOM,
      codec,
      round,
      steps: 20,
      samples: 640,
      author: labMemberId(seed, k % MEMBERS),
      base: new Uint8Array(32),
      payloadHash,
      payloadBytes: payload.length,
      orders: NO_ORDERS,
      id: `${k}`,
      signed: new Uint8Array(0),
      payload,
    }
  })
  const start: ModelState = {
    round: 0,
    params: new Float32Array(PARAMETERS),
    momentum: new Float32Array(PARAMETERS),
    draw: new Uint8Array(0),
  }
  const finish = (order: readonly Update[]): string => {
    const window = new Window(start, profile)
    let now = 0
    for (const update of order) {
      window.insert(update)
      if (window.current.round < ROUNDS && rng.next() < ROUNDS / order.length)
        window.advance((now += ROUND_MS))
    }
    while (window.current.round < ROUNDS) window.advance((now += ROUND_MS))
    return hashState(window.current)
  }
  const disorder = (): Update[] => shuffle([...updates, ...updates.filter(() => rng.next() < 0.2)], rng)
  const hashes = new Set(Array.from({ length: arrivals }, () => finish(disorder())))
  const without = finish(shuffle(updates.slice(1), rng))
  return { arrivals, models: hashes.size, changed: new Set([...hashes, without]).size }
}
