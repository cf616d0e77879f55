// The room's clock: this member's own, corrected by the median of what the others' clocks say, so that one wrong clock
// (even one's own, by an hour) neither expires a licence nor revives one. Statements carry their author's clock.
import { lowerMedian } from '../core/num/stats.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { Clock } from '../ports/clock.ts'

/** Clocks of those who were not heard for so long count only where nobody else was: the gone must not outvote the present. */
const FRESH_MS = 60_000

interface Heard {
  /** Its clock minus this one, milliseconds. */
  readonly offset: number
  readonly at: number
}

export class RoomTime {
  private readonly heard = new Map<MemberId, Heard>()

  constructor(private readonly clock: Clock) {}

  hear(member: MemberId, unixMs: number): void {
    this.heard.set(member, { offset: unixMs - this.clock.unixMs(), at: this.clock.now() })
  }

  forget(member: MemberId): void {
    this.heard.delete(member)
  }

  /** What this member writes into its own entries. */
  ownUnixMs(): number {
    return this.clock.unixMs()
  }

  unixMs(): number {
    // This member counts as one clock among the others; with one other the smaller offset wins.
    const since = this.clock.now() - FRESH_MS
    const all = [...this.heard.values()]
    const fresh = all.filter(({ at }) => at >= since)
    const offsets = (fresh.length > 0 ? fresh : all).map(({ offset }) => offset)
    return Math.round(this.clock.unixMs() + lowerMedian([0, ...offsets]))
  }
}
