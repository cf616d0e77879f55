// How fast this member's uplink is, as far as it shows: what its channels took while something was waiting in them. And
// whether whole updates are too much for it (gossip.md 1.1: whole ones while they need at most half of the uplink). An uplink
// that never fills is wide enough; nothing is sent to measure it.
import type { Transport } from '../ports/transport.ts'

/** Of a round's time, the part that sending may take. */
const SHARE = 0.5
/** Who went over to smaller updates goes back when whole ones would need this part: in between it stays as it is. */
const SHARE_BACK = 0.35
const MEMORY = 0.8
/** So many samples in a row must find something waiting: bursts fill a queue for a moment on any line. */
const FULL_SAMPLES = 8

export class Uplink {
  /** Bytes per millisecond; 0 while no channel was ever full. */
  private rate = 0
  private before: { readonly at: number; readonly sent: number; readonly waiting: number } | undefined
  isNarrow = false
  private full = 0

  constructor(private readonly transport: Transport) {}

  /** Call every now and then, at most every few hundred milliseconds. */
  sample(now: number): void {
    let sent = 0
    let waiting = 0
    for (const link of this.transport.links()) {
      const stats = this.transport.stats(link)
      if (!stats) continue
      sent += stats.sentBytes
      waiting += stats.bufferedBytes
    }
    const { before } = this
    this.full = waiting > 0 ? this.full + 1 : 0
    this.before = { at: now, sent, waiting }
    // Channels count what left them; where something waited all the time that is what the uplink takes.
    if (!before || this.full < FULL_SAMPLES || sent <= before.sent || now <= before.at) return
    const rate = (sent - before.sent) / (now - before.at)
    this.rate = this.rate === 0 ? rate : MEMORY * this.rate + (1 - MEMORY) * rate
  }

  /** @param roundBytes that whole updates make this member send in a round; @param roundMs of computing in it */
  judge(roundBytes: number, roundMs: number): boolean {
    if (this.rate > 0 && roundMs > 0) {
      const share = roundBytes / roundMs / this.rate
      if (share > SHARE) this.isNarrow = true
      else if (share < SHARE_BACK) this.isNarrow = false
    }
    return this.isNarrow
  }
}
