// The Signaling port over the server's WebSocket: joins a room, seals what it sends and opens what comes, and stays
// connected: jittered backoff after a loss, and a new connection when the server was silent for too long. What cannot be
// sent is dropped; whoever needs an answer asks again. Foreign and unreadable payloads are counted, never delivered.
import { decodeBase64url, encodeBase64url } from '../core/num/base64url.ts'
import type { Clock } from '../ports/clock.ts'
import type { Signaling, SignalingEvent, SocketId } from '../ports/signaling.ts'
import {
  BEAT_INTERVAL_MS,
  CLOSE_POLICY,
  CLOSE_ROOM_FULL,
  CLOSE_SERVER_FULL,
  MAX_INTRODUCTIONS,
  MAX_PAYLOAD_BYTES,
  SIGNALING_VERSION,
  decodeServerFrame,
  encodeFrame,
  type ClientFrame,
  type ServerFrame,
} from '../protocol/signaling.ts'
import { systemClock } from './clock-system.ts'
import { SEAL_OVERHEAD_BYTES, type RoomCipher } from './room-cipher.ts'

/** Largest payload that send() takes. */
export const MAX_PLAIN_BYTES = MAX_PAYLOAD_BYTES - SEAL_OVERHEAD_BYTES

export interface WebSocketSignalingOptions {
  /** The server's address with its path, ws: or wss:. */
  readonly url: string
  readonly cipher: RoomCipher
  readonly clock?: Clock
  /** Uniform in [0, 1): spreads reconnections after a restart of the server. */
  readonly random?: () => number
  readonly createSocket?: (url: string) => WebSocket
}

export interface WebSocketSignaling extends Signaling {
  /** Frames and payloads from the server that were not understood. */
  readonly rejected: number
}

/** WebSocket.OPEN, which Node 20 has no global for. */
const OPEN = 1
const SILENCE_MS = 2 * BEAT_INTERVAL_MS + 5_000
const WELCOME_MS = 15_000
const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 15_000

type CloseReason = 'network' | 'room-full' | 'refused'

export function createWebSocketSignaling(options: WebSocketSignalingOptions): WebSocketSignaling {
  const { cipher } = options
  const clock = options.clock ?? systemClock
  const random = options.random ?? Math.random
  const createSocket = options.createSocket ?? (url => new WebSocket(url))
  const listeners = new Set<(event: SignalingEvent) => void>()
  let state: Signaling['state'] = 'connecting'
  let socket: WebSocket | undefined
  let self: SocketId | undefined
  let opened: Extract<SignalingEvent, { type: 'open' }> | undefined
  /** Sockets that the server named and did not call gone, for who subscribes later. */
  const known = new Set<SocketId>()
  let ended = false
  let wasOpen = false
  let failures = 0
  let rejected = 0
  let cancelRetry: (() => void) | undefined
  let cancelSilence: (() => void) | undefined
  // Sealing and opening are asynchronous: chains keep the order of frames.
  let sending: Promise<unknown> = Promise.resolve()
  let receiving: Promise<unknown> = Promise.resolve()

  const emit = (event: SignalingEvent): void => {
    for (const listener of [...listeners]) listener(event)
  }

  const expectWord = (ms: number): void => {
    cancelSilence?.()
    cancelSilence = clock.after(ms, () => drop('network'))
  }

  const connect = (): void => {
    state = 'connecting'
    let opening: WebSocket
    try {
      opening = createSocket(options.url)
    } catch {
      // A malformed address or a blocked scheme throws at once; to the caller it is a network that does not answer.
      drop('network')
      return
    }
    socket = opening
    expectWord(WELCOME_MS)
    opening.onopen = () => {
      if (socket !== opening) return
      opening.send(encodeFrame({ t: 'join', v: SIGNALING_VERSION, room: cipher.roomHash }))
    }
    opening.onmessage = event => {
      if (socket !== opening) return
      if (self !== undefined) expectWord(SILENCE_MS)
      const decoded = typeof event.data === 'string' ? decodeServerFrame(event.data) : undefined
      if (decoded?.status === 'ok') onFrame(opening, decoded.frame)
      else rejected++
    }
    opening.onclose = event => {
      if (socket === opening) drop(reasonOf(event.code))
    }
  }

  const drop = (reason: CloseReason): void => {
    cancelSilence?.()
    const old = socket
    socket = undefined
    self = undefined
    opened = undefined
    known.clear()
    if (old) release(old)
    if (ended) return
    // A room that was never entered and is full stays full for a while: the user decides. One that was entered is
    // worth waiting for: its server still counts the connection that was just lost.
    const willRetry = wasOpen || reason === 'network'
    state = willRetry ? 'connecting' : 'closed'
    if (willRetry) {
      const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures++)
      cancelRetry = clock.after(longest * (0.5 + random() / 2), connect)
    } else {
      ended = true
    }
    emit({ type: 'closed', willRetry, reason })
  }

  const onFrame = (from: WebSocket, frame: ServerFrame): void => {
    switch (frame.t) {
      case 'welcome':
        if (self !== undefined) return
        self = frame.self
        state = 'open'
        wasOpen = true
        failures = 0
        expectWord(SILENCE_MS)
        opened = {
          type: 'open',
          self: frame.self,
          peers: frame.peers,
          size: frame.size,
          iceServers: frame.iceServers,
        }
        for (const peer of frame.peers) known.add(peer)
        return emit(opened)
      case 'peer':
        known.add(frame.peer)
        return emit({ type: 'peer', peer: frame.peer })
      case 'gone':
        known.delete(frame.peer)
        return emit({ type: 'gone', peer: frame.peer })
      case 'from':
        return receive(from, frame.from, frame.data)
      case 'error':
        if (frame.code === 'unknown-peer' && frame.to !== undefined) emit({ type: 'gone', peer: frame.to })
        return
      case 'beat':
        return
      default:
        frame satisfies never
    }
  }

  const receive = (through: WebSocket, from: SocketId, data: string): void => {
    const to = self
    const sealed = decodeBase64url(data)
    if (to === undefined || !sealed) {
      rejected++
      return
    }
    const opened = cipher.open(sealed, from, to)
    receiving = receiving.then(async () => {
      const payload = await opened
      if (socket !== through) return
      if (payload) emit({ type: 'message', from, payload })
      else rejected++
    })
  }

  const write = (frame: ClientFrame): void => {
    if (state === 'open' && socket?.readyState === OPEN) socket.send(encodeFrame(frame))
  }

  connect()
  return {
    get state() {
      return state
    },
    get rejected() {
      return rejected
    },
    send(to, payload) {
      if (payload.byteLength > MAX_PLAIN_BYTES) {
        throw new RangeError(`signaling payload of ${payload.byteLength} bytes is over ${MAX_PLAIN_BYTES}`)
      }
      const from = self
      const through = socket
      if (from === undefined || through === undefined) return
      const sealed = cipher.seal(payload, from, to)
      sending = sending.then(async () => {
        const data = encodeBase64url(await sealed)
        if (socket === through) write({ t: 'send', to, data })
      })
    },
    introduce(count) {
      const asked = Math.min(Math.floor(count), MAX_INTRODUCTIONS)
      if (asked > 0) write({ t: 'introduce', count: asked })
    },
    subscribe(listener) {
      listeners.add(listener)
      const now = opened
      if (now) {
        queueMicrotask(() => {
          if (opened === now && listeners.has(listener)) listener({ ...now, peers: [...known] })
        })
      }
      return () => listeners.delete(listener)
    },
    close() {
      ended = true
      state = 'closed'
      cancelRetry?.()
      drop('network')
      listeners.clear()
    },
  }
}

function reasonOf(code: number): CloseReason {
  if (code === CLOSE_ROOM_FULL) return 'room-full'
  return code === CLOSE_SERVER_FULL || code === CLOSE_POLICY ? 'refused' : 'network'
}

function release(socket: WebSocket): void {
  socket.onopen = socket.onmessage = socket.onclose = null
  // An error during closing has no consequence; without a handler some runtimes throw it.
  socket.onerror = () => undefined
  socket.close()
}
