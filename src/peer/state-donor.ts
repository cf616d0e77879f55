// Gives frozen states to others, a few chunks at a time. A state that somebody fetches stays at hand for a while although
// newer ones were frozen; no link can draw more than a little over what a newcomer needs, and a link that is congested
// already is not filled with more.
import { chunkProof, encodeState, stateChunks, type ModelState } from '../core/gossip/state.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { PeerMessage } from '../protocol/messages.ts'
import type { PeerContext } from './context.ts'

export interface Anchor {
  readonly round: number
  readonly hash: string
  readonly state: ModelState
}

/** How many times over a link may have a state within a while. */
const SERVED = { times: 2, windowMs: 20_000 }
/** States that stay because they are being fetched, and how long after the last request. */
const HELD = { count: 2, ms: 15_000 }
/** With so much waiting on a link the other side should ask elsewhere. */
const CONGESTED_BYTES = 1024 * 1024

export class StateDonor {
  private readonly served = new Map<MemberId, { readonly since: number; bytes: number }>()
  private held: { readonly anchor: Anchor; askedAt: number }[] = []

  constructor(
    private readonly context: PeerContext,
    private readonly anchors: () => readonly Anchor[],
  ) {}

  onWant(from: MemberId, { round, hash, first, count }: PeerMessage & { type: 'state-want' }): void {
    const anchor = this.find(round, hash)
    if (anchor && first + count <= stateChunks(anchor.state).length) this.give(from, anchor, first, count)
    // Behind the chunks that were given, lest it overtake them.
    else this.context.send(from, { type: 'state-none', round, hash }, 'bulk')
  }

  linkDown(member: MemberId): void {
    this.served.delete(member)
  }

  /** What does not go out now is passed over in silence: who misses it asks others, and asks again. */
  private give(from: MemberId, { round, hash, state }: Anchor, first: number, count: number): void {
    const chunks = stateChunks(state)
    const total = encodeState(state).length
    for (let index = first; index < first + count; index++) {
      const bytes = chunks[index]!
      const waiting = this.context.transport.stats(from)?.bufferedBytes ?? 0
      if (waiting > CONGESTED_BYTES || !this.mayHave(from, bytes.length, total)) return
      const proof = chunkProof(state, index)
      const message = { type: 'state-chunk', round, hash, total, index, proof, bytes } as const
      if (!this.context.send(from, message, 'bulk')) return
    }
  }

  private find(round: number, hash: string): Anchor | undefined {
    const now = this.context.clock.now()
    this.held = this.held.filter(({ askedAt }) => now - askedAt < HELD.ms)
    const known = this.held.find(({ anchor }) => anchor.round === round && anchor.hash === hash)
    if (known) {
      known.askedAt = now
      return known.anchor
    }
    const anchor = this.anchors().find(candidate => candidate.round === round && candidate.hash === hash)
    if (anchor && this.held.length < HELD.count) this.held.push({ anchor, askedAt: now })
    return anchor
  }

  private mayHave(member: MemberId, bytes: number, total: number): boolean {
    const now = this.context.clock.now()
    let account = this.served.get(member)
    if (!account || now - account.since >= SERVED.windowMs) {
      account = { since: now, bytes: 0 }
      this.served.set(member, account)
    }
    if (account.bytes + bytes > SERVED.times * total) return false
    account.bytes += bytes
    return true
  }
}
