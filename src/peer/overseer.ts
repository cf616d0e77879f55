// What the ledger allows right now, as this member sees it: whether the room computes, what its own next job may use, and
// whose updates are mixed. It remembers, on this member's monotonic clock, when orders were first seen and guardians last
// heard, so that nobody's wrong clock shortens a hold or starts the room.
import { UNGOVERNED, type Governed } from '../core/gossip/halts.ts'
import type { UpdateHeader } from '../core/gossip/update.ts'
import {
  computeState,
  isGuardian,
  ordersInForce,
  timedEntries,
  type LocalFacts,
} from '../core/governance/pause.ts'
import { limitsFor, mayMix, type Limits, type MixRefusal } from '../core/governance/standing.ts'
import type { GovernanceState } from '../core/governance/state.ts'
import type { ComputeState } from '../core/governance/view-records.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { Clock } from '../ports/clock.ts'
import type { RoomTime } from './room-time.ts'

/** How old an order may look to a member that finds it on arriving. */
const FOUND_MS = 120_000
const SEEN_MARGIN = 32

export class Overseer {
  private readonly seenAt = new Map<string, number>()
  private readonly firstRounds = new Map<MemberId, number>()
  private guardianHeardAt: number
  /** False while the ledger is still being fetched: what comes then was there before. */
  private arrived = false

  constructor(
    private readonly self: MemberId,
    private readonly clock: Clock,
    private readonly time: RoomTime,
    private readonly state: () => GovernanceState,
    /** Stated time of an entry, where it is at hand. */
    private readonly statedAt: (hash: string) => number | undefined,
  ) {
    this.guardianHeardAt = clock.now()
  }

  /** From now on entries are news. */
  arrive(): void {
    this.noteOrders()
    this.arrived = true
    this.guardianHeardAt = this.clock.now()
  }

  heard(member: MemberId): void {
    if (isGuardian(this.state(), member)) this.guardianHeardAt = this.clock.now()
  }

  /** After entries came. */
  noteOrders(): void {
    const now = this.clock.now()
    const timed = timedEntries(this.state())
    // Holds and orders that are over leave the state; their first sight is of no use any more.
    if (this.seenAt.size > 2 * timed.length + SEEN_MARGIN) {
      const current = new Set(timed)
      for (const hash of this.seenAt.keys()) if (!current.has(hash)) this.seenAt.delete(hash)
    }
    for (const hash of timed) {
      if (this.seenAt.has(hash)) continue
      const stated = this.statedAt(hash)
      // Who arrives has only the author's clock to go by; a clock that is ahead counts as now.
      const age = this.arrived || stated === undefined ? 0 : this.time.unixMs() - stated
      this.seenAt.set(hash, now - Math.min(FOUND_MS, Math.max(0, age)))
    }
  }

  compute(): ComputeState {
    return computeState(this.state(), this.time.unixMs(), this.facts())
  }

  governed(): Governed {
    const { cut, segments } = ordersInForce(this.state(), this.time.unixMs(), this.facts())
    const frozen = this.compute().status !== 'running'
    return frozen || cut !== null || segments.length > 0 ? { frozen, cut, segments } : UNGOVERNED
  }

  limits(device: string, unreceiptedFlop: bigint): Limits {
    return limitsFor(this.state(), this.self, { device, roomTime: this.time.unixMs(), unreceiptedFlop })
  }

  /** Null when the update may be mixed as far as orders, licences and receipts go. */
  refuses({ author, round }: Pick<UpdateHeader, 'author' | 'round'>): MixRefusal | null {
    const first = this.firstRounds.get(author) ?? round
    this.firstRounds.set(author, Math.min(first, round))
    return mayMix(this.state(), {
      author,
      round,
      roomTime: this.time.unixMs(),
      newestReceiptRound: first,
      facts: this.facts(),
    })
  }

  facts(): LocalFacts {
    const nowMs = this.clock.now()
    return {
      nowMs,
      seenAtMs: hash => this.seenAt.get(hash),
      guardianHeardAtMs: isGuardian(this.state(), this.self) ? nowMs : this.guardianHeardAt,
    }
  }
}
