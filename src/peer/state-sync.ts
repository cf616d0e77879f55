// The common model state for latecomers and strays: which state is decided by what members signed (presence), so any
// links may deliver it, each a part, and a false part names its sender. One fetch at a time. What nobody asked for is a
// flood; an answer that comes too late to be of use is nobody's fault.
import type { ModelState } from '../core/gossip/state.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { PeerMessage } from '../protocol/messages.ts'
import type { PeerContext } from './context.ts'
import { StateDonor, type Anchor } from './state-donor.ts'
import { StateFetch, type Chunk, type Progress } from './state-fetch.ts'

/** An answer may come this long after it was asked for without being taken for a flood. */
const ANSWER_MS = 600_000
const REVIEW_MS = 500

export class StateSync {
  private readonly donor: StateDonor
  private current: StateFetch | undefined
  private cancelReview: () => void = () => undefined
  /** Chunks that a link was asked for and has not sent: how often, and when last. */
  private readonly owed = new Map<MemberId, Map<string, { times: number; at: number }>>()
  /** The last fetch that ended without a state: asked for again, it goes on with what had come. */
  private unfinished: StateFetch | undefined
  /** States that came in whole, for the screen and the tests. */
  fetched = 0

  constructor(
    private readonly context: PeerContext,
    anchors: () => readonly Anchor[],
    private readonly parameters: number,
    private readonly onState: (state: ModelState, hash: string) => void,
    private readonly onFailure: () => void,
  ) {
    this.donor = new StateDonor(context, anchors)
  }

  /** `from`: members that stated the hash, linked or not. They are asked first, then any other link. */
  fetch(round: number, hash: string, from: readonly MemberId[]): void {
    if (this.current?.is(round, hash)) return
    const { clock, transport } = this.context
    const candidates = (): MemberId[] => {
      const links = transport.links()
      return [...from.filter(member => links.includes(member)), ...links.filter(link => !from.includes(link))]
    }
    const host = {
      candidates,
      ask: (member: MemberId, first: number, count: number) =>
        this.ask(member, { round, hash }, first, count),
    }
    const fetch = new StateFetch(round, hash, this.parameters, host, clock.now(), this.unfinished)
    this.unfinished = undefined
    this.current = fetch
    this.follow(fetch, fetch.review(clock.now()))
    this.reviewSoon()
  }

  onWant(from: MemberId, want: PeerMessage & { type: 'state-want' }): void {
    this.donor.onWant(from, want)
  }

  onNone(from: MemberId, { round, hash }: { round: number; hash: string }): void {
    const fetch = this.current
    if (fetch?.is(round, hash)) this.follow(fetch, fetch.leave(from, this.context.clock.now()))
  }

  onChunk(from: MemberId, chunk: Chunk): void {
    const owed = this.owed.get(from)
    const key = keyOf(chunk, chunk.index)
    const debt = owed?.get(key)
    if (!owed || !debt) {
      this.context.strike(from, 'flooding')
      return
    }
    if (--debt.times === 0) owed.delete(key)
    const fetch = this.current
    if (fetch?.is(chunk.round, chunk.hash))
      this.follow(fetch, fetch.take(from, chunk, this.context.clock.now()))
  }

  linkDown(member: MemberId): void {
    this.donor.linkDown(member)
    this.owed.delete(member)
    if (this.current) this.follow(this.current, this.current.leave(member, this.context.clock.now()))
  }

  close(): void {
    this.cancelReview()
    this.current = undefined
  }

  private follow(fetch: StateFetch, progress: Progress): void {
    switch (progress.type) {
      case 'going':
        return
      case 'false':
        for (const sender of progress.senders) this.context.strike(sender, 'bad-state')
        // A strike can cut the link and so have ended the fetch.
        if (this.current === fetch) this.follow(fetch, fetch.review(this.context.clock.now()))
        return
      case 'whole':
        this.close()
        this.fetched++
        this.onState(progress.state, fetch.hash)
        return
      case 'failed':
        this.close()
        this.unfinished = fetch
        this.onFailure()
        return
      default:
        progress satisfies never
    }
  }

  private reviewSoon(): void {
    this.cancelReview()
    if (!this.current) return
    this.cancelReview = this.context.clock.after(REVIEW_MS, () => {
      if (this.current) this.follow(this.current, this.current.review(this.context.clock.now()))
      this.reviewSoon()
    })
  }

  private ask(
    member: MemberId,
    state: { readonly round: number; readonly hash: string },
    first: number,
    count: number,
  ): void {
    const now = this.context.clock.now()
    const owed = this.owed.get(member) ?? new Map<string, { times: number; at: number }>()
    this.owed.set(member, owed)
    for (const [key, { at }] of owed) if (now - at >= ANSWER_MS) owed.delete(key)
    for (let index = first; index < first + count; index++) {
      const key = keyOf(state, index)
      owed.set(key, { times: (owed.get(key)?.times ?? 0) + 1, at: now })
    }
    this.context.send(member, { type: 'state-want', ...state, first, count })
  }
}

function keyOf({ round, hash }: { readonly round: number; readonly hash: string }, index: number): string {
  return `${round}/${hash}/${index}`
}
