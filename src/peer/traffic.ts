// Bytes as the channels count them, kept across links that come and go.
import type { MemberId } from '../core/num/ids.ts'
import type { LinkStats, Transport } from '../ports/transport.ts'

type Counted = Pick<LinkStats, 'sentBytes' | 'receivedBytes'>

export class Traffic {
  private readonly last = new Map<MemberId, Counted>()
  private settledSent = 0
  private settledReceived = 0

  constructor(private readonly transport: Transport) {}

  sample(): void {
    for (const member of this.transport.links()) {
      const stats = this.transport.stats(member)
      if (!stats) continue
      const before = this.last.get(member)
      // Smaller than before: a new link to the same member began at zero.
      if (before && (stats.sentBytes < before.sentBytes || stats.receivedBytes < before.receivedBytes))
        this.settle(before)
      this.last.set(member, { sentBytes: stats.sentBytes, receivedBytes: stats.receivedBytes })
    }
  }

  linkDown(member: MemberId): void {
    const before = this.last.get(member)
    if (before) this.settle(before)
    this.last.delete(member)
  }

  get sentBytes(): number {
    return [...this.last.values()].reduce((sum, { sentBytes }) => sum + sentBytes, this.settledSent)
  }

  get receivedBytes(): number {
    return [...this.last.values()].reduce(
      (sum, { receivedBytes }) => sum + receivedBytes,
      this.settledReceived,
    )
  }

  private settle({ sentBytes, receivedBytes }: Counted): void {
    this.settledSent += sentBytes
    this.settledReceived += receivedBytes
  }
}
