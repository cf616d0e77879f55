// The common model state for latecomers and strays: which state is decided by what members signed (presence), so any
// link may deliver it and a wrong one names its sender. One delivery at a time; the next candidate after a deadline.
import { hashState, type ModelState } from '../core/gossip/state.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { PeerMessage } from '../protocol/messages.ts'
import { Allowance } from './allowance.ts'
import type { PeerContext } from './context.ts'

/** A delivery may take this long plus its bytes at the slowest uplink that we wait for. */
const DELIVERY_MS = 10_000
const SLOWEST_BYTES_PER_MS = 100
/** An answer may come this long after it was asked for without being taken for a flood. */
const ANSWER_MS = 600_000
const SERVED = { count: 4, windowMs: 20_000 }

export interface Anchor {
  readonly round: number
  readonly hash: string
  readonly state: ModelState
}

interface Fetch {
  readonly round: number
  readonly hash: string
  readonly candidates: MemberId[]
  asked: MemberId | undefined
  cancel: () => void
}

export class StateSync {
  private current: Fetch | undefined
  private readonly served = new Allowance(SERVED.count, SERVED.windowMs)
  /** Deliveries that were asked of a link and have not come, oldest first. */
  private readonly owed = new Map<
    MemberId,
    { readonly round: number; readonly hash: string; readonly at: number }[]
  >()
  /** Deliveries that came in whole, for the screen and the tests. */
  fetched = 0

  constructor(
    private readonly context: PeerContext,
    private readonly anchors: () => readonly Anchor[],
    private readonly parameters: number,
    private readonly onState: (state: ModelState, hash: string) => void,
    private readonly onFailure: () => void,
  ) {}

  fetch(round: number, hash: string, from: readonly MemberId[]): void {
    this.current?.cancel()
    // Those who stated the hash first, then any other link: it may hold the state all the same.
    const links = this.context.transport.links()
    const candidates = [
      ...from.filter(member => links.includes(member)),
      ...links.filter(link => !from.includes(link)),
    ]
    this.current = { round, hash, candidates, asked: undefined, cancel: () => undefined }
    this.askNext()
  }

  onWant(from: MemberId, { round, hash }: { round: number; hash: string }): void {
    const anchor = this.anchors().find(candidate => candidate.round === round && candidate.hash === hash)
    if (!anchor || !this.served.take(from, this.context.clock.now())) {
      this.context.send(from, { type: 'state-none', round, hash })
      return
    }
    const { params, momentum } = anchor.state
    this.context.send(from, { type: 'state', round, params, momentum }, 'bulk')
  }

  onNone(from: MemberId, { round, hash }: { round: number; hash: string }): void {
    this.settle(from, round, hash)
    if (this.current?.asked === from && this.current.round === round && this.current.hash === hash)
      this.askNext()
  }

  onDelivery(from: MemberId, { round, params, momentum }: PeerMessage & { type: 'state' }): void {
    if (!this.owed.get(from)?.some(request => request.round === round)) {
      this.context.strike(from, 'flooding')
      return
    }
    const state = { round, params, momentum, draw: new Uint8Array(0) }
    const shaped = params.length === this.parameters && momentum.length === this.parameters
    const hash = shaped ? hashState(state) : ''
    const fetch = this.current
    if (!this.settle(from, round, hash)) {
      this.forgive(from, round)
      this.context.strike(from, 'bad-state')
      if (fetch?.asked === from) this.askNext()
      return
    }
    // A slow answer to an earlier question is nobody's fault, and of no use any more.
    if (!fetch || fetch.round !== round || fetch.hash !== hash) return
    fetch.cancel()
    this.current = undefined
    this.fetched++
    this.onState(state, fetch.hash)
  }

  linkDown(member: MemberId): void {
    this.served.forget(member)
    this.owed.delete(member)
    if (this.current?.asked === member) this.askNext()
  }

  close(): void {
    this.current?.cancel()
    this.current = undefined
  }

  /** Takes a request off a link's account; false when there was none like it. */
  private settle(member: MemberId, round: number, hash: string): boolean {
    const owed = this.owed.get(member) ?? []
    const rest = owed.filter(request => request.round !== round || request.hash !== hash)
    this.owed.set(member, rest)
    return rest.length < owed.length
  }

  private forgive(member: MemberId, round: number): void {
    this.owed.set(
      member,
      (this.owed.get(member) ?? []).filter(request => request.round !== round),
    )
  }

  private askNext(): void {
    const fetch = this.current
    if (!fetch) return
    fetch.cancel()
    fetch.asked = fetch.candidates.shift()
    if (!fetch.asked) {
      this.current = undefined
      this.onFailure()
      return
    }
    const now = this.context.clock.now()
    const pending = (this.owed.get(fetch.asked) ?? []).filter(({ at }) => now - at < ANSWER_MS)
    this.owed.set(fetch.asked, [...pending, { round: fetch.round, hash: fetch.hash, at: now }])
    this.context.send(fetch.asked, { type: 'state-want', round: fetch.round, hash: fetch.hash })
    const deliveryMs = DELIVERY_MS + (8 * this.parameters) / SLOWEST_BYTES_PER_MS
    fetch.cancel = this.context.clock.after(deliveryMs, () => this.askNext())
  }
}
