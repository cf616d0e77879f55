// How busy this member's uplink is: the part of the time in which something waits in its channels. And whether whole updates
// are too much for it (gossip.md 1.1: whole ones while they need at most half of the uplink). Time, not bytes over time: what a
// channel took in a burst tells nothing of what it could have taken. Nothing is sent to measure it.
import type { Transport } from '../ports/transport.ts'

/** Of the time, the part that sending may take. */
const SHARE = 0.5
/** Who went over to smaller updates goes back when whole ones would need this part: in between it stays as it is. */
const SHARE_BACK = 0.35
/** Samples that the estimate rests on, about; and how many there must be before it is believed. */
const MEMORY = 40
const ENOUGH = 16

export class Uplink {
  private busy = 0
  private samples = 0
  isNarrow = false

  constructor(private readonly transport: Transport) {}

  /** Call at a steady pace, a few times a second, before anything is sent: what was sent just now has not had its time. */
  sample(): void {
    const { transport } = this
    const isWaiting = transport.links().some(link => (transport.stats(link)?.bufferedBytes ?? 0) > 0)
    this.samples++
    this.busy += ((isWaiting ? 1 : 0) - this.busy) / Math.min(this.samples, MEMORY)
  }

  /** @param ratio of the bytes of a whole update to those of the updates that this member sends now */
  judge(ratio: number): boolean {
    if (this.samples < ENOUGH) return this.isNarrow
    const share = this.busy * ratio
    if (share > SHARE) this.isNarrow = true
    else if (share < SHARE_BACK) this.isNarrow = false
    return this.isNarrow
  }
}
