// Two processes under one identity, each of which sees half of the room: the whole real code then says two things about
// everything (after Bano and others, Twins: BFT Systems Made Robust). Neither knows what the other signs. Until the split
// there is one process that sees everybody.
import type { MemberId } from '../../core/num/ids.ts'
import type { Transport, TransportEvent } from '../../ports/transport.ts'

type Side = 0 | 1

export interface SplitTransport {
  /** Of the process that is there from the beginning, and of the one that comes with the split. */
  readonly halves: readonly [Transport, Transport]
  /** From now on each half has its own side only. */
  split(): void
}

export function splitTransport(inner: Transport, sideOf: (member: MemberId) => Side): SplitTransport {
  let isSplit = false
  let open = 2
  const tellers: ((event: TransportEvent) => void)[] = []
  const sees = (side: Side, member: MemberId): boolean => (isSplit ? sideOf(member) === side : side === 0)
  const half = (side: Side): Transport => {
    const listeners = new Set<(event: TransportEvent) => void>()
    const tell = (event: TransportEvent): void => {
      for (const listener of [...listeners]) listener(event)
    }
    tellers.push(tell)
    const unsubscribe = inner.subscribe(event => {
      const about = event.type === 'message' ? event.from : event.member
      if (about === null || sees(side, about)) tell(event)
    })
    let closed = false
    return {
      self: inner.self,
      links: () => (closed ? [] : inner.links().filter(link => sees(side, link))),
      send: (to, bytes, priority) => !closed && sees(side, to) && inner.send(to, bytes, priority),
      stats: member => (sees(side, member) ? inner.stats(member) : undefined),
      ban: member => inner.ban(member),
      subscribe(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      close() {
        if (closed) return
        closed = true
        unsubscribe()
        listeners.clear()
        if (--open === 0) inner.close()
      },
    }
  }
  return {
    halves: [half(0), half(1)],
    split() {
      isSplit = true
      for (const member of inner.links())
        if (sideOf(member) === 1) tellers[0]!({ type: 'down', member, reason: 'lost' })
    },
  }
}
