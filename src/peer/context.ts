// What the parts of a peer share: the ports and the ways to speak and to blame.
import type { Update } from '../core/gossip/update.ts'
import type { Entry } from '../core/ledger/entry.ts'
import type { MemberId, RoomId } from '../core/num/ids.ts'
import type { Clock } from '../ports/clock.ts'
import type { RefusalReason } from '../ports/session.ts'
import type { Signer } from '../ports/signer.ts'
import type { Priority, Transport } from '../ports/transport.ts'
import type { PeerMessage } from '../protocol/messages.ts'
import type { Reached } from './room-book.ts'

/**
 * What was decoded and whose signatures were checked, for members that share a process: in a simulation a thousand would do
 * the same work and hold the same bytes. Entries by hash, updates by id, epochs by the hash of their seal.
 */
export interface Checked {
  readonly entries: Map<string, Entry>
  readonly updates: Map<string, Update>
  readonly epochs: Map<string, Reached>
}

export interface PeerContext {
  readonly room: RoomId
  readonly self: MemberId
  readonly transport: Transport
  readonly signer: Signer
  readonly clock: Clock
  readonly checked: Checked | undefined
  send(to: MemberId, message: PeerMessage, priority?: Priority): boolean
  /** Blames an author for content, whoever delivered it. */
  refuse(member: MemberId | null, reason: RefusalReason): void
  /** Blames a link partner for what it itself sent; cuts the link after a few. */
  strike(member: MemberId, reason: RefusalReason): void
}
