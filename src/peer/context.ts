// What the parts of a peer share: the ports and the ways to speak and to blame.
import type { MemberId, RoomId } from '../core/num/ids.ts'
import type { Clock } from '../ports/clock.ts'
import type { RefusalReason } from '../ports/session.ts'
import type { Signer } from '../ports/signer.ts'
import type { Priority, Transport } from '../ports/transport.ts'
import type { PeerMessage } from '../protocol/messages.ts'

export interface PeerContext {
  readonly room: RoomId
  readonly self: MemberId
  readonly transport: Transport
  readonly signer: Signer
  readonly clock: Clock
  send(to: MemberId, message: PeerMessage, priority?: Priority): boolean
  /** Blames an author for content, whoever delivered it. */
  refuse(member: MemberId | null, reason: RefusalReason): void
  /** Blames a link partner for what it itself sent; cuts the link after a few. */
  strike(member: MemberId, reason: RefusalReason): void
}
