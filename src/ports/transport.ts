// Port: authenticated links to other members. A link is up only after both sides proved their Ed25519 identity and
// signed the DTLS fingerprints (where there is DTLS). The adapter decides whom to link to (full mesh up to 8 members,
// a connected random overlay of about 6 links above), frames, queues and reconnects; the peer just sends.
// One contract suite: tests/contract/transport.ts.
import type { MemberId } from '../core/num/ids.ts'

/** Control messages overtake bulk ones; order is kept within a priority on one link. */
export type Priority = 'control' | 'bulk'

export interface LinkStats {
  readonly sentBytes: number
  readonly receivedBytes: number
  readonly bufferedBytes: number
  /** Milliseconds of the last ping; undefined before the first. */
  readonly rttMs?: number
  readonly path: 'direct' | 'relay' | 'memory'
}

export type TransportEvent =
  | { readonly type: 'up'; readonly member: MemberId }
  /** After the grace period or a polite close; 'lost' links that come back in time are never reported. */
  | { readonly type: 'down'; readonly member: MemberId; readonly reason: 'closed' | 'lost' | 'refused' }
  /** bytes is whole (reassembled) and owned by the receiver. */
  | { readonly type: 'message'; readonly from: MemberId; readonly bytes: Uint8Array }
  /** A peer broke the framing or failed authentication; the link is closed. */
  | { readonly type: 'violation'; readonly member: MemberId | null; readonly detail: string }

export interface Transport {
  readonly self: MemberId
  /** Links that are up now. */
  links(): readonly MemberId[]
  /** Takes ownership of bytes. False: no such link, or its queue (8 MiB of bulk) is full; nothing was queued. */
  send(to: MemberId, bytes: Uint8Array, priority: Priority): boolean
  stats(member: MemberId): LinkStats | undefined
  /** Closes a link and refuses the member for good (misbehaviour). */
  ban(member: MemberId): void
  subscribe(listener: (event: TransportEvent) => void): () => void
  /** Polite: tells the other side, then frees everything. */
  close(): void
}

/** Largest message that a transport carries; larger ones throw RangeError in send. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024
