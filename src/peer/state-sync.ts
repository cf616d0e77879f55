// The common model state for latecomers and strays: which state is decided by what members signed (presence), so any
// link may deliver it and a wrong one names its sender. One delivery at a time; the next candidate after a deadline.
import { hashState, type ModelState } from '../core/gossip/window.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { PeerMessage } from '../protocol/messages.ts'
import type { PeerContext } from './context.ts'

const DELIVERY_MS = 10_000
const SERVED_PER_LINK_MS = 1_000

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
  private readonly servedAt = new Map<MemberId, number>()
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
    const now = this.context.clock.now()
    const tooSoon = now - (this.servedAt.get(from) ?? -Infinity) < SERVED_PER_LINK_MS
    if (!anchor || tooSoon) {
      this.context.send(from, { type: 'state-none', round, hash })
      return
    }
    this.servedAt.set(from, now)
    const { params, momentum } = anchor.state
    this.context.send(from, { type: 'state', round, params, momentum }, 'bulk')
  }

  onNone(from: MemberId, { round, hash }: { round: number; hash: string }): void {
    if (this.current?.asked === from && this.current.round === round && this.current.hash === hash)
      this.askNext()
  }

  onDelivery(from: MemberId, { round, params, momentum }: PeerMessage & { type: 'state' }): void {
    const fetch = this.current
    if (!fetch || fetch.asked !== from) {
      this.context.refuse(from, 'flooding')
      return
    }
    const state = { round, params, momentum }
    const sound =
      round === fetch.round && params.length === this.parameters && momentum.length === this.parameters
    if (!sound || hashState(state) !== fetch.hash) {
      this.context.strike(from, 'bad-state')
      this.askNext()
      return
    }
    fetch.cancel()
    this.current = undefined
    this.fetched++
    this.onState(state, fetch.hash)
  }

  linkDown(member: MemberId): void {
    this.servedAt.delete(member)
    if (this.current?.asked === member) this.askNext()
  }

  close(): void {
    this.current?.cancel()
    this.current = undefined
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
    this.context.send(fetch.asked, { type: 'state-want', round: fetch.round, hash: fetch.hash })
    fetch.cancel = this.context.clock.after(DELIVERY_MS, () => this.askNext())
  }
}
