// The room's clock: this member's own, corrected by the median of what the others' clocks say, so that one wrong clock
// (even one's own, by an hour) neither expires a licence nor revives one. Statements carry their author's clock.
import { lowerMedian } from '../core/num/stats.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { Clock } from '../ports/clock.ts'

export class RoomTime {
  /** Other clocks minus this one, milliseconds, as last heard. */
  private readonly offsets = new Map<MemberId, number>()

  constructor(private readonly clock: Clock) {}

  hear(member: MemberId, unixMs: number): void {
    this.offsets.set(member, unixMs - this.clock.unixMs())
  }

  forget(member: MemberId): void {
    this.offsets.delete(member)
  }

  /** What this member writes into its own entries. */
  ownUnixMs(): number {
    return this.clock.unixMs()
  }

  unixMs(): number {
    // This member counts as one clock among the others; with one other the smaller offset wins.
    return Math.round(this.clock.unixMs() + lowerMedian([0, ...this.offsets.values()]))
  }
}
