// What the gauge reads of a peer.
import { LEASE_MS } from '../core/gossip/presence.ts'
import type { GaugeHost } from './gauge.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { ModelState } from '../core/gossip/state.ts'
import type { Clock } from '../ports/clock.ts'
import type { PresenceStatement } from '../protocol/presence.ts'
import type { Training } from './training.ts'

/** The part of a peer that is read. */
export interface Gauged {
  readonly deps: { readonly clock: Clock }
  readonly options: { readonly role: 'trainer' | 'watcher' }
  readonly training: Training | null
  readonly machine: { readonly window: { readonly current: ModelState } }
  readonly seat: { readonly hasTestData: boolean }
  readonly startedAt: number
  readonly wire: {
    readonly presence: {
      readonly all: ReadonlyMap<MemberId, { readonly statement: PresenceStatement; readonly heardAt: number }>
    }
  }
  changed(): void
}

export function gaugeHostOf(peer: Gauged): GaugeHost {
  const { clock } = peer.deps
  return {
    get training() {
      return peer.training
    },
    watches: peer.options.role === 'watcher',
    model: () => peer.machine.window.current,
    hasTestData: () => peer.seat.hasTestData,
    seconds: () => (clock.now() - peer.startedAt) / 1000,
    reported: () => {
      const now = clock.now()
      return [...peer.wire.presence.all.values()].flatMap(({ statement, heardAt }) =>
        now - heardAt < LEASE_MS && statement.accuracy !== null ? [statement.accuracy] : [],
      )
    },
    onMeasured: () => peer.changed(),
  }
}
