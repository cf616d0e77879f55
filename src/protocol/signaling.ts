// The wire between a tab and the signaling server: JSON text frames on one WebSocket at SIGNALING_PATH. Closed unions
// both ways; the decoders take any string, never throw, and return a fresh object with exactly the known fields, so
// what passed them is safe to trust. Payloads are opaque here: members seal them with the room key before sending.
// Unknown fields are ignored (room for later versions), unknown types are malformed. docs/protocol.md has the prose.
import type { IceServer, SocketId } from '../ports/signaling.ts'

export type { IceServer, SocketId }

export const SIGNALING_PATH = '/signal'
export const SIGNALING_VERSION = 1
/** Decoded payload of one 'send'. */
export const MAX_PAYLOAD_BYTES = 48 * 1024
const MAX_DATA_CHARS = Math.ceil((MAX_PAYLOAD_BYTES * 4) / 3)
/** Largest frame either side sends: one full payload with its envelope. */
export const MAX_FRAME_BYTES = MAX_DATA_CHARS + 1024
/** Peers named in a welcome, and introduced at a join. */
export const MAX_WELCOME_PEERS = 8
export const MAX_INTRODUCTIONS = 16
export const MAX_ICE_SERVERS = 8
/** The server sends 'beat' this often; a client that heard nothing for twice as long should reconnect. */
export const BEAT_INTERVAL_MS = 20_000

/** What the server knows of a room: 32 bytes derived from room id and key, base64url, 43 characters. */
export type RoomHash = string & { readonly __roomHash: true }

export type ClientFrame =
  /** First frame of a connection, once. */
  | { readonly t: 'join'; readonly v: typeof SIGNALING_VERSION; readonly room: RoomHash }
  /** `data`: canonical base64url of at most MAX_PAYLOAD_BYTES. */
  | { readonly t: 'send'; readonly to: SocketId; readonly data: string }
  /** Asks for up to `count` members that it was not introduced to yet. */
  | { readonly t: 'introduce'; readonly count: number }

/**
 * malformed, too-large: the frame was dropped; a client that goes on is disconnected (1008).
 * not-joined: 'send' or 'introduce' before 'join', or a second 'join'. rate: dropped, slow down.
 * unknown-peer: `to` is not in the room (any more). room-full, server-full: the server closes (4001, 4002) after this.
 */
export type SignalingErrorCode =
  'malformed' | 'not-joined' | 'room-full' | 'rate' | 'too-large' | 'unknown-peer' | 'server-full'

export type ServerFrame =
  | {
      readonly t: 'welcome'
      readonly self: SocketId
      /** Random members, at most MAX_WELCOME_PEERS; each of them gets a 'peer' frame about this newcomer. */
      readonly peers: readonly SocketId[]
      /** Sockets in the room, self included. */
      readonly size: number
      readonly iceServers: readonly IceServer[]
    }
  | { readonly t: 'peer'; readonly peer: SocketId }
  /** Only to members that were introduced to it or exchanged messages with it. */
  | { readonly t: 'gone'; readonly peer: SocketId }
  | { readonly t: 'from'; readonly from: SocketId; readonly data: string }
  | { readonly t: 'beat' }
  /** `to` names the receiver of an 'unknown-peer'. */
  | { readonly t: 'error'; readonly code: SignalingErrorCode; readonly to?: SocketId }

/** WebSocket close codes with a meaning of their own. */
export const CLOSE_ROOM_FULL = 4001
export const CLOSE_SERVER_FULL = 4002
/** Too many malformed, oversized or too frequent frames; also a reader that is too slow. */
export const CLOSE_POLICY = 1008

export type Decoded<T> =
  | { readonly status: 'ok'; readonly frame: T }
  | { readonly status: 'malformed' }
  | { readonly status: 'too-large' }

const MALFORMED = { status: 'malformed' } as const
const TOO_LARGE = { status: 'too-large' } as const

const ROOM_HASH = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/
const SOCKET_ID = /^[A-Za-z0-9_-]{16}$/
// Canonical, as core/num/base64url.ts: no stray bits in the last character, so whatever passes here decodes there.
const BASE64URL = /^[A-Za-z0-9_-]*$/
const LAST_OF_TWO = /[AQgw]$/
const LAST_OF_THREE = /[AEIMQUYcgkosw048]$/
const ICE_URL = /^(?:stuns?|turns?):[^\s]{1,500}$/

export function isRoomHash(value: unknown): value is RoomHash {
  return typeof value === 'string' && ROOM_HASH.test(value)
}

/** Twelve random bytes in base64url. */
export function isSocketId(value: unknown): value is SocketId {
  return typeof value === 'string' && SOCKET_ID.test(value)
}

export function isIceUrl(value: unknown): value is string {
  return typeof value === 'string' && ICE_URL.test(value)
}

export function encodeFrame(frame: ClientFrame | ServerFrame): string {
  return JSON.stringify(frame)
}

export function decodeClientFrame(text: string): Decoded<ClientFrame> {
  if (text.length > MAX_FRAME_BYTES) return TOO_LARGE
  const record = parseRecord(text)
  if (!record) return MALFORMED
  switch (record['t']) {
    case 'join': {
      const room = record['room']
      if (record['v'] !== SIGNALING_VERSION || !isRoomHash(room)) return MALFORMED
      return ok({ t: 'join', v: SIGNALING_VERSION, room })
    }
    case 'send': {
      const { to, data } = record
      if (!isSocketId(to) || typeof data !== 'string') return MALFORMED
      if (data.length > MAX_DATA_CHARS) return TOO_LARGE
      return isBase64Url(data) ? ok({ t: 'send', to, data }) : MALFORMED
    }
    case 'introduce': {
      const count = record['count']
      return isCount(count, 1, MAX_INTRODUCTIONS) ? ok({ t: 'introduce', count }) : MALFORMED
    }
    default:
      return MALFORMED
  }
}

export function decodeServerFrame(text: string): Decoded<ServerFrame> {
  if (text.length > MAX_FRAME_BYTES) return TOO_LARGE
  const record = parseRecord(text)
  if (!record) return MALFORMED
  switch (record['t']) {
    case 'welcome':
      return decodeWelcome(record)
    case 'peer':
    case 'gone': {
      const { t, peer } = record
      return isSocketId(peer) ? ok({ t, peer }) : MALFORMED
    }
    case 'from': {
      const { from, data } = record
      if (!isSocketId(from) || typeof data !== 'string') return MALFORMED
      if (data.length > MAX_DATA_CHARS) return TOO_LARGE
      return isBase64Url(data) ? ok({ t: 'from', from, data }) : MALFORMED
    }
    case 'beat':
      return ok({ t: 'beat' })
    case 'error': {
      const { code, to } = record
      if (!isErrorCode(code)) return MALFORMED
      if (to === undefined) return ok({ t: 'error', code })
      return isSocketId(to) ? ok({ t: 'error', code, to }) : MALFORMED
    }
    default:
      return MALFORMED
  }
}

function decodeWelcome(record: Record<string, unknown>): Decoded<ServerFrame> {
  const { self, peers, size, iceServers } = record
  if (!isSocketId(self) || !isCount(size, 1, 1_000_000)) return MALFORMED
  if (!Array.isArray(peers) || peers.length > MAX_WELCOME_PEERS || !peers.every(isSocketId)) return MALFORMED
  if (!Array.isArray(iceServers) || iceServers.length > MAX_ICE_SERVERS) return MALFORMED
  const servers: IceServer[] = []
  for (const entry of iceServers) {
    const server = decodeIceServer(entry)
    if (!server) return MALFORMED
    servers.push(server)
  }
  return ok({ t: 'welcome', self, peers, size, iceServers: servers })
}

export function decodeIceServer(value: unknown): IceServer | undefined {
  if (!isRecord(value)) return undefined
  const { urls, username, credential } = value
  if (!isIceUrl(urls) || !isShortText(username) || !isShortText(credential)) return undefined
  return {
    urls,
    ...(username === undefined ? {} : { username }),
    ...(credential === undefined ? {} : { credential }),
  }
}

function isShortText(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === 'string' && value.length <= 512)
}

const ERROR_CODES: Readonly<Record<SignalingErrorCode, true>> = {
  malformed: true,
  'not-joined': true,
  'room-full': true,
  rate: true,
  'too-large': true,
  'unknown-peer': true,
  'server-full': true,
}

function isErrorCode(value: unknown): value is SignalingErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERROR_CODES, value)
}

function isBase64Url(text: string): boolean {
  if (!BASE64URL.test(text)) return false
  const rest = text.length % 4
  if (rest === 0) return true
  return rest === 2 ? LAST_OF_TWO.test(text) : rest === 3 && LAST_OF_THREE.test(text)
}

function isCount(value: unknown, low: number, high: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseRecord(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    // Whatever is not JSON is simply malformed; the caller counts it.
    return undefined
  }
}

function ok<T>(frame: T): Decoded<T> {
  return { status: 'ok', frame }
}
