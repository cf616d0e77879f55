// Between sockets and the hub: decodes every frame, charges token buckets, counts, and gets rid of whoever floods, is
// too slow or says nothing. Knows a socket only as a Wire and time only as an argument, so all of it runs without a
// network. Nothing that arrives may throw out of here. Keeps no room id outside the hub and logs none.
import {
  BEAT_INTERVAL_MS,
  CLOSE_POLICY,
  CLOSE_SERVER_FULL,
  decodeClientFrame,
  encodeFrame,
  type ClientFrame,
  type IceServer,
  type ServerFrame,
  type SignalingErrorCode,
  type SocketId,
} from '../src/protocol/signaling.ts'
import { createHub, type HubEvent } from './hub.ts'
import {
  createAddressBook,
  createBucket,
  takeTokens,
  type AddressRecord,
  type Bucket,
  type SignalingLimits,
} from './limits.ts'

/** One WebSocket. */
export interface Wire {
  send(text: string): void
  ping(): void
  /** Polite close; the gateway hears closed() later. */
  close(code: number): void
  /** Ends the connection at once; the gateway hears closed() later. */
  terminate(): void
  bufferedBytes(): number
}

export interface Connection {
  readonly id: SocketId
}

export type DisconnectReason = 'policy' | 'slow-reader' | 'silent' | 'never-joined' | 'full' | 'internal'

export interface GatewayOptions {
  readonly limits: SignalingLimits
  readonly beatMs?: number
  /** A uniform integer in [0, below). */
  readonly random: (below: number) => number
  readonly newSocketId: () => SocketId
  readonly iceServers: () => readonly IceServer[]
  readonly onInternalError: (error: unknown) => void
}

export interface GatewayStats {
  readonly sockets: number
  readonly rooms: number
  readonly members: number
  readonly addresses: number
  readonly connections: number
  readonly relayedBytes: number
  readonly internalErrors: number
  readonly frames: Readonly<Record<ClientFrame['t'], number>>
  readonly errors: Readonly<Record<SignalingErrorCode, number>>
  readonly disconnects: Readonly<Record<DisconnectReason, number>>
}

export interface Gateway {
  /** False: the address opens sockets too fast; turn it away before the handshake. */
  admits(address: string, nowMs: number): boolean
  open(wire: Wire, address: string, nowMs: number): Connection
  text(connection: Connection, text: string, nowMs: number): void
  /** A frame that is no text. */
  binary(connection: Connection, sizeBytes: number, nowMs: number): void
  /** True when it is to be answered. */
  ping(connection: Connection, nowMs: number): boolean
  pong(connection: Connection, nowMs: number): void
  closed(connection: Connection): void
  /** Beats, deadlines and forgetting; call it a few times in every beat interval. */
  tick(nowMs: number): void
  stats(): GatewayStats
}

interface Socket extends Connection {
  readonly wire: Wire
  readonly address: AddressRecord
  readonly frames: Bucket
  readonly bytes: Bucket
  readonly strikes: Bucket
  readonly openedMs: number
  heardMs: number
  beatMs: number
  /** Nothing is read from it or sent to it any more. */
  ended: boolean
}

/** Refusals closer together than this are told once: an answer for each would double a flood. */
const REPEAT_ERROR_MS = 250

export function createGateway(options: GatewayOptions): Gateway {
  const { limits } = options
  const beatEveryMs = options.beatMs ?? BEAT_INTERVAL_MS
  const silenceMs = beatEveryMs * 2.25
  const hub = createHub({ ...limits, random: options.random, iceServers: options.iceServers })
  const addresses = createAddressBook(limits)
  const sockets = new Map<SocketId, Socket>()
  const toldMs = new WeakMap<Socket, number>()
  const count = {
    connections: 0,
    relayedBytes: 0,
    internalErrors: 0,
    frames: { join: 0, send: 0, introduce: 0 },
    errors: {
      malformed: 0,
      'not-joined': 0,
      'room-full': 0,
      rate: 0,
      'too-large': 0,
      'unknown-peer': 0,
      'server-full': 0,
    },
    disconnects: { policy: 0, 'slow-reader': 0, silent: 0, 'never-joined': 0, full: 0, internal: 0 },
  }

  function guarded(socket: Socket, work: () => void): void {
    try {
      work()
    } catch (error) {
      count.internalErrors++
      options.onInternalError(error)
      drop(socket, 'internal')
    }
  }

  function live(connection: Connection): Socket | undefined {
    const socket = sockets.get(connection.id)
    return socket && !socket.ended ? socket : undefined
  }

  function deliver(socket: Socket, frame: ServerFrame): void {
    if (socket.ended) return
    if (frame.t === 'error') count.errors[frame.code]++
    const text = encodeFrame(frame)
    if (socket.wire.bufferedBytes() + text.length > limits.maxBufferedBytes)
      return drop(socket, 'slow-reader')
    if (frame.t === 'from') count.relayedBytes += frame.data.length
    socket.wire.send(text)
  }

  function run(event: HubEvent): void {
    for (const effect of hub.step(event)) {
      const socket = sockets.get(effect.socket)
      if (!socket) continue
      if (effect.type === 'send') deliver(socket, effect.frame)
      else finish(socket, effect.code, 'full')
    }
  }

  /** Says goodbye: for those who may want to know why. */
  function finish(socket: Socket, code: number, reason: DisconnectReason): void {
    if (socket.ended) return
    socket.ended = true
    count.disconnects[reason]++
    socket.wire.close(code)
  }

  /** Does not wait for anything: for those who do not read or do not behave. */
  function drop(socket: Socket, reason: DisconnectReason): void {
    if (socket.ended) return
    socket.ended = true
    count.disconnects[reason]++
    socket.wire.terminate()
  }

  function refuse(socket: Socket, code: SignalingErrorCode, nowMs: number): void {
    if (!takeTokens(socket.strikes, limits.socketStrikes, nowMs, 1)) {
      return finish(socket, CLOSE_POLICY, 'policy')
    }
    if (nowMs - (toldMs.get(socket) ?? -Infinity) < REPEAT_ERROR_MS) {
      count.errors[code]++
      return
    }
    toldMs.set(socket, nowMs)
    deliver(socket, { t: 'error', code })
  }

  function pays(socket: Socket, frames: number, bytes: number, nowMs: number): boolean {
    const { address } = socket
    return (
      takeTokens(socket.frames, limits.socketFrames, nowMs, frames) &&
      takeTokens(socket.bytes, limits.socketBytes, nowMs, bytes) &&
      takeTokens(address.frames, limits.addressFrames, nowMs, frames) &&
      takeTokens(address.bytes, limits.addressBytes, nowMs, bytes)
    )
  }

  function onText(socket: Socket, text: string, nowMs: number): void {
    socket.heardMs = nowMs
    if (!pays(socket, 1, text.length, nowMs)) return refuse(socket, 'rate', nowMs)
    const decoded = decodeClientFrame(text)
    if (decoded.status !== 'ok') return refuse(socket, decoded.status, nowMs)
    const { frame } = decoded
    if (frame.t === 'introduce' && !pays(socket, frame.count, 0, nowMs)) return refuse(socket, 'rate', nowMs)
    if ((frame.t === 'join') === hub.isJoined(socket.id)) return refuse(socket, 'not-joined', nowMs)
    count.frames[frame.t]++
    run({ type: 'frame', socket: socket.id, frame })
  }

  function tickSocket(socket: Socket, nowMs: number): void {
    if (socket.ended) return
    if (nowMs - socket.heardMs > silenceMs) return drop(socket, 'silent')
    if (!hub.isJoined(socket.id) && nowMs - socket.openedMs > limits.joinTimeoutMs) {
      return finish(socket, CLOSE_POLICY, 'never-joined')
    }
    if (nowMs - socket.beatMs < beatEveryMs) return
    socket.beatMs = nowMs
    deliver(socket, { t: 'beat' })
    if (!socket.ended) socket.wire.ping()
  }

  return {
    admits: (address, nowMs) =>
      takeTokens(addresses.get(address, nowMs).connects, limits.addressConnects, nowMs, 1),

    open(wire, address, nowMs) {
      const record = addresses.get(address, nowMs)
      const socket: Socket = {
        id: options.newSocketId(),
        wire,
        address: record,
        frames: createBucket(limits.socketFrames, nowMs),
        bytes: createBucket(limits.socketBytes, nowMs),
        strikes: createBucket(limits.socketStrikes, nowMs),
        openedMs: nowMs,
        heardMs: nowMs,
        beatMs: nowMs,
        ended: false,
      }
      count.connections++
      const full = sockets.size >= limits.maxSockets || record.sockets >= limits.maxSocketsPerAddress
      sockets.set(socket.id, socket)
      record.sockets++
      if (full) {
        deliver(socket, { t: 'error', code: 'server-full' })
        finish(socket, CLOSE_SERVER_FULL, 'full')
      }
      return socket
    },

    text(connection, text, nowMs) {
      const socket = live(connection)
      if (socket) guarded(socket, () => onText(socket, text, nowMs))
    },

    binary(connection, sizeBytes, nowMs) {
      const socket = live(connection)
      if (!socket) return
      socket.heardMs = nowMs
      const code = pays(socket, 1, sizeBytes, nowMs) ? 'malformed' : 'rate'
      guarded(socket, () => refuse(socket, code, nowMs))
    },

    ping(connection, nowMs) {
      const socket = live(connection)
      if (!socket) return false
      socket.heardMs = nowMs
      if (pays(socket, 1, 0, nowMs)) {
        if (socket.wire.bufferedBytes() <= limits.maxBufferedBytes) return true
        drop(socket, 'slow-reader')
      } else {
        guarded(socket, () => refuse(socket, 'rate', nowMs))
      }
      return false
    },

    pong(connection, nowMs) {
      const socket = live(connection)
      if (!socket) return
      socket.heardMs = nowMs
      if (!pays(socket, 1, 0, nowMs)) guarded(socket, () => refuse(socket, 'rate', nowMs))
    },

    closed(connection) {
      const socket = sockets.get(connection.id)
      if (!socket) return
      socket.ended = true
      sockets.delete(socket.id)
      socket.address.sockets--
      guarded(socket, () => run({ type: 'leave', socket: socket.id }))
    },

    tick(nowMs) {
      for (const socket of sockets.values()) guarded(socket, () => tickSocket(socket, nowMs))
      addresses.sweep(nowMs)
    },

    stats: () => ({
      ...count,
      frames: { ...count.frames },
      errors: { ...count.errors },
      disconnects: { ...count.disconnects },
      sockets: sockets.size,
      rooms: hub.rooms,
      members: hub.members,
      addresses: addresses.size,
    }),
  }
}
