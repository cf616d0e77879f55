// Frames on a link's one data channel (ordered, reliable), version 1. Messages travel in pieces of at most 64 KiB so that
// control can overtake bulk between them; each priority is a lane with its own message numbers. Integers are big-endian.
// The decoder never throws and returns views of its input; Inbox puts messages together within fixed limits. What a
// message says is not known here. docs/protocol.md has the tables.
import { decodeBase64url, encodeBase64url } from '../core/num/base64url.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { SocketId } from '../ports/signaling.ts'
import { MAX_MESSAGE_BYTES, type Priority } from '../ports/transport.ts'

export const MAX_LINK_FRAME_BYTES = 64 * 1024
export const DATA_HEADER_BYTES = 16
export const MAX_PIECE_BYTES = MAX_LINK_FRAME_BYTES - DATA_HEADER_BYTES
/** Pieces before a message's last one are at least this long, so that nobody pays for a flood of crumbs. */
export const MIN_PIECE_BYTES = 1024
export const MAX_LISTED_PEERS = 64
export const MAX_RELAYED_BYTES = 24 * 1024

const CONTROL = 0x10
const BULK = 0x11
const PING = 0x20
const PONG = 0x21
const ACK = 0x22
const PEERS = 0x30
const RELAY = 0x31
const RELAYED = 0x32
const CLOSE = 0x3f

const MEMBER_BYTES = 32
const SOCKET_CHARS = 16
const PEER_BYTES = MEMBER_BYTES + SOCKET_CHARS
const ABSENT_SOCKET = '.'.repeat(SOCKET_CHARS)
const SOCKET_ID = /^[A-Za-z0-9_-]{16}$/

/** Why a side ends a link for good. */
export type CloseCode = 'leaving' | 'surplus' | 'refused' | 'violation' | 'replaced'
const CLOSE_CODES: readonly CloseCode[] = ['leaving', 'surplus', 'refused', 'violation', 'replaced']

export interface ListedPeer {
  readonly member: MemberId
  /** Where signaling reaches it, if the teller knows. */
  readonly socket: SocketId | undefined
}

export type LinkFrame =
  | {
      readonly type: 'data'
      readonly lane: Priority
      /** Counts messages of the lane, from 1. */
      readonly id: number
      readonly total: number
      readonly offset: number
      readonly piece: Uint8Array
    }
  | { readonly type: 'ping' | 'pong'; readonly token: number }
  /** Everything up to these message numbers was delivered. */
  | { readonly type: 'ack'; readonly control: number; readonly bulk: number }
  /** The teller's own socket, and the members that it is linked to. */
  | { readonly type: 'peers'; readonly socket: SocketId | undefined; readonly peers: readonly ListedPeer[] }
  /** A signal to pass on to `member`, and one that was passed on for it. */
  | { readonly type: 'relay' | 'relayed'; readonly member: MemberId; readonly payload: Uint8Array }
  | { readonly type: 'close'; readonly code: CloseCode }

/** Undefined for whatever is not a frame. `piece` and `payload` are views of `bytes`. */
export function decodeLinkFrame(bytes: Uint8Array): LinkFrame | undefined {
  const size = bytes.byteLength
  if (size === 0 || size > MAX_LINK_FRAME_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, size)
  const kind = bytes[0]!
  switch (kind) {
    case CONTROL:
    case BULK: {
      if (size < DATA_HEADER_BYTES || view.getUint32(0) !== kind << 24) return undefined
      return {
        type: 'data',
        lane: kind === CONTROL ? 'control' : 'bulk',
        id: view.getUint32(4),
        total: view.getUint32(8),
        offset: view.getUint32(12),
        piece: new Uint8Array(bytes.buffer, bytes.byteOffset + DATA_HEADER_BYTES, size - DATA_HEADER_BYTES),
      }
    }
    case PING:
    case PONG:
      if (size !== 5) return undefined
      return { type: kind === PING ? 'ping' : 'pong', token: view.getUint32(1) }
    case ACK:
      if (size !== 9) return undefined
      return { type: 'ack', control: view.getUint32(1), bulk: view.getUint32(5) }
    case PEERS:
      return decodePeers(bytes)
    case RELAY:
    case RELAYED: {
      if (size <= 1 + MEMBER_BYTES || size > 1 + MEMBER_BYTES + MAX_RELAYED_BYTES) return undefined
      return {
        type: kind === RELAY ? 'relay' : 'relayed',
        member: encodeBase64url(bytes.subarray(1, 1 + MEMBER_BYTES)) as MemberId,
        payload: bytes.subarray(1 + MEMBER_BYTES),
      }
    }
    case CLOSE: {
      const code = CLOSE_CODES[bytes[1] ?? 255]
      return size === 2 && code !== undefined ? { type: 'close', code } : undefined
    }
    default:
      return undefined
  }
}

/** Everything but data, which writeDataFrame puts into a buffer of the caller's. */
export function encodeLinkFrame(frame: Exclude<LinkFrame, { type: 'data' }>): Uint8Array {
  switch (frame.type) {
    case 'ping':
    case 'pong': {
      const bytes = new Uint8Array(5)
      bytes[0] = frame.type === 'ping' ? PING : PONG
      new DataView(bytes.buffer).setUint32(1, frame.token)
      return bytes
    }
    case 'ack': {
      const bytes = new Uint8Array(9)
      bytes[0] = ACK
      const view = new DataView(bytes.buffer)
      view.setUint32(1, frame.control)
      view.setUint32(5, frame.bulk)
      return bytes
    }
    case 'peers':
      return encodePeers(frame.socket, frame.peers)
    case 'relay':
    case 'relayed': {
      const bytes = new Uint8Array(1 + MEMBER_BYTES + frame.payload.byteLength)
      bytes[0] = frame.type === 'relay' ? RELAY : RELAYED
      bytes.set(memberBytes(frame.member), 1)
      bytes.set(frame.payload, 1 + MEMBER_BYTES)
      return bytes
    }
    case 'close':
      return Uint8Array.of(CLOSE, CLOSE_CODES.indexOf(frame.code))
  }
}

/** Writes one piece of a message, from `offset` on, into `target` (MAX_LINK_FRAME_BYTES); returns the frame's length. */
export function writeDataFrame(
  target: Uint8Array,
  lane: Priority,
  id: number,
  message: Uint8Array,
  offset: number,
): number {
  const piece = message.subarray(offset, offset + MAX_PIECE_BYTES)
  const view = new DataView(target.buffer, target.byteOffset)
  view.setUint32(0, (lane === 'control' ? CONTROL : BULK) << 24)
  view.setUint32(4, id)
  view.setUint32(8, message.byteLength)
  view.setUint32(12, offset)
  target.set(piece, DATA_HEADER_BYTES)
  return DATA_HEADER_BYTES + piece.byteLength
}

function decodePeers(bytes: Uint8Array): LinkFrame | undefined {
  const count = bytes[1]
  if (count === undefined || count > MAX_LISTED_PEERS) return undefined
  if (bytes.byteLength !== 2 + SOCKET_CHARS + count * PEER_BYTES) return undefined
  const own = readSocket(bytes, 2)
  if (own === 'malformed') return undefined
  const peers: ListedPeer[] = []
  for (let at = 2 + SOCKET_CHARS; at < bytes.byteLength; at += PEER_BYTES) {
    const socket = readSocket(bytes, at + MEMBER_BYTES)
    if (socket === 'malformed') return undefined
    peers.push({ member: encodeBase64url(bytes.subarray(at, at + MEMBER_BYTES)) as MemberId, socket })
  }
  return { type: 'peers', socket: own, peers }
}

function encodePeers(socket: SocketId | undefined, peers: readonly ListedPeer[]): Uint8Array {
  const told = peers.slice(0, MAX_LISTED_PEERS)
  const bytes = new Uint8Array(2 + SOCKET_CHARS + told.length * PEER_BYTES)
  bytes[0] = PEERS
  bytes[1] = told.length
  writeSocket(bytes, 2, socket)
  told.forEach((peer, i) => {
    const at = 2 + SOCKET_CHARS + i * PEER_BYTES
    bytes.set(memberBytes(peer.member), at)
    writeSocket(bytes, at + MEMBER_BYTES, peer.socket)
  })
  return bytes
}

function readSocket(bytes: Uint8Array, at: number): SocketId | undefined | 'malformed' {
  const text = String.fromCharCode(...bytes.subarray(at, at + SOCKET_CHARS))
  if (text === ABSENT_SOCKET) return undefined
  return SOCKET_ID.test(text) ? (text as SocketId) : 'malformed'
}

function writeSocket(bytes: Uint8Array, at: number, socket: SocketId | undefined): void {
  const text = socket ?? ABSENT_SOCKET
  for (let i = 0; i < SOCKET_CHARS; i++) bytes[at + i] = text.charCodeAt(i)
}

function memberBytes(member: MemberId): Uint8Array {
  const bytes = decodeBase64url(member, MEMBER_BYTES)
  if (!bytes) throw new RangeError('a member id is 32 bytes in base64url')
  return bytes
}

export type InboxResult =
  | { readonly type: 'partial' }
  | { readonly type: 'message'; readonly bytes: Uint8Array }
  | { readonly type: 'malformed'; readonly detail: string }

const PARTIAL = { type: 'partial' } as const

/**
 * Reassembly of one lane. A channel keeps order, so messages come by number and pieces by offset, and anything else is
 * malformed: at most one message is ever incomplete.
 */
export class Inbox {
  /** Number of the last whole message. */
  delivered = 0
  #message: Uint8Array | undefined
  #filled = 0

  accept(id: number, total: number, offset: number, piece: Uint8Array): InboxResult {
    // A link that came back may repeat what its old channel still delivered.
    if (id <= this.delivered) return PARTIAL
    if (id !== this.delivered + 1) return malformed(`message ${id} after ${this.delivered}`)
    if (total > MAX_MESSAGE_BYTES) return malformed(`message of ${total} bytes`)
    const message = this.#message
    if (offset !== this.#filled || (message && message.byteLength !== total))
      return malformed('piece out of place')
    const end = offset + piece.byteLength
    if (end > total) return malformed('piece beyond its message')
    if (end < total && piece.byteLength < MIN_PIECE_BYTES) return malformed('crumbs')
    if (end === total && offset === 0) {
      this.delivered = id
      return { type: 'message', bytes: piece }
    }
    const target = message ?? new Uint8Array(total)
    target.set(piece, offset)
    this.#filled = end
    this.#message = target
    if (end < total) return PARTIAL
    this.delivered = id
    this.restart()
    return { type: 'message', bytes: target }
  }

  /** Forgets the incomplete message: after a break the sender starts it again. */
  restart(): void {
    this.#message = undefined
    this.#filled = 0
  }
}

function malformed(detail: string): InboxResult {
  return { type: 'malformed', detail }
}
