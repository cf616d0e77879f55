// The network under a simulated swarm, drawn from a seed: how far members are from each other, how wide their lines are each
// way, what gets lost, and which pairs their address translators keep apart. Those reach each other through the rest, since
// what is said travels by content. Loss can change while the swarm runs.
import { SharedLine } from '../adapters/link-memory.ts'
import type { MemoryNetworkOptions } from '../adapters/transport-memory.ts'
import type { MemberId } from '../core/num/ids.ts'
import { createRng, type Rng } from '../core/num/rng.ts'

/**
 * How a member's router maps its address (RFC 4787, RFC 3489): openly, by one mapping that only those get through whom it
 * called, or by another mapping for every destination, which only an open member can answer.
 */
export const NATS = ['open', 'cone', 'symmetric'] as const
export type Nat = (typeof NATS)[number]

export function canLink(a: Nat, b: Nat): boolean {
  return a === 'open' || b === 'open' || (a === 'cone' && b === 'cone')
}

export interface HomeLine {
  readonly nat: Nat
  readonly upBytesPerSecond: number
  readonly downBytesPerSecond: number
}

export interface NetworkTerms {
  readonly seed: string
  /** Milliseconds one way between two members, drawn for every ordered pair: the way back may be another. */
  readonly latencyMs: readonly [number, number]
  readonly jitterMs: number
  readonly homes: readonly HomeLine[]
}

export interface SimNetwork {
  readonly options: Omit<MemoryNetworkOptions, 'clock'>
  /** Chance that a slice is lost, everywhere or on the links of some, from now on. */
  lose(rate: number, around?: ReadonlySet<MemberId>): void
}

/** @param indexOf place of a member in `homes` */
export function simNetwork(terms: NetworkTerms, indexOf: (member: MemberId) => number): SimNetwork {
  const pairs = new Map<string, number>()
  let lossRate = 0
  let lossAround: ReadonlySet<MemberId> | undefined
  const home = (member: MemberId): HomeLine => terms.homes[indexOf(member)]!
  return {
    options: {
      seed: terms.seed,
      latencyMs(from, to) {
        const key = `${from} ${to}`
        const known = pairs.get(key)
        if (known !== undefined) return known
        const [least, most] = terms.latencyMs
        const drawn =
          least + createRng(`${terms.seed}/${indexOf(from)}>${indexOf(to)}`).next() * (most - least)
        pairs.set(key, drawn)
        return drawn
      },
      jitterMs: () => terms.jitterMs,
      lossRate: (from, to) =>
        lossAround === undefined || lossAround.has(from) || lossAround.has(to) ? lossRate : 0,
      lines: member => ({
        up: new SharedLine(home(member).upBytesPerSecond),
        down: new SharedLine(home(member).downBytesPerSecond),
      }),
      canLink: (a, b) => canLink(home(a).nat, home(b).nat),
    },
    lose(rate, around) {
      lossRate = rate
      lossAround = around
    },
  }
}

/**
 * Lines of private homes, narrow upwards. The first member is open and so is enough of the rest that nobody hangs on one
 * other member only.
 */
export function drawHomes(count: number, rng: Rng, narrowestBytesPerSecond: number): HomeLine[] {
  return Array.from({ length: count }, (_, i) => {
    const drawn = rng.next()
    const nat: Nat = i < 2 || drawn < 0.35 ? 'open' : drawn < 0.8 ? 'cone' : 'symmetric'
    const upBytesPerSecond = Math.round(narrowestBytesPerSecond * 2 ** (4 * rng.next()))
    return { nat, upBytesPerSecond, downBytesPerSecond: Math.round(upBytesPerSecond * (2 + 8 * rng.next())) }
  })
}
